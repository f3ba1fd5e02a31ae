"""The judge: workers in sandboxes play the checks of a submission, several at a time; it keeps the verdicts.

Only the judge writes verdicts, and only from what its workers send. A worker that does not answer, or that a judged
program has managed to end, is replaced; the case that it was playing has failed.
"""

import contextlib
import json
import os
import random
import selectors
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.contract import HOST, REPOSITORY, Contract
from grader.launch import plain_environment
from grader.leftovers import END_SECONDS, MARK, Household
from grader.limits import LOOK_SECONDS, Watch
from grader.network import demand
from grader.sandbox import is_available, wrapped
from grader.verdicts import (
    BLOCKED,
    FAILED,
    PASSED,
    SKIPPED,
    UNCOUNTED,
    UNPLAYED,
    Case,
    Scene,
    Verdict,
    scene_of,
)

CASE_SECONDS = 90.0
"""How long a case may take before its worker counts as lost; every wait in it has a shorter limit of its own."""

SCENES_SECONDS = 75.0
"""How long its scenes, the second one too, may take before a worker itself ends them, and tells what it has seen."""

TRIALS = 2
"""So many cases must lack the same actor before others are not asked: one may have been unlucky."""

PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
"""Those that this process may use."""

JOBS = 2 * PROCESSORS
"""Workers, unless more or fewer are wanted: most of the time a check waits."""

CASES_EACH = 4
"""A worker that has fewer cases to play is not worth its start."""

SEEDS = 1_000_000

CHUNK_BYTES = 1 << 16

UNUSED_PLUGINS = (
    "cacheprovider",
    "doctest",
    "faulthandler",
    "junitxml",
    "legacypath",
    "logging",
    "pastebin",
    "stepwise",
    "threadexception",
    "unittest",
    "unraisableexception",
)
"""Parts of pytest that no check needs: a worker is ready sooner without them, and gone sooner."""


def suite(sprint: int) -> Path:
    """Return the file with the checks of a sprint."""
    return REPOSITORY / "tests" / "e2e" / f"test_sprint{sprint}.py"


@dataclass(frozen=True)
class Order:
    """What is to be judged, and how."""

    sprint: int
    contract: Contract
    only: tuple[str, ...] = ()
    level: str = ""  # only checks of this level
    seed: int = -1
    sandbox: bool = True
    jobs: int = JOBS
    first: tuple[str, ...] = ()  # checks to begin with
    replay: bool = True  # a case that fails is played once more, to see what crosses the wire

    @property
    def workers(self) -> int:
        """Return how many cases may be played at a time: a fixed port is in one network only once."""
        return self.jobs if self.confined or not self.contract.port else 1

    @property
    def confined(self) -> bool:
        """Tell whether the programs run in a sandbox."""
        return self.sandbox and is_available()


class Worker:
    """One pytest session in a sandbox: it is told what to play, and tells what came of it."""

    def __init__(self, order: Order, seed: int, is_extra: bool = False) -> None:
        self.is_extra = is_extra  # there are as many as processors without it
        self._confined = order.confined
        commands, self._commands = os.pipe()
        self.results, results = os.pipe()
        self.case: Case | None = None
        self.is_ready = False  # it has told its checks
        self.is_dismissed = False
        self.since = time.monotonic()
        self._pending = b""
        self._household = Household()
        self._process = self._started(command_of(order, commands, results), commands, results)
        self._household.leader = self.pid
        os.close(commands)
        os.close(results)
        self.tell(seed=seed)

    def _started(self, command: list[str], *pipes: int) -> "subprocess.Popen[bytes]":
        environment = plain_environment() | {
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            MARK: self._household.mark,
        }
        return subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=pipes,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    @property
    def is_overdue(self) -> bool:
        """Tell whether it does not get ready, or does not end its case."""
        is_busy = self.case is not None or not self.is_ready
        return is_busy and time.monotonic() - self.since > CASE_SECONDS

    def tell(self, **command: Any) -> None:
        """Send one command."""
        with contextlib.suppress(BrokenPipeError):  # it has ended; reading will show it
            os.write(self._commands, json.dumps(command).encode() + b"\n")

    def dismiss(self) -> None:
        """Let it go, once it has ended its case: it is told no more. May be called twice."""
        if not self.is_dismissed:
            self.is_dismissed = True
            os.close(self._commands)

    def play(self, case: Case) -> None:
        """Let it play a case: one that has failed once more, through a wiretap."""
        self.case = case
        self.since = time.monotonic()
        self.tell(run=case.name, tap=case.has_failed, seconds=SCENES_SECONDS - case.seconds)

    def hear(self) -> list[dict[str, Any]] | None:
        """Return what it has said since; None once it has ended."""
        chunk = os.read(self.results, CHUNK_BYTES)
        if not chunk:
            return None
        *lines, self._pending = (self._pending + chunk).split(b"\n")
        self.is_ready = self.is_ready or bool(lines)
        return [json.loads(line) for line in lines]

    def last_words(self) -> str:
        """Return what an ended worker has written on stderr."""
        assert self._process.stderr
        os.set_blocking(self._process.stderr.fileno(), False)
        words = self._process.stderr.read() or b""
        return words.decode(errors="replace").strip() or "its worker was killed"

    def kill(self) -> None:
        """Kill it, and with its sandbox all that it has started; it is still to be ended."""
        self._process.kill()

    def end(self) -> None:
        """End it, and with its sandbox all that it has started. One without a sandbox clears up behind itself."""
        self.dismiss()
        os.close(self.results)
        if not self._confined and self.is_ready and self.case is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(END_SECONDS)
        self.kill()
        self._household.leave()
        self._process.wait()
        assert self._process.stderr
        self._process.stderr.close()


def command_of(order: Order, commands: int, results: int) -> list[str]:
    """Return the command that starts a worker."""
    command = [sys.executable, "-m", "pytest", "-q", "-s", "--tb=line", "-c", os.devnull]
    command += ["--rootdir", str(REPOSITORY), "-p", "grader.plugin", "-p", "grader.worker"]
    command += [f"-pno:{plugin}" for plugin in UNUSED_PLUGINS]
    command += ["--import-mode=importlib", "-o", f"pythonpath={REPOSITORY}", "--no-header", "--noconftest"]
    command += ["--submission", str(order.contract.directory), "--built"]
    command += ["--commands", str(commands), "--results", str(results), str(suite(order.sprint))]
    command += ["--fixed-port", str(order.contract.port)]
    if not order.confined:
        return command
    if order.contract.address != HOST:
        command += ["--address", order.contract.address]
    return wrapped(command, order.contract.directory, order.contract.address)


class Judge:
    """Plays all cases of an order and yields each verdict in the order of the suite, as soon as it is known."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.seed = order.seed if order.seed >= 0 else random.SystemRandom().randrange(SEEDS)
        self.verdicts: dict[str, Verdict] = {}
        self._waiting: list[Case] = []
        self._again: list[Case] = []  # failed, and to be played once more
        self._workers: list[Worker] = []
        self._selector = selectors.DefaultSelector()
        self._watch = Watch()
        self._one_by_one = False  # since a limit has been exceeded
        self._after: dict[str, str] = {}  # of each check of the sprint the one that it comes after, if any
        self._came: set[str] = set()  # fixtures that some case was given
        self._missed: defaultdict[str, list[str]] = defaultdict(list)  # and which checks missed the others

    def prepare(self, cases: int = 0) -> None:
        """Start the first workers, and the others where it is known how many cases there will be.

        Each takes a fraction of a second to be ready. Raises ContractError where nobody may be judged here.
        """
        if not self.order.confined:
            demand(self.order.contract.address)
        self._hire(min(self.order.workers, PROCESSORS))
        self._hire_for(cases)

    def close(self) -> None:
        """End all workers, side by side: a network takes a while to go. May be called twice."""
        for worker in self._workers:
            worker.dismiss()
        while self._workers:
            self._workers.pop().end()
        self._selector.close()

    def verdicts_as_they_come(self) -> Iterator[Verdict]:
        """Yield each verdict once it and all before it are known. Ends all workers, however it is left."""
        try:
            if not self._workers:
                self.prepare()
            told = 0
            while not self.verdicts or told < len(self.verdicts):
                self._listen()
                for verdict in list(self.verdicts.values())[told:]:
                    if not verdict.outcome or any(not case.outcome for case in verdict.cases):
                        break
                    told += 1
                    yield verdict
        finally:
            self.close()

    def _hire(self, count: int, is_extra: bool = False) -> None:
        for _ in range(min(count, 1 - len(self._workers)) if self._one_by_one else count):
            worker = Worker(self.order, self.seed, is_extra)
            self._workers.append(worker)
            self._selector.register(worker.results, selectors.EVENT_READ, worker)

    def _hire_for(self, cases: int) -> None:
        wanted = min(self.order.workers, cases // CASES_EACH)
        self._hire(wanted - len(self._workers), is_extra=True)

    def _listen(self) -> None:
        for key, _events in self._selector.select(LOOK_SECONDS):
            said = key.data.hear()
            if said is None and key.data.is_dismissed:
                self._part_with(key.data)
            elif said is None:
                self._replace(key.data, key.data.last_words())
            for result in said or []:
                self._take(key.data, result)
        if offenders := self._watch.offenders(worker.pid for worker in self._workers):
            self._go_on_one_by_one(offenders)
        for worker in list(self._workers):
            if worker.is_overdue:
                self._replace(worker, f"it did not end within {CASE_SECONDS:.0f} s")

    def _go_on_one_by_one(self, offenders: dict[int, str]) -> None:
        """Kill all workers before one is waited for, and have only one from now on.

        What multiplies in two sandboxes grows in one while the other is cleared, until nobody else has any time.
        """
        self._one_by_one = True
        for worker in self._workers:
            worker.kill()
        for worker in sorted(self._workers, key=lambda worker: worker.pid in offenders):
            if worker.pid in offenders:
                self._replace(worker, offenders[worker.pid])
                continue
            if worker.case:  # it has done nothing wrong
                (self._again if worker.case.has_failed else self._waiting).insert(0, worker.case)
            self._part_with(worker)

    def _take(self, worker: Worker, result: dict[str, Any]) -> None:
        if "checks" in result and not self.verdicts:
            self._enter(result["checks"])
        if "ran" in result and worker.case:
            case, worker.case = worker.case, None
            case.seconds += time.monotonic() - worker.since
            self._came.update(result["came"])
            self._enter_result(case, result)
        if result.get("remembers") and self.order.confined and (self._waiting or self._again):
            self._replace(worker, "the next scene needs a network that remembers nothing of this one")
        elif worker.case is None:
            self._give(worker)

    def _enter_result(self, case: Case, result: dict[str, Any]) -> None:
        """Keep what came of a case; one that fails is played once more, to see what crosses the wire."""
        scene = scene_of(result["scene"], result["outcome"])
        if case.has_failed:
            case.tapped = scene
            self._conclude(case)
            return
        case.scene, case.has_failed = scene, scene.outcome == FAILED
        if case.has_failed:
            self._spare_others(case)
        if self._plays_again(case, result["remembers"]):
            self._again.append(case)
        else:
            self._conclude(case)

    def _plays_again(self, case: Case, remembers: bool) -> bool:
        """Tell whether a case is played once more: people can be heard, the port will be free, there is time."""
        is_wanted = self.order.replay and case.has_failed and case.scene.has_people()
        return is_wanted and (self.order.confined or not remembers) and case.seconds < SCENES_SECONDS

    def _conclude(self, case: Case) -> None:
        """Know what a case comes to, and what follows from that."""
        case.outcome = case.scene.outcome
        case.reason = case.scene.error if case.outcome in UNCOUNTED else ""
        if case.outcome == FAILED:
            self._draw_conclusions(case)

    def _give(self, worker: Worker) -> None:
        """Let a worker play the next case, or go."""
        if self._again:
            worker.play(self._again.pop(0))
        elif case := self._next_case(worker):
            self._waiting.remove(case)
            worker.play(case)
        else:
            worker.dismiss()

    def _next_case(self, worker: Worker) -> Case | None:
        """Return what a worker plays next. An extra one begins with what takes long, once it is due.

        Long cases of one check are played one behind the other: the first that fails spares the rest.
        """
        free = [case for case in self._waiting if not (case.long and self._is_another_played(case))]
        long = (case for case in free if worker.is_extra and self._is_long_and_due(case))
        return next(long, free[0] if free else None)

    def _is_another_played(self, long: Case) -> bool:
        siblings = [case for case in self._verdict_of(long).cases if case.long]
        return any(worker.case in siblings for worker in self._workers)

    def _is_long_and_due(self, case: Case) -> bool:
        before = (self.verdicts.get(former) for former in self._before(self._verdict_of(case)))
        return case.long and all(former.outcome for former in before if former)

    def _enter(self, checks: list[dict[str, Any]]) -> None:
        wanted = [known for known in checks if self._is_wanted(known)]
        for known in sorted(wanted, key=lambda known: known["id"] not in self.order.first):
            needs, reason = tuple(known.pop("needs")), known.pop("skipped")
            case = Case(known.pop("case"), needs=needs, reason=reason, long=known.pop("long"))
            case.outcome = SKIPPED if case.reason else ""
            self.verdicts.setdefault(known["id"], Verdict(**known)).cases.append(case)
        self._waiting = [case for each in self.verdicts.values() for case in each.cases if not case.outcome]
        self._after = {known["id"]: known["after"] for known in checks}
        names = list(self._after)
        if unknown := set(self.order.only) - set(names):
            raise LookupError(
                f"no check is called {' or '.join(sorted(unknown))}; "
                f"sprint {self.order.sprint} has {', '.join(names)}"
            )
        if not wanted:
            raise LookupError(f"none of these checks is of the level {self.order.level}")
        self._hire_for(len(self._waiting))

    def _is_wanted(self, known: dict[str, Any]) -> bool:
        return (not self.order.only or known["id"] in self.order.only) and (
            not self.order.level or known["level"] == self.order.level
        )

    def _draw_conclusions(self, failed: Case) -> None:
        """Leave out what must fail like this case: a deadline that is waited for thirty times tells no more."""
        verdict, lacks = self._verdict_of(failed), failed.scene.lacks
        if self._bears_on_others(failed, verdict):
            self._leave_out(self._cases_after(verdict), BLOCKED, f"{verdict.id} failed first")
        if lacks and lacks not in self._came:
            self._missed[lacks].append(verdict.id)
            self._give_up(lacks)

    def _bears_on_others(self, failed: Case, verdict: Verdict) -> bool:
        again = failed.tapped.outcome  # a second time, through a wiretap
        is_first = failed is verdict.cases[0] and bool(self._cases_after(verdict))
        # What an earlier check is about has been heard; here it is the line behind that which is not.
        is_unheard = failed.scene.ends_mute() if verdict.after else failed.scene.is_mute()
        return is_first and again != PASSED and is_unheard

    def _give_up(self, fixture: str) -> None:
        """Leave out all who need an actor that has failed to come again and again, and has never come."""
        if len(self._missed[fixture]) >= TRIALS:
            first = min(self._missed[fixture], key=list(self.verdicts).index)
            needy = [case for case in self._waiting if fixture in case.needs]
            self._leave_out(needy, BLOCKED, f"{first} failed first")

    def _verdict_of(self, case: Case) -> Verdict:
        return next(each for each in self.verdicts.values() if case in each.cases)

    def _cases_after(self, verdict: Verdict) -> list[Case]:
        """Return the cases of all checks behind one, and behind those in turn, be they played or not."""
        return [
            case for each in self.verdicts.values() if verdict.id in self._before(each) for case in each.cases
        ]

    def _before(self, verdict: Verdict) -> Iterator[str]:
        former = verdict.after
        while former:
            yield former
            former = self._after.get(former, "")

    def _spare_others(self, failed: Case) -> None:
        """Leave out the other cases of a check that has failed: one failure is told, and enough to work on."""
        self._leave_out(self._verdict_of(failed).cases, UNPLAYED)

    def _leave_out(self, cases: Iterable[Case], outcome: str, reason: str = "") -> None:
        for case in cases:
            if case in self._waiting:
                self._waiting.remove(case)
                case.outcome, case.reason = outcome, reason

    def _part_with(self, worker: Worker) -> None:
        self._selector.unregister(worker.results)
        self._workers.remove(worker)
        worker.end()

    def _replace(self, worker: Worker, why: str) -> None:
        if (case := worker.case) and case.has_failed:  # what was seen at first counts
            self._conclude(case)
        elif case:
            case.outcome = FAILED
            case.scene = Scene(error=f"the check was ended before its time: {why}")
            self._spare_others(case)
        self._part_with(worker)
        if not (self.verdicts or self._workers):
            raise RuntimeError(f"no check could be played: {why}")
        if self._waiting or self._again:
            self._hire(1, worker.is_extra)
