"""The judge's workers: as many as are worth it; one that is lost before it has said anything stops nobody else."""

import contextlib
import os
import signal
from pathlib import Path
from typing import cast

import pytest

from grader import judge
from grader.contract import Contract, read_contract
from grader.judge import PROCESSORS, Judge, Order, Worker
from grader.verdicts import FAILED, PASSED, SUBJECT, UNPLAYED, Case, Verdict


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    """Programs that end at once: how they are judged does not matter here."""
    (tmp_path / "messagerie.toml").write_text(
        'server = "true {port}"\nclient = "true {port}"\nwire = "course"\n'
    )
    return read_contract(tmp_path)


def order(contract: Contract, *only: str, jobs: int = 1, level: str = "") -> Order:
    return Order(sprint=1, contract=contract, only=only, jobs=jobs, level=level)


def started(wanted: Order) -> Judge:
    """Return a judge whose first workers have been started."""
    judging = Judge(wanted)
    judging.prepare()
    return judging


def lose(judging: Judge, count: int, number: signal.Signals) -> None:
    """Send the first of a judge's workers a signal, before they have said anything."""
    for worker in judging._workers[:count]:
        os.killpg(worker.pid, number)


def test_checks_of_another_level_only_are_told_at_once(contract: Contract) -> None:
    with pytest.raises(LookupError, match="none of these checks is of the level subject"):
        list(Judge(order(contract, "s1-roles", level="subject")).verdicts_as_they_come())


def test_a_few_cases_need_few_workers(contract: Contract, hired: list[Worker]) -> None:
    judging = started(order(contract, "s1-usage", "s1-roles", jobs=8 * PROCESSORS))
    assert len(list(judging.verdicts_as_they_come())) == 2
    assert len(hired) == PROCESSORS


def test_who_knows_how_many_cases_there_will_be_prepares_more_workers(
    contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "PROCESSORS", 1)
    judging = Judge(order(contract, "s1-first-line", jobs=3))
    judging.prepare(cases=8)
    workers = list(judging._workers)
    assert [worker.is_extra for worker in workers] == [False, True]
    assert [verdict.id for verdict in judging.verdicts_as_they_come()] == ["s1-first-line"]
    assert not any(Path(f"/proc/{worker.pid}").exists() for worker in workers)


def test_who_is_lost_at_the_start_is_not_missed(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "PROCESSORS", 2)
    judging = started(order(contract, "s1-first-line", jobs=2))
    lose(judging, 1, signal.SIGKILL)
    assert [verdict.id for verdict in judging.verdicts_as_they_come()] == ["s1-first-line"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_where_all_are_lost_nothing_could_be_played(
    contract: Contract, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "CASE_SECONDS", 0.5)
    judging = started(order(contract, "s1-first-line"))
    lose(judging, PROCESSORS, number)
    with pytest.raises(RuntimeError, match="no check could be played"):
        list(judging.verdicts_as_they_come())


def test_who_is_sent_away_while_starting_leaves_nothing(contract: Contract) -> None:
    judging = started(order(contract, "s1-first-line"))
    pids = [worker.pid for worker in judging._workers]
    judging.close()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    judging.close()


def test_who_has_nothing_left_to_play_is_let_go(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "PROCESSORS", 2)
    judging = Judge(order(contract, "s1-first-line", "s1-usage", jobs=2))
    for _verdict in judging.verdicts_as_they_come():
        idle = [worker for worker in judging._workers if worker.is_ready and worker.case is None]
        assert all(worker.is_dismissed for worker in idle)
        busy = [worker for worker in judging._workers if worker.case is not None]
        assert not any(worker.is_dismissed for worker in busy)


def test_who_has_gone_is_buried_while_others_play(
    contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "PROCESSORS", 2)
    judging = started(order(contract, "s1-first-line", jobs=2))
    workers = set(judging._workers)
    with contextlib.closing(judging):
        while not (gone := workers.difference(judging._workers)):
            judging._listen()
        assert not any(Path(f"/proc/{worker.pid}").exists() for worker in gone)
        while not judging.verdicts["s1-first-line"].outcome:
            judging._listen()
    assert not any(Path(f"/proc/{worker.pid}").exists() for worker in workers)


def test_all_are_let_go_before_one_is_waited_for(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "PROCESSORS", 2)
    judging = started(order(contract, "s1-first-line", jobs=2))
    workers, let_go = list(judging._workers), []
    end = Worker.end

    def watched_end(worker: Worker) -> None:
        let_go.append([each.is_dismissed for each in workers])
        end(worker)

    monkeypatch.setattr(Worker, "end", watched_end)
    judging.close()
    assert let_go == [[True, True]] * 2


class Player:
    """In place of a worker: it remembers what it is to play."""

    def __init__(self, is_extra: bool) -> None:
        self.is_extra = is_extra
        self.case: Case | None = None
        self.plays: list[str] = []

    def play(self, case: Case) -> None:
        """Take a case."""
        self.case = case
        self.plays.append(case.name)

    def dismiss(self) -> None:
        """Go."""
        self.plays.append("nothing more")


def with_cases(contract: Contract, sandbox: bool = True, replay: bool = True) -> Judge:
    """Return a judge that has three checks to be played; the last one is long, and comes after the first."""
    judging = Judge(Order(sprint=1, contract=contract, jobs=1, sandbox=sandbox, replay=replay))
    for name, after in ("first", ""), ("other", ""), ("long", "first"):
        verdict = Verdict(name, 1, SUBJECT, "", "", "", [Case(name, long=name == "long")], after)
        judging.verdicts[name] = verdict
        judging._waiting += verdict.cases
    return judging


def given(judging: Judge, is_extra: bool) -> list[str]:
    """Return what a worker is given until nothing is left."""
    player = Player(is_extra)
    while player.plays[-1:] != ["nothing more"]:
        judging._give(cast(Worker, player))
    return player.plays


def test_an_extra_worker_begins_with_what_takes_long(contract: Contract) -> None:
    judging = with_cases(contract)
    judging._waiting.remove(judging.verdicts["first"].cases[0])
    judging.verdicts["first"].cases[0].outcome = PASSED
    assert given(judging, is_extra=True) == ["long", "other", "nothing more"]


def test_an_extra_worker_leaves_what_is_not_known_to_be_worth_it(contract: Contract) -> None:
    assert given(with_cases(contract), is_extra=True) == ["first", "other", "long", "nothing more"]


def test_a_first_worker_keeps_the_order_of_the_suite(contract: Contract) -> None:
    judging = with_cases(contract)
    judging.verdicts["first"].cases[0].outcome = PASSED
    assert given(judging, is_extra=False) == ["first", "other", "long", "nothing more"]


def test_long_cases_of_one_check_are_played_one_behind_the_other(contract: Contract) -> None:
    cases = [Case("short"), Case("long 1", long=True), Case("long 2", long=True)]
    judging = Judge(order(contract))
    judging.verdicts["check"] = Verdict("check", 1, SUBJECT, "", "", "", cases, "")
    judging._waiting = list(cases)
    workers = [Player(is_extra=False) for _case in cases]
    judging._workers = cast(list[Worker], workers)
    for worker in workers:
        judging._give(cast(Worker, worker))
    assert [worker.plays for worker in workers] == [["short"], ["long 1"], ["nothing more"]]
    assert given(judging, is_extra=False) == ["nothing more"]
    workers[1].case = None
    judging._give(cast(Worker, workers[1]))
    assert workers[1].plays == ["long 1", "long 2"]


SEEN = {"error": "nothing", "programs": [{"name": "bob", "shown": {"screen": ""}}], "lacks": "carol"}
"""What a worker tells of a case that has failed before people's eyes."""


def told_of_failure(judging: Judge, remembers: bool = False) -> Case:
    """Tell a judge that its first case has failed; return that."""
    case = judging._waiting.pop(0)
    judging._enter_result(case, {"outcome": FAILED, "scene": SEEN, "remembers": remembers})
    return case


def test_what_has_failed_is_played_once_more_before_anything_else(contract: Contract) -> None:
    judging = with_cases(contract)
    case = told_of_failure(judging)
    assert not case.outcome
    assert given(judging, is_extra=False) == ["first", "other", "long", "nothing more"]
    judging._enter_result(case, {"outcome": PASSED, "scene": {}, "remembers": False})
    assert (case.outcome, case.scene.error, case.tapped.outcome) == (FAILED, SEEN["error"], PASSED)


@pytest.mark.parametrize(
    ("sandbox", "replay", "remembers", "again"),
    [(True, False, False, False), (False, True, False, True), (False, True, True, False)],
)
def test_what_has_failed_is_not_played_again_where_that_is_not_wanted_or_takes_a_minute(
    sandbox: bool, replay: bool, remembers: bool, again: bool, contract: Contract
) -> None:
    judging = with_cases(contract, sandbox=sandbox, replay=replay)
    case = told_of_failure(judging, remembers)
    assert (case.outcome, judging._again) == (("", [case]) if again else (FAILED, []))


def test_what_has_taken_all_its_time_is_not_played_again(contract: Contract) -> None:
    judging = with_cases(contract)
    judging._waiting[0].seconds = judge.SCENES_SECONDS
    assert told_of_failure(judging).outcome == FAILED


def test_the_other_cases_of_a_check_are_spared_once_one_has_failed(contract: Contract) -> None:
    judging = with_cases(contract)
    other = Case("first, in another way")
    judging.verdicts["first"].cases.append(other)
    judging._waiting.append(other)
    told_of_failure(judging)
    assert (other.outcome, other in judging._waiting) == (UNPLAYED, False)


def test_who_is_lost_in_a_second_play_does_not_change_what_was_seen_in_the_first(contract: Contract) -> None:
    judging = started(order(contract))
    with contextlib.closing(judging):
        judging.verdicts = with_cases(contract).verdicts
        judging._waiting = [case for each in judging.verdicts.values() for case in each.cases]
        case = told_of_failure(judging)
        worker = judging._workers[0]
        worker.case = judging._again.pop()
        judging._replace(worker, "it was killed")
    assert (case.outcome, case.scene.error) == (FAILED, SEEN["error"])
    assert judging._missed == {"carol": ["first"]}, "what follows from a failure follows from this one, too"


@pytest.mark.parametrize("has_failed", [False, True])
def test_who_has_to_go_because_of_another_leaves_a_case_to_be_played_as_before(
    has_failed: bool, contract: Contract
) -> None:
    judging = started(order(contract))
    case = Case("interrupted", has_failed=has_failed)
    with contextlib.closing(judging):
        judging._workers[0].case = case
        judging._go_on_one_by_one({})
    assert (judging._waiting, judging._again) == (([], [case]) if has_failed else ([case], []))
