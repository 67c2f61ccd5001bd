"""The table, outside of blocks: what becomes of each setting of 2.3 that is not the same in 2.4."""

from __future__ import annotations

from renderers.dovecot.dialects import keeping, location, others
from renderers.dovecot.dialects.fates import Dropped, Place, Refused, Renamed, Rewritten, Row, rows

_TOP = Place.TOP
_REPLICATION = Refused("replication is gone", "keep one server, or copy with `doveadm sync`")
_DIRECTOR = Refused("the director is gone", "leave it out")
_OLD_STATS = Refused("the old statistics are gone", "write a `metric` block")
_RAWLOG = Refused(
    "it is a setting of the HTTP client now", "set http_client_rawlog_dir in the block that it is for"
)
_LIST = "`NAME { WORD = yes }` for what is added to it; a whole list stays"

MAIL: tuple[Row, ...] = (
    Row(
        _TOP,
        "mail_location",
        Rewritten(location.FORM, location.location),
        "maildir:~/mail:INDEX=/var/index/%d/%n",
    ),
    Row(_TOP, "mail_attachment_dir", Renamed("mail_ext_attachment_path"), "/var/attachments/%d/%n"),
    Row(
        _TOP,
        "mail_attachment_fs",
        Refused(
            "2.4 has a block for it, and no longer writes single copies",
            "write `mail_ext_attachment { fs … }`",
        ),
        "sis posix",
    ),
    Row(_TOP, "mail_attachment_hash", Renamed("mail_ext_attachment_hash"), "%{sha1}"),
    Row(_TOP, "mail_attachment_min_size", Renamed("mail_ext_attachment_min_size"), "128 k"),
    Row(
        _TOP,
        "mail_attribute_dict",
        Rewritten("`mail_attribute { dict file { path = P } }`", keeping.dictionary("mail_attribute")),
        "file:%h/dovecot-attributes",
    ),
    Row(_TOP, "mail_debug", Rewritten("`log_debug = category=mail`", others.debugs("mail")), "yes"),
    Row(
        _TOP,
        "mail_plugins",
        Rewritten(f"{_LIST}; zlib is mail_compress, imap_zlib is built in", others.plugins),
        "$mail_plugins quota zlib",
    ),
    Row(
        _TOP,
        "imapc_ssl_verify",
        Refused("a setting of TLS took its place", "write ssl_client_require_valid_cert"),
        "yes",
    ),
    Row(
        _TOP,
        "imapc_max_line_length",
        Rewritten("the same; `0` is `unlimited`", others.unlimited("imapc_max_line_length")),
        "0",
    ),
)

SERVER: tuple[Row, ...] = (
    Row(
        _TOP,
        "valid_chroot_dirs",
        Rewritten("the same, with spaces for `:`", others.spaced),
        "/var/mail:/home",
    ),
    Row(_TOP, "config_cache_size", Dropped("nothing is cached so now"), "1 M"),
    Row(_TOP, "default_idle_kill", Renamed("default_idle_kill_interval"), "1 mins"),
    Row(
        _TOP,
        "default_vsz_limit",
        Rewritten("the same; `0` is `unlimited`", others.unlimited("default_vsz_limit")),
        "0",
    ),
    Row(
        _TOP,
        "dict_db_config",
        Refused("Berkeley DB is gone", "use another dictionary"),
        "/etc/dovecot/db.conf",
    ),
    Row(_TOP, "log_debug", Rewritten("the same", others.log_debug), "category=imap"),
    Row(_TOP, "verbose_ssl", Rewritten("`log_debug = category=ssl`", others.debugs("ssl")), "yes"),
    *rows(_TOP, _RAWLOG, "doveadm_http_rawlog_dir stats_http_rawlog_dir", "/var/log/raw"),
    *rows(
        _TOP,
        _DIRECTOR,
        "director_flush_socket director_mail_servers director_max_parallel_kicks director_max_parallel_moves"
        " director_output_buffer_size director_ping_idle_timeout director_ping_max_timeout director_servers"
        " director_user_expire director_user_kick_delay director_username_hash",
        "1",
    ),
    *rows(
        _TOP,
        _REPLICATION,
        "replication_dsync_parameters replication_full_sync_interval replication_max_conns replicator_host"
        " replicator_port",
        "1",
    ),
    *rows(
        _TOP,
        _OLD_STATS,
        "old_stats_carbon_interval old_stats_carbon_name old_stats_carbon_server old_stats_command_min_time"
        " old_stats_domain_min_time old_stats_ip_min_time old_stats_memory_limit old_stats_session_min_time"
        " old_stats_user_min_time",
        "1",
    ),
)
