"""The client of sprint 4 between two pipes: what becomes of somebody who got no name."""

import sys
from collections.abc import Iterator

import pytest

from grader.actors import PipedClient
from grader.peers import Impostor, RawConnection
from grader.stage import Stage
from tests.common.children import ROOT

CLIENT = [sys.executable, "-m", "sprint4_named_room.client"]

Visit = tuple[PipedClient, RawConnection]


@pytest.fixture
def visit() -> Iterator[Visit]:
    """Start the client between two pipes; return it and the server's end."""
    with Stage() as stage:
        impostor = Impostor(stage)
        alice = PipedClient(stage, "alice", [*CLIENT, "127.0.0.1", str(impostor.port)], ROOT)
        yield alice, impostor.accepts()


def is_refused(visit: Visit, name: str) -> None:
    """Let a name be typed, and be refused."""
    alice, server = visit
    alice.types(name)
    server.receives(name)
    server.says(f"*** {name} is taken")
    alice.sees(f"< *** {name} is taken\n")


def leaves(visit: Visit, code: int) -> None:
    """Wait for `exit`, and until the client has ended."""
    alice, server = visit
    server.receives("exit")
    server.is_hung_up_on()
    server.closes()
    alice.ends(code)


def test_refused_names_and_no_other_are_a_failure(visit: Visit) -> None:
    is_refused(visit, "alice")
    is_refused(visit, "bob")
    visit[0].ends_input()
    leaves(visit, 1)
    assert visit[0].complaints == ["error: name refused: bob is taken"]


def test_a_refused_name_and_then_another_are_none(visit: Visit) -> None:
    alice, server = visit
    is_refused(visit, "alice")
    alice.types("carol")
    server.receives("carol")
    server.says("carol a rejoint le serveur")
    alice.ends_input()
    leaves(visit, 0)
    assert alice.complaints == []


def test_who_would_rather_leave_than_have_another_name_has_not_failed(visit: Visit) -> None:
    is_refused(visit, "alice")
    visit[0].types("exit")
    leaves(visit, 0)
    assert visit[0].complaints == []
