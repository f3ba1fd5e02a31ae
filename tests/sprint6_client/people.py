"""People who have a client, and an inbox; and a server that says what the test says."""

import sys
from dataclasses import dataclass
from pathlib import Path

from grader.actors import PipedClient
from grader.peers import RawConnection
from sprint6_messenger.wire import SERVER_NAME, Message, MessageType, encode
from tests.common.children import DIRECTLY

PACKAGE = "sprint6_messenger"


@dataclass
class Person:
    """Somebody, his program and the folder where his files arrive."""

    client: PipedClient
    inbox: Path

    @property
    def name(self) -> str:
        """What he is called."""
        return self.client.name

    @property
    def saved(self) -> dict[str, bytes]:
        """What has arrived."""
        return {path.name: path.read_bytes() for path in self.inbox.iterdir()} if self.inbox.exists() else {}

    def types(self, *lines: str) -> None:
        """Type lines."""
        self.client.types(*lines)

    def sees(self, *texts: str) -> None:
        """Wait until each text is shown, one after the other."""
        self.client.sees(*texts)

    def complains(self, pattern: str) -> None:
        """Wait until a line on stderr matches."""
        self.client.complains(pattern)


class Wire:
    """The server's end of the connection, in messages."""

    def __init__(self, connection: RawConnection) -> None:
        self.connection = connection

    def receives(self, kind: MessageType, infos: str = "", text: str = "", sender: str = "") -> None:
        """Wait for exactly this message."""
        self.connection.receives_bytes(encode(Message(kind, infos, text.encode(), sender)))

    def says(self, kind: MessageType, text: str = "", infos: str = "", sender: str = SERVER_NAME) -> None:
        """Send a message."""
        self.connection.sends(encode(Message(kind, infos, text.encode(), sender)))

    def hears_the_end(self) -> None:
        """Wait for the end, that must not destroy what was said before it."""
        self.connection.is_hung_up_on()
        assert not self.connection.was_reset
        self.connection.closes()


def client_command(port: int, inbox: Path, *options: str, shell: str = DIRECTLY) -> list[str]:
    """Return what starts a client that has an inbox; `shell` may limit it, or give it other streams."""
    words = [sys.executable, "-m", f"{PACKAGE}.client", "127.0.0.1", str(port), "--inbox", str(inbox)]
    return ["sh", "-c", shell, "sh", *words, *options]


def begin(sender: Person, receiver: Person, path: Path) -> None:
    """Let one offer a file, and the other want it; the transfer has then begun, or is over."""
    offer(sender, receiver, path)
    receiver.types("y")


def offer(sender: Person, receiver: Person, path: Path) -> None:
    """Let one offer a file, and the other be asked."""
    sender.types(f"/send {receiver.name} {path}")
    receiver.sees(f"{sender.name} offers you the file {path.name}: do you want it? (y/n)")


def arrives(sender: Person, receiver: Person, path: Path) -> None:
    """Wait until both are told that a file has arrived."""
    sender.sees(f"{path.name} to {receiver.name}: {receiver.name} has it, SHA-256 checked")
    receiver.sees(f"{path.name} from {sender.name}: saved as", "SHA-256 checked")
