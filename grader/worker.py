"""A worker of `messagerie check`: a pytest session, in the sandbox, that runs the checks it is told to, one by one.

    judge ---- {"seed": 4711} {"run": "test_sprint1.py::test_answer", "tap": false, "seconds": 75} ----> worker
          <--- {"checks": [...]} {"ran": "test_sprint1.py::test_answer", "outcome": "failed", "scene": {...}} ----

What it has to say goes through a pipe that no judged program inherits; and it lets no other program look into it.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.autopsy import examine
from grader.checks import LONG, check_of, statement
from grader.contract import REPOSITORY
from grader.fixtures import STAGE
from grader.journal import ENDED, SIGNALLED, value_of
from grader.network import add_address
from grader.program import Program
from grader.stage import Stage
from grader.tcptable import tcp_sockets
from grader.verdicts import BROKEN, FAILED, PASSED, SKIPPED

PR_SET_DUMPABLE = 4
"""prctl(2): with 0, no other process of the same user may look into this one or its descriptors."""

FILE_BYTES = 64 * 1024 * 1024
"""The largest file that a judged program may write."""

ERROR_CHARACTERS = 20_000

AT_ONCE = 0.001
"""A timer of 0 s would never ring."""

MISTAKES = (ArithmeticError, AttributeError, LookupError, NameError, StopIteration, TypeError, ValueError)
"""What no judged program can bring about: the check that raises one is at fault."""

LACKS = pytest.StashKey[str]()
"""The fixture that a case could not be given."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the two pipes."""
    group = parser.getgroup("messagerie")
    group.addoption("--commands", type=int, help="the descriptor from which to read what to run")
    group.addoption("--results", type=int, help="the descriptor to which to write what came of it")
    group.addoption("--address", help="an address that this network must have")
    group.addoption(
        "--fixed-port", type=int, default=0, help="the port that is fixed in the sources, if one is"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Close all doors before the first program is started."""
    for descriptor in (config.getoption("--commands"), config.getoption("--results")):
        os.set_inheritable(descriptor, False)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    if config.getoption("--address"):
        add_address(config.getoption("--address"))
    config.pluginmanager.register(Reports(config), "messagerie-worker")


class Reports:
    """Sends what the judge wants to know."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.commands = os.fdopen(config.getoption("--commands"), encoding="utf-8")
        self.results = os.fdopen(config.getoption("--results"), "w", encoding="utf-8")
        self.phases: list[dict[str, Any]] = []
        self.came: set[str] = set()  # fixtures that some case was given
        self.deadline = 0.0
        self.fixed_port = config.getoption("--fixed-port")

    def send(self, **result: Any) -> None:
        """Send one result, as one line."""
        self.results.write(json.dumps(result) + "\n")
        self.results.flush()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run what the judge asks for, until it has no more to ask."""
        items = {item.nodeid: item for item in session.items}
        self.send(checks=[described(item) for item in session.items])
        for line in self.commands:
            command = json.loads(line)
            if "seed" in command:
                self.config.option.seed = command["seed"]
            if "run" in command:
                self.config.option.tap = command["tap"]
                self.deadline = time.monotonic() + command["seconds"]
                self.run(items[command["run"]])
        return True

    def run(self, item: pytest.Item) -> None:
        """Run one case, and tell what came of it."""
        outcome, scene = self.play(item)
        self.send(
            ran=item.nodeid,
            outcome=outcome,
            scene=scene,
            came=sorted(self.came),
            remembers=self.remembers(),
        )

    def remembers(self) -> bool:
        """Tell whether this network remembers more than those who have connected to the fixed port."""
        return bool(self.fixed_port) and any(each.remote_port != self.fixed_port for each in tcp_sockets())

    def play(self, item: pytest.Item) -> tuple[str, dict[str, Any]]:
        """Run one case once; return its outcome and what is known of a failure."""
        self.phases.clear()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        outcomes = [phase["outcome"] for phase in self.phases]
        worst = next((each for each in (FAILED, BROKEN, SKIPPED) if each in outcomes), PASSED)
        return worst, next((phase for phase in self.phases if phase["outcome"] == worst), {})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None]:
        """Bring the actors of a case while there is time."""
        with ended_at(self.deadline):
            yield

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None]:
        """Play a case while there is time."""
        with ended_at(self.deadline):
            yield

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Remember which actors have come, and which one of a case has not."""
        try:
            value = yield
        except Exception:
            request.node.stash.setdefault(LACKS, fixturedef.argname)  # who waits for this one fails behind it
            raise
        self.came.add(fixturedef.argname)
        return value

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Keep what a phase of a case came to, and of a failure all that can be seen before the scene is cleared."""
        report = yield
        phase: dict[str, Any] = {"outcome": report.outcome, "seconds": report.duration}
        if report.skipped:
            phase["error"] = str(
                report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
            )
        if report.failed:
            phase |= {"error": message_of(report)[-ERROR_CHARACTERS:], **seen_on(item.stash.get(STAGE, None))}
        if report.failed and report.when == "setup":
            phase["lacks"] = item.stash.get(LACKS, "")
        if call.excinfo and isinstance(call.excinfo.value, MISTAKES):
            phase |= {"outcome": BROKEN, "error": mistake(call.excinfo)}
        self.phases.append(phase)
        return report


@contextlib.contextmanager
def ended_at(deadline: float) -> Iterator[None]:
    """Raise AssertionError in the block, whatever it is at, once its time is over: all that is known is told then."""

    def stop(_number: int, _frame: object) -> None:
        raise AssertionError("the check was ended before its time: its scene takes too long")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, max(AT_ONCE, deadline - time.monotonic()))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def described(item: pytest.Item) -> dict[str, Any]:
    """Return what the judge must know of a case before it runs."""
    known = check_of(item)
    if known is None:
        raise pytest.UsageError(f"{item.nodeid} is no check")
    return {
        "case": item.nodeid,
        "id": known.id,
        "points": known.points,
        "level": known.level,
        "hint": known.hint,
        "statement": statement(item),
        "file": Path(item.path).name,
        "after": known.after,
        "long": item.get_closest_marker(LONG.name) is not None,
        "needs": getattr(item, "fixturenames", []),
        "skipped": reason_to_skip(item),
    }


def reason_to_skip(item: pytest.Item) -> str:
    """Return why a case will not be played, where that is known before; empty when it will."""
    marker = item.get_closest_marker("skip")
    return str(marker.kwargs["reason"]) if marker else ""


def message_of(report: pytest.TestReport) -> str:
    """Return what an error says, without where in the suite it was raised."""
    crash = getattr(report.longrepr, "reprcrash", None)
    said = str(crash.message if crash else report.longrepr).removeprefix("AssertionError: ")
    return said.partition("\nassert ")[0]  # what pytest adds to a sentence is about the suite's own source


def mistake(found: pytest.ExceptionInfo[BaseException]) -> str:
    """Return a sentence on what is wrong with a check, and where, for those who look after it."""
    ours = [each for each in found.traceback if Path(each.path).is_relative_to(REPOSITORY / "tests")]
    place = (ours or found.traceback)[-1]
    where = f"{Path(place.path).name}:{place.lineno + 1}"
    return f"a fault of the check itself, not of the programs: {found.exconly()} ({where})"


def seen_on(stage: Stage | None) -> dict[str, Any]:
    """Return what happened on a stage, and how its programs stand."""
    if stage is None:
        return {"entries": [], "programs": []}
    note_the_end(stage)
    entries = [value_of(entry) for entry in stage.journal.entries]
    return {"entries": entries, "programs": examine(stage)}


def note_the_end(stage: Stage) -> None:
    """Write down that the server has ended, if it has, and was not told to: no step says so yet."""
    told = {entry.actor for entry in stage.journal.entries if entry.act in (SIGNALLED, ENDED)}
    servers = [each for each in stage.cast if isinstance(each, Program) and each.name == "server"]
    for server in servers:
        if server.has_ended() and server.name not in told:
            stage.journal.write(server.name, ENDED, server.how_it_ended())
