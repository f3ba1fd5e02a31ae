"""The plots: what they show is a function of the results; drawn as SVG and PNG where matplotlib is installed."""

from dataclasses import replace
from pathlib import Path

import pytest

from sprint5_concurrency.bench.charts import Chart, charts
from sprint5_concurrency.bench.plots import can_draw, draw_all
from sprint5_concurrency.bench.results import DELIVERIES, REST, STALLED, Results
from tests.sprint5_bench.made_up import MACHINE, PLAN, SERVERS, results, with_failure

NAMES = [
    "deliveries-1",
    "deliveries-10",
    "latency-10000",
    "latency-50000",
    "memory",
    "rest",
    "joins",
    "stalled",
]


def chart(some: Results, name: str) -> Chart:
    return next(each for each in charts(some) if each.name == name)


def test_there_is_a_chart_for_each_question() -> None:
    assert [each.name for each in charts(results())] == NAMES
    assert charts(Results(MACHINE, SERVERS)) == []


def test_a_curve_has_a_point_for_each_size() -> None:
    assert chart(results(), "deliveries-1").curves == {
        "poll_loop": [(2.0, 2040.0), (100.0, 102_000.0)],
        "event_loop": [(2.0, 20_400.0), (100.0, 1_020_000.0)],
    }


def test_axes_have_names_and_units() -> None:
    for each in charts(results()):
        assert each.title
        assert each.y
        assert bool(each.x) == bool(each.curves)


def test_what_went_wrong_is_not_drawn_as_a_figure() -> None:
    assert (
        chart(with_failure(results(), "poll_loop", DELIVERIES, "lost"), "deliveries-1").curves["poll_loop"]
        == []
    )
    assert chart(with_failure(results(), "poll_loop", REST, "lost"), "joins").bars["poll_loop"] == [None]


@pytest.mark.skipif(not can_draw(), reason="matplotlib is not installed")
def test_each_chart_is_drawn_with_its_axes_and_the_machine(tmp_path: Path) -> None:
    both_kinds = results(replace(PLAN, measures=(DELIVERIES, STALLED)))
    drawn = draw_all(with_failure(both_kinds, "poll_loop", STALLED, "refused"), tmp_path)
    assert sorted(path.name for path in drawn) == sorted(
        f"{each.name}.{end}" for each in charts(both_kinds) for end in ("svg", "png")
    )
    for path in drawn:
        start = path.read_bytes()[:8]
        assert start == b"\x89PNG\r\n\x1a\n" if path.suffix == ".png" else start.startswith(b"<?xml")
    text = (tmp_path / "deliveries-1.svg").read_text()
    assert all(f"<!-- {words} -->" in text for words in ("clients", "deliveries a second", "event_loop"))
    assert "Abacus" in text
