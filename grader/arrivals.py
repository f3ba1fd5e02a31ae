"""Arrivals: how a client comes, and when it is there: connected, taken in by its server, known by its name."""

import os
from collections.abc import Callable

from grader.actors import Client, Server
from grader.family import is_at_rest
from grader.listening import has_read_all, is_connected
from grader.stage import START_SECONDS
from grader.unseen import Unseen
from grader.wiretap import Wiretap

ACCEPT_SECONDS = 0.3
"""A server that has room accepts at once; one that has not lets people wait, and must not be waited for."""

LOGIN_SECONDS = 0.5
"""Most programs show their user's arrival too: then the name is known. Those that do not must not be waited for."""


def come(
    name: str, actor: type[Client], server: Server, tap: Wiretap | None, start_client: Callable[..., Client]
) -> Client:
    """Start a client and wait until it is connected, and its server has taken it in, unless it lets it wait.

    A server that listens no more, but may do so again, is waited for. The client may come past a wiretap at the
    server's own port, by another address, or to another port of the server's. Raises Unseen when it does not connect.
    """
    port, came = (tap.port, tap.count()) if tap else (server.port, 0)
    server.stage.wait_for_outside(server.is_open)
    ports = {port, *server.ports()}
    if tap:
        tap.expect(name)
    client = start_client(name, port, server.host, actor)
    stage, pid = server.stage, client.program.pid
    connects = max(stage.patience, START_SECONDS)
    stage.wait_for_outside(lambda: is_connected(pid, *ports) or client.program.has_ended(), connects)
    if not is_connected(pid, *ports):
        raise Unseen(stage, f"{name} connects to port {port}", client.program.ending())
    client.has_come = True
    if tap:
        stage.wait_until(lambda: tap.count() > came, ACCEPT_SECONDS if tap.is_in_front else None)
        tap.gives_up()
    stage.wait_for_outside(lambda: is_taken_in(server, tap), ACCEPT_SECONDS)
    return client


def is_taken_in(server: Server, tap: Wiretap | None) -> bool:
    """Tell whether a server lets nobody wait, and what it says to who comes has got there, however far the way is."""
    is_served = not server.waiting() and is_at_rest(server.program.pid)
    return is_served and (tap is None or has_read_all(os.getpid()))


def log_in(client: Client, server: Server) -> None:
    """Wait until a client that has typed its name is known by it: the server has read it, and says so, or not."""
    stage, name = client.stage, client.name.encode()
    stage.wait_until(lambda: name in client.shown(), LOGIN_SECONDS)
    stage.wait_for_outside(lambda: has_read_all(server.program.pid), LOGIN_SECONDS)
