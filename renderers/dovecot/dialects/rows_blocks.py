"""The table, inside of blocks: services and sockets, namespaces and folders, passdb and userdb, metrics."""

from __future__ import annotations

from renderers.dovecot.dialects import location, logins, others
from renderers.dovecot.dialects.fates import (
    Dropped,
    Place,
    Refused,
    Renamed,
    Rewritten,
    Row,
    Same,
    rows,
    same,
)

SERVICES: tuple[Row, ...] = (
    *same(
        Place.SERVICE,
        "chroot client_limit drop_priv_before_exec executable extra_groups group privileged_group"
        " process_limit process_min_avail protocol user",
    ),
    Row(Place.SERVICE, "type", Same(), "startup"),
    Row(Place.SERVICE, "idle_kill", Renamed("idle_kill_interval"), "5 mins"),
    Row(
        Place.SERVICE,
        "service_count",
        Rewritten("`restart_request_count`; `0` is `unlimited`", others.unlimited("restart_request_count")),
        "0",
    ),
    Row(
        Place.SERVICE,
        "vsz_limit",
        Rewritten("the same; `0` is `unlimited`", others.unlimited("vsz_limit")),
        "1GB",
    ),
    Row(Place.LISTENER, "address", Renamed("listen"), "127.0.0.1"),
    *same(Place.LISTENER, "haproxy port reuse_port ssl"),
    *same(Place.SOCKET, "group mode user"),
)

_KINDS = "a folder's own format has no setting in 2.4"

FOLDERS: tuple[Row, ...] = (
    *same(
        Place.NAMESPACE,
        "disabled hidden ignore_on_failure inbox list order prefix separator subscriptions type",
    ),
    Row(
        Place.NAMESPACE,
        "alias_for",
        Refused("2.4 wants the other namespace's name here, 2.3 its prefix", "write the file for 2.4"),
        "other/",
    ),
    Row(
        Place.NAMESPACE, "location", Rewritten(location.FORM, location.location), "maildir:~/public:LAYOUT=fs"
    ),
    *same(Place.MAILBOX, "auto autoexpunge autoexpunge_max_mails comment"),
    Row(Place.MAILBOX, "special_use", Rewritten("the same", others.special_use), "\\Archive"),
    Row(Place.MAILBOX, "driver", Refused(_KINDS, "leave it out"), "sdbox"),
)

_ARGS = (
    "passwd-file → `passwd_file_path`, `default_password_scheme`, `auth_username_format`; static →"
    " `fields { }`, `static_password`; lua → `lua_file`; pam → `pam_…`; the files of ldap, sql"
    " and oauth2 are **refused**: what they say is settings now"
)
_DRIVER = "the same; checkpassword, shadow, bsdauth, nss, vpopmail and dict are **refused**"


def _databases(place: Place) -> tuple[Row, ...]:
    return (
        Row(place, "driver", Rewritten(_DRIVER, logins.driver), "passwd-file"),
        Row(place, "args", Rewritten(_ARGS, logins.arguments), "scheme=CRYPT username_format=%Lu /etc/users"),
        Row(
            place,
            "default_fields",
            Rewritten("`fields { NAME:default = VALUE }`", logins.fields(":default")),
            "uid=5000 home=/var/mail/%d/%n",
        ),
        Row(
            place,
            "override_fields",
            Rewritten("`fields { NAME = VALUE }`", logins.fields("")),
            "gid=5000",
        ),
        *same(place, "result_failure result_internalfail result_success skip"),
        Row(
            place,
            "auth_verbose",
            Refused("it holds for all databases now", "write auth_verbose outside"),
            "yes",
        ),
        Row(place, "name", Dropped("the block itself has a name"), "users"),
    )


DATABASES: tuple[Row, ...] = (
    *_databases(Place.PASSDB),
    *same(Place.PASSDB, "deny master username_filter"),
    Row(Place.PASSDB, "mechanisms", Renamed("mechanisms_filter"), "plain"),
    Row(
        Place.PASSDB, "pass", Refused("it is said by what follows", "write result_success = continue"), "yes"
    ),
    *_databases(Place.USERDB),
    Row(
        Place.DICT,
        "#",
        Refused(
            "dictionaries have settings of their own", "write `dict_server { dict NAME { driver = … } }`"
        ),
        "file:/var/lib/dovecot/quota",
    ),
)

METRICS: tuple[Row, ...] = (
    *same(Place.METRIC, "description exporter exporter_include fields filter"),
    *rows(
        Place.METRIC,
        Refused("it is a part of `filter` now", "write filter = event=NAME AND category=NAME"),
        "event_name categories source_location",
        "imap_command_finished",
    ),
    Row(Place.METRIC, "group_by", Refused("each field is a block now", "write `group_by NAME { }`"), "user"),
    *same(Place.EXPORTER, "format"),
    Row(
        Place.EXPORTER,
        "format_args",
        Rewritten("`time_format`, without `time-`", others.time_format),
        "time-rfc3339",
    ),
    Row(Place.EXPORTER, "transport", Renamed("driver"), "log"),
    *rows(
        Place.EXPORTER,
        Refused("each driver has settings of its own now", "see doc.dovecot.org, Event Export"),
        "transport_args transport_timeout",
        "1",
    ),
)
