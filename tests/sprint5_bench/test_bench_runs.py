"""Real measurements, tiny ones: of real servers, and of servers that make mistakes, which must be seen."""

import csv
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sprint5_concurrency.bench.__main__ import main
from sprint5_concurrency.bench.crew import Crew
from sprint5_concurrency.bench.dialect import Dialect
from sprint5_concurrency.bench.gathering import gathering
from sprint5_concurrency.bench.irc import Irc
from sprint5_concurrency.bench.measures import Settings, measure
from sprint5_concurrency.bench.nats import Nats
from sprint5_concurrency.bench.plots import can_draw
from sprint5_concurrency.bench.results import DELIVERIES, LATENCY, REST, STALLED, Run, from_json
from sprint5_concurrency.bench.servers import STRATEGIES, Target, other_program, strategy
from sprint5_concurrency.bench.wire import HEARD_BYTES
from tests.common.children import ROOT, child, outcome, said

FAULTY = ROOT / "tests/sprint5_bench/faulty_server.py"


class Mute(Nats):
    """A dialect that leaves questions unanswered."""

    def answer(self, _aside: bytes) -> bytes:
        """Say nothing."""
        return b""


UNDRAWN = """
import sys
from runpy import run_module
sys.modules["matplotlib"] = None
run_module("sprint5_concurrency.bench", run_name="__main__", alter_sys=True)
"""
"""The program where matplotlib is not installed: to load it and to draw takes longer than these measurements."""


TINY = Settings(seconds=0.1, patience=20.0)


@pytest.fixture(scope="module")
def crew() -> Iterator[Crew]:
    some = Crew(2)
    yield some
    some.dismiss()


def faulty(fault: str) -> str:
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(FAULTY))} {{port}} {fault}"


def measured_faulty(crew: Crew, fault: str, clients: int = 4) -> Run:
    return measure(crew, other_program(faulty(fault)), Run(DELIVERIES, fault, clients, 10, 1), TINY)


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_loses_nothing(crew: Crew, name: str) -> None:
    run = measure(crew, strategy(name), Run(DELIVERIES, name, 6, 10, 1), TINY)
    assert run.failures == ()
    assert run.figures["per_second"] > 0
    assert run.figures["heard"] >= run.figures["judged"] > 0
    assert run.figures["heard_out"] == 1


@pytest.mark.parametrize(("order", "rate"), [("talk", (10, 4)), ("pace", (1000,))])
def test_who_begins_late_is_measured_as_long(crew: Crew, order: str, rate: tuple[int, ...]) -> None:
    with gathering(crew, strategy("event_loop"), 4) as meeting:
        meeting.count_from_here(HEARD_BYTES)
        missed = time.monotonic() - 10
        crew.tell(order, (missed, missed + TINY.seconds, *rate))
        answers, *_busy = meeting.watch(time.monotonic())
        talks = [answer.talk if order == "pace" else answer for answer in answers]
        failures, _checked = meeting.end(sum(talk.messages for talk in talks), TINY.patience)
    assert failures == ()
    assert all(talk.deliveries_per_second > 0 for talk in talks)


@pytest.mark.parametrize(
    ("measure_name", "setting", "figures"),
    [
        (LATENCY, 2000, {"p50", "p99"}),
        (REST, 4, {"joins_per_second", "idle_cpu", "memory", "memory_beyond"}),
        (STALLED, 1, {"kept"}),
    ],
)
def test_each_question_is_answered(crew: Crew, measure_name: str, setting: int, figures: set[str]) -> None:
    run = measure(crew, strategy("event_loop"), Run(measure_name, "event_loop", 6, setting, 1), TINY)
    assert run.failures == ()
    assert figures <= set(run.figures)


def test_a_server_without_receipts_and_without_mistakes_passes(crew: Crew) -> None:
    run = measured_faulty(crew, "none")
    assert run.failures == ()
    assert run.figures["judged"] == run.figures["heard"] > 0


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("drop", "deliveries lost: "),
        ("double", "deliveries doubled: "),
        ("damage", "deliveries that nobody said, such as b'MSG b"),
        ("hang-up", "the server hung up on 1 of its clients"),
        ("die", "the server ended with code 7"),
        ("full", "was refused: ERR server-full nobody can come in"),
    ],
)
def test_a_mistake_is_a_failure(crew: Crew, fault: str, words: str) -> None:
    assert words in "; ".join(measured_faulty(crew, fault).failures)


def test_a_swap_of_one_speakers_lines_is_a_failure(crew: Crew) -> None:
    run = measured_faulty(crew, "reorder")
    assert "deliveries out of order: " in "; ".join(run.failures)


def test_a_server_that_is_silent_and_at_work_has_lost_nothing(crew: Crew) -> None:
    impatient = Settings(seconds=0.1, patience=0.1)
    run = measure(crew, other_program(faulty("think")), Run(DELIVERIES, "think", 4, 10, 1), impatient)
    assert run.failures == ()


STAND_IN = ROOT / "tests/sprint5_bench/stand_in.py"


@pytest.mark.parametrize(("language", "dialect"), [("nats", Nats()), ("irc", Irc())])
@pytest.mark.parametrize(
    ("measure_name", "setting"), [(DELIVERIES, 10), (LATENCY, 2000), (REST, 4), (STALLED, 1)]
)
def test_servers_of_other_projects_are_spoken_to_in_their_language(
    crew: Crew, language: str, dialect: Dialect, measure_name: str, setting: int
) -> None:
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(STAND_IN))} {{port}} {language}"
    run = measure(crew, Target(language, command, dialect), Run(measure_name, language, 4, setting, 1), TINY)
    assert run.failures == ()
    assert next(iter(run.figures.values())) > 0


def test_a_dialect_that_does_not_answer_is_hung_up_on(crew: Crew) -> None:
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(STAND_IN))} {{port}} nats"
    run = measure(crew, Target("nats", command, Mute()), Run(DELIVERIES, "nats", 3, 10, 1), TINY)
    assert "the server hung up on " in "; ".join(run.failures)


def test_the_crew_goes_on_after_a_failure(crew: Crew) -> None:
    assert measured_faulty(crew, "die").failures
    assert measured_faulty(crew, "none").failures == ()


def test_the_whole_program_leaves_tables_figures_and_plots(tmp_path: Path) -> None:
    only = "--only poll_loop event_loop --measure deliveries --clients 3 6 --seconds 0.05 --processes 1"
    program = child("-m", "sprint5_concurrency.bench", "--quick", *only.split(), "--out", str(tmp_path))
    code, out, err = outcome(program)
    assert (code, err) == (0, ""), out
    page = (tmp_path / "report.md").read_text()
    assert page in out
    assert "| server | 3 | 6 |\n| --- | ---: | ---: |\n| poll_loop | " in page
    found = from_json((tmp_path / "results.json").read_text())
    assert [run.server for run in found.runs] == ["poll_loop", "event_loop"] * 4
    with (tmp_path / "results.csv").open() as file:
        assert {row["server"] for row in csv.DictReader(file)} == {"poll_loop", "event_loop"}
    assert (tmp_path / "deliveries-10.svg").exists() == can_draw()


def test_a_failure_is_shown_as_one_and_is_the_exit_code(tmp_path: Path) -> None:
    words = "--quick --only event_loop --measure deliveries --clients 4 --seconds 0.05 --processes 1"
    other = ["--server", faulty("drop"), "--out", str(tmp_path)]
    code, out, err = outcome(child("-c", UNDRAWN, *words.split(), *other))
    assert (code, err) == (1, "")
    assert "no plots (matplotlib is not installed)" in out
    rows = [line for line in out.split("\n") if "faulty_server.py drop |" in line]
    assert rows
    assert all("| FAILED |" in row for row in rows)
    assert "## Failures" in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_what_was_measured_and_no_process(tmp_path: Path, number: signal.Signals) -> None:
    words = "--only event_loop --measure deliveries --clients 3 --seconds 0.1 --processes 1 --rounds 60"
    program = child("-c", UNDRAWN, *words.split(), "--out", str(tmp_path))
    assert "round 1: per second" in said(program)
    family = psutil.Process(program.pid).children(recursive=True)
    program.send_signal(number)
    code, out, err = outcome(program)
    assert (code, err) == (130, "")
    assert "Interrupted after " in out
    assert from_json((tmp_path / "results.json").read_text()).runs
    assert psutil.wait_procs(family, timeout=10)[1] == []


WRONG = [
    "--only nobody",
    "--clients 1",
    "--clients x",
    "--seconds 0",
    "--rounds 0",
    "--server ./server",
    "--measure fun",
    "--against nobody",
]


@pytest.mark.parametrize("words", WRONG)
def test_wrong_usage_is_told_in_one_line(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert (ended.value.code, out, err.count("\n")) == (2, "", 1)


def test_wrong_usage_ends_the_program_before_it_measures_anything() -> None:
    code, out, err = outcome(child("-m", "sprint5_concurrency.bench", *WRONG[0].split()))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
