"""What the server makes of things that happen together: it is stopped meanwhile, and so finds them all at once."""

import signal
import sys

import pytest

from grader.actors import Server
from grader.stage import Stage
from tests.common.children import ROOT
from tests.e2e.binary import Talker, Type
from tests.sprint6.conftest import Connect


@pytest.fixture
def server(stage: Stage) -> Server:
    """A server with a place for two."""
    command = [sys.executable, "-m", "sprint6_messenger.server", "0", "--max-clients", "2"]
    return Server(stage, command, directory=ROOT)


def is_granted(talker: Talker) -> None:
    """Expect that somebody gets the name that he has asked for."""
    talker.hears(Type.NICK, f"OK, welcome {talker.name}", infos=talker.name, sender="Server")


def test_a_place_is_free_for_one_who_comes_after_the_departure(server: Server, connect: Connect) -> None:
    here = [connect("alice").logs_in(), connect("bob").logs_in()]
    for name in ("carol", "dave", "erin"):
        server.program.signal(signal.SIGSTOP)
        here.pop(0).closes()
        newcomer = connect(name)
        newcomer.tells(Type.NICK, name)
        server.program.signal(signal.SIGCONT)
        is_granted(newcomer)
        here.append(newcomer)


def test_a_place_is_free_for_one_who_takes_his_name_after_the_departure(
    server: Server, connect: Connect
) -> None:
    early = connect("early")
    early.tells(Type.ECHO, "", "here")
    early.hears(Type.ECHO, "here")
    connect("alice").logs_in()
    bob = connect("bob").logs_in()
    server.program.signal(signal.SIGSTOP)
    bob.closes()
    early.tells(Type.NICK, "early")
    server.program.signal(signal.SIGCONT)
    is_granted(early)
