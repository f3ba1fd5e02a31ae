"""The client of sprint 4, in a script and at a terminal: what becomes of somebody who got no name."""

import sys
from collections.abc import Iterator

import pytest

from grader.actors import Client, PipedClient
from grader.peers import Impostor, RawConnection
from grader.stage import Stage
from tests.common.children import ROOT

Visit = tuple[PipedClient, RawConnection]


@pytest.fixture
def impostor() -> Iterator[Impostor]:
    """A listener in the server's place."""
    with Stage() as stage:
        yield Impostor(stage)


@pytest.fixture
def visit(impostor: Impostor) -> Visit:
    """Start the client between two pipes; return it and the server's end."""
    alice = PipedClient(impostor.stage, "alice", command(impostor), ROOT)
    return alice, impostor.accepts()


def command(impostor: Impostor) -> list[str]:
    """Return what starts a client of this server."""
    return [sys.executable, "-m", "sprint4_named_room.client", "127.0.0.1", str(impostor.port)]


def is_refused(visit: tuple[Client, RawConnection], name: str) -> None:
    """Let a name be typed, and be refused."""
    alice, server = visit
    alice.types(name)
    server.receives(name)
    server.says(f"*** {name} is taken")
    alice.sees(f"< *** {name} is taken")


def leaves(visit: tuple[Client, RawConnection], code: int) -> None:
    """Wait for `exit`, and until the client has ended."""
    alice, server = visit
    server.receives("exit")
    server.is_hung_up_on()
    server.closes()
    alice.ends(code)


def test_refused_names_and_no_other_are_a_failure_of_a_script(visit: Visit) -> None:
    is_refused(visit, "alice")
    is_refused(visit, "bob")
    visit[0].ends_input()
    leaves(visit, 1)
    assert visit[0].complaints == ["error: name refused: bob is taken"]


def test_a_person_who_leaves_after_a_refusal_has_not_failed(impostor: Impostor) -> None:
    alice = Client(impostor.stage, "alice", command(impostor), ROOT)
    visit = alice, impostor.accepts()
    is_refused(visit, "alice")
    alice.ends_input()
    leaves(visit, 0)
    assert b"error" not in alice.shown()


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
