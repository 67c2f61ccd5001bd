"""The table, outside of blocks: TLS and logins."""

from __future__ import annotations

from renderers.dovecot.dialects import others
from renderers.dovecot.dialects.fates import Dropped, Place, Refused, Renamed, Rewritten, Row

_TOP = Place.TOP

TLS: tuple[Row, ...] = (
    Row(_TOP, "ssl_alt_cert", Renamed("ssl_server_alt_cert_file"), "</etc/dms/tls/fallback-cert"),
    Row(_TOP, "ssl_alt_key", Renamed("ssl_server_alt_key_file"), "</etc/dms/tls/fallback-key"),
    Row(_TOP, "ssl_ca", Renamed("ssl_server_ca_file"), "</etc/ssl/certs/ca.pem"),
    Row(_TOP, "ssl_cert", Renamed("ssl_server_cert_file"), "</etc/dms/tls/cert"),
    Row(_TOP, "ssl_cert_username_field", Renamed("ssl_server_cert_username_field"), "commonName"),
    Row(_TOP, "ssl_client_cert", Renamed("ssl_client_cert_file"), "</etc/dms/tls/cert"),
    Row(_TOP, "ssl_client_key", Renamed("ssl_client_key_file"), "</etc/dms/tls/key"),
    Row(_TOP, "ssl_dh", Renamed("ssl_server_dh_file"), "</etc/dovecot/dh.pem"),
    Row(_TOP, "ssl_dh_parameters_length", Dropped("2.3 reads no such setting either"), "2048"),
    Row(_TOP, "ssl_key", Renamed("ssl_server_key_file"), "</etc/dms/tls/key"),
    Row(_TOP, "ssl_key_password", Renamed("ssl_server_key_password"), "secret"),
    Row(
        _TOP,
        "ssl_min_protocol",
        Rewritten("the same; SSLv3 is refused", others.oldest_tls),
        "TLSv1.2",
    ),
    Row(
        _TOP,
        "ssl_options",
        Rewritten("the same, without no_compression", others.tls_options),
        "no_ticket no_compression",
    ),
    Row(
        _TOP,
        "ssl_prefer_server_ciphers",
        Rewritten(
            "`ssl_server_prefer_ciphers = server`, else `client`",
            others.switched("ssl_server_prefer_ciphers", "server", "client"),
        ),
        "yes",
    ),
    Row(
        _TOP,
        "ssl_protocols",
        Refused("2.3 has no such setting either", "write ssl_min_protocol = TLSv1.2"),
        "!SSLv3",
    ),
    Row(_TOP, "ssl_require_crl", Renamed("ssl_server_require_crl"), "no"),
    Row(_TOP, "ssl_verify_client_cert", Renamed("ssl_server_request_client_cert"), "yes"),
)

LOGINS: tuple[Row, ...] = (
    Row(_TOP, "auth_debug", Rewritten("`log_debug = category=auth`", others.debugs("auth")), "yes"),
    Row(_TOP, "auth_default_realm", Renamed("auth_default_domain"), "example.com"),
    Row(
        _TOP,
        "auth_policy_server_timeout_msecs",
        Rewritten(
            "`auth_policy { http_client_request_timeout = N ms }`",
            others.in_block("auth_policy", "http_client_request_timeout", " ms"),
        ),
        "2000",
    ),
    Row(_TOP, "auth_stats", Dropped("its figures are events now"), "no"),
    Row(
        _TOP,
        "auth_worker_max_count",
        Rewritten(
            "`service auth-worker { process_limit = N }`",
            others.in_block("service auth-worker", "process_limit"),
        ),
        "30",
    ),
    Row(
        _TOP,
        "disable_plaintext_auth",
        Rewritten("`auth_allow_cleartext`, the other way round", others.inverted("auth_allow_cleartext")),
        "yes",
    ),
    Row(
        _TOP,
        "imap_id_log",
        Refused("the event imap_id_received took its place", "write a `metric` block"),
        "*",
    ),
    Row(_TOP, "imap_id_send", Rewritten("a block: `imap_id_send { name = * }`", others.identity), "name *"),
    Row(
        _TOP, "login_access_sockets", Refused("2.4 asks nobody before a login", "use a Lua passdb"), "tcpwrap"
    ),
    Row(
        _TOP,
        "master_user_separator",
        Refused("2.3 reads auth_master_user_separator", "write auth_master_user_separator"),
        "*",
    ),
)
