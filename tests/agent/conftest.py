"""A node in a folder: real git, real files; daemons are tables of callables that can be told to fail."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.apply.actions import Actor
from agent.apply.engine import Engine, Request
from agent.apply.node import Node
from agent.apply.recovery import recover, serve_applied
from agent.certificates.store import Certificates
from agent.commands import Ran
from agent.config_volume.volume import Volume
from agent.daemon_client import DaemonClient
from agent.errors import Failed, Problem, Unavailable
from agent.files.managed import ManagedFiles
from agent.files.staging import product
from agent.health.probes import Answer
from agent.paths import Paths
from agent.records.journal import Journal
from agent.release.git_objects import ObjectReader
from services import NODE_SERVICES
from services.base import NodeServices

GIT_ENVIRONMENT = {
    **{key: os.environ[key] for key in ("PATH",)},
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.test",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.test",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
}

FILES = {
    "etc/postfix/main.cf": ("postfix", "reload", ""),
    "etc/postfix/virtual": ("postfix", "none", "postmap"),
    "etc/dovecot/dovecot.conf": ("dovecot", "reload", ""),
    "etc/dovecot/userdb": ("dovecot", "none", ""),
}


def git(folder: Path, *words: str, stdin: bytes = b"") -> str:
    """Run git without anybody's configuration."""
    done = subprocess.run(
        ["git", f"--git-dir={folder}", *words],
        input=stdin,
        env=GIT_ENVIRONMENT,
        check=True,
        capture_output=True,
    )
    return done.stdout.decode().strip()


@dataclass
class Repository:
    """A bare state repository that releases are committed to."""

    folder: Path
    number: int = 0

    def commit(self, files: Mapping[str, bytes], parent: str = "") -> str:
        """Commit a tree of files; returns the commit."""
        index = self.folder / "index"
        index.unlink(missing_ok=True)
        rows = []
        for path, content in files.items():
            oid = git(self.folder, "hash-object", "-w", "--stdin", stdin=content)
            rows.append(f"100644 {oid}\t{path}\n")
        git(self.folder, "update-index", "--index-info", stdin="".join(rows).encode())
        parents = ["-p", parent] if parent else []
        return git(self.folder, "commit-tree", git(self.folder, "write-tree"), *parents, stdin=b"Release\n")

    def pack(self, *commits: str) -> None:
        """Move what these commits lead to out of loose objects."""
        objects = git(self.folder, "rev-list", "--objects", "--no-object-names", *commits)
        git(
            self.folder,
            "pack-objects",
            "-q",
            str(self.folder / "objects/pack/pack"),
            stdin=f"{objects}\n".encode(),
        )
        git(self.folder, "prune-packed", "-q")

    def release(self, contents: Mapping[str, str | Sequence[str]], **manifest: Any) -> Request:
        """Commit a release of these files, some of them in parts; returns the request to apply it."""
        self.number += 1
        services = {
            name: {"programs": [name], "probes": [{"name": name, "kind": "tcp", "port": 1}]}
            for name in ("dovecot", "postfix")
        }
        whole: dict[str, Any] = {
            "format": 1,
            "hostname": "mail.example.test",
            "files": {path: entry(path) for path in contents},
            "services": services,
            "order": ["dovecot", "postfix"],
            "certificates": [],
        } | manifest
        files: dict[str, bytes] = {}
        for path, content in contents.items():
            if isinstance(content, str):
                files[f"mail/{path}"] = content.encode()
                continue
            whole["format"] = 2
            whole["files"][path].setdefault("parts", [len(part.encode()) for part in content])
            files |= {f"mail/{path}/{number:04d}": part.encode() for number, part in enumerate(content)}
        files["mail/manifest.json"] = json.dumps(whole).encode()
        return Request(self.commit(files), self.number)


def entry(path: str) -> dict[str, Any]:
    """The manifest's row for one of the sample files."""
    service, action, compiler = FILES.get(path, ("postfix", "reload", ""))
    return {"service": service, "action": action, "mode": "0644", "owner": "root:root", "compile": compiler}


@dataclass
class Programs:
    """Supervisor's place: remembers what runs and what was asked."""

    running: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    restarts_heal: Callable[[], object] = lambda: None
    """Called when a program is started."""

    def states(self) -> dict[str, tuple[str, int, int]]:
        return dict.fromkeys(self.running, ("RUNNING", 1, 1))

    def start(self, name: str) -> None:
        self.calls.append(f"start {name}")
        self.running.add(name)
        self.restarts_heal()

    def stop(self, name: str) -> None:
        self.calls.append(f"stop {name}")
        self.running.discard(name)

    def signal(self, name: str, signal: str) -> None:
        self.calls.append(f"signal {name} {signal}")

    def shut_down(self) -> None:
        self.calls.append("shut down")


@dataclass
class World:
    """One node with everything a test looks at."""

    root: Path
    repository: Repository
    node: Node
    engine: Engine
    programs: Programs
    broken: set[str] = field(default_factory=set)
    """Words that, in main.cf or dovecot.conf on disk, keep the service from answering."""
    problems: list[Problem] = field(default_factory=list)

    def text(self, path: str) -> str:
        """A live file."""
        return (self.root / path).read_text()

    def apply(self, **contents: str | Sequence[str]) -> dict[str, Any]:
        """Apply a release of the sample files, some of them with other contents."""
        return self.engine.apply(self.repository.release(sample(**contents)))

    def rubbish(self) -> list[str]:
        """What attempts left beside managed files."""
        return sorted(str(p) for p in (self.root / "etc").rglob(".mail-agent~*"))


def sample(**contents: str | Sequence[str]) -> dict[str, str | Sequence[str]]:
    """The sample files; keys are main, virtual, dovecot, userdb."""
    names = dict(zip(("main", "virtual", "dovecot", "userdb"), FILES, strict=True))
    texts: dict[str, str | Sequence[str]] = {path: f"{name} 1\n" for name, path in names.items()}
    return texts | {names[name]: text for name, text in contents.items()}


def fake_compiler(
    rows: Iterable[tuple[Path, str, str]], _scratch: Path, _known: Mapping[Path, object] | None = None
) -> None:
    """A map is its source, marked; a source that says so does not compile."""
    for path, compiler, service in rows:
        if compiler:
            text = path.read_text()
            if "uncompilable" in text:
                raise Failed(service, "postmap: bad", "etc/postfix/virtual", 1)
            product(path, compiler).write_text(f"map of {text}")


def make_world(root: Path) -> World:
    """A node below `root`; what is there already (state, files) is found again."""
    paths = Paths(root)
    paths.repository.mkdir(parents=True, exist_ok=True)
    if not (paths.repository / "HEAD").exists():
        subprocess.run(
            ["git", "init", "-q", "--bare", str(paths.repository)], env=GIT_ENVIRONMENT, check=True
        )
    paths.state.mkdir(parents=True, exist_ok=True)
    paths.run.mkdir(parents=True, exist_ok=True)
    programs = Programs()
    services = NodeServices(NODE_SERVICES)
    broken: set[str] = set()
    problems: list[Problem] = []

    def prober(probes: Any, _root: Path, _deadline: float, _hopeless: Any) -> list[Answer]:
        places = {"postfix": "etc/postfix/main.cf", "dovecot": "etc/dovecot/dovecot.conf"}
        texts = {p.name: (root / places[p.name]).read_text() for p in probes}
        return [
            Answer(n, not any(word in text for word in broken), 1.0, "silent") for n, text in texts.items()
        ]

    def runner(words: Any, _deadline: float) -> Ran:
        programs.calls.append(" ".join(words))
        return Ran(0, "")

    node = Node(
        paths,
        Journal(paths.state),
        Actor(programs, services, runner),
        lambda *_: list(problems),
        Certificates(paths.state / "certs"),
        ManagedFiles(root),
        services,
        prober=prober,
        compiler=fake_compiler,
        runner=lambda *_: Ran(1, "nothing tells where it listens"),
        tries_itself=False,
    )
    return World(root, Repository(paths.repository), node, Engine(node), programs, broken, problems)


def restart_agent(world: World, make: Callable[[Path], World] = make_world) -> World:
    """What a new agent process makes of what the old one left."""
    new = make(world.root)
    new.repository.number = world.repository.number
    serve_applied(new.engine, recover(new.engine))
    return new


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A node with nothing applied."""
    return make_world(tmp_path)


@pytest.fixture
def served(world: World) -> World:
    """A node that serves release 1."""
    assert world.apply()["outcome"] == "applied"
    world.programs.calls.clear()
    return world


class ControlPlane(DaemonClient):
    """The daemon's place: keeps what it was asked, answers what it was told to."""

    def __init__(self) -> None:
        super().__init__(Path("/nonexistent"), "mail")
        self.asked: list[dict[str, Any]] = []
        self.refuse: dict[str, str] = {}
        self.away = False

    def ask(self, op: str, **arguments: Any) -> dict[str, Any]:
        if self.away:
            raise Unavailable("away")
        assert op == "agent.volume"
        self.asked += arguments["changes"]
        return {"refused": [{"path": p, "reason": r} for p, r in self.refuse.items()]}


@pytest.fixture
def daemon() -> ControlPlane:
    """A daemon that takes every edit."""
    return ControlPlane()


@pytest.fixture
def volume(world: World, daemon: ControlPlane) -> Volume:
    """An empty config volume."""
    world.node.paths.volume.mkdir(parents=True)
    return Volume(world.node.paths.volume, world.node.paths.state / "projection.json", daemon)


def project(volume: Volume, repository: Repository, **files: str) -> str:
    """Project a commit of main whose config/ holds these files."""
    main = repository.commit({f"config/{n.replace('__', '/')}.cf": t.encode() for n, t in files.items()})
    with ObjectReader(repository.folder) as objects:
        volume.project(objects, main)
    return main
