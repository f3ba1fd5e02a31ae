"""Submissions that mean harm, or do it by mistake: they change no verdict, and leave nothing behind."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from grader import judge, limits
from grader.judge import Judge, Order
from grader.leftovers import MARK
from grader.sandbox import is_available
from grader.submission import contract_of_copy
from grader.verdicts import FAILED, PASSED, Verdict
from tests.course.handouts import ROOT

needs_sandbox = pytest.mark.skipif(not is_available(), reason="needs bubblewrap (Debian: bubblewrap)")

CHECK = "s3-three"

SLEEPS = "import signal\nsignal.pause()\n"

ARRIVES = "import socket, sys\nserver = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
"""Who is there need not be waited for until it has had all the time that a start may take."""

CHEATED = Path.home() / "cheated"

HOSTILE = {
    "says that it has passed": 'print("✓ s3-three 3/3\\n1 passed", flush=True)\nraise SystemExit(0)\n',
    "leaves without a word": "import os\nos._exit(0)\n",
    "ignores signals": """
import signal
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
"""
    + ARRIVES
    + SLEEPS,
    "becomes a daemon": "import os\nif os.fork():\n    os._exit(0)\nos.setsid()\nos.environ.clear()\n"
    'os.execve("/bin/sleep", ["sleep", "1000"], {})\n',
    "floods": ARRIVES + 'while True:\n    sys.stdout.write("y" * 65536)\n',
    "kills all it can": "import os, signal\nos.kill(-1, signal.SIGKILL)\n",
    "writes into the course": f'open("{ROOT}/grader/words.py", "a").write("cheated = 1")\n' + SLEEPS,
    "writes through a link": f'import os\nos.symlink("{ROOT}/grader/words.py", "notes")\n'
    + 'open("notes", "a").write("cheated = 1")\n'
    + SLEEPS,
    "reads the checks": f'print(open("{ROOT}/tests/e2e/test_sprint3.py").read(), flush=True)\n'
    + ARRIVES
    + SLEEPS,
    "writes into home": f'open("{CHEATED}", "w").write("1")\n' + ARRIVES + SLEEPS,
}
"""What its client does, in Python."""

RECORDS = (
    ARRIVES
    + """
import threading
def show():
    with open("answers", "a") as answers:
        while received := server.recv(4096).decode():
            print(received, end="", flush=True)
            print(received, end="", flush=True, file=answers)
threading.Thread(target=show, daemon=True).start()
for line in sys.stdin:
    server.sendall(line.encode())
"""
)
"""An honest client, but for the record that it keeps of all that comes."""

REPEATS = ARRIVES + 'print(open("answers").read(), flush=True)\n' + SLEEPS


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    """A submission with the reference's server of sprint 3, whose client is still to be written."""
    for name in ("common", "sprint3_n_clients"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "messagerie.toml").write_text(
        'server = "python3 -m sprint3_n_clients.server {port}"\n'
        'client = "python3 client.py {host} {port}"\npatience = 0.5\n'
    )
    return tmp_path


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """After each run no process carries our mark, and the course is as it was."""
    before = (ROOT / "grader" / "words.py").read_bytes()
    yield
    assert (ROOT / "grader" / "words.py").read_bytes() == before
    assert not CHEATED.exists()
    assert [process for process in psutil.process_iter() if is_ours(process)] == []


def is_ours(process: psutil.Process) -> bool:
    """Tell whether a process carries a mark of this test's judge."""
    try:
        return process.environ().get(MARK, "").startswith(f"{os.getpid()}.")
    except psutil.Error:
        return False


def judged(submission: Path, client: str, *, check: str = CHECK) -> Verdict:
    """Write a client and have the submission judged with it."""
    (submission / "client.py").write_text(client)
    order = Order(sprint=3, contract=contract_of_copy(submission), only=(check,), jobs=1)
    return next(Judge(order).verdicts_as_they_come())


@needs_sandbox
@pytest.mark.parametrize("name", HOSTILE)
def test_it_fails_and_leaves_nothing(submission: Path, name: str) -> None:
    assert judged(submission, HOSTILE[name]).outcome == FAILED


BOMB = "import os, signal\nfor _ in range(60):\n    if not os.fork():\n        signal.pause()\n" + SLEEPS


@needs_sandbox
def test_a_fork_bomb_loses_its_sandbox(submission: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_PROCESSES", 30)
    verdict = judged(submission, BOMB)
    assert verdict.outcome == FAILED
    assert "more than 30 processes" in verdict.failure().scene.error


@needs_sandbox
def test_who_has_exceeded_a_limit_is_judged_case_by_case(
    submission: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_PROCESSES", 30)
    monkeypatch.setattr(judge, "PROCESSORS", 3)
    (submission / "client.py").write_text(BOMB)
    checks = ("s3-three", "s3-five", "s3-one-alone", "s3-no-echo", "s3-short-after-long", "s3-while-typing")
    judging = Judge(Order(sprint=3, contract=contract_of_copy(submission), only=checks, jobs=3))
    told = [
        (verdict.id, verdict.outcome, len(judging._workers)) for verdict in judging.verdicts_as_they_come()
    ]
    assert [(name, outcome) for name, outcome, _workers in told] == [(name, FAILED) for name in checks]
    assert max(workers for _name, _outcome, workers in told) <= 1


@needs_sandbox
def test_its_own_pytest_files_are_not_looked_at(submission: Path) -> None:
    for name in ("conftest.py", "socket.py", "pytest.py"):
        (submission / name).write_text("raise SystemExit(0)\n")
    (submission / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")
    assert judged(submission, SLEEPS).outcome == FAILED


@needs_sandbox
def test_answers_of_an_earlier_run_are_of_no_use(submission: Path) -> None:
    assert judged(submission, RECORDS).outcome == PASSED
    assert (submission / "answers").stat().st_size > 0
    assert judged(submission, REPEATS).outcome == FAILED


@needs_sandbox
def test_a_fixed_port_meets_nobody(submission: Path) -> None:
    (submission / "messagerie.toml").write_text(
        'server = "python3 -m sprint3_n_clients.server 4444"\n'
        'client = "python3 -m sprint3_n_clients.client 127.0.0.1 4444"\nport = 4444\n'
    )
    order = Order(sprint=3, contract=contract_of_copy(submission), only=("s3-three", "s3-five"), jobs=2)
    assert [verdict.outcome for verdict in Judge(order).verdicts_as_they_come()] == [PASSED, PASSED]


@needs_sandbox
def test_a_fixed_address_is_put_on_the_sandbox_own_loopback(submission: Path) -> None:
    (submission / "messagerie.toml").write_text(
        'server = "python3 -m sprint3_n_clients.server {port} --bind 192.168.77.7"\n'
        'client = "python3 -m sprint3_n_clients.client 192.168.77.7 {port}"\naddress = "192.168.77.7"\n'
    )
    order = Order(sprint=3, contract=contract_of_copy(submission), only=("s3-three",), jobs=1)
    verdict = next(Judge(order).verdicts_as_they_come())
    assert verdict.outcome == PASSED, verdict.failure().scene.error
