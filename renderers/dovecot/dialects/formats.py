"""Settings whose variables are their own: formats of log lines, of UIDLs, of rejections."""

from __future__ import annotations

from collections.abc import Mapping

from renderers.dovecot.dialects.variable_names import LOGIN, MAIL, Variables

_TRAFFIC = {"i": "input", "o": "output"}


def _own(short: Mapping[str, str], *long: str) -> Variables:
    return Variables(short, {name: name for name in (*short.values(), *long)})


FORMATS: Mapping[str, Variables] = {
    "deliver_log_format": _own(
        {
            "$": "message",
            "m": "msgid",
            "s": "subject",
            "f": "from",
            "e": "from_envelope",
            "p": "size",
            "w": "vsize",
        },
        "to_envelope",
        "delivery_time",
        "session_time",
        "storage_id",
    ),
    "login_log_format": _own({"$": "message", "s": "elements"}),
    "imap_logout_format": _own(
        _TRAFFIC,
        "fetch_hdr_count",
        "fetch_hdr_bytes",
        "fetch_body_count",
        "fetch_body_bytes",
        "deleted",
        "expunged",
        "autoexpunged",
        "trashed",
        "appended",
        "session",
    ),
    "imap_urlauth_logout_format": _own(_TRAFFIC),
    "managesieve_logout_format": _own(_TRAFFIC, "session"),
    "submission_logout_format": _own(_TRAFFIC, "session", "command_count", "reply_count"),
    "pop3_logout_format": _own(
        {
            **_TRAFFIC,
            "t": "top_count",
            "p": "top_bytes",
            "r": "retr_count",
            "b": "retr_bytes",
            "d": "deleted_count",
            "m": "message_count",
            "s": "message_bytes",
            "u": "uidl_change",
        },
        "deleted_bytes",
        "session",
    ),
    "pop3_uidl_format": _own({"u": "uid", "v": "uidvalidity", "m": "md5", "f": "filename", "g": "guid"}),
    "rejection_reason": _own({"n": "literal('\\r\\n')", "r": "reason", "s": "subject", "t": "to"}),
    "rejection_subject": _own({"n": "literal('\\r\\n')", "r": "reason", "s": "subject", "t": "to"}),
    "sieve_vacation_default_subject_template": _own({"$": "subject"}),
    "dsync_remote_cmd": _own({"u": "user"}, "login", "host"),
    "quota_status_overquota": _own({}, "error"),
    "quota_status_toolarge": _own({}, "error"),
    "mail_ext_attachment_hash": _own({}, "md4", "md5", "sha1", "sha256", "sha512", "size"),
    "notify_status_value": _own(
        {}, "messages", "unseen", "recent", "uidnext", "uidvalidity", "highestmodseq"
    ),
}
"""By the setting's name, which is the same in both versions."""
LITERAL = frozenset(
    [
        "auth_policy_hash_nonce",
        "auth_policy_server_api_header",
        "auth_policy_server_url",
        "crypt_private_key_password",
        "doveadm_api_key",
        "doveadm_password",
        "imapc_password",
        "import_environment",
        "log_timestamp",
        "login_greeting",
        "pop3c_password",
        "ssl_client_key_password",
        "ssl_server_key_password",
        "submission_relay_password",
    ]
)
"""Settings of 2.4 whose values had no variables in 2.3: a `%` in them is one."""
_LOGINS = ("auth_", "login_", "passdb_", "userdb_")


def variables(name: str) -> Variables | None:
    """The variables of a setting, by its name in 2.4; None if a `%` in its value is one."""
    if name in LITERAL:
        return None
    own = FORMATS.get(name)
    return own or (LOGIN if name.startswith(_LOGINS) else MAIL)
