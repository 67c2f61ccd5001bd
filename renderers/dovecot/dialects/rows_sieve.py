"""The table of Sieve's settings, which 2.3 has in `plugin { }`."""

from __future__ import annotations

from renderers.dovecot.dialects import scripts
from renderers.dovecot.dialects.fates import Place, Refused, Renamed, Rewritten, Row, Same, same

_P = Place.PLUGIN
_STAGE = "`sieve_script {} {{ type = {}` `path = P }}`"


def _stage(name: str, kind: str, sample: str) -> Row:
    label = kind + ("2" if name.endswith("#") else "")
    text = _STAGE.format(kind, kind) + (f"; `{name[:-1]}2` makes `{label}`" if name.endswith("#") else "")
    return Row(_P, name, Rewritten(text, scripts.stage(kind)), sample)


SIEVE: tuple[Row, ...] = (
    Row(
        _P,
        "sieve",
        Rewritten("`sieve_script personal { driver = file` `path = P` `active_path = L }`", scripts.personal),
        "file:~/sieve;active=~/.dovecot.sieve",
    ),
    _stage("sieve_after#", "after", "/etc/dovecot/after"),
    _stage("sieve_before#", "before", "/etc/dovecot/before"),
    _stage("sieve_default", "default", "/etc/dovecot/default.sieve"),
    Row(
        _P,
        "sieve_default_name",
        Rewritten("`sieve_script default { name = N }`", scripts.default_name),
        "administrator",
    ),
    Row(_P, "sieve_dir", Rewritten("`path` in `sieve_script personal`", scripts.uploads), "~/sieve"),
    _stage("sieve_discard", "discard", "/etc/dovecot/discard.sieve"),
    _stage("sieve_global", "global", "/etc/dovecot/global"),
    _stage("sieve_global_dir", "global", "/etc/dovecot/global"),
    _stage("sieve_global_path", "default", "/etc/dovecot/default.sieve"),
    Row(
        _P,
        "sieve_editheader_forbid_add",
        Rewritten("`sieve_editheader_header NAME { forbid_add = yes }`", scripts.per_header("forbid_add")),
        "X-Spam Subject",
    ),
    Row(
        _P,
        "sieve_editheader_forbid_delete",
        Rewritten(
            "`sieve_editheader_header NAME { forbid_delete = yes }`", scripts.per_header("forbid_delete")
        ),
        "X-Spam",
    ),
    Row(
        _P,
        "sieve_editheader_protected",
        Rewritten(
            "`sieve_editheader_header NAME { forbid_add = yes` `forbid_delete = yes }`",
            scripts.per_header("forbid_add", "forbid_delete"),
        ),
        "X-Spam",
    ),
    Row(_P, "sieve_quota_max_scripts", Renamed("sieve_quota_script_count"), "10"),
    Row(_P, "sieve_quota_max_storage", Renamed("sieve_quota_storage_size"), "1M"),
    Row(_P, "sieve_spamtest_max_header", Renamed("sieve_spamtest_score_max_header"), "X-Spam: ([0-9]+)"),
    Row(_P, "sieve_spamtest_max_value", Renamed("sieve_spamtest_score_max_value"), "10"),
    Row(
        _P,
        "sieve_spamtest_text_value#",
        Rewritten("`sieve_spamtest_text_value { N = V }`", scripts.text_value),
        "Yes",
    ),
    Row(
        _P,
        "sieve_subaddress_sep",
        Refused("recipient_delimiter says it", "write recipient_delimiter outside"),
        "+",
    ),
    Row(_P, "sieve_user_log", Renamed("sieve_user_log_path"), "~/.dovecot.sieve.log"),
    Row(
        _P,
        "sieve_vacation_dont_check_recipient",
        Rewritten("`sieve_vacation_check_recipient`, the other way round", scripts.check_recipient),
        "yes",
    ),
    Row(_P, "sieve_virustest_max_header", Renamed("sieve_virustest_score_max_header"), "X-Virus: ([0-9]+)"),
    Row(_P, "sieve_virustest_max_value", Renamed("sieve_virustest_score_max_value"), "5"),
    Row(
        _P,
        "sieve_virustest_text_value#",
        Rewritten("`sieve_virustest_text_value { N = V }`", scripts.text_value),
        "Yes",
    ),
    Row(_P, "recipient_delimiter", Same(), "+"),
    *same(
        _P,
        "sieve_duplicate_default_period sieve_duplicate_max_period sieve_editheader_max_header_size"
        " sieve_execute_bin_dir sieve_execute_exec_timeout sieve_execute_input_eol"
        " sieve_execute_socket_dir sieve_extensions sieve_filter_bin_dir sieve_filter_exec_timeout"
        " sieve_filter_input_eol sieve_filter_socket_dir sieve_global_extensions"
        " sieve_implicit_extensions sieve_include_max_includes sieve_include_max_nesting_depth"
        " sieve_max_actions sieve_max_cpu_time sieve_max_redirects sieve_max_script_size"
        " sieve_notify_mailto_envelope_from sieve_pipe_bin_dir sieve_pipe_exec_timeout"
        " sieve_pipe_input_eol sieve_pipe_socket_dir sieve_plugins sieve_redirect_duplicate_period"
        " sieve_redirect_envelope_from sieve_report_from sieve_resource_usage_timeout"
        " sieve_spamtest_status_header sieve_spamtest_status_type sieve_trace_addresses"
        " sieve_trace_debug sieve_trace_dir sieve_trace_level sieve_user_email"
        " sieve_vacation_default_period sieve_vacation_default_subject"
        " sieve_vacation_default_subject_template sieve_vacation_max_period sieve_vacation_min_period"
        " sieve_vacation_send_from_recipient sieve_vacation_to_header_ignore_envelope"
        " sieve_vacation_use_original_recipient sieve_variables_max_scope_count"
        " sieve_variables_max_value_size sieve_virustest_status_header sieve_virustest_status_type"
        " imapsieve_expunge_discarded imapsieve_url",
    ),
)

_MAILBOX = "`mailbox NAME { sieve_script … }`, or `imapsieve_from NAME { sieve_script … }`"

IMAPSIEVE: tuple[Row, ...] = (
    Row(
        _P,
        "imapsieve_mailbox#_before",
        Rewritten(_MAILBOX, scripts.imapsieve),
        "file:/etc/dovecot/learn.sieve",
    ),
    Row(
        _P,
        "imapsieve_mailbox#_after",
        Rewritten(_MAILBOX, scripts.imapsieve),
        "file:/etc/dovecot/learn.sieve",
    ),
    Row(
        _P, "imapsieve_mailbox#_name", Rewritten("in the block of the script", scripts.imapsieve_part), "Junk"
    ),
    Row(_P, "imapsieve_mailbox#_from", Rewritten("in the block of the script", scripts.imapsieve_part), "*"),
    Row(
        _P,
        "imapsieve_mailbox#_causes",
        Rewritten("`cause` in the block of the script", scripts.imapsieve_part),
        "COPY",
    ),
)
