"""The report: which tables, rows and columns it has; failures shown as failures; JSON and CSV."""

import csv
import io
from dataclasses import replace

import pytest

from sprint5_concurrency.bench.plan import FULL, QUICK, Plan, runs
from sprint5_concurrency.bench.report import report
from sprint5_concurrency.bench.results import (
    COLUMNS,
    DELIVERIES,
    LATENCY,
    MEASURES,
    REST,
    STALLED,
    Results,
    from_json,
    to_csv,
    to_json,
)
from sprint5_concurrency.bench.servers import STRATEGIES
from sprint5_concurrency.bench.tables import FAILED, NOTHING, Table, tables
from tests.sprint5_bench.made_up import MACHINE, SERVERS, results, with_failure

SHAPES = {
    "Deliveries a second, 1 line outstanding each": ["server", "2", "100"],
    "Deliveries a second, 10 lines outstanding each": ["server", "2", "100"],
    "event_loop: how many times as many, 1 line outstanding each": ["server", "2", "100"],
    "event_loop: how many times as many, 10 lines outstanding each": ["server", "2", "100"],
    "Latency": ["server", "10,000/s p50", "10,000/s p99", "50,000/s p50", "50,000/s p99"],
    "At rest": ["server", "joins/s, 100 together", "processor, 100 idle", "kB a client, 1 to 100"],
    "One client stops reading": ["server", "the others keep"],
}


def found(some: Results, title: str) -> Table:
    return next(table for table in tables(some) if table.title.startswith(title))


def cells(some: Results, title: str, server: str) -> list[str]:
    return next(row[1:] for row in found(some, title).rows if row[0] == server)


def test_each_table_has_its_columns_and_a_row_for_each_server() -> None:
    assert {table.title: table.header for table in tables(results())} == SHAPES
    for table in tables(results()):
        expected = [
            server for server in SERVERS if not (server == "event_loop" and "how many" in table.title)
        ]
        assert [row[0] for row in table.rows] == expected
        assert {len(row) for row in table.rows} == {len(table.header)}


def test_what_was_not_measured_has_no_table() -> None:
    assert tables(Results(MACHINE, SERVERS)) == []
    only = results(Plan(measures=(LATENCY,)))
    assert [table.title for table in tables(only)] == ["Latency"]


def test_cells_are_medians_of_the_rounds() -> None:
    assert cells(results(), "Deliveries a second, 1 ", "poll_loop") == ["2,040", "102,000"]
    assert cells(results(), "Deliveries a second, 1 ", "event_loop") == ["20,400", "1.02 million"]
    assert cells(results(), "event_loop", "poll_loop") == ["10.0 ×", "10.0 ×"]
    assert cells(results(), "Latency", "poll_loop")[:2] == ["0.100", "0.900"]
    assert cells(results(), "At rest", "poll_loop") == ["5,000", "0.1 %", "0.90"]
    assert cells(results(), "One client", "poll_loop") == ["0.98"]


@pytest.mark.parametrize("measure", MEASURES)
def test_one_round_that_went_wrong_is_a_failure_of_the_cell(measure: str) -> None:
    spoiled = with_failure(results(), "poll_loop", measure, "deliveries lost: 3")
    title = {
        DELIVERIES: "Deliveries",
        LATENCY: "Latency",
        REST: "At rest",
        STALLED: "One client",
    }[measure]
    assert set(cells(spoiled, title, "poll_loop")) == {FAILED}
    assert FAILED not in cells(spoiled, title, "event_loop")
    page = report(spoiled)
    assert "## Failures" in page
    assert f"- poll_loop, {measure}, " in page
    assert "round 2: deliveries lost: 3" in page


def test_a_ratio_to_a_failure_is_a_failure() -> None:
    spoiled = with_failure(results(), "event_loop", DELIVERIES, "deliveries doubled: 1")
    assert cells(spoiled, "event_loop", "poll_loop") == [FAILED, FAILED]


def test_a_cell_without_a_run_is_empty() -> None:
    other = replace(results(), servers=(*SERVERS, "mine"))
    assert cells(other, "Latency", "mine") == [NOTHING] * 4


def test_a_report_without_failures_has_no_such_section() -> None:
    page = report(results())
    assert "Failures" not in page
    assert "Abacus, 2 processors, Linux 6, CPython 3.11, 2026-01-01." in page
    assert "median of 3 rounds" in page


def test_the_reader_is_told_when_the_crowd_was_the_limit() -> None:
    limited = replace(results(), runs=tuple(replace(run, limit="crowd") for run in results().runs[:1]))
    page = report(limited)
    assert "In 1 of 1 runs the crowd was the limit" in page
    assert "≥ 2,020" in page


def test_the_reader_is_told_what_was_not_measured_and_who_else_was_busy() -> None:
    first = results().runs[0]
    busy = replace(first, figures={**first.figures, "others_cpu": 1.5, "heard_out": 0.0})
    page = report(replace(results(), runs=(busy,), notes=("Not measured: 5,000 clients.",)))
    assert "Not measured: 5,000 clients." in page
    assert "Other programs used up to 1.5 processors" in page
    assert "In 1 runs more was still coming" in page


def test_json_keeps_everything() -> None:
    whole = with_failure(results(), "poll_loop", REST, "refused")
    assert from_json(to_json(whole)) == whole


def test_csv_has_a_row_for_each_figure_and_each_failure() -> None:
    whole = with_failure(results(), "poll_loop", REST, "refused, it said")
    header, *rows = csv.reader(io.StringIO(to_csv(whole)))
    assert tuple(header) == COLUMNS
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert len(rows) == sum(len(run.figures) + len(run.failures) for run in whole.runs)
    assert ["rest", "poll_loop", "100", "100", "2", "", "", "refused, it said"] in rows


def test_servers_take_their_turns_side_by_side() -> None:
    planned = runs(FULL, STRATEGIES)
    for start in range(0, len(planned), len(STRATEGIES)):
        turn = planned[start : start + len(STRATEGIES)]
        assert [run.server for run in turn] == list(STRATEGIES)
        assert len({(run.measure, run.clients, run.setting, run.round) for run in turn}) == 1
    assert len(planned) == len(STRATEGIES) * FULL.rounds * (5 + 4 + 2 + 1 + 1)


def test_quick_asks_the_same_questions_once() -> None:
    quick = runs(QUICK, STRATEGIES)
    assert {run.measure for run in quick} == set(MEASURES)
    assert {run.round for run in quick} == {1}
    assert len(quick) == len(STRATEGIES) * (3 + 1 + 1 + 1 + 1)
