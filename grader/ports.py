"""Ports: which one is free, and how one reads whose two bytes are turned round."""

import socket

from grader.contract import HOST

EVERY_ADDRESS = ""

UNPRIVILEGED = 1024
"""The first port that everybody may have."""


def free_port() -> int:
    """Return a port that nobody uses now, and that is another one for who turns its bytes round."""
    while True:
        with socket.create_server((HOST, 0)) as probe:
            port = int(probe.getsockname()[1])
        if turned_round(port) >= UNPRIVILEGED and turned_round(port) != port:
            return port


def turned_round(port: int) -> int:
    """Return the port whose two bytes come in the other order: what a program uses that lacks htons.

    Where numbers are kept as they are sent, nobody listens there.
    """
    return int.from_bytes(port.to_bytes(2, "little"), "big")


def is_free(port: int) -> bool:
    """Tell whether a program can have a port that does not set SO_REUSEADDR: no old connection holds it either."""
    with socket.socket() as probe:
        try:
            probe.bind((EVERY_ADDRESS, port))
        except OSError:
            return False
    return True
