"""The bell: who rings it, whom it wakes, what it remembers; and the one way to wait."""

import os
import signal
import socket
from collections.abc import Callable

import pytest

from common.stop import POLLGONE, POLLIN, POLLOUT, Failure, Stop, wait_ready
from tests.common.children import SECONDS, Child, said
from tests.common.raw import Thread, ends, reset, tcp_pair

Start = Callable[..., Child]

REMEMBERS = """
import os, signal
from common.stop import Stop
stop = Stop()
stop.ring_on_signals()
for number in {numbers}:
    stop.ring() if number == 0 else os.kill(os.getpid(), number)
stop.wait()
print(stop.is_set(), int(stop.signal_number()))
"""

UNTOUCHED = """
import os
from common.stop import Stop
stop = Stop()
stop.ring_on_signals()
os.kill(os.getpid(), signal.SIGHUP)
print(stop.is_set(), int(stop.signal_number()))
"""

IN_A_THREAD = """
import signal, threading
from common.stop import Stop
from common.terminal import say
stop = Stop()
stop.ring_on_signals()
def wait():
    say("waiting")
    while not stop.is_set():
        pass
    say("heard")
thread = threading.Thread(target=wait)
thread.start()
thread.join()
stop.wait()
"""


def test_it_has_not_rung_before_it_is_rung(stop: Stop) -> None:
    assert not stop.is_set()
    assert stop.signal_number() == 0
    stop.wait(0)
    stop.raise_failure()


def test_a_ring_from_a_thread_ends_the_waits_of_all_others(stop: Stop) -> None:
    silent, other = socket.socketpair()
    with silent, other:
        waits = [Thread(target=stop.wait) for _ in range(5)]
        waits += [Thread(target=stop.wait_for, args=(silent,)) for _ in range(5)]
        for wait in waits:
            wait.start()
        stop.ring()
        assert ends(*waits)


def test_it_stays_rung_however_often_it_is_rung_and_asked(stop: Stop) -> None:
    for _ in range(10_000):
        stop.ring()
    for _ in range(10):
        stop.wait()
        assert stop.is_set()
    assert stop.signal_number() == 0


def test_asking_for_a_signal_does_not_silence_it(stop: Stop) -> None:
    stop.ring()
    assert [stop.signal_number(), stop.signal_number()] == [0, 0]
    assert stop.is_set()


def test_the_first_failure_is_kept(stop: Stop) -> None:
    stop.fail(Failure("the first"))
    stop.fail(Failure("the second"))
    assert stop.is_set()
    with pytest.raises(Failure, match="the first"):
        stop.raise_failure()


@pytest.mark.usefixtures("hasty_threads")
def test_one_failure_of_many_at_once_is_kept_for_good(stop: Stop) -> None:
    seen: list[str] = []

    def fail(number: int) -> None:
        stop.fail(Failure(f"failure {number}"))
        try:
            stop.raise_failure()
        except Failure as failure:
            seen.append(str(failure))

    threads = [Thread(target=fail, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    assert ends(*threads)
    assert len(seen) == 20
    assert len(set(seen)) == 1


def test_the_bell_comes_before_what_is_ready_too(stop: Stop) -> None:
    ready, other = socket.socketpair()
    with ready, other:
        assert stop.wait_for(ready, POLLOUT)
        stop.ring()
        assert not stop.wait_for(ready, POLLOUT)


def test_a_wait_that_is_over_is_no_ring(stop: Stop) -> None:
    silent, other = socket.socketpair()
    with silent, other:
        assert not stop.wait_for(silent, POLLIN, 0.01)
        assert not stop.wait_for(silent, POLLIN, -1)
        assert not stop.is_set()


def test_waiting_gives_all_that_are_ready_and_for_what() -> None:
    (alice, her_peer), (bob, his_peer), (carol, third_peer) = tcp_pair(), tcp_pair(), tcp_pair()
    her_peer.sendall(b"salut\n")
    reset(third_peer)
    try:
        wait_ready({carol: 0}, SECONDS)
        wait_ready({alice: POLLIN}, SECONDS)
        ready = wait_ready({alice: POLLIN | POLLOUT, bob: POLLIN, carol: 0}, SECONDS)
        assert ready.pop(alice) == POLLIN | POLLOUT
        assert ready.pop(carol) & POLLGONE
        assert ready == {}
        assert wait_ready({bob: POLLIN}, 0) == {}
    finally:
        for each in (alice, her_peer, bob, his_peer, carol):
            each.close()


def test_waiting_knows_descriptors_that_select_does_not() -> None:
    reader, writer = os.pipe()
    high = os.dup2(reader, 1500)
    os.write(writer, b"x")
    with os.fdopen(high, "rb") as source:
        assert wait_ready({source: POLLIN}, SECONDS) == {source: POLLIN}
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize(
    ("numbers", "remembered"),
    [
        ([signal.SIGINT], 2),
        ([signal.SIGTERM], 15),
        ([signal.SIGHUP], 1),
        ([signal.SIGINT, signal.SIGINT], 2),
        ([signal.SIGTERM, signal.SIGINT, signal.SIGINT], 15),
        ([signal.SIGINT, signal.SIGTERM, 0], 2),
        ([0, signal.SIGINT], 2),
        ([0], 0),
    ],
)
def test_the_first_signal_is_remembered(numbers: list[int], remembered: int, start: Start) -> None:
    program = start("-c", REMEMBERS.format(numbers=[int(number) for number in numbers]))
    assert said(program) == f"True {remembered}"


def test_a_program_that_is_to_survive_its_terminal_does(start: Start) -> None:
    program = start("-c", f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN){UNTOUCHED}")
    assert said(program) == "False 0"


def test_a_signal_reaches_a_thread_although_main_waits_for_that_thread(start: Start) -> None:
    program = start("-c", IN_A_THREAD)
    assert said(program) == "waiting"
    program.send_signal(signal.SIGINT)
    assert said(program) == "heard"
    assert program.wait(SECONDS) == 0
