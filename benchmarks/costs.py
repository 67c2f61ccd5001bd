"""What a container costs: CPU by its control group, memory by its processes. Both need root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.server import Server, docker

CGROUPS = Path("/sys/fs/cgroup")


def cpu_counter(target: Server) -> Path:
    """The file that holds the CPU time of a container's control group (cgroups(7)), in both versions."""
    pid = docker("inspect", "-f", "{{.State.Pid}}", target.name)
    groups = [line.split(":", 2) for line in Path("/proc", pid, "cgroup").read_text().splitlines()]
    for _, controllers, path in groups:
        if "cpuacct" in controllers.split(","):
            return CGROUPS / "cpuacct" / path.lstrip("/") / "cpuacct.usage"
    unified = next(path for number, _, path in groups if number == "0")
    return CGROUPS / unified.lstrip("/") / "cpu.stat"


def cpu_seconds(counter: Path) -> float:
    """Seconds of a core that a container has used so far: processes that ended are counted, too."""
    text = counter.read_text()
    if counter.name == "cpuacct.usage":
        return int(text) / 1e9
    return int(dict(line.split() for line in text.splitlines())["usage_usec"]) / 1e6


def processes(target: Server) -> Iterator[tuple[int, float, str]]:
    """Clock ticks so far, PSS in KiB and command line of each process of a container.

    Ticks are hundredths of a second (proc(5), stat): the finer count by thread forgets threads that ended.
    """
    for pid in docker("top", target.name, "-eo", "pid").splitlines()[1:]:
        process = Path("/proc", pid.strip())
        try:
            command = (process / "cmdline").read_text().replace("\0", " ")
            spent = sum(map(int, (process / "stat").read_text().rsplit(")", 1)[1].split()[11:13]))
            pss = [line.split()[1] for line in (process / "smaps_rollup").open() if line.startswith("Pss:")]
        except OSError:
            continue
        yield spent, int(pss[0]) if pss else 0, command


def memory(target: Server) -> float:
    """MiB of all processes of a container; what several share is counted once (PSS)."""
    return sum(pss for _, pss, _ in processes(target)) / 1024
