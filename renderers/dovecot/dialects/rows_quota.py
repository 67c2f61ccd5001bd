"""The table of quotas, which 2.3 has in `plugin { }`."""

from __future__ import annotations

from renderers.dovecot.dialects import keeping, others, quotas
from renderers.dovecot.dialects.fates import Dropped, Place, Refused, Renamed, Rewritten, Row, rows, same

_P = Place.PLUGIN

QUOTA: tuple[Row, ...] = (
    Row(_P, "quota", Rewritten('`quota "User quota" { driver = count }`', quotas.root), "count:User quota"),
    *same(_P, "quota_exceeded_message"),
    Row(
        _P,
        "quota_grace",
        Rewritten("`quota_storage_grace = N`; a percentage is **refused**", quotas.grace),
        "50M",
    ),
    Row(
        _P,
        "quota_mailbox_count",
        Rewritten("the same; `0` is `unlimited`", others.unlimited("quota_mailbox_count")),
        "0",
    ),
    Row(
        _P,
        "quota_mailbox_message_count",
        Rewritten("the same; `0` is `unlimited`", others.unlimited("quota_mailbox_message_count")),
        "1000",
    ),
    Row(
        _P,
        "quota_max_mail_size",
        Rewritten("`quota_mail_size`; `0` is `unlimited`", others.unlimited("quota_mail_size")),
        "10M",
    ),
    Row(_P, "quota_over_flag", Renamed("quota_over_status_current"), "%{userdb:flag}"),
    Row(_P, "quota_over_flag_lazy_check", Renamed("quota_over_status_lazy_check"), "yes"),
    Row(_P, "quota_over_flag_value", Renamed("quota_over_status_mask"), "TRUE"),
    Row(
        _P,
        "quota_over_script",
        Rewritten("`quota_over_status { execute NAME { args = … } }`", quotas.over_script),
        "quota-warning mismatch %u",
    ),
    Row(
        _P,
        "quota_rule#",
        Rewritten(
            "`quota_storage_size`, `quota_message_count`; what is said of one folder is **refused**",
            quotas.rule,
        ),
        "*:storage=1G",
    ),
    Row(_P, "quota_set", Refused("quotas are set where users are listed", "leave it out"), "dict:x"),
    *same(_P, "quota_status_nouser quota_status_overquota quota_status_success quota_status_toolarge"),
    Row(_P, "quota_vsizes", Dropped("sizes are always counted so"), "yes"),
    Row(
        _P,
        "quota_warning#",
        Rewritten(
            '`quota "User quota" { warning quota_warning { quota_storage_percentage = N`'
            " `execute NAME { args = … } } }`",
            quotas.warning,
        ),
        "storage=95%% quota-warning 95 %u",
    ),
    *rows(
        _P,
        Refused("a second root has a block of its own", "write `quota NAME { }` in 2.4's form"),
        "quota2 quota3 quota2_rule# quota2_warning# quota2_grace",
        "count:Second",
    ),
    Row(
        _P,
        "quota_clone_dict",
        Rewritten("`quota_clone { dict file { path = P } }`", keeping.dictionary("quota_clone")),
        "file:/x",
    ),
    *same(_P, "quota_clone_unset"),
)
