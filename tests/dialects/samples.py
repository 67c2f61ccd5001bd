"""A small file of 2.3 for each row of the table, with a value that Dovecot takes."""

from __future__ import annotations

from renderers.dovecot.dialects import names
from renderers.dovecot.dialects.fates import Place, Row

_OF_KIND = {
    "bool": "yes",
    "choice": "",
    "list": "words",
    "number": "3",
    "size": "10 M",
    "text": "some-text",
    "time": "5 mins",
}
_VALUES = {
    "auto": "subscribe",
    "description": "Commands",
    "fields": "bytes_in bytes_out",
    "filter": "event=imap_command_finished",
    "format": "json",
    "imapsieve_url": "sieve://mail.example.com:4190",
    "last_login_precision": "ms",
    "list": "children",
    "mail_log_events": "delete expunge",
    "mail_log_fields": "uid box",
    "result_failure": "continue",
    "result_internalfail": "continue",
    "result_success": "return-ok",
    "separator": "/",
    "sieve_execute_input_eol": "lf",
    "sieve_extensions": "+editheader -vacation",
    "sieve_filter_input_eol": "lf",
    "sieve_global_extensions": "+vnd.dovecot.pipe",
    "sieve_notify_mailto_envelope_from": "<postmaster@example.com>",
    "sieve_pipe_input_eol": "lf",
    "sieve_plugins": "sieve_extprograms",
    "sieve_redirect_envelope_from": "sender",
    "sieve_report_from": "postmaster",
    "sieve_spamtest_status_type": "strlen",
    "sieve_trace_level": "commands",
    "sieve_user_email": "user1@example.com",
    "sieve_vacation_default_period": "2d",
    "sieve_vacation_max_period": "9d",
    "sieve_vacation_min_period": "1d",
    "sieve_variables_max_scope_count": "200",
    "sieve_virustest_status_type": "text",
    "skip": "never",
    "type": "private",
}
_PREFIXES = {
    Place.SERVICE: "service_",
    Place.LISTENER: "inet_listener_",
    Place.SOCKET: "unix_listener_",
    Place.NAMESPACE: "namespace_",
    Place.MAILBOX: "mailbox_",
    Place.PASSDB: "passdb_",
    Place.USERDB: "userdb_",
    Place.METRIC: "metric_",
    Place.EXPORTER: "event_exporter_",
}
_EXPORTER = ("  format = json", "  format_args = time-rfc3339", "  transport = log")
_FRAMES = {
    Place.TOP: ("{}",),
    Place.PLUGIN: ("plugin {{", "  {}", "}}"),
    Place.SERVICE: ("service imap {{", "  {}", "}}"),
    Place.LISTENER: ("service imap-login {{", "  inet_listener imap {{", "    {}", "  }}", "}}"),
    Place.SOCKET: ("service auth {{", "  unix_listener own {{", "    {}", "  }}", "}}"),
    Place.NAMESPACE: ("namespace own {{", "  {}", "}}"),
    Place.MAILBOX: ("namespace inbox {{", "  inbox = yes", "  mailbox Archive {{", "    {}", "  }}", "}}"),
    Place.PASSDB: ("passdb {{", "  driver = passwd-file", "  {}", "}}"),
    Place.USERDB: ("userdb {{", "  driver = passwd-file", "  {}", "}}"),
    Place.DICT: ("dict {{", "  {}", "}}"),
    Place.METRIC: ("metric own {{", "  filter = event=imap_command_finished", "  {}", "}}"),
    Place.EXPORTER: ("event_exporter own {{", *_EXPORTER, "  {}", "}}"),
}
_BESIDE = {
    "imapsieve_mailbox#_after": ("imapsieve_mailbox2_name = Junk",),
    "imapsieve_mailbox#_before": ("imapsieve_mailbox2_name = *", "imapsieve_mailbox2_from = Junk"),
    "imapsieve_mailbox#_causes": (
        "imapsieve_mailbox2_name = Junk",
        "imapsieve_mailbox2_before = file:/etc/dovecot/learn.sieve",
    ),
    "imapsieve_mailbox#_from": (
        "imapsieve_mailbox2_name = Junk",
        "imapsieve_mailbox2_before = file:/etc/dovecot/learn.sieve",
    ),
    "imapsieve_mailbox#_name": ("imapsieve_mailbox2_before = file:/etc/dovecot/learn.sieve",),
    "mail_crypt_global_private_key_password": ("mail_crypt_global_private_key = </certs/ecprivkey.pem",),
    "sieve_dir": ("sieve = ~/.dovecot.sieve",),
    "sieve_spamtest_status_header": ("sieve_spamtest_max_value = 5",),
    "sieve_virustest_status_header": ("sieve_virustest_max_value = 5",),
    "zlib_save_level": ("zlib_save = zstd",),
}
"""What a setting needs beside it in its block."""
_BEFORE = {
    "exporter": ("event_exporter some-text {", *_EXPORTER, "}"),
    "ssl_verify_client_cert": ("ssl_ca = </etc/ssl/certs/ca.pem",),
}


def setting(row: Row) -> str:
    """The line that a row is about."""
    name = "quota" if row.place is Place.DICT else row.name.replace("#", "2")
    return f"{name} = {row.sample or _VALUES.get(row.name) or _made(row)}"


def text(row: Row) -> str:
    """A file with it."""
    inner = (*_BESIDE.get(row.name, ()), setting(row))
    lines = list(_BEFORE.get(row.name, ()))
    for frame in _FRAMES[row.place]:
        lines += [frame.format(line) for line in inner] if "{}" in frame else [frame.format()]
    return "\n".join(line for line in lines) + "\n"


def _made(row: Row) -> str:
    name = _PREFIXES.get(row.place, "") + row.name.replace("#", "")
    return _OF_KIND[names.new()[name]]
