"""Overrides that work, or whose servers are elsewhere: nothing is said of them."""

from __future__ import annotations

from tests.services.breakages import DOVECOT, MAIN, MASTER, TABLES

GOOD: dict[str, dict[str, str]] = {
    "tables of every kind": {
        MAIN: f"my_folder = {TABLES}\n"
        "transport_maps = unionmap:{texthash:$my_folder/routes,proxy:lmdb:$my_folder/compiled}\n"
        "  inline:{ a.b=relay:[c] }\n"
        "relocated_maps = hash:$my_folder/compiled, static:{moved away}\n"
        "  pipemap:{lmdb:$my_folder/compiled,static:x}\n"
        "recipient_bcc_maps = proxy:lmdb:$my_folder/compiled, fail:off, environ:, randmap:{a@b.c,d@b.c}\n"
        "sender_bcc_maps = tcp:192.0.2.1:10001 socketmap:inet:192.0.2.1:10003:name\n"
        f"  memcache:{TABLES}/memcache\n"
        "local_recipient_maps = proxy:unix:passwd.byname $alias_maps\n"
        "mynetworks = 127.0.0.0/8 [::1]/128 cidr:/etc/postfix/postscreen_access.cidr\n"
        "  !192.0.2.0/24 /etc/hostname\n"
        "alias_database = hash:/etc/none\n"
    },
    "caches that are made on demand": {
        MAIN: "address_verify_map = btree:$data_directory/verify\n"
        "smtp_tls_session_cache_database = btree:${data_directory}/smtp\n"
        "postscreen_cache_map = proxy:btree:/var/lib/postfix/ps\n"
        "smtp_sasl_auth_cache_name = proxy:btree:/var/lib/postfix/sasl_auth_cache\n"
        "lmtp_tls_session_cache_database = btree:/tmp/tls\n"
    },
    "servers elsewhere, and those that are there": {
        MAIN: "smtpd_milters = inet:filter.example.net:11332 { inet:[192.0.2.1]:8891, connect_timeout=2s }\n"
        f"non_smtpd_milters = local:{TABLES}/open.sock, inet:localhost:10999\n"
        "smtpd_recipient_restrictions = reject_unauth_destination\n"
        " check_policy_service inet:spf.example.net:10031\n"
        f" check_policy_service {{ unix:{TABLES}/open.sock, default_action=DUNNO }}\n"
        "content_filter = smtp:[127.0.0.1]:10999\n"
        "relayhost = [smtp.example.net]:587\n"
        "default_transport = smtp:localhost:10999\nlocal_transport = error:local mail is off\n"
        "smtpd_proxy_filter = 127.0.0.1:25\n"
    },
    "words in place of files": {
        MAIN: "smtp_tls_cert_file =\nsmtpd_tls_CAfile = /etc/ssl/certs/ca-certificates.crt\n"
        f"smtp_tls_CApath = /etc/ssl/certs\nlmtp_tls_cert_file = {TABLES}/a.pem\n"
        f"lmtp_tls_key_file = {TABLES}/a.key\n"
        "tls_random_source = dev:/dev/urandom\nheader_checks =\n"
    },
    "services by their names": {
        MAIN: "smtpd_restriction_classes = my_rules\nmy_rules = permit_mynetworks, reject\n"
        "cleanup_service_name = sender-cleanup\nmailbox_transport = lmtp:unix:private/lmtp\n"
        "fallback_transport = relay:\nvirtual_transport = lmtps:inet:dovecot.example.net:24\n"
    },
    "a parameter that one service alone defines": {
        MASTER: "submission/inet/my_rules=permit_sasl_authenticated\n",
        MAIN: "smtpd_etrn_restrictions = $my_rules, reject\n",
    },
    "what Dovecot may name": {
        DOVECOT: f"ssl_client_ca_file = /etc/ssl/certs/ca-certificates.crt\n"
        f"local_name a {{\n  ssl_cert = <{TABLES}/a.pem\n  ssl_key = <{TABLES}/a.key\n}}\n"
        f"passdb {{\n  driver = passwd-file\n  args = scheme=PLAIN {TABLES}/users-%d\n}}\n"
        f"passdb {{\n  driver = passwd-file\n  args = {TABLES}/routes\n}}\n"
        "passdb {\n  driver = static\n  args = nopassword=y\n}\npassdb {\n  driver = pam\n}\n"
        "auth_mechanisms = plain login oauthbearer xoauth2 scram-sha-256\n"
        "mail_location = mdbox:~/mdbox:INDEX=/var/mail/index/%d/%n:CONTROL=/tmp/control/%u\n"
        "namespace archive {\n  prefix = Archive/\n  location = maildir:/var/mail/archive/%u\n"
        "  separator = /\n}\n"
        "service imap-postlogin {\n  executable = script-login /bin/true\n"
        "  user = $default_internal_user\n}\n"
        "service imap {\n  executable = imap imap-postlogin\n}\n"
        "service auth {\n  unix_listener auth-client {\n    user = 110\n    group = 12345\n  }\n"
        "  unix_listener /run/other-auth {\n    mode = 0660\n    group = postfix\n  }\n}\n"
        "plugin {\n  quota2 = maildir:More\n  sieve_before3 = /var/mail/%d/first.sieve\n"
        "  sieve_global = /var/mail/scripts\n  zlib_save = zstd\n}\n"
        "log_path = /dev/stderr\ninfo_log_path = /var/log/mail/dovecot.log\n"
    },
    "options of one service": {
        MASTER: "submission/inet/smtpd_sender_restrictions=check_sender_access lmdb:/etc/postfix/virtual\n"
        "submission/inet/my_own=x\nsmtp/unix/smtp_bind_address=192.0.2.1\n",
        MAIN: "my_own = y\nsmtp_helo_name = $my_own.example.net\n",
    },
}
