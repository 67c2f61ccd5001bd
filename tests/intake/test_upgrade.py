"""What another image changes on a log: each difference is told once, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.errors import Problem
from controlplane.events import NodeObserved, RendererChanged, RendererRefused
from controlplane.fold import fold
from controlplane.git import StateRepo
from controlplane.image import Image, is_older, newest
from controlplane.intake import upgrade
from controlplane.intake.trees import node_files
from controlplane.intake.upgrade import Rendered
from controlplane.model import State
from controlplane.release import Basis, Release, Releases
from controlplane.timestamps import parse_time
from renderers.release import NodeTrees
from renderers.service import RenderedFile
from tests.renderers.states import CASES

TIME = parse_time("2026-11-30T07:00:00.000Z")


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[StateRepo, Rendered, Release]:
    """A repository with a release of a state."""
    repo = StateRepo.ensure(tmp_path_factory.mktemp("repo") / "state.git")
    now = Rendered.of(CASES["default"])
    assert now.trees is not None
    basis = Basis(1, "c" * 40, "d" * 40, "1.0")
    return repo, now, Releases(repo).write(node_files(now.trees), basis, TIME)


versions = st.sampled_from(["0.9", "1.0rc1", "1.0", "1.1", "2.0"])
daemons = st.dictionaries(st.sampled_from(["postfix", "dovecot-core", "rspamd"]), versions, max_size=3)
images = st.builds(Image, versions, daemons)
paths = st.sets(st.sampled_from(["etc/postfix/main.cf", "etc/dovecot/dovecot.conf", "etc/postfix/aliases"]))


def altered(trees: NodeTrees, changed: set[str]) -> NodeTrees:
    """The same with a line more in some files."""
    files = dict(trees["mail"].files)
    for path in changed & files.keys():
        file = files[path]
        assert isinstance(file, RenderedFile)
        files[path] = replace(file, content=file.content + b"# other\n")
    return {"mail": replace(trees["mail"], files=files)}


@given(st.lists(st.tuples(images, paths), min_size=1, max_size=5))
def test_a_history_of_images_is_told_once_each(
    released: tuple[StateRepo, Rendered, Release], history: list[tuple[Image, set[str]]]
) -> None:
    """Whatever images follow each other, each difference is one event, and no difference is none."""
    repo, first, release = released
    assert first.trees is not None
    known, before, highest = Image("1.0", {"postfix": "1.0"}), set[str](), "1.0"
    state = fold(
        first.state,
        [
            NodeObserved(
                node="mail", hostname="mail.example.test", renderer="1.0", daemons=dict(known.daemons)
            )
        ],
    )
    for image, changed in history:
        changed = changed & first.trees["mail"].files.keys()
        now = Rendered(state, altered(first.trees, changed))
        plan = upgrade.compare(repo, now, 1, lambda _: State(), release, image)
        again = fold(state, plan.events)
        # until its release is made, and after
        for number in (0, 1):
            if number:
                assert now.trees is not None
                basis = Basis(1, "c" * 40, "d" * 40, image.version)
                release = Releases(repo).write(node_files(now.trees), basis, TIME)
            later = upgrade.compare(repo, Rendered(again, now.trees), 1, lambda _: State(), release, image)
            assert later.events == ()
        packages = image.daemons or known.daemons  # an image that does not tell has no other ones
        same = (image.version, changed, packages) == (known.version, before, known.daemons)
        assert (plan.events == ()) == same
        for event in plan.events:
            assert isinstance(event, RendererChanged)
            assert set(event.files) == before ^ changed
            assert (event.old, event.new) == (known.version, image.version)
            assert bool(event.newest) == is_older(image.version, highest)
        highest = newest(highest, image.version)
        assert again.status.newest_renderer == highest
        state, before, known = again, changed, Image(image.version, packages)


@given(images)
def test_what_cannot_be_rendered_is_told_once(
    released: tuple[StateRepo, Rendered, Release], image: Image
) -> None:
    """With the release that serves on, and not as a change."""
    repo, first, release = released
    now = Rendered(first.state, None, (Problem("mailserver.env", 3, "wrong", "write it anew"),))
    plan = upgrade.compare(repo, now, 1, lambda _: State(), release, image)
    (event,) = plan.events
    assert isinstance(event, RendererRefused)
    assert event.problems == ("mailserver.env:3: wrong; write it anew",)
    again = fold(first.state, plan.events)
    told = upgrade.compare(repo, replace(now, state=again), 1, lambda _: State(), release, image)
    assert (told.events, told.problems) == ((), plan.problems)
    assert again.status.renderer == first.state.status.renderer
