"""The turnstile: one at a time, and nobody twice in a row while others wait."""

import threading

from sprint4_named_room.turnstile import Turnstile
from tests.common.raw import Thread, ends

VISITS = 2000


def test_one_at_a_time() -> None:
    turnstile = Turnstile()
    inside: list[int] = []
    crowds: list[int] = []

    def visit() -> None:
        for _ in range(VISITS):
            with turnstile:
                inside.append(1)
                crowds.append(len(inside))
                inside.pop()

    threads = [Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert ends(*threads)
    assert crowds == [1] * (4 * VISITS)


def test_one_who_waits_gets_in_before_whoever_is_inside_gets_in_again() -> None:
    turnstile = Turnstile()
    order: list[str] = []
    is_first = threading.Event()

    def wait_and_enter() -> None:
        is_first.wait()
        with turnstile:
            order.append("bob")

    bob = Thread(target=wait_and_enter)
    bob.start()
    with turnstile:
        is_first.set()
        while not turnstile._first.locked():  # until bob is next
            bob.join(0.001)
        order.append("alice")
    with turnstile:
        order.append("alice again")
    assert ends(bob)
    assert order == ["alice", "bob", "alice again"]
