"""How many threads each server needs for a hundred clients that say nothing: a figure without chance in it."""

import sys
from functools import cache

import psutil

from grader.actors import Server
from grader.peers import Peer
from grader.stage import Stage
from sprint5_concurrency.bench.servers import STRATEGIES
from tests.common.children import ROOT

CLIENTS = 100

SERVERS = {
    "sprint3_n_clients": ["sprint3_n_clients.server"],
    **{name: ["sprint5_concurrency.server", "--strategy", name] for name in STRATEGIES},
}

PATIENCE = 20.0
"""Against hanging only."""


@cache
def thread_counts() -> str:
    """Return how many threads each server has, as the lines of a table."""
    counts = {name: threads_of(name) for name in SERVERS}
    widest = max(map(len, counts))
    return "".join(f"{name:{widest}}  {count:>3}\n" for name, count in counts.items())


def threads_of(name: str) -> int:
    """Return how many threads a server has while a hundred clients are there."""
    command = [sys.executable, "-m", *SERVERS[name], "0"]
    with Stage(PATIENCE) as stage:
        server = Server(stage, command, directory=ROOT)
        for number in range(CLIENTS):
            Peer(stage, f"client{number}", server.port).says(f"USER client{number}")
        server.announces(f", {CLIENTS} present$")
        return int(psutil.Process(server.program.pid).num_threads())
