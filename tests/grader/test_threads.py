"""Threads that serve are told from those that a language has for itself: they wait for a connection."""

import sys
from pathlib import Path

import pytest

from grader.program import Program
from grader.stage import Stage
from grader.threads import most_threads, serving_threads, with_connections

needs_linux = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads Linux's tables")

SERVER = """
import os, select, socket, threading
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
server, _address = listener.accept()
pipe, _writer = os.pipe()

def receives(): server.recv(1)
def accepts(): listener.accept()
def polls():
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    poll.register(server, select.POLLIN)
    poll.poll()
def selects(): select.select([pipe, server], [], [])
def uses_epoll():
    epoll = select.epoll()
    epoll.register(server, select.EPOLLIN)
    epoll.poll()
def waits_for_a_pipe():
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    poll.poll()
def reads_a_pipe(): os.read(pipe, 1)
def waits_for_a_lock(): threading.Event().wait()

for wait in {waits}:
    threading.Thread(target=wait, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
"""

SERVING = ("receives", "accepts", "polls", "selects", "uses_epoll")

OTHERS = ("waits_for_a_pipe", "reads_a_pipe", "waits_for_a_lock")


def program_that(stage: Stage, *waits: str) -> Program:
    """Start a program with a connection, and a thread for each of these waits; wait until all of them wait."""
    source = SERVER.replace("{waits}", f"({', '.join(waits)},)")
    program = Program(stage, "server", [sys.executable, "-c", source], terminal=False)
    assert stage.wait_until(lambda: b"ready" in program.written["stdout"]), program.ending()
    return program


@needs_linux
@pytest.mark.parametrize("wait", SERVING)
def test_a_thread_that_waits_for_a_connection_serves(stage: Stage, wait: str) -> None:
    program = program_that(stage, wait, *OTHERS)
    assert stage.wait_for_outside(lambda: len(serving_threads(program.pid)) == 1)


@needs_linux
def test_each_thread_that_serves_is_counted(stage: Stage) -> None:
    program = program_that(stage, *SERVING)
    assert stage.wait_for_outside(lambda: len(serving_threads(program.pid)) == len(SERVING))
    assert most_threads(program.pid) == len(SERVING) + 1


@needs_linux
def test_threads_that_wait_for_anything_else_do_not_serve(stage: Stage) -> None:
    program = program_that(stage, *OTHERS)
    stage.wait_for_outside(lambda: most_threads(program.pid) > len(OTHERS))
    assert serving_threads(program.pid) == []
    assert with_connections(program.pid) == [program.pid]
