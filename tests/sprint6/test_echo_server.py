"""The echo server of the first milestone, judged by raw connections."""

import fcntl
import signal
import socket
import sys

import pytest

from grader.actors import Server
from grader.stage import Stage
from tests.common.children import ROOT, SECONDS, child, end, said
from tests.e2e.binary import Type, header, packed
from tests.e2e.floods import MEMORY_BYTES
from tests.e2e.steps import are_idle, ends_quietly
from tests.sprint6.conftest import Connect


@pytest.fixture
def server(stage: Stage) -> Server:
    """The echo server."""
    return Server(stage, [sys.executable, "-m", "sprint6_messenger.echo_server", "0"], directory=ROOT)


def test_each_gets_back_what_he_sent_byte_for_byte(server: Server, connect: Connect) -> None:
    silent, alice, bob = connect("silent"), connect("alice"), connect("bob")
    server.announces(", 3 present$")
    for talker in alice, bob, alice:
        raw = packed(Type.ECHO, "infos", "héé €😃\n", talker.name)
        talker.sends(raw[:100])
        talker.sends(raw[100:] + raw * 2)
        talker.receives_bytes(raw * 3)
    silent.closes()
    server.announces(", 2 present$")
    are_idle(server.program)


def test_what_is_no_message_is_told(connect: Connect) -> None:
    alice, liar = connect("alice"), connect("liar")
    alice.sends(header(3, 99) + b"abc" + packed(Type.ECHO, "", "next"))
    alice.hears(Type.ECHO, "error: unknown message type 99", sender="Server")
    alice.hears(Type.ECHO, "next")
    liar.sends(header(-1))
    liar.hears(Type.ECHO, "error: impossible length -1", sender="Server")
    liar.is_hung_up_on()


def test_who_does_not_read_is_not_read_and_costs_nothing(server: Server, connect: Connect) -> None:
    alice, greedy = connect("alice"), connect("greedy", receive_buffer=4096)
    greedy.stops_reading()
    before = server.program.usage().memory_info().rss
    raw = packed(Type.ECHO, "", "x" * 2000)
    flood = raw * 8000
    sent = 0
    while taken := greedy.sends_what_fits(flood[sent:]):
        sent += taken
        alice.tells(Type.ECHO, "", "still here")
        alice.hears(Type.ECHO, "still here")
    assert 0 < sent < len(flood)
    assert server.program.usage().memory_info().rss - before < MEMORY_BYTES
    greedy.reads()
    greedy.receives_bytes(flood[: sent - sent % len(raw)])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_at_its_end_it_says_so(number: signal.Signals, server: Server, connect: Connect) -> None:
    alice = connect("alice")
    alice.tells(Type.ECHO, "", "hello")
    alice.hears(Type.ECHO, "hello")
    server.program.signal(number)
    alice.is_told_to_leave("exit")
    ends_quietly(server)


def test_an_empty_line_is_ignored(connect: Connect) -> None:
    alice = connect("alice")
    for text in "", "\n", "next":
        alice.tells(Type.ECHO, "", text)
    alice.hears(Type.ECHO, "next")


def test_a_stdout_that_nobody_reads_stops_nothing() -> None:
    program = child("-m", "sprint6_messenger.echo_server", "0")
    try:
        port = int(said(program).rpartition(":")[2])
        assert program.stdout is not None
        room = fcntl.fcntl(program.stdout, fcntl.F_SETPIPE_SZ, 4096)
        raw = packed(Type.ECHO, "", "salut")
        for _ in range(room // 40):  # each comes and goes with more than so many bytes
            with socket.create_connection(("127.0.0.1", port), SECONDS) as peer:
                peer.sendall(raw)
                assert peer.recv(len(raw), socket.MSG_WAITALL) == raw
        program.send_signal(signal.SIGINT)
        assert program.wait(SECONDS) == 0
    finally:
        end(program)
