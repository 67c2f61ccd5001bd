"""What every checker takes, and what the canary finds of it: each release here is tried on a real server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Breakage:
    """A file of `main` that every checker takes, and what the reason has to hold when it is taken back."""

    name: str
    file: str
    text: str
    says: str


MAIN, MASTER, DOVECOT = "config/postfix-main.cf", "config/postfix-master.cf", "config/dovecot.cf"
BREAKAGES = (
    Breakage(
        "policy service that does not answer",
        MAIN,
        "smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:9, permit\n",
        "451 4.3.5",
    ),
    Breakage("transport to nowhere", MAIN, "virtual_transport = lmtp:inet:127.0.0.1:9\n", "refused"),
    Breakage("socket that is not there", MAIN, "virtual_transport = lmtp:unix:private/nobody\n", "nobody"),
    Breakage(
        "transport of one domain",
        MAIN,
        "transport_maps = inline:{ example.test=lmtp:inet:127.0.0.1:9 }\n",
        "refused",
    ),
    Breakage("content filter to nowhere", MAIN, "content_filter = smtp:[127.0.0.1]:9\n", "refused"),
    Breakage("milter that is not there", MAIN, "smtpd_milters = inet:127.0.0.1:9\n", "refused"),
    Breakage(
        "everybody rejected as recipient", MAIN, "smtpd_recipient_restrictions = reject\n", "Access denied"
    ),
    Breakage("everybody rejected as client", MAIN, "smtpd_client_restrictions = reject\n", "Access denied"),
    Breakage("nobody may submit", MAIN, "mua_sender_restrictions = reject\n", "Access denied"),
    Breakage("log-ins are asked of nobody", MAIN, "smtpd_sasl_path = private/nobody\n", ""),
    Breakage(
        "everything discarded", MAIN, "header_checks = pcre:{ {/^Subject:/ DISCARD} }\n", "did not come"
    ),
    Breakage(
        "mail of a domain discarded", MAIN, "transport_maps = inline:{ example.test=discard: }\n", "discard"
    ),
    Breakage("no room in the queue", MAIN, "queue_minfree = 9000000000000000\n", "452 4.3.1"),
    Breakage("no space for a header", MAIN, "header_size_limit = 1\nmessage_size_limit = 10\n", "552"),
    Breakage(
        "mail location that cannot be written", DOVECOT, "mail_location = maildir:/proc/%d/%n\n", "/proc"
    ),
    Breakage("names that match nobody", DOVECOT, "auth_username_format = nobody-%Lu\n", ""),
    Breakage("no memory for sessions", DOVECOT, "service imap {\n  vsz_limit = 4M\n}\n", ""),
    Breakage("no memory for log-ins", DOVECOT, "service auth {\n  vsz_limit = 4M\n}\n", ""),
    Breakage("no memory for deliveries", DOVECOT, "service lmtp {\n  vsz_limit = 4M\n}\n", ""),
    Breakage(
        "a passdb that lets nobody in",
        DOVECOT,
        "auth_mechanisms = cram-md5\n",
        "",
    ),
    Breakage(
        "plugin that cannot be loaded by a log-in",
        DOVECOT,
        "protocol imap {\n  mail_plugins = acl\n}\nplugin {\n  acl = nothing\n}\n",
        "",
    ),
    Breakage("user that may not read mail", DOVECOT, "first_valid_uid = 6000\nlast_valid_uid = 6001\n", ""),
    Breakage("nobody else reaches the ports", MAIN, "inet_interfaces = loopback-only\n", "nobody else comes"),
    Breakage("nobody else reaches IMAP", DOVECOT, "listen = 127.0.0.1\n", "nobody else comes"),
    Breakage(
        "mail from this machine alone",
        MAIN,
        "mynetworks = 127.0.0.0/8\nsmtpd_recipient_restrictions = permit_mynetworks, reject\n",
        "Access denied",
    ),
    Breakage(
        "senders of this machine alone",
        MAIN,
        "mynetworks = 127.0.0.0/8\nsmtpd_sender_restrictions = permit_mynetworks, reject\n",
        "Sender address rejected",
    ),
    Breakage(
        "every sender rejected",
        MAIN,
        "smtpd_sender_restrictions = check_sender_access pcre:{ {/@/ REJECT} }\n",
        "Sender address rejected",
    ),
    Breakage(
        "nobody owns the own address",
        MAIN,
        "smtpd_sender_login_maps = static:nobody\n"
        "mua_sender_restrictions = reject_sender_login_mismatch, permit_sasl_authenticated, reject\n",
        "not owned",
    ),
    Breakage("one domain forgotten", MAIN, "virtual_mailbox_domains = example.test\n", "Relay access denied"),
    Breakage(
        "mail of a domain to users of the system",
        MAIN,
        "mydestination = localhost, example.test\nlocal_recipient_maps =\n",
        "knows no user you",
    ),
    Breakage("a domain by virtual(8)", MAIN, "transport_maps = inline:{ other.test=virtual: }\n", "is empty"),
    Breakage(
        "every address rewritten to nobody's",
        MAIN,
        "recipient_canonical_maps = regexp:{ {/^(.*)@(.*)\\.test$$/ gone@$$2.test} }\n",
        "there is no such mailbox",
    ),
    Breakage("no memory for POP3", DOVECOT, "service pop3 {\n  vsz_limit = 4M\n}\n", "log-in by POP3"),
    Breakage("one session for all", DOVECOT, "service imap {\n  process_limit = 1\n}\n", "at the same time"),
    Breakage("no TLS for people", DOVECOT, "ssl = no\n", "no password is taken from elsewhere"),
    Breakage("Sieve in place of mail", "config/before.dovecot.sieve", "discard;\nstop;\n", "did not come"),
)

LEFT_ALONE = (
    ("plugins for everything, of which doveconf warns", DOVECOT, "mail_plugins = $mail_plugins zlib\n"),
    (
        "folder below one that is a name alone",
        "config/before.dovecot.sieve",
        'require ["fileinto", "mailbox"];\nfileinto :create "Sub.Folder";\n',
    ),
    (
        "clients listed, among them loopback",
        MAIN,
        "smtpd_client_restrictions = check_client_access cidr:{ {127.0.0.0/8 REJECT} }\n",
    ),
    (
        "strange names refused",
        MAIN,
        "smtpd_helo_restrictions = reject_unknown_helo_hostname\nunknown_hostname_reject_code = 550\n"
        "smtpd_sender_restrictions = check_sender_access pcre:{ {/\\.invalid/ REJECT} }\n",
    ),
    (
        "a copy of everything by Sieve",
        "config/before.dovecot.sieve",
        'require "copy";\nredirect :copy "you@example.test";\n',
    ),
    ("two connections each", MAIN, "smtpd_client_connection_count_limit = 2\n"),
    ("no names of clients", MAIN, "smtpd_peername_lookup = no\n"),
    ("greylisting by hand", MAIN, "smtpd_recipient_restrictions = defer_if_permit, permit\n"),
    ("own mailbox domains", MAIN, "virtual_mailbox_domains = lmdb:/etc/postfix/vhost\n"),
    ("own aliases", MAIN, "virtual_alias_maps = lmdb:/etc/postfix/virtual\n"),
    ("a copy of everything", MAIN, "always_bcc = you@example.test\n"),
    (
        "senders listed",
        MAIN,
        "mua_sender_restrictions = check_sender_access inline:{ you@example.test=OK }, reject\n",
    ),
    ("own classes", MAIN, "smtpd_restriction_classes = mine\nmine = permit\n"),
    ("another format", DOVECOT, "mail_location = sdbox:/var/mail/%Ld/%Ln/boxes\n"),
    (
        "mail for people here alone",
        "config/before.dovecot.sieve",
        'if not address :domain "to" ["example.test", "other.test"] {\n  discard;\n  stop;\n}\n',
    ),
    ("strange senders", MAIN, "header_checks = pcre:{ {/^From:.*\\.invalid>?$$/ REJECT} }\n"),
    ("one session each", DOVECOT, "mail_max_userip_connections = 1\n"),
    (
        "one port for this machine alone",
        DOVECOT,
        "service imap-login {\n  inet_listener imap {\n    address = 127.0.0.1\n  }\n}\n",
    ),
    (
        "partners alone may bring mail",
        MAIN,
        "smtpd_client_restrictions = check_client_access cidr:{ {198.51.100.0/24 OK} }, reject\n",
    ),
    (
        "no ports for clients in the clear",
        DOVECOT,
        "service imap-login {\n  inet_listener imap {\n    port = 0\n  }\n}\n",
    ),
)
"""Changes that are good, although the canary's own address may fare otherwise than people's."""
