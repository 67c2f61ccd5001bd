"""setup.sh on a host, with engines that only record what they were asked."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "setup.sh"
TOOLS = ("sh", "cat", "dirname", "head", "id", "mkdir", "tr")
LABEL = "label=org.opencontainers.image.title=git-mailserver"
ENGINE = """#!/bin/sh
me=$(dirname "$0")/../${0##*/}
printf '%s' "${0##*/}" >>"$me.log"
for word; do printf '|%s' "$word" >>"$me.log"; done
echo >>"$me.log"
case "$1" in
    ps) cat "$me.ps" 2>/dev/null ;;
    images) cat "$me.images" 2>/dev/null ;;
    inspect) cat "$me.state" 2>/dev/null || exit 1 ;;
    exec | run) echo "stdin: $(cat)"; exit 7 ;;
esac
exit 0
"""


class Host:
    """A host with some engines; its commands are those that the script needs and no others."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bin = root / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            real = next(p for p in map(Path, ("/usr/bin/", "/bin/")) if (p / tool).exists()) / tool
            (self.bin / tool).symlink_to(real)
        (root / "setup.sh").write_bytes(SCRIPT.read_bytes())

    def engine(self, name: str, **says: str) -> None:
        """Install an engine that answers `ps`, `images` or `state` so."""
        (self.bin / name).write_text(ENGINE)
        (self.bin / name).chmod(0o755)
        for what, text in says.items():
            (self.root / f"{name}.{what}").write_text(text)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The script, with something on its stdin."""
        return subprocess.run(
            ["/bin/sh", str(self.root / "setup.sh"), *words],
            env={"PATH": str(self.bin), "SUDO_USER": "ada"},
            input="piped",
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def asked(self, name: str = "docker") -> list[str]:
        """What an engine was called with."""
        log = self.root / f"{name}.log"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_the_running_container_is_found_by_its_label(host: Host) -> None:
    """Arguments arrive as they were given, stdin too, the status comes back, the log will name the person."""
    host.engine("docker", ps="mailserver\n")
    done = host.run("email", "add", "a@example.test", "two words")
    assert (done.returncode, done.stdout) == (7, "stdin: piped\n")
    assert host.asked() == [
        f"docker|ps|--filter|{LABEL}|--format|{{{{.Names}}}}",
        "docker|exec|-i|-e|GIT_MAILSERVER_ACTOR=ada|mailserver|setup|email|add|a@example.test|two words",
    ]


def test_options_of_the_command_are_not_the_scripts(host: Host) -> None:
    """What stands behind the command belongs to it."""
    host.engine("docker", ps="mailserver\n")
    host.run("-c", "mailserver", "email", "del", "-y", "a@example.test")
    assert not host.asked()[-1].startswith("docker|exec")
    host.engine("docker", state="true\n")
    host.run("-c", "mailserver", "email", "del", "-y", "a@example.test")
    assert host.asked()[-1].endswith("|mailserver|setup|email|del|-y|a@example.test")


def test_a_container_by_name_has_to_run(host: Host) -> None:
    """An unknown name and a stopped container get different messages."""
    host.engine("docker", ps="other\n")
    gone = host.run("-c", "mailserver", "help")
    assert (gone.returncode, gone.stderr) == (1, "✗ there is no container mailserver: see `docker ps`\n")
    host.engine("docker", state="false\n")
    assert "does not run" in host.run("-c", "mailserver", "help").stderr


def test_several_containers_need_a_name(host: Host) -> None:
    """The script does not guess."""
    host.engine("docker", ps="one\ntwo\n")
    done = host.run("help")
    assert done.returncode == 1
    assert "several mail servers run (one two): name one with -c" in done.stderr


@pytest.mark.shows("podman", "setup.sh")
def test_podman_is_asked_next(host: Host) -> None:
    """Where Docker has none, or is not installed at all."""
    host.engine("podman", ps="mailserver\n")
    host.run("help")
    assert host.asked("podman")[-1].startswith("podman|exec|-i|")
    host.engine("docker")
    host.run("help")
    assert [line.split("|")[1] for line in host.asked()] == ["ps"]
    assert len(host.asked("podman")) == 4


@pytest.mark.parametrize(("flag", "suffix"), [((), ""), (("-z",), ":z"), (("-Z",), ":Z")])
def test_without_a_container_one_is_made(host: Host, flag: tuple[str, ...], suffix: str) -> None:
    """With the newest local image, on the config folder beside the script, which it makes."""
    host.engine("docker", images="abc\ndef\n")
    assert host.run(*flag, "email", "list").returncode == 7
    folder = host.root / "docker-data/dms/config"
    assert folder.is_dir()
    assert host.asked()[-1] == (
        "docker|run|--rm|-i|-e|GIT_MAILSERVER_ACTOR=ada"
        f"|-v|{folder}:/tmp/docker-mailserver{suffix}|abc|setup|email|list"
    )


def test_image_and_folder_may_be_named(host: Host) -> None:
    """The image is what running containers are looked for by, too."""
    host.engine("docker", images="abc\n")
    host.run("-i", "mail:1", "-p", str(host.root / "my config"), "help")
    assert host.asked()[0] == "docker|ps|--filter|ancestor=mail:1|--format|{{.Names}}"
    assert f"|-v|{host.root}/my config:/tmp/docker-mailserver|mail:1|setup|help" in host.asked()[-1]
    host.engine("podman", images="def\n")
    (host.root / "docker.images").unlink()
    host.run("help")
    assert "|def|setup|help" in host.asked("podman")[-1]


def test_a_host_that_cannot_is_told_why(host: Host) -> None:
    """No engine, no image, an option that is none or lacks its value."""
    assert "neither docker nor podman" in host.run("help").stderr
    host.engine("docker")
    assert "there is no image" in host.run("help").stderr
    assert host.run("-x", "help").returncode == 2
    assert "-c needs a value" in host.run("-c").stderr
    assert host.run("-h").stdout.startswith("Usage: ./setup.sh")


def test_a_terminal_is_passed_on(host: Host) -> None:
    """On one, commands can ask."""
    host.engine("docker", ps="mailserver\n")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["/bin/sh", str(host.root / "setup.sh"), "help"],
        env={"PATH": str(host.bin)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        os.write(ours, b"\x04")  # the end of the input, as typed
        process.wait(10)
    os.close(ours)
    assert host.asked()[-1].startswith("docker|exec|-it|-e|GIT_MAILSERVER_ACTOR=")
