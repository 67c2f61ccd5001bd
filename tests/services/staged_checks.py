"""Runs in a container of the image: what a service's check says of releases, which come as JSON on stdin."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, "/usr/local/lib/mail-agent")

from agent.files.staged_tree import StagedTree
from agent.release.manifest import EMPTY, Release, parse_manifest
from services import NODE_SERVICES
from services.base import NodeServices
from wire.manifest import Entry

ROOT = Path("/")
SERVICES = NodeServices(NODE_SERVICES)
BLOBS: dict[str, bytes] = {}


def release(tree: dict[str, Any], number: int) -> Release:
    """A release of a rendered tree: its manifest, and the content of its files."""
    blobs = {}
    for path, text in tree["files"].items():
        content = base64.b64decode(text)
        blobs[path] = f"{hash(content):x}"
        BLOBS[blobs[path]] = content
    return parse_manifest(tree["manifest"].encode(), blobs, SERVICES.areas, "c" * 40, number)


def content(entry: Entry) -> bytes:
    """What a file of either release holds."""
    return BLOBS[entry.identity]


def cpu_seconds() -> float:
    """Processor time that this program and those that it ran have used: other load is not in it."""
    return sum(os.times()[:4])


def judge(case: dict[str, Any], base: Release) -> dict[str, Any]:
    """The problems of one release, and how many seconds of a processor it took to find them."""
    if case["before"]:
        subprocess.run(["bash", "-euc", case["before"]], check=True)
    target = release(case["tree"], 2)
    relocations = {each.config: each.relocate for each in SERVICES if each.relocate}
    began = cpu_seconds()
    problems = []
    with StagedTree(ROOT, Path("/run/staged"), content, base, target, relocations) as staged:
        for name in case["services"]:
            service = SERVICES.of(name)
            staged.build(name, service.config)
            problems += service.check(staged) if service.check else []
    seconds = cpu_seconds() - began
    if case["after"]:
        subprocess.run(["bash", "-euc", case["after"]], check=True)
    return {
        "problems": [
            {"service": p.service, "path": p.path, "line": p.line, "message": p.message}
            for p in dict.fromkeys(problems)
        ],
        "seconds": seconds,
    }


def main() -> None:
    """Judge every case; print a JSON object of the results by name."""
    given = json.load(sys.stdin)
    base = release(given["base"], 1)
    for path in base.files:
        place = ROOT / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if not base.files[path].slot:
            place.write_bytes(content(base.files[path]))
    subprocess.run(["bash", "-euc", given["prepare"]], check=True)
    bases = {True: EMPTY, False: base}
    json.dump({name: judge(case, bases[case["first"]]) for name, case in given["cases"].items()}, sys.stdout)


main()
