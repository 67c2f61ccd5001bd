"""The agent's records and findings by themselves."""

from __future__ import annotations

import json
from pathlib import Path

from agent.records.checksummed import Records
from agent.records.findings import Findings
from agent.records.journal import Journal


def test_few_damaged_records_are_kept(tmp_path: Path) -> None:
    """They are there to be looked at, not for ever."""
    records = Records(tmp_path, Findings(tmp_path))
    for number in range(20):
        (tmp_path / f"{number}.json").write_text("{")
        assert records.read(f"{number}.json", lambda _: True)[1]
    assert len(list(tmp_path.glob("*.damaged"))) == 8


def test_a_folder_is_put_aside_also_after_a_file(tmp_path: Path) -> None:
    """The second damage of a record: the first one was kept under the same name."""
    records = Records(tmp_path, Findings(tmp_path))
    path = tmp_path / "applied.json"
    path.write_text("{")
    assert records.read(path.name, lambda _: True)[1]
    path.mkdir()
    records.write(path.name, 1)
    assert records.read(path.name, lambda _: True) == (1, "")
    assert (tmp_path / "applied.json.damaged").is_dir()


def test_a_record_from_before_there_were_sums_counts(tmp_path: Path) -> None:
    """An update of the image loses nothing."""
    row = {"commit": "a" * 40, "number": 3, "main": "", "attempt": "", "patched": {}, "patch_failure": ""}
    (tmp_path / "applied.json").write_text(json.dumps(row))
    assert Journal(tmp_path).applied().number == 3


def test_repairs_are_told_once(tmp_path: Path) -> None:
    """They are kept over a restart until the daemon has them."""
    findings = Findings(tmp_path)
    findings.mended("agent", "one")
    findings.tell(findings.untold())
    findings.mended("agent", "two")
    assert [repair.how for repair in Findings(tmp_path).untold()] == ["two"]
    assert [row["how"] for row in Findings(tmp_path).report()["repairs"]] == ["one", "two"]
