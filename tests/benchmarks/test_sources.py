"""Figures are read from what a benchmark printed."""

from __future__ import annotations

from benchmarks.sources import figures

PRINTED = """\
 accounts seconds     MiB
    10000   0.046    10.5
replay (events)          100000 in    3.10 s  (   2.90 s of a core)      32258 /s
text: rare word             50 rows  first    12.0 ms  best     7.1 ms
| 1,000 | 8.4 | 3 |
"""


def test_figures_have_the_words_of_their_line() -> None:
    """What stands behind it may change from run to run and is no part of a figure's name."""
    assert figures(PRINTED) == {
        "10000 [1]": 0.046,
        "10000 [2]": 10.5,
        "replay (events) 100000 in [1]": 3.1,
        "replay (events) 100000 in [2]": 2.9,
        "text: rare word 50 rows first [1]": 12.0,
        "text: rare word 50 rows first [2]": 7.1,
        "1,000 [1]": 8.4,
    }
