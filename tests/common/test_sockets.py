"""Listening, accepting, connecting: on real sockets, with the system's own refusals."""

import errno
import resource
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psutil
import pytest

import common.sockets
from common.connection import Connection
from common.lines import BadLine
from common.sockets import (
    PAUSE_SECONDS,
    accept,
    accept_waiting,
    connect,
    format_address,
    open_listener,
    reason,
)
from common.stop import POLLIN, Failure, Stop, Stopped, wait_ready
from tests.common.children import SECONDS, Child, said
from tests.common.raw import Thread, ends, reset

Start = Callable[..., Child]


def has_ipv6() -> bool:
    """Tell whether this machine can talk to itself over IPv6."""
    with socket.socket(socket.AF_INET6) as sock:
        return sock.connect_ex(("::1", 9)) != errno.EADDRNOTAVAIL


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A listener at any free port."""
    with open_listener("127.0.0.1", 0) as listener:
        yield listener


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is taken, so that nobody else gets it, and where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield port_of(bound)


@pytest.fixture
def black_hole() -> Iterator[int]:
    """The port of a listener whose queue takes nobody more: who connects now gets no answer."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            queued = stack.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(listener.getsockname())
        yield port_of(listener)


def port_of(sock: socket.socket) -> int:
    """Return the port at which a socket was bound."""
    return int(sock.getsockname()[1])


def meet(listener: socket.socket, stop: Stop) -> tuple[Connection, Connection]:
    """Connect a client to a listener; return both ends, the server's first."""
    host, port = listener.getsockname()[:2]
    client = connect(host, port, stop)
    server = accept(listener, stop)
    assert server is not None
    return server, client


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Let every name stand for these addresses, in this order."""
    found = [
        (socket.AF_INET6 if ":" in each[0] else socket.AF_INET, socket.SOCK_STREAM, 0, "", each)
        for each in addresses
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_words, **_options: found)


@pytest.mark.parametrize(
    ("address", "reached_at"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
        ("127.0.0.2", "127.0.0.2"),
        pytest.param("::1", "::1", marks=needs_ipv6),
        pytest.param("::", "::1", marks=needs_ipv6),
        pytest.param("::", "127.0.0.1", marks=needs_ipv6),
        ("0.0.0.0", "127.0.0.1"),
    ],
)
def test_a_client_reaches_a_server_at_any_family(address: str, reached_at: str, stop: Stop) -> None:
    with open_listener(address, 0) as listener, connect(reached_at, port_of(listener), stop) as client:
        server = accept(listener, stop)
        assert server is not None
        with server:
            assert server.send_line("bonjour")
            assert client.receive_line() == "bonjour"


@needs_ipv6
def test_a_name_of_two_families_is_reached_at_the_one_that_listens(
    stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_listener("::1", 0) as listener:
        port = port_of(listener)
        resolve_to(monkeypatch, ("127.0.0.1", port), ("::1", port))
        with connect("localhost", port, stop) as client:
            assert client.peer == f"[::1]:{port}"


def test_a_listener_at_one_address_is_not_reached_at_another(listener: socket.socket, stop: Stop) -> None:
    with pytest.raises(Failure, match="refused"):
        connect("127.0.0.2", port_of(listener), stop)


def test_both_ends_know_each_other_by_address(listener: socket.socket, stop: Stop) -> None:
    server, client = meet(listener, stop)
    with server, client:
        assert client.peer == f"127.0.0.1:{port_of(listener)}"
        assert server.peer.startswith("127.0.0.1:")
        assert server.peer != client.peer


def test_a_server_judges_what_it_gets_and_a_client_shows_it(listener: socket.socket, stop: Stop) -> None:
    server, client = meet(listener, stop)
    with server, client:
        raw = b"a\xff\x1b\n"
        for each in (server, client):
            socket.socket.send(socket_of(each), raw)
        assert client.receive_line() == "a\\xff\x1b"
        with pytest.raises(BadLine):
            server.receive_line()


def socket_of(connection: Connection) -> socket.socket:
    """Return the socket of a connection, to send what a connection refuses to."""
    return connection._socket


@pytest.mark.parametrize("end", [0, 1], ids=["accepted", "connected"])
def test_small_lines_leave_at_once_and_dead_machines_are_noticed(
    listener: socket.socket, stop: Stop, end: int
) -> None:
    both = meet(listener, stop)
    sock = socket_of(both[end])
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    assert [sock.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [30, 10, 3]
    assert not sock.getblocking()
    for each in both:
        each.close()


def test_the_same_port_can_be_bound_again_at_once(stop: Stop) -> None:
    with open_listener("127.0.0.1", 0) as listener:
        port = port_of(listener)
        server, client = meet(listener, stop)
    server.close()  # first: its side keeps the port in TIME_WAIT
    assert client.receive_line() is None
    client.close()
    for _ in range(20):
        open_listener("127.0.0.1", port).close()


def test_the_same_port_can_be_bound_while_old_clients_are_still_there(stop: Stop) -> None:
    with open_listener("127.0.0.1", 0) as listener:
        port = port_of(listener)
        server, client = meet(listener, stop)
    with server, client, open_listener("127.0.0.1", port):
        assert client.send_line("still here")
        assert server.receive_line() == "still here"


def test_two_servers_cannot_have_the_same_port(listener: socket.socket) -> None:
    assert not listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)
    with pytest.raises(Failure, match=r"cannot listen on 127.0.0.1 port \d+: Address already in use"):
        open_listener("127.0.0.1", port_of(listener))


@pytest.mark.parametrize("address", ["192.0.2.1", "x" * 300, "", "\udcff", "a..b"])
def test_an_address_that_is_not_ours_is_a_failure_in_one_line(address: str) -> None:
    with pytest.raises(Failure, match="cannot listen on") as failure:
        open_listener(address, 0)
    assert "\n" not in str(failure.value)


def test_a_name_that_nobody_knows_is_a_failure_in_the_words_of_the_system(
    stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_nothing(*_words: object, **_options: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", find_nothing)
    with pytest.raises(Failure, match="cannot listen on nowhere port 4444: Name or service not known"):
        open_listener("nowhere", 4444)
    with pytest.raises(Failure, match="cannot connect to nowhere port 4444: Name or service not known"):
        connect("nowhere", 4444, stop)


def test_the_accept_queue_takes_a_thousand_at_once(listener: socket.socket) -> None:
    longest = struct.unpack_from("I", listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 28)[0]
    with open("/proc/sys/net/core/somaxconn") as most:  # the system's own limit
        assert longest == min(1024, int(most.read()))


def test_a_class_that_connects_at_once_is_served_in_full(listener: socket.socket, stop: Stop) -> None:
    clients = [connect("127.0.0.1", port_of(listener), stop) for _ in range(200)]
    for _client in clients:
        server = accept(listener, stop)
        assert server is not None
        server.close()
    for client in clients:
        assert client.receive_line() is None
        client.close()


def test_the_bell_ends_waiting_for_a_newcomer(listener: socket.socket, stop: Stop) -> None:
    newcomers: list[object] = []
    waiting = Thread(target=lambda: newcomers.append(accept(listener, stop)))
    waiting.start()
    stop.ring()
    assert ends(waiting)
    assert newcomers == [None]


def test_nobody_waits_when_nobody_came(listener: socket.socket, stop: Stop) -> None:
    assert accept_waiting(listener, stop) is None


def test_newcomers_that_reset_at_once_hold_up_nobody(listener: socket.socket, stop: Stop) -> None:
    for _ in range(20):
        reset(socket.create_connection(listener.getsockname()))
    client = connect("127.0.0.1", port_of(listener), stop)
    with client:
        client.post("hello")
        lines: list[str] = []
        while not lines:
            server = accept(listener, stop)
            assert server is not None
            with server:
                lines.extend(server)
                client.finish_sending()
        assert lines == ["hello"]


class FailingListener:
    """A listener whose first accepts fail as the system's do when it has nothing left."""

    def __init__(self, listener: socket.socket, number: int, failures: int) -> None:
        self.listener = listener
        self.number = number
        self.failures = failures

    def fileno(self) -> int:
        return self.listener.fileno()

    def accept(self) -> tuple[socket.socket, object]:
        if self.failures:
            self.failures -= 1
            raise OSError(self.number, "no luck")
        return self.listener.accept()


@pytest.mark.parametrize(
    ("number", "pauses"),
    [
        (errno.EMFILE, 3),
        (errno.ENFILE, 3),
        (errno.ENOBUFS, 3),
        (errno.ENOMEM, 3),
        (errno.ECONNABORTED, 0),
        (errno.EPROTO, 0),
        (errno.EPERM, 0),
    ],
    ids=lambda value: errno.errorcode[value] if value > 3 else "",
)
def test_only_what_would_fail_again_at_once_makes_accept_pause(
    number: int, pauses: int, listener: socket.socket, stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float | None] = []
    monkeypatch.setattr(stop, "wait", waited.append)
    failing = FailingListener(listener, number, failures=3)
    with socket.create_connection(listener.getsockname()):
        server = accept(failing, stop)  # type: ignore[arg-type]
        assert server is not None
        server.close()
    assert waited == [PAUSE_SECONDS] * pauses


LIMIT = 12
"""Descriptors that a server may have."""

MEMBERS = LIMIT - 6
"""The standard streams, both ends of the bell and the listener are descriptors too."""


@pytest.fixture
def crowded(start: Start) -> Iterator[tuple[Child, list[socket.socket]]]:
    """A server that may have LIMIT descriptors, and as many clients: the first MEMBERS have got in."""
    server = start("-m", "sprint3_n_clients.server", "0")
    port = int(said(server).rpartition(":")[2])
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (LIMIT, LIMIT))
    with ExitStack() as stack:
        connections = [socket.create_connection(("127.0.0.1", port), timeout=SECONDS) for _ in range(LIMIT)]
        for each in connections:
            stack.enter_context(each)
        for count in range(1, MEMBERS + 1):
            assert said(server).endswith(f", {count} present")
        yield server, connections


def test_out_of_descriptors_members_are_served_and_little_else_is_done(
    crowded: tuple[Child, list[socket.socket]],
) -> None:
    server, (alice, bob, *_others) = crowded
    usage = psutil.Process(server.pid)
    used_before = sum(usage.cpu_times()[:2])
    began = time.monotonic()
    select.select([alice, bob], [], [], 1.0)  # what is measured is a second at rest
    rested = time.monotonic() - began
    assert sum(usage.cpu_times()[:2]) - used_before < 0.3 * rested
    alice.sendall(b"can you hear me?\n")
    assert bob.recv(100) == b"can you hear me?\n"


def test_newcomers_get_in_once_descriptors_return(crowded: tuple[Child, list[socket.socket]]) -> None:
    server, connections = crowded
    for leaving in connections[:MEMBERS]:
        leaving.close()
    announced = [said(server) for _departure_or_arrival in range(LIMIT)]
    assert announced[-1].endswith(f", {LIMIT - MEMBERS} present")
    waiting, other = connections[-2:]
    waiting.sendall(b"at last\n")
    assert other.recv(100) == b"at last\n"


def test_nobody_there_is_a_failure_in_one_line(closed_port: int, stop: Stop) -> None:
    with pytest.raises(Failure) as failure:
        connect("127.0.0.1", closed_port, stop)
    assert str(failure.value) == f"cannot connect to 127.0.0.1 port {closed_port}: Connection refused"


@pytest.mark.parametrize("host", ["x" * 300, "", "\udcff", "a..b"])
def test_a_host_that_cannot_be_is_a_failure_in_one_line(host: str, stop: Stop, closed_port: int) -> None:
    with pytest.raises(Failure, match="cannot connect to") as failure:
        connect(host, closed_port, stop)
    assert "\n" not in str(failure.value)


def test_a_server_that_never_answers_is_given_up(
    black_hole: int, stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common.sockets, "CONNECT_SECONDS", 0.2)
    with pytest.raises(Failure, match=f"cannot connect to 127.0.0.1 port {black_hole}: no answer"):
        connect("127.0.0.1", black_hole, stop)


def test_all_addresses_that_never_answer_share_one_deadline(
    black_hole: int, stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common.sockets, "CONNECT_SECONDS", 0.2)
    resolve_to(monkeypatch, *[("127.0.0.1", black_hole)] * 200)
    began = time.monotonic()
    with pytest.raises(Failure, match="no answer"):
        connect("nowhere", black_hole, stop)
    assert time.monotonic() - began < 0.2 * 100


def test_the_next_address_is_tried_when_one_refuses(
    closed_port: int, listener: socket.socket, stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, ("127.0.0.1", closed_port), listener.getsockname())
    with connect("localhost", 1, stop) as client:
        assert client.peer == f"127.0.0.1:{port_of(listener)}"


def test_when_all_addresses_fail_the_first_reason_is_told(
    closed_port: int, black_hole: int, stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common.sockets, "CONNECT_SECONDS", 0.2)
    resolve_to(monkeypatch, ("127.0.0.1", closed_port), ("127.0.0.1", black_hole))
    with pytest.raises(Failure, match="Connection refused"):
        connect("localhost", 1, stop)


def test_the_bell_ends_connecting(black_hole: int, stop: Stop) -> None:
    outcomes: list[str] = []

    def attempt() -> None:
        try:
            connect("127.0.0.1", black_hole, stop)
        except Stopped:
            outcomes.append("stopped")

    connecting = Thread(target=attempt)
    connecting.start()
    wait_for_attempt(black_hole)
    stop.ring()
    assert ends(connecting)
    assert outcomes == ["stopped"]


def wait_for_attempt(port: int) -> None:
    """Wait until this process is connecting to a port."""
    remote = f":{port:04X}"
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with open("/proc/self/net/tcp") as table:
            if any(line.split()[2].endswith(remote) and line.split()[3] == "02" for line in table):
                return
    raise AssertionError("nobody is connecting")


def test_once_the_bell_has_rung_nobody_is_connected_to_or_waited_for(black_hole: int, stop: Stop) -> None:
    stop.ring()
    with pytest.raises(Stopped):
        connect("127.0.0.1", black_hole, stop)


def test_addresses_are_written_as_in_urls() -> None:
    assert format_address(("127.0.0.1", 4444)) == "127.0.0.1:4444"
    assert format_address(("::1", 4444, 0, 0)) == "[::1]:4444"


def test_a_reason_is_as_short_as_the_system_has_it() -> None:
    assert reason(OSError(errno.ECONNREFUSED, "Connection refused")) == "Connection refused"
    assert reason(TimeoutError("no answer")) == "no answer"


def test_a_newcomer_is_waiting_until_it_is_accepted(listener: socket.socket, stop: Stop) -> None:
    with socket.create_connection(listener.getsockname()):
        assert wait_ready({listener: POLLIN}, SECONDS) == {listener: POLLIN}
        server = accept_waiting(listener, stop)
        assert server is not None
        server.close()
    assert wait_ready({listener: POLLIN}, 0) == {}
