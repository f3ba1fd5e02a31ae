"""Nothing that came of a program is left once it is ended, however it tried to get away; nothing else is touched."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from grader.leftovers import Household
from grader.program import Program
from grader.stage import Stage

DAEMON = """
import os, signal, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        with open(sys.argv[1], "w") as file:
            file.write(str(os.getpid()))
        for number in range(3):
            os.close(number)
        os.rename(sys.argv[1], sys.argv[2])
        os.execve(sys.executable, [sys.executable, "-c", "import signal; signal.pause()"], dict())
    os._exit(0)
os.wait()
{then}
"""

STUBBORN = """
import signal
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
print("ready", flush=True)
while True:
    signal.pause()
"""

TREE = """
import os, signal
for _generation in range(2):
    for _ in range(4):
        if os.fork() == 0:
            break
    else:
        break
os.write(1, b"x")
signal.pause()
"""

TREE_SIZE = 1 + 4 + 4 * 4

KEEPS_ITS_TERMINAL = """
import os, signal
is_there, has_come = os.pipe()
if os.fork() == 0:
    os.setsid()
    os.write(has_come, b"!")
    signal.pause()
os.read(is_there, 1)  # until the end of this session no longer ends it
print("bye")
"""

ORPHANS = "for number in 1 2 3 4 5; do (setsid true &); done; echo ready; exec sleep 60"


def python(stage: Stage, source: str, *arguments: str, terminal: bool = False) -> Program:
    return Program(stage, "program", [sys.executable, "-c", source, *arguments], terminal=terminal)


def has_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid)


def daemon_of(stage: Stage, directory: Path, then: str = "signal.pause()", *, terminal: bool = False) -> int:
    """Start a program that starts a daemon with no mark, session, parent or stream of its; return its number."""
    written = directory / "written"
    python(stage, DAEMON.format(then=then), str(directory / "half"), str(written), terminal=terminal)
    assert stage.wait_for_outside(written.exists)
    return int(written.read_text())


def test_a_daemon_without_mark_session_and_parent_is_ended_with_its_program(tmp_path: Path) -> None:
    with Stage() as stage:
        daemon = daemon_of(stage, tmp_path)
        assert not has_gone(daemon)
    assert has_gone(daemon)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_daemon_whose_program_has_ended_long_ago_is_ended_too(tmp_path: Path, terminal: bool) -> None:
    with Stage() as stage:
        daemon = daemon_of(stage, tmp_path, then="sys.exit(0)", terminal=terminal)
        assert not has_gone(daemon)
    assert has_gone(daemon)


@pytest.mark.parametrize("terminal", [True, False])
def test_who_ignores_polite_signals_is_ended(terminal: bool) -> None:
    with Stage() as stage:
        program = python(stage, STUBBORN, terminal=terminal)
        assert stage.wait_until(lambda: any(b"ready" in stream for stream in program.written.values()))
    assert has_gone(program.pid)
    assert program.exit_code == -signal.SIGKILL


def test_a_tree_of_processes_is_felled() -> None:
    with Stage() as stage:
        program = python(stage, TREE)
        assert stage.wait_until(lambda: len(program.written["stdout"]) == TREE_SIZE)
        tree = program.usage().children(recursive=True)
        assert len(tree) == TREE_SIZE - 1
        program.end()
        assert [each for each in tree if not has_gone(each.pid)] == []


def test_orphans_that_ended_by_themselves_are_buried() -> None:
    before = set(psutil.Process().children())
    with Stage() as stage:
        program = Program(stage, "program", ["sh", "-c", ORPHANS], terminal=False)
        assert stage.wait_until(lambda: b"ready" in program.written["stdout"])
    assert set(psutil.Process().children()) - before == set()


def test_a_daemon_that_keeps_the_terminal_open_does_not_hold_up_the_end(stage: Stage) -> None:
    program = python(stage, KEEPS_ITS_TERMINAL, terminal=True)
    assert program.wait_end(seconds=stage.patience)
    assert b"bye" in program.written["screen"]
    assert program.exit_code == 0


def test_a_program_that_is_older_or_in_our_own_session_is_nobodys_leftover(stage: Stage) -> None:
    command = ["sleep", "60"]
    older = subprocess.Popen(command, start_new_session=True)
    program = Program(stage, "program", command, terminal=False)
    neighbour = subprocess.Popen(command)
    try:
        program.end()
        assert older.poll() is None
        assert neighbour.poll() is None
    finally:
        for process in (older, neighbour):
            process.kill()
            process.wait()


def test_what_a_younger_living_program_started_is_left_alone(stage: Stage) -> None:
    program = Program(stage, "program", ["sleep", "60"], terminal=False)
    daemon = (
        "(setsid sh -c 'echo $$; sleep 60; :' &); exec sleep 60"  # in mid-exec nobody could read its mark
    )
    other = Program(stage, "other", ["sh", "-c", daemon], terminal=False)
    assert stage.wait_until(lambda: b"\n" in other.written["stdout"])
    program.end()
    assert not has_gone(int(other.written["stdout"]))
    assert not other.has_ended()


def test_control_c_reaches_the_children_in_the_foreground(stage: Stage) -> None:
    source = (
        'trap "echo parent" INT; sh -c \'trap "echo child; exit" INT; echo ready; while :; do read x; done\''
    )
    program = Program(stage, "program", ["sh", "-c", source], terminal=True)
    assert stage.wait_until(lambda: b"ready" in program.written["screen"])
    program.types(b"\x03")
    assert program.wait_end()
    assert b"child" in program.written["screen"]
    assert b"parent" in program.written["screen"]


def test_a_program_on_a_terminal_leads_a_session_of_its_own(stage: Stage) -> None:
    source = "import os; print(os.getsid(0) == os.getpid() == os.tcgetpgrp(os.open('/dev/tty', os.O_RDWR)))"
    program = python(stage, source, terminal=True)
    assert program.wait_end()
    assert bytes(program.written["screen"]) == b"True\r\n"
    assert program.pid != os.getsid(0)


def test_a_program_that_cannot_be_started_is_forgotten(stage: Stage) -> None:
    living = list(Household.living)
    with pytest.raises(OSError, match="there-is-no-such-program"):
        Program(stage, "missing", ["./there-is-no-such-program"], terminal=False)
    assert Household.living == living


def test_a_signal_without_a_name_is_explained_by_its_number(stage: Stage) -> None:
    program = Program(stage, "program", ["sleep", "60"], terminal=False)
    program.signal(signal.SIGRTMIN + 3)
    assert program.wait_end()
    assert program.how_it_ended() == f"was killed by signal {signal.SIGRTMIN + 3}"


def test_last_words_of_megabytes_are_cut(stage: Stage) -> None:
    program = python(stage, "import sys; sys.stderr.write('x' * 3_000_000)")
    assert program.wait_end()
    assert 1000 < len(program.ending()) < 10_000
