"""The table of the other plugins: `plugin { }` is gone, their settings stand outside or in other blocks."""

from __future__ import annotations

from renderers.dovecot.dialects import keeping, others
from renderers.dovecot.dialects.fates import Place, Refused, Renamed, Rewritten, Row, rows, same

_P = Place.PLUGIN
_GONE = Refused("the plugin is gone", "leave it out, and the plugin out of mail_plugins")

STORAGE: tuple[Row, ...] = (
    Row(
        _P,
        "acl",
        Rewritten("`acl_driver = vfile`, `acl_global_path`; a folder is **refused**", keeping.access_lists),
        "vfile",
    ),
    Row(_P, "acl_anyone", Rewritten("`imap_acl_allow_anyone`", keeping.anyone), "allow"),
    *same(_P, "acl_defaults_from_inbox acl_globals_only acl_groups acl_user"),
    Row(
        _P,
        "acl_ignore_namespace#",
        Refused("the namespace says so", "write acl_ignore = yes in it"),
        "virtual/",
    ),
    Row(
        _P,
        "acl_shared_dict",
        Rewritten("`acl_sharing_map { dict file { path = P } }`", keeping.dictionary("acl_sharing_map")),
        "file:/var/mail/shared",
    ),
    Row(
        _P,
        "last_login_dict",
        Rewritten("`last_login { dict file { path = P } }`", keeping.dictionary("last_login")),
        "file:~/last-login",
    ),
    *same(_P, "last_login_key last_login_precision"),
    Row(_P, "lazy_expunge", Renamed("lazy_expunge_mailbox"), ".EXPUNGED"),
    *same(_P, "lazy_expunge_only_last_instance"),
    Row(
        _P,
        "lazy_expunge_exclude#",
        Refused("the folder says so", "see doc.dovecot.org, Lazy Expunge"),
        "Trash",
    ),
    Row(_P, "listescape_char", Refused("the plugin is gone", "see mailbox_list_storage_escape_char"), "%"),
    Row(
        _P,
        "mail_crypt_acl_require_secure_key_sharing",
        Renamed("crypt_acl_require_secure_key_sharing"),
        "yes",
    ),
    Row(_P, "mail_crypt_curve", Renamed("crypt_user_key_curve"), "secp521r1"),
    Row(
        _P,
        "mail_crypt_global_private_key#",
        Rewritten("`crypt_global_private_key key { crypt_private_key_file = P }`", keeping.private_key),
        "</certs/ecprivkey.pem",
    ),
    Row(
        _P,
        "mail_crypt_global_private_key_password",
        Rewritten("in the block of the key", keeping.beside),
        "secret",
    ),
    Row(_P, "mail_crypt_global_public_key", Renamed("crypt_global_public_key_file"), "</certs/ecpubkey.pem"),
    Row(
        _P,
        "mail_crypt_private_key",
        Refused("keys of users are blocks", "see crypt_user_key_encryption_key"),
        "x",
    ),
    Row(_P, "mail_crypt_private_password", Renamed("crypt_user_key_password"), "secret"),
    Row(_P, "mail_crypt_require_encrypted_user_key", Renamed("crypt_user_key_require_encrypted"), "yes"),
    Row(
        _P,
        "mail_crypt_save_version",
        Rewritten("`2` is left out, `0` is `crypt_write_algorithm =`", keeping.save_version),
        "2",
    ),
    *same(_P, "mail_log_cached_only mail_log_events mail_log_fields"),
    Row(
        _P,
        "mail_lua_script",
        Rewritten("`mail_lua { lua_file = P }`", others.in_block("mail_lua", "lua_file")),
        "/etc/dovecot/mail.lua",
    ),
    *rows(_P, _GONE, "mailbox_alias_new# mailbox_alias_old#", "Sent"),
    Row(
        _P,
        "notify_status_dict",
        Rewritten("`notify_status { dict file { path = P } }`", keeping.dictionary("notify_status")),
        "file:~/status",
    ),
    Row(
        _P,
        "notify_status_mailbox",
        Refused("the folder says so", "write mailbox_notify_status = yes in it"),
        "INBOX",
    ),
    *same(_P, "notify_status_value"),
    *same(
        _P,
        "pop3_migration_all_mailboxes pop3_migration_ignore_extra_uidls pop3_migration_ignore_missing_uidls",
    ),
    *same(_P, "pop3_migration_mailbox pop3_migration_skip_size_check pop3_migration_skip_uidl_cache"),
    Row(
        _P,
        "trash",
        Refused("each folder says its order", "write trash_priority = 1 in a `mailbox` block"),
        "/etc/trash.conf",
    ),
    *same(_P, "virtual_max_open_mailboxes welcome_wait"),
    Row(
        _P,
        "welcome_script",
        Rewritten("`welcome { execute NAME { args = … } }`", others.greeter),
        "welcome %u",
    ),
    Row(_P, "zlib_save", Renamed("mail_compress_write_method"), "zstd"),
    Row(
        _P,
        "zlib_save_level",
        Rewritten("`compress_gz_level`, `compress_zstd_level` …, by `zlib_save` beside it", keeping.level),
        "3",
    ),
)

GONE: tuple[Row, ...] = (
    *rows(
        _P,
        Refused("replication is gone", "keep one server, or copy with `doveadm sync`"),
        "mail_replica replication_sync_timeout",
        "tcp:other",
    ),
    *rows(
        _P,
        Refused("who is notified is a block now", "write `push_notification NAME { driver = … }`"),
        "push_notification_backend push_notification_driver# push_notification_lua_script",
        "dlog",
    ),
    Row(
        _P,
        "xaps_config",
        Refused(
            "it is a plugin of somebody else's", "take its version for 2.4, and the settings that it names"
        ),
        "url=http://127.0.0.1:11619",
    ),
    *rows(
        _P,
        Refused("the old statistics are gone", "write a `metric` block"),
        "old_stats_refresh stats_refresh",
        "30",
    ),
)
