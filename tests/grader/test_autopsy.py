"""How programs are found to stand: who waits for a lock for ever, and who only for a moment."""

import shutil
import signal
import sys
from pathlib import Path

import pytest

from grader.autopsy import CONDITION, LOCK, MEANING, belongs_to_runtime, stand, waits
from grader.journal import ENDED
from grader.program import Program
from grader.stage import Stage
from grader.worker import note_the_end

KEPT = """
import threading
lock = threading.Lock()
lock.acquire()
threading.Thread(target=lock.acquire).start()
input()
"""

READING = "waits in read on its keyboard"

HANDED_ON = """
import threading
PLACES = 8
turns = [threading.Semaphore(0) for _ in range(PLACES)]
def hand(place):
    while True:
        turns[place].acquire()
        turns[place - 1].release()
for place in range(PLACES):
    threading.Thread(target=hand, args=[place]).start()
turns[0].release()
input()
"""
"""Seven wait at any time, and none for long."""


def threads_of(stage: Stage, source: str) -> Program:
    """Start a program of some threads."""
    return Program(stage, "server", [sys.executable, "-c", source], terminal=True)


def test_a_lock_that_nobody_gives_back_is_waited_for(stage: Stage) -> None:
    program = threads_of(stage, KEPT)
    assert stage.wait_for_outside(lambda: [*waits(program).values()][1:] == [MEANING["futex"]])
    assert stand(program)["titles"] == ["thread 1", "thread 2"]


def test_locks_that_are_handed_on_are_not(stage: Stage) -> None:
    program = threads_of(stage, HANDED_ON)
    assert stage.wait_for_outside(lambda: len(waits(program)) == 9)
    assert stage.wait_for_outside(lambda: MEANING["futex"] not in waits(program).values())


def test_of_many_words_the_first_and_the_last_are_told(stage: Stage) -> None:
    source = "import sys; [print(number, file=sys.stderr) for number in range(20)]"
    program = Program(stage, "server", [sys.executable, "-c", source], terminal=False)
    assert program.wait_end()
    assert stand(program)["words"] == ["0", "1", "2", "...", "14", "15", "16", "17", "18", "19"]


FORKED = """
import os, threading, time
if os.fork() == 0:
    threading.Thread(target=time.sleep, args=[60], daemon=True).start()
    input()
os.wait()
"""


def test_a_server_of_several_processes_is_told_as_such(stage: Stage) -> None:
    program = threads_of(stage, FORKED)
    everybody = [MEANING["wait"], READING, MEANING["sleep"]]
    assert stage.wait_for_outside(lambda: [*waits(program).values()] == everybody)
    assert stand(program)["titles"] == ["process 1", "process 2, thread 1", "process 2, thread 2"]


COMPILE_SECONDS = 60.0

IN_C = """
#include <pthread.h>
#include <stdio.h>
static pthread_mutex_t kept = PTHREAD_MUTEX_INITIALIZER, work = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t is_there = PTHREAD_COND_INITIALIZER;
static void *waits_for_work(void *none) {
    pthread_mutex_lock(&work);
    pthread_cond_wait(&is_there, &work);
    return none;
}
static void *waits_for_lock(void *none) {
    pthread_mutex_lock(&kept);
    return none;
}
int main(void) {
    pthread_t first, second;
    pthread_mutex_lock(&kept);
    pthread_create(&first, 0, waits_for_work, 0);
    pthread_create(&second, 0, waits_for_lock, 0);
    return getchar();
}
"""


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc (Debian: gcc libc6-dev)")
def test_a_thread_without_work_waits_for_no_lock(stage: Stage, tmp_path: Path) -> None:
    compiler = Program(
        stage, "gcc", ["gcc", "-pthread", "-xc", "-", "-o", f"{tmp_path}/pool"], terminal=False
    )
    compiler.types(IN_C.encode())
    compiler.closes_keyboard()
    assert compiler.wait_end(COMPILE_SECONDS)
    program = Program(stage, "server", [f"{tmp_path}/pool"], terminal=True)
    everybody = [READING, CONDITION, LOCK]
    assert stage.wait_for_outside(lambda: [*waits(program).values()] == everybody)


@pytest.mark.skipif(not shutil.which("node"), reason="needs node (Debian: nodejs)")
def test_threads_of_node_that_wait_for_work_are_left_out(stage: Stage) -> None:
    source = "require('net').createServer().listen(0, '127.0.0.1')"
    program = Program(stage, "server", ["node", "-e", source], terminal=True)
    assert stage.wait_for_outside(lambda: len(list(Path(f"/proc/{program.pid}/task").iterdir())) > 5)
    assert stage.wait_for_outside(lambda: "waits in epoll_wait" in waits(program).values())
    assert MEANING["futex"] not in waits(program).values()


JAVA = """
class Kept {
    static void ends() { synchronized (Kept.class) { } }
    public static void main(String[] words) throws Exception {
        synchronized (Kept.class) {
            new Thread(Kept::ends).start();
            System.in.read();
        }
    }
}
"""


@pytest.mark.skipif(not shutil.which("javac"), reason="needs java and javac (Debian: default-jdk-headless)")
def test_of_java_only_the_threads_that_a_program_has_asked_for_wait_for_a_lock(
    stage: Stage, tmp_path: Path
) -> None:
    (tmp_path / "Kept.java").write_text(JAVA)
    program = Program(stage, "server", ["java", str(tmp_path / "Kept.java")], terminal=True)
    everybody = sorted([READING, MEANING["futex"]])
    assert stage.wait_for_outside(lambda: sorted(waits(program).values()) == everybody, COMPILE_SECONDS)


@pytest.mark.parametrize(
    ("program", "thread", "is_runtimes"),
    [
        ("java", "GC Thread#0\n", True),
        ("java", "pool-1-thread-1\n", True),
        ("java", "Thread-0\n", False),
        ("tclsh8.6", "tclsh8.6\n", True),
        ("beam.smp", "1_scheduler\n", True),
        ("mono-sgen", "SGen worker\n", True),
        ("server", "server\n", False),
        ("nodes", "nodes\n", False),
        ("python3.11", "python3.11\n", False),
    ],
)
def test_whose_a_thread_is_its_program_tells(program: str, thread: str, is_runtimes: bool) -> None:
    assert belongs_to_runtime(program, thread) == is_runtimes


READS_ONE_LINE = "import sys, signal; sys.stdin.readline(); print('read', flush=True); signal.pause()"


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipes"])
@pytest.mark.parametrize(("source", "unread"), [(READS_ONE_LINE, 0), ("import signal; signal.pause()", 7)])
def test_what_is_typed_and_not_read_is_counted(
    stage: Stage, source: str, unread: int, terminal: bool
) -> None:
    program = Program(stage, "alice", [sys.executable, "-u", "-c", source], terminal=terminal)
    program.types(b"lopina\n")
    written = program.written["screen" if terminal else "stdout"]
    assert unread or stage.wait_until(lambda: b"read" in written)
    assert stage.wait_for_outside(lambda: stand(program)["keys_unread"] == unread)


@pytest.mark.parametrize(
    ("name", "is_told", "steps"),
    [("server", False, ["ended with exit code 3"]), ("server", True, []), ("alice", False, [])],
    ids=["by itself", "told to", "a client"],
)
def test_the_end_of_a_server_that_nobody_has_ended_is_a_step(
    stage: Stage, name: str, is_told: bool, steps: list[str]
) -> None:
    program = Program(stage, name, [sys.executable, "-c", "raise SystemExit(3)"], terminal=False)
    assert program.wait_end()
    if is_told:
        program.signal(signal.SIGINT)
    note_the_end(stage)
    note_the_end(stage)
    assert [entry.text for entry in stage.journal.entries if entry.act == ENDED] == steps
