"""Where people meet whose programs are not the same: ours, and some in C as students write them for this wire."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader.actors import Client, Server
from grader.stage import Stage
from tests.common.children import ROOT

C = Path(__file__).with_name("c")

OURS = "sprint6_messenger"

FLAGS = "-Wall -Wextra -Werror -Wno-unused-function"

EVERYBODY = {
    "plain": "",
    "two writes and a NUL": "-DTWO_WRITES",
    "newline kept": "-DKEEPS_NEWLINE",
}
"""Ways to write a message, and what a program is compiled with for them."""

CLIENTS = {**EVERYBODY, "nick not set": "-DNICK_NOT_SET"}

SERVERS = {**EVERYBODY, "name in infos": "-DNAME_IN_INFOS"}


@dataclass(frozen=True)
class Place:
    """A stage with a server on it, to which people come."""

    stage: Stage
    server: Server
    directory: Path
    build: Callable[[str, str], Path]

    def ours(self, name: str) -> Client:
        """Bring somebody with our client, and a name."""
        options = ["127.0.0.1", str(self.server.port), "--inbox", str(self.home(name))]
        client = Client(self.stage, name, [sys.executable, "-m", f"{OURS}.client", *options], ROOT)
        client.sees("connected to")
        return named(client)

    def theirs(self, name: str, way: str = "") -> Client:
        """Bring somebody with a client in C, and a name."""
        return named(self.stranger(name, way))

    def stranger(self, name: str, way: str = "") -> Client:
        """Bring somebody with a client in C, who has not said a name."""
        command = [str(self.build("client", way)), "127.0.0.1", str(self.server.port)]
        self.home(name).mkdir()
        return Client(self.stage, name, command, self.home(name))

    def home(self, name: str) -> Path:
        """Return where the files of somebody arrive."""
        return self.directory / name


def named(client: Client) -> Client:
    """Let somebody take his name, and see that it is granted."""
    client.types(f"/nick {client.name}")
    client.sees("elcome", client.name)
    return client
