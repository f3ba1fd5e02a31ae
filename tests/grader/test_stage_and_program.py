"""A program is always read, can be interrupted, explains its end, and leaves nothing behind."""

import contextlib
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from grader import launch
from grader.leftovers import Household, is_dead
from grader.program import Program
from grader.stage import Stage

FLOOD_BYTES = 5_000_000

FLOOD = f"import sys; sys.stdout.write('x' * {FLOOD_BYTES}); sys.stdout.flush(); sys.stderr.write('done')"

FOR_EVER = "import signal; print('ready', flush=True); signal.pause()"


def python(stage: Stage, source: str, *, terminal: bool = False, name: str = "program") -> Program:
    return Program(stage, name, [sys.executable, "-c", source], terminal=terminal)


def shell(stage: Stage, source: str) -> Program:
    return Program(stage, "shell", ["sh", "-c", source], terminal=False)


def number_written(program: Program) -> int:
    """Wait for a process id and a line end on stdout."""
    assert program.stage.wait_until(lambda: program.written["stdout"].endswith(b"\n"))
    return int(program.written["stdout"])


@pytest.mark.parametrize("terminal", [True, False])
def test_a_program_that_floods_is_read_while_another_is_waited_for(stage: Stage, terminal: bool) -> None:
    flood = python(stage, FLOOD, terminal=terminal, name="flood")
    other = python(stage, FOR_EVER)
    assert stage.wait_until(lambda: b"ready" in other.written["stdout"])
    assert flood.wait_end()
    assert flood.written["screen" if terminal else "stdout"].count(b"x") == FLOOD_BYTES


def test_a_wait_that_is_over_tells_so_in_time(stage: Stage) -> None:
    python(stage, FOR_EVER)
    assert not stage.wait_until(lambda: False, seconds=0.05)
    assert not stage.wait_for_outside(lambda: False, seconds=0.05)
    assert stage.wait_until(lambda: True, seconds=0)


def test_ctrl_c_at_the_terminal_is_a_signal(stage: Stage) -> None:
    program = python(stage, FOR_EVER, terminal=True)
    assert stage.wait_until(lambda: b"ready" in program.written["screen"])
    program.types(b"\x03")
    assert program.wait_end()
    assert b"KeyboardInterrupt" in program.written["screen"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_signal_reaches_who_is_started_by_a_script(stage: Stage, number: signal.Signals) -> None:
    program = shell(
        stage, f"{sys.executable} -c 'import os; print(os.getpid(), flush=True); input()'; exit 3"
    )
    child = number_written(program)
    program.signal(number)
    assert program.wait_end()
    assert stage.wait_for_outside(lambda: not psutil.pid_exists(child) or is_dead(psutil.Process(child)))


def test_a_closed_terminal_is_a_signal(stage: Stage) -> None:
    program = python(stage, FOR_EVER, terminal=True)
    assert stage.wait_until(lambda: b"ready" in program.written["screen"])
    is_hung_up_on(program, signal.SIGHUP)


def test_closed_pipes_are_a_signal_for_who_writes(stage: Stage) -> None:
    program = shell(stage, "exec yes")
    assert stage.wait_until(lambda: b"y" in program.written["stdout"])
    is_hung_up_on(program, signal.SIGPIPE)


def is_hung_up_on(program: Program, number: signal.Signals) -> None:
    """Hang up on a program, and expect that this signal ends it."""
    program.hangs_up()
    program.hangs_up()
    assert program.wait_end()
    assert program.exit_code == -number


def test_what_is_typed_is_not_echoed(stage: Stage) -> None:
    program = python(stage, "print(input()[::-1])", terminal=True)
    program.types(b"bonjour\n")
    assert program.wait_end()
    assert bytes(program.written["screen"]) == b"ruojnob\r\n"


def test_a_terminal_is_wide_enough_for_every_line(stage: Stage) -> None:
    program = python(stage, "import os; print(os.get_terminal_size().columns)", terminal=True)
    assert program.wait_end()
    assert int(program.written["screen"]) >= 200


def test_a_missing_flush_shows(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    program = python(
        stage,
        "import sys, signal; print('lost'); sys.stderr.write('ready\\n'); sys.stderr.flush(); signal.pause()",
    )
    assert stage.wait_until(lambda: b"ready" in program.written["stderr"])
    program.signal(signal.SIGKILL)
    assert program.wait_end()
    assert program.written["stdout"] == b""


def test_an_exit_code_is_explained_with_the_last_words(stage: Stage) -> None:
    program = shell(stage, "for word in one two three four five six; do echo $word >&2; done; exit 3")
    assert program.wait_end()
    told = program.ending()
    assert "shell ended with exit code 3" in told
    assert "| six" in told
    assert "| one" not in told


def test_a_signal_is_explained_by_its_name(stage: Stage) -> None:
    program = shell(stage, "kill -PIPE $$")
    assert program.wait_end()
    assert "was killed by SIGPIPE" in program.ending()


def test_last_words_cannot_act_on_a_terminal(stage: Stage) -> None:
    program = shell(stage, r"printf '\033[2J\n' >&2")
    assert program.wait_end()
    assert "\x1b" not in program.ending()
    assert r"\x1b[2J" in program.ending()


def test_a_program_that_runs_says_so(stage: Stage) -> None:
    assert "is still running" in shell(stage, "exec sleep 60").ending()


@pytest.mark.parametrize("terminal", [True, False])
def test_keys_for_who_has_closed_its_input_are_lost(stage: Stage, terminal: bool) -> None:
    source = "import os, signal; os.closerange(0, 100); signal.pause()"
    program = python(stage, source, terminal=terminal)
    assert stage.wait_for_outside(lambda: program.usage().num_fds() == 0)
    for _ in range(20):
        program.types(b"nobody reads this\n")
    program.signal(signal.SIGKILL)
    assert program.wait_end()
    program.types(b"nor this\n")


def test_a_program_that_never_reads_is_not_waited_for_for_ever() -> None:
    with Stage(patience=0.1) as stage:
        program = python(stage, FOR_EVER, name="deaf")
        with pytest.raises(AssertionError, match="deaf does not read what is typed"):
            program.types(b"x" * 1_000_000)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_command_that_does_not_exist_leaves_no_descriptor(stage: Stage, terminal: bool) -> None:
    before = psutil.Process().num_fds()
    with pytest.raises(FileNotFoundError):
        Program(stage, "missing", ["./there-is-no-such-program"], terminal=terminal)
    assert psutil.Process().num_fds() == before


@pytest.mark.parametrize("terminal", [True, False])
def test_a_scene_leaves_no_descriptor(terminal: bool) -> None:
    before = psutil.Process().num_fds()
    with Stage() as stage:
        python(stage, FOR_EVER, terminal=terminal)
    assert psutil.Process().num_fds() == before


ESCAPES: dict[str, str] = {
    "a child": "sleep 60 & echo $!; wait",
    "a grandchild whose parent has ended": "(sleep 60 & echo $!); exec sleep 60",
    "a daemon in a session of its own": "(setsid sh -c 'echo $$; exec sleep 60' &); exec sleep 60",
    "one that has thrown its environment away": "env -i sh -c 'echo $$; exec sleep 60' & wait",
    "a daemon without environment": "(setsid env -i sh -c 'echo $$; exec sleep 60' &); exec sleep 60",
    "one that ignores polite signals": "(trap '' HUP INT TERM; exec sleep 60) & echo $!; wait",
}


@pytest.mark.parametrize("way", ESCAPES)
def test_nothing_is_left_behind(way: str) -> None:
    with Stage() as stage:
        program = shell(stage, ESCAPES[way])
        left = number_written(program)
        assert psutil.pid_exists(left)
        program.end()
        assert not psutil.pid_exists(left)
        assert not psutil.pid_exists(program.pid)
        program.end()


def test_the_dead_are_buried(stage: Stage) -> None:
    program = shell(stage, "(true & echo $!); exec sleep 60")
    orphan = number_written(program)
    program.end()
    assert not psutil.pid_exists(orphan)


def test_a_child_of_somebody_else_is_left_alone(stage: Stage) -> None:
    bystander = shell(stage, "exec sleep 60")
    shell(stage, "exec sleep 60").end()
    assert not bystander.has_ended()


def test_one_actor_that_fails_to_end_keeps_no_other_from_ending() -> None:
    class Faulty:
        def end(self) -> None:
            raise RuntimeError("cannot end")

    stage = Stage()
    program = shell(stage, "exec sleep 60")
    stage.bring(Faulty())
    with pytest.raises(RuntimeError):
        stage.close()
    assert not psutil.pid_exists(program.pid)


def test_a_descendant_that_goes_on_writing_does_not_hold_up_the_end(stage: Stage) -> None:
    program = shell(stage, "yes & exit 4")
    assert program.wait_end()
    assert program.exit_code == 4


def test_all_that_a_program_wrote_is_there_when_it_has_ended(stage: Stage) -> None:
    program = shell(stage, "printf %060000d 7")
    assert program.wait_end()
    assert len(program.written["stdout"]) == 60_000


def test_what_a_program_uses_can_be_read(stage: Stage) -> None:
    program = python(stage, FOR_EVER)
    assert stage.wait_until(lambda: b"ready" in program.written["stdout"])
    usage = program.usage()
    assert usage.num_threads() == 1
    assert usage.num_fds() >= 3
    assert usage.memory_info().rss > 0
    assert sum(usage.cpu_times()[:2]) >= 0


def test_a_program_starts_where_it_is_told_to(stage: Stage, tmp_path: Path) -> None:
    program = Program(stage, "pwd", ["pwd", "-P"], terminal=False, directory=tmp_path)
    assert program.wait_end()
    assert os.fsdecode(bytes(program.written["stdout"])).strip() == str(tmp_path.resolve())


@pytest.mark.parametrize(("minds", "code"), [("true", b"152"), ("trap '' XCPU", b"137")])
def test_who_uses_the_processor_for_ever_is_ended_and_its_children_too(
    stage: Stage, minds: str, code: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "PROCESSOR_SECONDS", 1)
    program = shell(stage, f"read go; {minds}; (while :; do :; done) & wait $!; echo $?")
    program.types(b"go\n")
    assert program.wait_end(50), program.ending()
    assert bytes(program.written["stdout"]).strip() == code, program.ending()  # 128 and SIGXCPU, or SIGKILL


def test_no_program_inherits_a_descriptor(stage: Stage) -> None:
    ours, theirs = os.pipe()
    os.set_inheritable(theirs, True)
    try:
        program = shell(stage, "ls /proc/self/fd")
        assert program.wait_end()
    finally:
        os.close(ours)
        os.close(theirs)
    opened = bytes(program.written["stdout"]).split()
    assert opened[:3] == [b"0", b"1", b"2"]
    assert len(opened) == 4, program.ending()  # the one by which they were listed


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("command", ["./nowhere", "nowhere", "here"])
def test_a_program_that_is_not_there_is_told_and_leaves_nothing(
    stage: Stage, command: str, terminal: bool, tmp_path: Path
) -> None:
    (tmp_path / "here").write_text("#!/bin/sh\n")  # a shell would not find it without ./ either
    (tmp_path / "here").chmod(0o755)
    before = Path.cwd(), psutil.Process().num_fds(), list(Household.living)
    with pytest.raises(FileNotFoundError):
        Program(stage, "nobody", [command], terminal=terminal, directory=tmp_path)
    assert (Path.cwd(), psutil.Process().num_fds(), Household.living) == before


def test_a_program_may_be_started_where_there_is_no_way_back(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    with contextlib.chdir(tmp_path / "gone"):
        (tmp_path / "gone").rmdir()
        assert shell(stage, "exit 3").wait_end()
        program = Program(stage, "there", ["sh", "-c", "exit 3"], terminal=False, directory=tmp_path)
        assert program.wait_end()
    assert program.exit_code == 3


ALARMS = """
import os, signal
from grader.launch import Child

class Alarm(Exception): ...

def ring(number, frame):
    if is_set:
        raise Alarm

is_set = False
signal.signal(signal.SIGALRM, ring)
for round in range(300):
    child = Child(os.posix_spawn("/bin/true", ["true"], {}))
    try:
        is_set = True
        signal.setitimer(signal.ITIMER_REAL, 0.0004 + round / 1e6)
        while child.poll() is None:
            pass
        is_set = False
    except Alarm:
        is_set = False
    signal.setitimer(signal.ITIMER_REAL, 0)
    while child.poll() is None:
        pass
    assert child.poll() == 0
print("known")
"""


def test_an_alarm_does_not_lose_how_a_program_has_ended(stage: Stage) -> None:
    program = python(stage, ALARMS)
    assert program.wait_end(50)
    assert bytes(program.written["stdout"]) == b"known\n", program.ending()


def test_how_a_program_ends_is_known_though_our_parent_minded_no_children(stage: Stage) -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        program = shell(stage, "sh -c 'exit 3'; exit $?")
        assert program.wait_end()
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert program.exit_code == 3


def test_a_program_is_found_where_it_starts_and_its_terminal_controls_it(
    stage: Stage, tmp_path: Path
) -> None:
    (tmp_path / "here").write_text("#!/bin/sh\n: </dev/tty && echo there\n")
    (tmp_path / "here").chmod(0o755)
    program = Program(stage, "here", ["./here"], terminal=True, directory=tmp_path)
    assert program.wait_end()
    assert b"there" in program.written["screen"], program.ending()


def test_the_keys_of_a_terminal_work_though_the_grader_runs_in_the_background(stage: Stage) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for what is started with &
    try:
        program = python(stage, FOR_EVER, terminal=True)
    finally:
        signal.signal(signal.SIGINT, before)
    assert stage.wait_until(lambda: b"ready" in program.written["screen"])
    program.types(b"\x03")
    assert program.wait_end(), program.ending()


@pytest.mark.parametrize(("mine", "theirs"), [("", "C.UTF-8"), ("fr_FR.UTF-8", "fr_FR.UTF-8")])
def test_programs_have_the_letters_of_a_terminal_of_today(
    mine: str, theirs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", mine) if mine else monkeypatch.delenv("LANG", raising=False)
    assert launch.plain_environment()["LANG"] == theirs


@pytest.mark.parametrize(
    "name", ["GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "db_password", "API_KEY", "GOOGLE_CREDENTIALS"]
)
def test_no_program_is_told_a_secret_of_who_grades(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "of the instructor")
    assert "of the instructor" not in launch.plain_environment().values()


@pytest.mark.parametrize("name", ["JAVA_HOME", "CARGO_HOME", "MONKEY", "KEYMAP"])
def test_programs_are_told_what_they_may_need(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "of the machine")
    assert launch.plain_environment()[name] == "of the machine"
