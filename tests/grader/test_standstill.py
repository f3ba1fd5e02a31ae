"""Where all programs wait for each other nothing can happen any more; who may go on by itself is waited for."""

import sys
from pathlib import Path

import psutil
import pytest

from grader import descriptors, standstill
from grader.program import Program
from grader.stage import IN_VAIN, Stage
from grader.standstill import Threads, posture

needs_linux = pytest.mark.skipif(not Path("/proc/self/timers").exists(), reason="reads Linux's tables")

PROGRAM = """
import ctypes, os, select, signal, socket, subprocess, sys, termios, threading, time
listener = socket.create_server(("127.0.0.1", 0), backlog=0)
client = socket.create_connection(listener.getsockname())
server, _address = listener.accept()
pipe, _writer = os.pipe()

def polls(seconds=None):
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    poll.poll(seconds and 1000 * seconds)

def waits_for_a_child():
    if os.fork() == 0:
        os.read(pipe, 1)
    os.wait()

def receives_for_some_time():
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, (90).to_bytes(8, "little") + bytes(8))
    server.recv(1)

def reads_keys_for_some_time(least):
    settings = termios.tcgetattr(0)
    settings[3] &= ~termios.ICANON
    settings[6][termios.VMIN], settings[6][termios.VTIME] = least, 200
    termios.tcsetattr(0, termios.TCSANOW, settings)
    os.read(0, 9)

def waits_for_a_timer():
    library = ctypes.CDLL(None)
    timer = library.timerfd_create(1, 0)
    library.timerfd_settime(timer, 0, (ctypes.c_long * 4)(0, 0, 90, 0), None)
    os.read(timer, 8)

def is_woken_by_an_alarm():
    signal.signal(signal.SIGALRM, print)
    signal.alarm(90)
    os.read(pipe, 1)

def has_set_a_timer():
    timer = ctypes.c_void_p()
    assert ctypes.CDLL(None).timer_create(0, None, ctypes.byref(timer)) == 0
    assert ctypes.CDLL(None).timer_settime(timer, 0, (ctypes.c_long * 4)(0, 0, 90, 0), None) == 0
    os.read(pipe, 1)

def has_a_child_that_an_alarm_ends():
    if os.fork() == 0:
        signal.alarm(90)
        signal.pause()
    os.wait()

def keeps_an_alarm_to_be_read():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    signals = ctypes.CDLL(None).signalfd(-1, ctypes.byref(ctypes.c_uint64(1 << signal.SIGALRM - 1)), 0)
    signal.alarm(90)
    os.read(signals, 128)

def leaves_a_timer_to_a_thread():
    timer = ctypes.CDLL(None).timerfd_create(1, 0)
    ctypes.CDLL(None).timerfd_settime(timer, 0, (ctypes.c_long * 4)(0, 0, 90, 0), None)
    poll = select.poll()
    poll.register(timer, select.POLLIN)
    threading.Thread(target=poll.poll).start()
    ctypes.CDLL(None).pthread_exit(None)

def connects_to_who_is_busy():
    while True:
        socket.create_connection(listener.getsockname())

def fills_a_connection():
    client.setblocking(False)
    try:
        while True:
            client.send(bytes(65536))
    except BlockingIOError:
        os.read(pipe, 1)

def sends_to_who_does_not_read():
    client.sendall(bytes(1 << 26))

def works():
    while True:
        pass

def has_a_thread_that_works(program, name):
    def collects():
        open("/proc/thread-self/comm", "w").write(name)
        works()

    open("/proc/self/comm", "w").write(program)
    threading.Thread(target=collects).start()
    os.read(0, 1)

def has_a_thread_that_wakes_up(program, name):
    def wakes_up():
        open("/proc/thread-self/comm", "w").write(name)
        while True:
            time.sleep(0.01)

    open("/proc/self/comm", "w").write(program)
    threading.Thread(target=wakes_up).start()
    os.read(0, 1)

print("ready", flush=True)
{wait}
"""

WAITS = (
    "open('/proc/self/comm', 'wb').write(b'calcul\\xc3'), os.read(0, 1)",
    "server.recv(1)",
    "listener.accept()",
    "polls()",
    "select.select([pipe, server], [], [])",
    "select.epoll().poll()",
    "os.read(pipe, 1)",
    "os.read(0, 1)",
    "threading.Lock().__enter__(), threading.Event().wait()",
    "threading.Thread(target=os.read, args=[pipe, 1]).start(), signal.pause()",
    "waits_for_a_child()",
    "os.system('read line')",
    "has_a_thread_that_wakes_up('java', 'VM Periodic Tas')",
    "has_a_thread_that_wakes_up('java', 'C2 CompilerThre')",
)

LOOKING_SECONDS = 0.3
"""Many times what it takes to see that all programs wait for others."""

GOES_ON = (
    "time.sleep(90)",
    "polls(90)",
    "select.select([pipe], [], [], 90)",
    "select.epoll().poll(90)",
    "threading.Event().wait(90)",
    "receives_for_some_time()",
    "reads_keys_for_some_time(0)",
    "reads_keys_for_some_time(2)",
    "waits_for_a_timer()",
    "is_woken_by_an_alarm()",
    "keeps_an_alarm_to_be_read()",
    "has_set_a_timer()",
    "has_a_child_that_an_alarm_ends()",
    "leaves_a_timer_to_a_thread()",
    "connects_to_who_is_busy()",
    "sends_to_who_does_not_read()",
    "fills_a_connection()",
    "works()",
    "threading.Thread(target=works).start(), os.read(0, 1)",
    "threading.Thread(target=time.sleep, args=[90]).start(), os.read(0, 1)",
    "os.system('sleep 90 & read line')",
    "has_a_thread_that_wakes_up('java', 'Thread-0')",
    "has_a_thread_that_wakes_up('jabber', 'VM Periodic Tas')",
    "has_a_thread_that_works('java', 'VM Thread')",
)


def program_that(stage: Stage, wait: str) -> Program:
    """Start a program that waits in this way; wait until it is about to."""
    program = Program(stage, "alice", [sys.executable, "-c", PROGRAM.replace("{wait}", wait)], terminal=True)
    assert stage.wait_until(lambda: b"ready" in program.written["screen"])
    return program


@needs_linux
@pytest.mark.parametrize("wait", WAITS)
def test_who_waits_for_others_without_a_limit_need_not_be_waited_for(stage: Stage, wait: str) -> None:
    program_that(stage, wait)
    with Stage(stage.patience, posture) as other:
        assert other.settles(stage.patience)


@needs_linux
@pytest.mark.parametrize("wait", GOES_ON)
def test_who_may_go_on_alone_is_waited_for(stage: Stage, wait: str) -> None:
    program_that(stage, wait)
    with Stage(stage.patience, posture) as other:
        assert not other.settles(LOOKING_SECONDS)


@needs_linux
def test_a_look_leaves_nothing_open(stage: Stage) -> None:
    program_that(stage, "os.read(pipe, 1)")
    assert stage.wait_for_outside(lambda: posture() is not None)
    before = psutil.Process().num_fds()
    posture()
    assert psutil.Process().num_fds() == before


@needs_linux
def test_a_child_that_nobody_buries_is_not_waited_for(stage: Stage) -> None:
    program_that(stage, "[os._exit(0) for _ in range(2) if os.fork() == 0], os.read(pipe, 1)")
    with Stage(stage.patience, posture) as other:
        assert other.settles(stage.patience)


@needs_linux
def test_who_has_detached_from_all_counts_too(stage: Stage) -> None:
    program = program_that(stage, "subprocess.Popen(['sleep', '90'], start_new_session=True), sys.exit()")
    assert program.wait_end()
    assert posture() is None


@needs_linux
def test_where_the_system_does_not_tell_anything_may_happen(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    program_that(stage, "os.read(0, 1)")
    assert stage.wait_for_outside(lambda: posture() is not None)
    monkeypatch.setattr(descriptors, "PIDFD_GETFD", 1_000_000)  # no kernel has so many calls
    assert posture() is None


@needs_linux
@pytest.mark.parametrize("opened", ["anon_inode:[io_uring]", "anon_inode:[timerfd]"])
def test_who_has_a_timer_open_may_be_woken_by_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, opened: str
) -> None:
    program_that(stage, "os.read(0, 1)")
    assert stage.wait_for_outside(lambda: posture() is not None)
    monkeypatch.setattr(standstill, "files_of", lambda _pid: ["/dev/null", opened])
    assert posture() is None


def next_posture(stage: Stage) -> Threads:
    """Return the next posture that is known: strangers in our network, too, may just be connecting."""
    seen: list[Threads] = []

    def is_known() -> bool:
        if (now := posture()) is not None:
            seen.append(now)
        return bool(seen)

    assert stage.wait_for_outside(is_known)
    return seen[0]


@needs_linux
def test_two_postures_are_equal_only_if_nobody_has_done_anything(stage: Stage) -> None:
    program = program_that(stage, "list(iter(lambda: os.read(0, 1), b''))")
    before = next_posture(stage)
    assert next_posture(stage) == before
    program.types(b"x\n")
    assert stage.wait_for_outside(lambda: posture() not in (None, before))


@needs_linux
def test_a_wait_ends_once_all_programs_wait(stage: Stage) -> None:
    program_that(stage, "os.read(0, 1)")
    with Stage(stage.patience, posture) as other:
        assert not other.wait_until(lambda: False)
        assert other.why_not == IN_VAIN


@needs_linux
def test_what_comes_after_a_long_rest_is_waited_for(stage: Stage) -> None:
    with Stage(stage.patience, posture) as other:
        program = program_that(other, "time.sleep(1), print('rested', flush=True), os.read(0, 1)")
        assert other.wait_until(lambda: b"rested" in program.written["screen"])
