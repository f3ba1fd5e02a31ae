"""The files that others offer to this user: a question for each, and a port that listens for each yes.

    FILE_REQUEST alice           --->  * alice offers you the file photo.png: do you want it? (y/n)
    NICKNAME_INFOS alice         <---  y: where is she? Asked first: once she has the answer, she may leave
    FILE_ACCEPT ADDRESS:PORT     <---  listen
    ... with IP address A ...    --->  who calls from elsewhere is hung up on; who has left, waited for no more

Whoever knows the port could call first. The server sees where each user is, and nobody can lie to it about that.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from socket import socket

from common.sockets import format_address, listen_at, reason
from sprint6_messenger.awaited import Awaited, Whereabouts, whereabouts_in
from sprint6_messenger.caller import Expected
from sprint6_messenger.inbox import Inbox
from sprint6_messenger.pending import AT_ONCE, QUESTION_SECONDS, Means, Pending, is_answerable
from sprint6_messenger.receiving import receive_file
from sprint6_messenger.safe_names import safe_name
from sprint6_messenger.transfer import in_seconds
from sprint6_messenger.wire import Message, MessageType, decode_text_leniently

WHEREABOUTS_SECONDS = 1.0
"""How long to wait for the server's word on where a sender is; one that never says it must not stop the file."""


@dataclass(frozen=True)
class Accepted:
    """A question answered with yes: where we listen, and until when to wait for the sender's whereabouts."""

    question: Pending
    listener: socket
    until: float


class Incoming:
    """All questions to this user, the oldest first, and what he said yes to."""

    def __init__(self, means: Means, inbox: Inbox) -> None:
        self.questions: list[Pending] = []
        self._accepted: list[Accepted] = []
        self._awaited = Awaited(means.post)
        self._means = means
        self._inbox = inbox

    @property
    def deadlines(self) -> list[float]:
        """When something expires."""
        answers = [*(each.until for each in self.questions), *(each.until for each in self._accepted)]
        return answers + self._awaited.deadlines

    def requested(self, user: str, message: Message) -> None:
        """Ask the user whether he wants a file, once it is the oldest of those that he is asked about."""
        name = safe_name(decode_text_leniently(message.payload))
        if not is_answerable(user):
            self._means.note(f"{name} is offered by nobody who could be answered")
            return
        if len(self.questions) >= AT_ONCE:
            self._means.note(f"{user} offers {name}, which is one file too many: the offer is ignored")
            return
        self.questions.append(Pending(user, name, in_seconds(QUESTION_SECONDS)))
        if len(self.questions) == 1:
            self.ask()
        else:
            self._means.note(f"{user} offers you the file {name}, too: the questions before it come first")

    def ask(self) -> None:
        """Show the oldest question."""
        if self.questions:
            question = self.questions[0]
            self._means.note(f"{question.user} offers you the file {question.name}: do you want it? (y/n)")

    def answer(self, wanted: bool) -> None:
        """Answer the oldest question; for what is wanted, listen. Raises Usage when too much is under way."""
        if wanted:
            self._means.check_place(len(self._accepted))
        question = self.questions.pop(0)
        listener = self._listen() if wanted else None
        if listener is None:
            self._means.post(Message(MessageType.FILE_REJECT, question.user))
        else:
            place = format_address(listener.getsockname()).encode()
            self._means.post(Message(MessageType.NICKNAME_INFOS, question.user))
            self._means.post(Message(MessageType.FILE_ACCEPT, question.user, place))
            self._accepted.append(Accepted(question, listener, in_seconds(WHEREABOUTS_SECONDS)))
        self.ask()

    def _listen(self) -> socket | None:
        """Listen at a free port of the address by which we reach the server."""
        sock = self._means.server.sock
        try:
            host, _port, *others = sock.getsockname()
            return listen_at(sock.family, (host, 0, *others))
        except OSError as error:
            self._means.note(f"cannot listen for a file: {reason(error)}")
            return None

    def located(self, text: str) -> bool:
        """Learn where a sender is; tell whether that was asked for."""
        told = whereabouts_in(text)
        for accepted in self._accepted:
            if accepted.question.user.casefold() == told.key:
                self._await(accepted, told)
                return True
        return self._awaited.answered(told)

    def _await(self, accepted: Accepted, told: Whereabouts) -> None:
        """Wait for a sender to connect."""
        self._accepted.remove(accepted)
        question = accepted.question
        if not told.host:
            self._means.note(
                f"the server does not say where {question.user} is: anybody could send {question.name}"
            )
        host = seen_from_here(told.host, self._means.server.host) if told.host else ""
        expected = Expected(question.user, question.name, host, self._means.limit, self._means.me)
        steps = receive_file(accepted.listener, expected, self._inbox, self._means.note)
        transfer = self._means.start(f"{question.name} from {question.user}", steps)
        self._awaited.begin(question.user, told, accepted.listener, transfer)

    def expire(self, now: float) -> None:
        """Forget old questions; wait no longer for the server's word on where a sender is, and ask for it again."""
        for accepted in [each for each in self._accepted if each.until <= now]:
            self._await(accepted, Whereabouts(accepted.question.user.casefold()))
        self._awaited.ask(now)
        for question in [each for each in self.questions if each.until <= now]:
            self._end(question, "")

    def withdrawn(self, user: str, why: str) -> None:
        """Forget the oldest question of a user who can send nothing any more."""
        for question in [each for each in self.questions if each.user.casefold() == user.casefold()][:1]:
            self._end(question, f": {why}" if why else "")

    def _end(self, question: Pending, why: str) -> None:
        """Ask a question no longer, and the next one if it was its turn."""
        is_asked = question is self.questions[0]
        self.questions.remove(question)
        self._means.note(f"{question.name} of {question.user} is no longer offered{why}")
        if is_asked:
            self.ask()

    def refused(self) -> None:
        """Listen no longer for the file whose acceptance the server has not passed on: it came too late."""
        if self._accepted:
            self._accepted.pop(0).listener.close()

    def lose_server(self) -> None:
        """Ask nothing more; a file that is accepted can still come."""
        self.questions.clear()
        for accepted in list(self._accepted):
            self._await(accepted, Whereabouts(accepted.question.user.casefold()))
        self._awaited.end()

    def give_up(self) -> None:
        """Forget everything."""
        self.questions.clear()
        while self._accepted:
            self.refused()


def seen_from_here(host: str, server: str) -> str:
    """Return a host as the receiver sees it: who reaches the server by loopback is at the server's own address."""
    return server if is_loopback(host) and not is_loopback(server) else host


def is_loopback(host: str) -> bool:
    """Whether an address is the machine's own, for itself only; what is no address is none."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
