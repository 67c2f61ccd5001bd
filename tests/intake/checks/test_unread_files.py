"""Files that nothing reads."""

from __future__ import annotations

import pytest

from controlplane.intake.checks.unread_files import misplaced, nearest, use_of
from controlplane.intake.proposal import Known, propose_files
from controlplane.model import State
from controlplane.secrets import RECIPIENT
from controlplane.statefiles.documented import CONFIG_FILES
from controlplane.statefiles.treefile import TreeFile


def _pushed(files: dict[str, bytes]) -> dict[str, str]:
    proposal = propose_files(State(), None, {path: TreeFile(content) for path, content in files.items()})
    assert proposal.problems == ()
    return {notice.subject: notice.message for notice in proposal.plan.warnings}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("postfix-vitual.cf", "postfix-virtual.cf"),
        ("postfix_virtual.cf", "postfix-virtual.cf"),
        ("Postfix-Virtual.cf", "postfix-virtual.cf"),
        ("postfix-virtual.conf", "postfix-virtual.cf"),
        ("virtual.cf", "postfix-virtual.cf"),
        ("main.cf", "postfix-main.cf"),
        ("quotas.cf", "dovecot-quotas.cf"),
        ("postfix/postfix-main.cf", "postfix-main.cf"),
        ("dovecot.conf", "dovecot.cf"),
        ("user-patch.sh", "user-patches.sh"),
        ("whitelist_client.local", "whitelist_clients.local"),
        ("rspamd/custom-command.conf", "rspamd/custom-commands.conf"),
        ("rspamd/local.d/actions.conf", "rspamd/override.d/actions.conf"),
        ("rspamd/actions.conf", "rspamd/override.d/actions.conf"),
        ("rspamd/notes.txt", ""),
        ("rspamd/local.d/own.conf", "rspamd/override.d/"),
        ("quota.cf", "dovecot-quotas.cf"),
        ("virtual", "postfix-virtual.cf"),
        ("alias.cf", "postfix-aliases.cf"),
        ("jail.cf", "fail2ban-jail.cf"),
        ("whitelist_clients", "whitelist_clients.local"),
        ("whitelist_recipients.local", "whitelist_recipients"),
        ("before.sieve", "before.dovecot.sieve"),
        ("sieve/after.sieve", "after.dovecot.sieve"),
        ("getmail.cf", "getmail-NAME.cf"),
        ("getmail-x.conf", "getmail-NAME.cf"),
        ("gitops/authorised_keys", "gitops/authorized_keys"),
        ("rspamd/override.d/worker-proxy.conf", "rspamd/override.d/worker-proxy.inc"),
        ("rspamd/override.d/multi_map.conf", "rspamd/override.d/multimap.conf"),
        ("rspamd/override.d/my-own.conf", ""),
        ("sieve_filter/program", "sieve-filter/"),
        ("a@example.test.sieve", "ADDRESS.dovecot.sieve"),
        ("notes.txt", ""),
        ("own-routes.cf", ""),
        ("logo.png", ""),
    ],
)
def test_the_file_that_was_meant_is_named(name: str, meant: str) -> None:
    """By its spelling, its folder or its name without the service; never where nothing is near."""
    assert nearest(name) == meant
    use = use_of(name)
    assert use.support == "unknown"
    assert "nothing reads it" in use.note
    assert (f"did you mean config/{meant}?" in use.note) == bool(meant)


@pytest.mark.parametrize(
    "name", ["postfix-virtual.cf.bak", "dovecot.cf~", "#dovecot.cf#", ".dovecot.cf.swp", "x.db"]
)
def test_left_overs_are_told(name: str) -> None:
    """An import leaves them out; in a push they lie about."""
    assert "nothing reads it" in _pushed({f"config/{name}": b"x\n"})[name]


@pytest.mark.parametrize(
    "files",
    [
        {
            f"config/{each.name}": b""
            for each in CONFIG_FILES
            if not each.later
            and each.name != "dhparams.pem"
            and "<" not in each.name
            and each.name[-1] != "/"
        },
        {"config/sieve-filter/.lib/x.pm": b"", "config/sieve-pipe/a.bak": b""},
        {
            "config/rspamd/override.d/multimap.conf": b'x { map = "$CONFDIR/override.d/x.map"; }\n',
            "config/rspamd/override.d/x.map": b"example.test\n",
            "config/rspamd/override.d/worker-proxy.inc": b"",
        },
        {"config/.gitkeep": b"", "config/ssl/.gitignore": b"*\n", RECIPIENT: b""},
        {
            "config/own.cf": b"x y\n",
            "config/postfix-main.cf": b"transport_maps = texthash:/tmp/docker-mailserver/own.cf\n",
        },
        {
            "config/lists/a.map": b"x\n",
            "config/dovecot.cf": b"# /tmp/docker-mailserver/lists/ is read by a script\n",
        },
        {
            "config/tls/key.txt": b"x\n",
            "mailserver.env": b"SSL_KEY_PATH=/tmp/docker-mailserver/tls/key.txt\n",
        },
    ],
)
def test_what_is_read_is_not_told(files: dict[str, bytes]) -> None:
    """Documented files, what git needs, and whatever another file or a setting names."""
    assert [message for message in _pushed(files).values() if "reads" in message] == []


def test_a_script_for_nobody_is_told() -> None:
    """A personal script counts only where there is its account."""
    told = _pushed(
        {"config/nobody@example.test.dovecot.sieve": b"keep;\n", "config/before.dovecot.sieve": b"keep;\n"}
    )
    assert told == {
        "nobody@example.test.dovecot.sieve": "there is no account nobody@example.test: "
        "nobody's mail goes through this script"
    }


def test_files_outside_config_are_told_once() -> None:
    """What was told of them with one change is not repeated with every other."""
    paths = [
        "postfix-accounts.cf",
        "docker-data/dms/config/postfix-virtual.cf",
        "mailserver.env.txt",
        "README.md",
    ]
    told = {notice.subject: notice.message for notice in misplaced(paths)}
    assert told == {
        "postfix-accounts.cf": "nothing reads it there: did you mean config/postfix-accounts.cf?",
        "docker-data/dms/config/postfix-virtual.cf": "nothing reads it there: did you mean "
        "config/postfix-virtual.cf?",
        "mailserver.env.txt": "nothing reads it: did you mean mailserver.env?",
    }
    files = {path: TreeFile(b"x\n") for path in paths}
    known = Known()
    first = propose_files(State(), None, files, known=known)
    assert len(first.plan.warnings) == 3
    known.accept(first)
    assert propose_files(State(), None, files, known=known).plan.warnings == ()
    many = misplaced([f"{n}/config/dovecot.cf" for n in range(30)])
    assert len(many) == 11


def test_unsaid_for_a_file_that_stays_as_it_was() -> None:
    """The notice comes with the change that brings the file."""
    files = {"config/postfix-vitual.cf": TreeFile(b"x\n")}
    state = propose_files(State(), None, files).state
    assert propose_files(state, None, files).plan.warnings == ()
