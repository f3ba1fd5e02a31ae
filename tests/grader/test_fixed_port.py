"""A port that stands in the source is used by scene after scene, and no course text asks for SO_REUSEADDR."""

import contextlib
import socket
from pathlib import Path

import pytest

from grader.arrivals import free_port, is_free
from grader.contract import read_contract
from grader.judge import Judge, Order
from grader.sandbox import is_available
from grader.verdicts import PASSED

needs_sandbox = pytest.mark.skipif(not is_available(), reason="needs bwrap (Debian: bubblewrap)")

SERVER = """
import socket
listener = socket.socket()
listener.bind(("127.0.0.1", {port}))
listener.listen()
while True:
    pair = [listener.accept()[0] for _place in range(2)]
    for place, each in enumerate(pair):
        each.sendall(b"%d" % place)
    speaker = 0
    while (said := pair[speaker].recv(100)) not in (b"", b"fin"):
        pair[1 - speaker].sendall(said)
        speaker = 1 - speaker
    for each in pair:
        each.close()  # first of the two ends: the system remembers that for a minute
"""

CLIENT = """
import socket
with socket.create_connection(("127.0.0.1", {port})) as server:
    speaks = server.recv(1) == b"0"
    while True:
        if speaks:
            said = input("> ")
            server.sendall(said.encode())
            if said == "fin":
                break
        elif heard := server.recv(100).decode():
            print(heard)
        else:
            break
        speaks = not speaks
"""


def test_a_port_is_not_free_as_long_as_a_connection_is_remembered() -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        address = listener.getsockname()
        with socket.create_connection(address) as client:
            listener.accept()[0].close()
            assert client.recv(1) == b""
    assert not is_free(address[1])
    assert is_free(free_port())


@needs_sandbox
def test_each_scene_finds_its_port_free(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "server.py").write_text(SERVER.format(port=port))
    (tmp_path / "client.py").write_text(CLIENT.format(port=port))
    (tmp_path / "messagerie.toml").write_text(
        f'server = "python3 server.py"\nclient = "python3 client.py"\nport = {port}\n'
    )
    contract = read_contract(tmp_path).in_sprint(1)
    order = Order(sprint=1, contract=contract, only=("s1-fin", "s1-after-fin"), jobs=1)
    assert {each.id: each.outcome for each in Judge(order).verdicts_as_they_come()} == {
        "s1-fin": PASSED,
        "s1-after-fin": PASSED,
    }
