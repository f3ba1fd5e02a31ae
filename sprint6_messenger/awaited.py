"""Whether those are still there whose files are awaited. No input or output but a look at who has called.

    NICKNAME_INFOS alice  --->
    FILE_ACCEPT alice     --->
                          <---  alice connected since ... port number 50000     she will call
    NICKNAME_INFOS alice  --->
                          <---  user alice does not exist                       nobody will

A connection that breaks is noticed by both ends; one that never comes by none, and to the server an offer is over
as soon as it is accepted. But the server tells whoever asks who is here: so ask it, until the sender has called.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from socket import socket

from common.stop import POLLIN, wait_ready
from sprint6_messenger.transfer import Transfer, in_seconds
from sprint6_messenger.wire import Message, MessageType

AGAIN_SECONDS = 1.0
"""How often the server is asked. A sender mostly calls at once; then it never is."""

WHEREABOUTS = re.compile(
    r"(\S+) connected since \S+ with IP address \[?([0-9A-Fa-f:.]+)\]?(?: and port number ([0-9]+))?"
)


@dataclass(frozen=True)
class Whereabouts:
    """What the server says of a user, by the key of his name. No host: he is not here under that name."""

    key: str
    host: str = ""
    port: str = ""


def whereabouts_in(text: str) -> Whereabouts:
    """Return of whom a server speaks, and where he is."""
    if found := WHEREABOUTS.match(text):
        return Whereabouts(found[1].casefold(), found[2], found[3] or "")
    return Whereabouts(text.removeprefix("user ").partition(" ")[0].casefold())


@dataclass
class Sender:
    """Somebody who is to call: where he was, where he calls, and when to ask for him again."""

    user: str
    whereabouts: Whereabouts
    listener: socket
    transfer: Transfer
    until: float
    is_asked_for: bool = False

    @property
    def is_waited_for(self) -> bool:
        """Whether he has not called yet: behind whom it was for, a listener is closed."""
        return self.listener.fileno() >= 0 and not wait_ready({self.listener: POLLIN}, 0)


class Awaited:
    """All senders who have not called yet, or whom an answer of the server is still about."""

    def __init__(self, post: Callable[[Message], None]) -> None:
        self._post = post
        self._senders: list[Sender] = []

    @property
    def deadlines(self) -> list[float]:
        """When somebody is to be asked for."""
        return [sender.until for sender in self._to_ask_for()]

    def _to_ask_for(self) -> list[Sender]:
        return [sender for sender in self._senders if sender.is_waited_for and not sender.is_asked_for]

    def begin(self, user: str, whereabouts: Whereabouts, listener: socket, transfer: Transfer) -> None:
        """Watch for a sender who is here; of one who is not, nothing can be learnt."""
        if whereabouts.host:
            self._senders.append(Sender(user, whereabouts, listener, transfer, in_seconds(AGAIN_SECONDS)))

    def ask(self, now: float) -> None:
        """Ask for those for whom it is time; forget those who have called."""
        self._senders = [each for each in self._senders if each.is_waited_for or each.is_asked_for]
        for sender in self._to_ask_for():
            if sender.until <= now:
                sender.is_asked_for = True
                self._post(Message(MessageType.NICKNAME_INFOS, sender.user))

    def answered(self, told: Whereabouts) -> bool:
        """Wait no longer for a sender who is not where he was; tell whether he was asked for."""
        for sender in self._senders:
            if sender.is_asked_for and sender.whereabouts.key == told.key:
                sender.is_asked_for, sender.until = False, in_seconds(AGAIN_SECONDS)
                if told != sender.whereabouts and sender.is_waited_for:
                    sender.transfer.fail(f"{sender.user} has not connected, and is not here any more")
                return True
        return False

    def end(self) -> None:
        """Ask no more: there is nobody to be asked."""
        self._senders.clear()
