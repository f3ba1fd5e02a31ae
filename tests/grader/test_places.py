"""A client that is told its place is told one that is free: also while another client is about to end."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.actors import Client
from grader.contract import Contract

PROGRAM = """
import fcntl, sys, time
work, rest = float(sys.argv[1]), float(sys.argv[2])
place = sys.argv[3] or input("place? ")
held = open("held", "w")
print("place", place, flush=True)
if place == "1":
    fcntl.flock(held, fcntl.LOCK_EX)
    print("ready", flush=True)
    input()
elif place == "2":
    print("waits", flush=True)
    fcntl.flock(held, fcntl.LOCK_EX)  # until the first has ended
    busy_until = time.process_time() + work
    while time.process_time() < busy_until:
        pass  # it has something to do before it sleeps
    time.sleep(rest)
"""


@pytest.fixture(params=[True, False], ids=["by command", "by user"])
def by_command(request: pytest.FixtureRequest) -> bool:
    """Who tells a client its place."""
    return bool(request.param)


@pytest.fixture(params=["0.05 0.1", "0.05 1.2", "0.8 0"], ids=["soon", "after a sleep", "after some work"])
def contract(request: pytest.FixtureRequest, tmp_path: Path, by_command: bool) -> Contract:
    """Clients of which the second ends soon after the first, or sleeps first, or has to wait for the processor."""
    (tmp_path / "client.py").write_text(PROGRAM)
    command = f"{sys.executable} client.py {request.param} '{{place}}'"
    if by_command:
        return Contract(tmp_path, server="", client=command)
    return Contract(tmp_path, server="", client=command.replace("{place}", ""), login=("{place}",))


def test_a_place_is_free_when_its_client_is_about_to_end(start_client: Callable[..., Client]) -> None:
    alice = start_client("alice", 1)
    alice.sees("place 1", "ready")
    bob = start_client("bob", 1)
    bob.sees("place 2", "waits")
    alice.types("")
    alice.ends()
    start_client("carol", 1).sees("place 1")
    assert not bob.is_running(), "carol came while bob's end was not yet seen"
    start_client("dave", 1).sees("place 2")
