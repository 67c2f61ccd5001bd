"""The arithmetic behind the benchmarks' tables, and the order in which images are measured."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.compare import Turns, arguments, images, ratios, report, rows, side_by_side
from benchmarks.server import IMAGE
from benchmarks.table import number, spread


def test_sides_take_turns() -> None:
    """A round measures each side once, in order, and each sample stays with its side and its name."""
    order: list[str] = []

    def measure(side: str) -> dict[str, float]:
        order.append(side)
        return {"s": len(order), "share": 0.5}

    turns = Turns(["a", "b"])
    turns.take(measure, 3)
    assert order == ["a", "b"] * 3
    assert turns.found == [{"s": [1, 3, 5], "share": [0.5] * 3}, {"s": [2, 4, 6], "share": [0.5] * 3}]
    turns.take(lambda _: {"later": 1.0}, 1)
    assert [list(samples) for samples in turns.found] == [["s", "share", "later"]] * 2


def test_servers_live_until_the_block_ends() -> None:
    """Each image has its server, and the second one is gone before the first."""
    events: list[str] = []

    @contextmanager
    def make(image: str) -> Iterator[str]:
        events.append(f"+{image}")
        yield image
        events.append(f"-{image}")

    def measured(side: str) -> dict[str, float]:
        events.append(side)
        return {}

    with side_by_side(["a", "b"], make) as turns:
        turns.take(measured, 1)
    assert events == ["+a", "+b", "a", "b", "-b", "-a"]


def test_ratios_are_of_pairs() -> None:
    """A round that was slow for both says nothing: its pair has the ratio of the others."""
    assert ratios([1, 10, 1], [2, 20, 2]) == [0.5, 0.5, 0.5]


def test_no_ratio_to_nothing() -> None:
    """Where the other image's figure is zero there is no ratio."""
    assert ratios([1, 2], [1, 0]) == []
    assert rows([{"failed": [0, 0]}, {"failed": [0, 0]}]) == [["failed", "0 (0-0)", "0 (0-0)", "-"]]


def test_every_round_has_a_pair() -> None:
    """Samples that are not as many on both sides are not compared."""
    with pytest.raises(ValueError, match="zip"):
        ratios([1, 2], [1])


def test_a_row_shows_medians_and_ranges() -> None:
    """The ratio's cell is the median of the pairs' ratios with its range, not the ratio of medians."""
    found = [{"s": [1.0, 3.0, 2.0]}, {"s": [2.0, 4.0, 8.0]}]
    assert rows(found) == [["s", "2.00 (1.00-3.00)", "4.00 (2.00-8.00)", "0.500 (0.250-0.750)"]]
    assert rows(found[:1]) == [["s", "2.00 (1.00-3.00)"]]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.0204, "0.020"), (0.2468, "0.247"), (1.234, "1.23"), (13.46, "13.5"), (1234.5, "1,234")],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    """Some three significant digits, never more than three decimals."""
    assert number(value) == text


def test_one_sample_has_no_range() -> None:
    """A single figure stands alone."""
    assert spread([59.04]) == "59.0"


def test_the_other_image_is_an_option() -> None:
    """Without it a benchmark measures one image; the one of the environment comes first."""
    parser = arguments("what", rounds=3)
    assert images(parser.parse_args([])) == [IMAGE]
    options = parser.parse_args(["--against", "other:tag", "--rounds", "7"])
    assert (images(options), options.rounds) == ([IMAGE, "other:tag"], 7)


def test_a_terminated_run_ends_its_blocks() -> None:
    """SIGTERM is an exit as by an exception, so that every server of the run is removed."""
    before = signal.getsignal(signal.SIGTERM)
    events: list[str] = []

    @contextmanager
    def make(image: str) -> Iterator[str]:
        try:
            yield image
        finally:
            events.append(f"-{image}")

    try:
        arguments("what", rounds=1)
        with pytest.raises(SystemExit, match="143"), side_by_side(["a", "b"], make):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert events == ["-b", "-a"]


def test_a_table_can_be_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    """The head names the images, and the ratio where there are two."""
    report("what", ["a", "b"], [{"s": [1.0]}, {"s": [4.0]}])
    assert capsys.readouterr().out.splitlines()[:3] == [
        "| what | a | b | ratio |",
        "| --- | --- | --- | --- |",
        "| s | 1.00 | 4.00 | 0.250 |",
    ]
