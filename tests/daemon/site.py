"""A whole control plane in a temporary folder, with real git and a recorded agent."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from controlplane.answers import to_answer
from controlplane.daemon.core import Daemon
from controlplane.daemon.run import Places, build, handle, shut_down
from controlplane.daemon.server import ControlServer
from controlplane.errors import MailserverError
from controlplane.intake.trees import MainReader
from controlplane.log_questions import LogQuestions
from controlplane.statefiles.tree import read_tree
from tests.typed_answers import must_fit
from wire.errors import ErrorAnswer
from wire.server import Limits, Server


def _explain(error: Exception, op: str) -> ErrorAnswer:
    if isinstance(error, ErrorAnswer):
        return error
    return to_answer(error) if isinstance(error, MailserverError) else ErrorAnswer("Bug", f"{op}: {error!r}")


ROOT = Path(__file__).parents[2]
HASH = "{SHA512-CRYPT}$6$abc$" + "x" * 86
NAME = "mail.example.test"


class FakeAgent:
    """Answers as an agent would, and remembers what it was asked."""

    def __init__(self, path: Path) -> None:
        self.asked: list[dict[str, Any]] = []
        self.complaints: list[dict[str, Any]] = []
        self.fail: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda _: None
        self.applied = 0
        self.used: dict[str, int] = {}
        self.answers: dict[str, Callable[[], dict[str, Any]]] = {}
        self._server = Server(path, lambda request, _: self._take(request), _explain, Limits(1 << 20, 30.0))
        self._server.bind()
        threading.Thread(target=self._server.serve, daemon=True).start()

    def close(self) -> None:
        self._server.stop()

    def _take(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        return self._answer(request)

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["op"] in self.answers:
            return self.answers[request["op"]]()
        if request["op"] == "mailbox.usage":
            return {"used": self.used}
        if request["op"] == "validate":
            return {"problems": self.complaints, "checked": ["postfix", "dovecot"], "seconds": 0.1}
        if request["op"] == "apply":
            outcome = {"id": f"o{len(self.asked)}", "outcome": "applied", "release": request["number"]}
            outcome |= {"commit": request["release"], "seconds": 0.1, "serving": request["number"]}
            failure = self.fail(request)
            if failure is None:
                self.applied = request["number"]
                return outcome
            return outcome | {"serving": self.applied, "reason": "it broke"} | failure
        return {"outcomes": []} if request["op"] == "outcomes" else {}


class Site:
    """A state volume, a daemon on it, and people with clones."""

    def __init__(self, folder: Path, agent: bool = True) -> None:
        self.folder = folder
        self.places = Places(
            root=folder / "state",
            socket=folder / "control.sock",
            agent=folder / "agent.sock",
            hooks=ROOT / "hooks",
            template=ROOT / "state-repo-template",
        )
        self.environment = {"MAILSERVER_FQDN": NAME}
        self.agent = FakeAgent(self.places.agent) if agent else None
        self.repository = self.places.root / "state.git"
        self.start()

    def start(self) -> None:
        self.daemon: Daemon = build(self.places, self.environment)
        self.server = ControlServer(
            self.places.socket, lambda request, say: handle(self.daemon, request, say)
        )
        self.server.bind()
        threading.Thread(target=self.server.serve, daemon=True).start()
        self.daemon.delivery.start()
        self.settle()

    def settle(self) -> None:
        """Return when what came of the newest release is in the log: until then `events` may still move."""
        delivery = self.daemon.delivery
        delivery.wait_done(delivery.poke(), 60)

    def stop(self, save: bool = True) -> None:
        self.server.stop()
        self.daemon.missed_post_receives.stop()
        self.daemon.delivery.stop()
        if save:
            shut_down(self.daemon)

    def close(self) -> None:
        self.stop()
        if self.agent:
            self.agent.close()

    def ask(self, op: str, **arguments: Any) -> dict[str, Any]:
        if op == "log":
            return {"entries": self.questions.log(arguments.get("filters", {}), arguments.get("limit", 0))}
        if op == "history":
            return {"entries": self.questions.history(arguments["subject"])}
        who = {"node": self.daemon.delivery.node} if op.startswith("agent.") else {"actor": "root"}
        answer = dict(handle(self.daemon, {"op": op, **who, **arguments}, lambda _: None))
        must_fit(op, answer)
        return answer

    @property
    def questions(self) -> LogQuestions:
        """What a command asks the log by; what it says to people is not kept."""
        return LogQuestions(self.places.root, lambda given: self.ask("project", **given), lambda _: None)

    def add(self, address: str, **options: Any) -> dict[str, Any]:
        given = {"command": "account.add", "source": "setup", "address": address, "password_hash": HASH}
        return self.ask("edit", **given, **options)

    def git(
        self, *arguments: str, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        environment |= {
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": "Ada Admin",
            "GIT_AUTHOR_EMAIL": "ada@example.test",
            "GIT_COMMITTER_NAME": "Ada Admin",
            "GIT_COMMITTER_EMAIL": "ada@example.test",
            "GIT_MAILSERVER_ACTOR": "ada@laptop",
            "MAILCTL_SOCKET": str(self.places.socket),
            "LC_ALL": "C.UTF-8",
        }
        return subprocess.run(
            ["git", *arguments],
            cwd=cwd or self.folder,
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def clone(self, name: str = "clone") -> Clone:
        done = self.git("clone", "-q", str(self.repository), name)
        assert done.returncode == 0, done.stderr
        return Clone(self, self.folder / name)

    def must_agree(self) -> None:
        """The log, `main` and `rendered` say the same."""
        intake = self.daemon.intake
        repo = intake.stores.repo.fresh()
        desired, problems = read_tree(MainReader().read(repo, repo.refs.get("main")))
        assert not problems
        assert desired == intake.state.desired
        found = self.ask("verify")
        assert found["ok"], json.dumps(found["findings"])


class Clone:
    """A person's clone of the state repo."""

    def __init__(self, site: Site, path: Path) -> None:
        self.site = site
        self.path = path

    def git(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.site.git(*arguments, cwd=self.path, **variables)

    def write(self, path: str, text: str | bytes) -> None:
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode() if isinstance(text, str) else text)

    def append(self, path: str, text: str) -> None:
        target = self.path / path
        self.write(path, (target.read_text() if target.exists() else "") + text)

    def commit(self, message: str = "Change something") -> str:
        self.git("add", "-A")
        done = self.git("commit", "-q", "--allow-empty", "-m", message)
        assert done.returncode == 0, done.stderr
        return self.git("rev-parse", "HEAD").stdout.strip()

    def push(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.git("push", *(arguments or ("origin", "HEAD:main")))

    def change(
        self, path: str, text: str, message: str = "Change something"
    ) -> subprocess.CompletedProcess[str]:
        self.append(path, text)
        self.commit(message)
        return self.push()
