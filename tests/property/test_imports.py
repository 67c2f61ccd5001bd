"""What an import makes of a folder means what the folder meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane import secrets
from controlplane.git import NewFile
from controlplane.intake.checks import spoilt_files
from controlplane.intake.importing.clear_secrets import Sealer
from controlplane.intake.importing.prepare import Brought, Here, prepare
from controlplane.intake.trees import Files
from controlplane.statefiles.tree import read_tree
from controlplane.statefiles.treefile import TreeFile
from tests.property.strategies import addresses, hashes, targets, words

SEALER: list[Sealer] = []


@pytest.fixture(autouse=True, scope="module")
def _sealer(tmp_path_factory: pytest.TempPathFactory) -> None:
    SEALER.append(Sealer(secrets.ensure_identity(tmp_path_factory.mktemp("control"))))


def _lines(lines: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    comments = st.sampled_from(["# note", "", "   "])
    return st.lists(lines | comments, max_size=6, unique=True).map(lambda drawn: "\n".join(drawn).encode())


CONTENTS: dict[str, st.SearchStrategy[bytes]] = {
    "postfix-accounts.cf": _lines(st.builds("{}|{}".format, addresses, hashes)),
    "postfix-virtual.cf": _lines(st.builds(lambda a, to: f"{a} {','.join(to)}", addresses, targets)),
    "postfix-regexp.cf": _lines(st.builds("/^{}@/ {}".format, words, addresses)),
    "dovecot-quotas.cf": _lines(st.builds("{}:{}M".format, addresses, st.integers(1, 99))),
    "postfix-relaymap.cf": _lines(st.builds("@{}.test [{}.test]:587".format, words, words)),
    "dovecot.cf": st.binary(max_size=30),
}
FOLDERS = st.fixed_dictionaries({}, optional=CONTENTS)
SETTINGS = _lines(
    st.sampled_from(["TZ=UTC", "ENABLE_POP3=1", "SPAM_SUBJECT='[x] '", "SPOOF_PROTECTION=0 # no"])
)


def tree(folder: dict[str, bytes], env: bytes) -> Files:
    """The folder as a `main` of its own."""
    files = {f"config/{name}": TreeFile(content) for name, content in folder.items()}
    return {**files, "mailserver.env": TreeFile(env)}


@given(FOLDERS, SETTINGS)
def test_an_import_means_what_the_folder_meant(folder: dict[str, bytes], env: bytes) -> None:
    """Into a new repository every valid folder comes as it is; importing it again is nothing."""
    whole = tree(folder, env)
    meant, problems = read_tree(whole)
    if problems or spoilt_files.find(whole, whole):
        return
    brought = Brought({name: TreeFile(content) for name, content in folder.items()}, env)
    found = prepare(brought, Here({}, {}, {}, SEALER[0]))
    assert found.problems == ()
    main = {
        path: TreeFile(change.content, change.mode)
        for path, change in found.changes.items()
        if isinstance(change, NewFile)
    }
    assert read_tree(main) == (meant, ())
    assert not prepare(brought, Here(main, {}, {}, SEALER[0])).changes


@given(FOLDERS, FOLDERS)
def test_a_merge_loses_nothing_of_main(ours: dict[str, bytes], theirs: dict[str, bytes]) -> None:
    """What is taken without --replace leaves every entry of `main`, and of the folder."""
    mine, other = tree(ours, b""), tree(theirs, b"")
    before, meant = read_tree(mine)[0], read_tree(other)[0]
    if read_tree(mine)[1] or read_tree(other)[1]:
        return
    brought = Brought({name: TreeFile(content) for name, content in theirs.items()})
    found = prepare(brought, Here(mine, {}, {}, SEALER[0]))
    if found.problems:
        return
    changes = {p: TreeFile(c.content, c.mode) for p, c in found.changes.items() if isinstance(c, NewFile)}
    after = read_tree({**mine, **changes})[0]
    for part in ("accounts", "aliases", "quotas", "relay_routes"):
        assert getattr(after, part) == {**getattr(meant, part), **getattr(before, part)}
