"""Overrides that pass every checker of the daemons and would leave people unserved: each is refused, and why.

The rows of docs/reference/breakages.md that are refused at the push.
"""

from __future__ import annotations

from typing import NamedTuple

MAIN, MASTER, DOVECOT = "postfix-main.cf", "postfix-master.cf", "dovecot.cf"
TABLES = "/tmp/tables"
"""Where the container has tables, sockets and files of every kind; see `PREPARE`."""

PREPARE = f"""
cp -a /usr/local/share/mailserver/spool-postfix /var/mail-state/
mkdir -p /var/mail-state/lib-postfix /run/dovecot {TABLES} && chown postfix /var/mail-state/lib-postfix
for map in vhost virtual vmailbox send_access receive_access aliases mailbox_quota_recipients; do
    [ ! -e /etc/postfix/$map ] || postmap lmdb:/etc/postfix/$map
done
cd {TABLES}
mkdir folder && touch folder/clients
printf 'example.net smtp:[192.0.2.1]\\nexample.org relay:[192.0.2.2]:25\\n' > routes
printf 'example.net smtp:[192.0.2.1]\\nexample.org nowhere:[192.0.2.2]\\n' > wrong-routes
cp routes compiled && postmap lmdb:compiled hash:compiled
cp wrong-routes wrong-compiled && postmap lmdb:wrong-compiled
echo 'memcache = inet:192.0.2.1:11211' > memcache
printf 'driver = mysql\\nconnect = host=192.0.2.1\\n' > database
cp routes raw && cp routes raw.lmdb
printf '/^Subject:.*lottery/ FILTER nowhere:[192.0.2.3]:10025\\n' > filter-checks
printf '192.0.2.0/24 REJECT\\n10.0.0.0/8 FILTER nowhere:x\\n' > filter-access
install -m 0600 routes secret && postmap lmdb:secret && chmod 0600 secret.lmdb
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=a -days 2 -keyout a.key -out a.pem 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=b -days 2 -keyout b.key -out b.pem 2>/dev/null
python3 - <<'END'
import os, socket
for name, mode in (("open.sock", 0o666), ("closed.sock", 0o600)):
    server = socket.socket(socket.AF_UNIX)
    server.bind("{TABLES}/" + name)
    os.chmod("{TABLES}/" + name, mode)
END
nc -lk 127.0.0.1 10999 >/dev/null 2>&1 </dev/null &
for try in $(seq 100); do ! grep -qi ':2AF7 .* 0A' /proc/net/tcp || break; sleep 0.02; done
"""


class Breakage(NamedTuple):
    """An override and what is said of it; `line` is the one that is named, from 1."""

    what: str
    file: str
    text: str
    said: str
    line: int = 1
    also: tuple[str, str] = ("", "")
    """Another override that belongs to it: name and text."""


def _main(what: str, text: str, said: str, line: int = 1) -> Breakage:
    return Breakage(what, MAIN, text, said, line)


def _master(what: str, text: str, said: str, line: int = 1) -> Breakage:
    return Breakage(what, MASTER, text, said, line)


POSTFIX: tuple[Breakage, ...] = (
    _main("a table that is not there", "transport_maps = lmdb:/etc/none\n", "lmdb:/etc/none does not exist"),
    _main(
        "the same, by a parameter of one's own",
        "my_folder = /etc/none\ntransport_maps = texthash:$my_folder/routes\n",
        "transport_maps: texthash:/etc/none/routes does not exist",
        2,
    ),
    _main(
        "a whole table in a parameter of one's own",
        "my_table = pcre:/etc/none\nheader_checks = ${my_table}\n",
        "my_table: pcre:/etc/none does not exist",
    ),
    _main(
        "the same behind proxy:", "relocated_maps = proxy:lmdb:/etc/none\n", "lmdb:/etc/none does not exist"
    ),
    _main(
        "a table of a union",
        f"# routes\ntransport_maps = unionmap:{{texthash:{TABLES}/routes,lmdb:/etc/none}}\n",
        "transport_maps: lmdb:/etc/none does not exist",
        2,
    ),
    _main(
        "a table of a chain",
        f"relocated_maps = pipemap:{{lmdb:{TABLES}/compiled,pcre:/etc/none}}\n",
        "relocated_maps: pcre:/etc/none does not exist",
    ),
    _main("a path that is no absolute one", "relocated_maps = lmdb:none\n", "lmdb:none does not exist"),
    _main(
        "a table that nobody compiled",
        f"transport_maps = lmdb:{TABLES}/routes\n",
        f"is not compiled: there is no {TABLES}/routes.lmdb; name it texthash:{TABLES}/routes",
    ),
    _main(
        "text where a compiled table should be",
        f"transport_maps = lmdb:{TABLES}/raw\n",
        f"{TABLES}/raw.lmdb",
    ),
    _main(
        "a compiled table where text should be",
        f"transport_maps = texthash:{TABLES}/compiled.lmdb\n",
        "is not text: texthash tables are not compiled",
    ),
    _main("a folder where a table should be", f"header_checks = pcre:{TABLES}/folder\n", "is not a file"),
    _main("a type of table that is not here", "transport_maps = sqlite:/etc/x\n", "/etc/x"),
    _main("a table without its type", f"transport_maps = {TABLES}/routes\n", "is not a table"),
    _main(
        "a proxied table that only root may read",
        f"relocated_maps = proxy:lmdb:{TABLES}/secret\n",
        "may not be read by the user postfix",
    ),
    _main(
        "a proxied table that the proxy does not know",
        f"mua_client_restrictions = check_client_access proxy:lmdb:{TABLES}/compiled\n"
        "submission_rules = reject\nsmtpd_restriction_classes = mua_client_restrictions submission_rules\n",
        "proxy_read_maps does not name it",
    ),
    _main("an inline table of another form", "relocated_maps = inline:{one two}\n", "inline:{one two}"),
    _main(
        "a list in a file that is not there",
        "mynetworks = 127.0.0.0/8 /etc/none\n",
        "/etc/none does not exist",
    ),
    _main(
        "a cache in a folder that is not there",
        "address_verify_map = lmdb:/nowhere/cache\n",
        "the folder /nowhere does not exist",
    ),
    _main(
        "a transport to nowhere", "default_transport = nowhere:\n", "nowhere is not a transport of master.cf"
    ),
    _main(
        "the same, by a parameter",
        "my_way = nowhere\nrelay_transport = $my_way:[192.0.2.1]\n",
        "relay_transport: nowhere is not a transport of master.cf",
        2,
    ),
    _main(
        "a content filter to nowhere",
        "content_filter = amavis:[192.0.2.1]:10024\n",
        "amavis is not a transport",
    ),
    _main(
        "a content filter without its destination", "content_filter = smtp\n", "is not transport:destination"
    ),
    _main(
        "a content filter that nobody runs",
        "content_filter = smtp:[127.0.0.1]:10998\n",
        "nobody listens on 127.0.0.1, port 10998",
    ),
    _main(
        "a transport in a table of text",
        f"transport_maps = texthash:{TABLES}/wrong-routes\n",
        f"{TABLES}/wrong-routes, line 2: nowhere is not a transport",
    ),
    _main(
        "a relay host that nobody runs",
        "relayhost = [127.0.0.1]:10998\n",
        "relayhost: nobody listens on 127.0.0.1, port 10998",
    ),
    Breakage(
        "a transport in a table of the config folder",
        MAIN,
        "my_place = /tmp/docker-mailserver\ntransport_maps = hash:${my_place}/own-routes\n",
        "line 2: nowhere is not a transport of master.cf",
        2,
        ("own-routes", "# ours\nexample.com nowhere:\n"),
    ),
    _main(
        "a transport in a compiled table",
        f"transport_maps = lmdb:{TABLES}/wrong-compiled\n",
        "nowhere is not a transport of master.cf",
    ),
    _main(
        "a transport in an inline table",
        "transport_maps = inline:{ example.com=nowhere:[192.0.2.1] }\n",
        "nowhere is not a transport of master.cf",
    ),
    _main(
        "FILTER to nowhere in a check of headers",
        f"header_checks = pcre:{TABLES}/filter-checks\n",
        "line 1: nowhere is not a transport",
    ),
    _main(
        "FILTER to nowhere in an access table",
        f"smtpd_client_restrictions = check_client_access cidr:{TABLES}/filter-access\n",
        "line 2: nowhere is not a transport",
    ),
    _main(
        "a service of another name",
        "rewrite_service_name = rewriter\n",
        "rewriter is not a service of master.cf",
    ),
    _main(
        "a policy service without its kind",
        "smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service private/policy\n",
        "private/policy is not unix:PATH or inet:HOST:PORT",
    ),
    _main(
        "a policy service on a socket that is not there",
        "smtpd_recipient_restrictions = reject_unauth_destination\n"
        "  check_policy_service { unix:private/policy, timeout=10s }\n",
        "nobody listens on the socket /var/spool/postfix/private/policy",
    ),
    _main(
        "a policy service on a port of nobody's",
        "my_policy = inet:127.0.0.1:10997\n"
        "smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service $my_policy\n",
        "nobody listens on 127.0.0.1, port 10997",
        2,
    ),
    _main(
        "a milter on a socket that is not there",
        "smtpd_milters = unix:/run/none.sock\n",
        "nobody listens on the socket /run/none.sock",
    ),
    _main("a file where a socket should be", f"smtpd_milters = unix:{TABLES}/routes\n", "is not a socket"),
    _main(
        "a socket that Postfix may not use",
        f"non_smtpd_milters = unix:{TABLES}/closed.sock\n",
        "the user postfix may not use the socket",
    ),
    _main(
        "a milter of another form",
        "smtpd_milters = tcp:localhost:11332\n",
        "tcp:localhost:11332 is not unix:PATH",
    ),
    _main(
        "a delivery to a socket that is not there",
        "virtual_transport = lmtp:unix:private/lmtp-other\n",
        "nobody listens on the socket /var/spool/postfix/private/lmtp-other",
    ),
    _main(
        "log-ins at a socket that is not there",
        "smtpd_sasl_path = private/other\n",
        "nobody listens on the socket",
    ),
    _main(
        "a certificate that is not there",
        "smtp_tls_cert_file = /etc/none.pem\n",
        "/etc/none.pem does not exist",
    ),
    _main("a folder where a file should be", f"smtp_tls_CAfile = {TABLES}/folder\n", "is not a file"),
    _main(
        "a key of another certificate",
        f"smtp_tls_cert_file = {TABLES}/a.pem\nsmtp_tls_key_file = {TABLES}/b.key\n",
        "cannot be used together",
        2,
    ),
    _main(
        "authorities in a folder that is not there",
        "smtp_tls_CApath = /etc/none\n",
        "/etc/none does not exist",
    ),
    _main(
        "rules of a class that nobody wrote",
        "smtpd_restriction_classes = my_rules\nsmtpd_client_restrictions = my_rules\n",
        "my_rules is not defined",
    ),
    _main(
        "rules in a parameter that do not exist",
        "my_rules = permit_mynetwork\nsmtpd_client_restrictions = $my_rules, permit\n",
        "permit_mynetwork is not a restriction",
        2,
    ),
    _master(
        "a table of one service",
        "submission/inet/smtpd_sender_restrictions=check_sender_access lmdb:/etc/none\n",
        "smtpd_sender_restrictions: lmdb:/etc/none does not exist",
    ),
    _master(
        "the same option of two services",
        f"submission/inet/header_checks=pcre:{TABLES}/routes\nsubmissions/inet/syslog_name=x\n"
        "smtp/unix/smtp_header_checks=pcre:/etc/none\n",
        "smtp_header_checks: pcre:/etc/none does not exist",
        3,
    ),
    _master(
        "a filter of one service",
        "submission/inet/content_filter=nowhere:[192.0.2.1]:10024\n",
        "content_filter: nowhere is not a transport of master.cf",
    ),
    _master(
        "a milter of one service",
        "submission/inet/smtpd_milters=unix:/run/none.sock\n",
        "nobody listens on the socket /run/none.sock",
    ),
    Breakage(
        "a table by a parameter that one service sets",
        MASTER,
        "# ours\nsubmission/inet/my_folder=/etc/none\n",
        "texthash:/etc/none/clients does not exist (as submission/inet sees it)",
        2,
        (
            MAIN,
            f"my_folder = {TABLES}/folder\n"
            "smtpd_discard_ehlo_keyword_address_maps = ${my_kind}:$my_folder/clients\n"
            "my_kind = texthash\n",
        ),
    ),
)
