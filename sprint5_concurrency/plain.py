"""The client without a terminal: plain lines from one pipe and to another, for programs that talk to the room.

    keyboard --+                            +--> stdout    name: text
               +-- poll --- conversation ---+
    server   --+                            +--> server    MSG text

One thread waits for both, as `poll_loop` does for a hundred. Typed lines are read only while nothing is unsent:
whoever types faster than the network waits, and no memory fills.
"""

from common.connection import Connection
from common.farewell import FAREWELL_SECONDS, Farewell, take_leave
from common.lines import BadLine
from common.sockets import connect
from common.stop import POLLIN, Failure, Source, Stop, wait_ready
from common.terminal import Keyboard, complain, write_unless_stopped
from sprint5_concurrency.conversation import Conversation, End, Leave, Message, Note, Send
from sprint5_concurrency.link import find_again, interest


def converse(host: str, port: int, reconnect: bool, stop: Stop) -> None:
    """Take part until the user or the server ends it. Raises Failure."""
    talk = Talk(stop)
    connection = connect(host, port, stop)
    talk.note(f"connected to {connection.peer}; the first line is your name")
    while talk.goes_on(connection):
        if not reconnect:
            raise Failure("server lost: it closed the connection")
        talk.note("server lost: it closed the connection")
        connection = find_again(host, port, stop, talk.note)
        talk.note(f"connected to {connection.peer}")


class Talk:
    """What is typed and what arrives, over one connection after another."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._keyboard = Keyboard()
        self._conversation = Conversation()
        self._over = False  # somebody has ended the conversation
        self._farewell: Farewell | None = None  # all is typed and sent; the server may still answer

    def note(self, text: str) -> None:
        """Print one line of the program's own. Raises Failure."""
        self._say(f"* {text}")

    def goes_on(self, connection: Connection) -> bool:
        """Talk over a connection until it is lost; False when that was the end anyway. Raises Failure."""
        with connection:
            if greeting := self._conversation.greeting():
                connection.post(greeting)
            while not (self._over or connection.ended or self._seconds_left() == 0):
                self._take_turn(connection)
            if self._over:
                take_leave([connection], hurried=self._stop.signal_number)
        if self._farewell and self._is_nameless():
            raise Failure(f"name refused: {self._conversation.refusal}")
        return not self._over and not self._farewell

    def _take_turn(self, connection: Connection) -> None:
        ready = wait_ready(self._interests(connection), self._seconds_left())
        connection.flush()
        connection.read()
        self._hear(connection)
        if self._keyboard in ready:
            self._keyboard.read()
        self._type(connection)
        if self._farewell:
            self._farewell.renew(connection in ready, connection.unsent)
        self._over = self._over or self._stop in ready

    def _interests(self, connection: Connection) -> dict[Source, int]:
        interests: dict[Source, int] = {self._stop: POLLIN, connection: interest(connection)}
        if not connection.outbox and not self._keyboard.ended:
            interests[self._keyboard] = POLLIN
        return interests

    def _hear(self, connection: Connection) -> None:
        try:
            while not self._over and (line := connection.inbox.take()) is not None:
                self._show(self._conversation.heard(line))
        except BadLine as bad:
            raise Failure(f"server lost: {bad}") from None

    def _show(self, heard: Message | Note | End) -> None:
        match heard:
            case Message(name, text):
                self._say(f"{name}: {text}")
            case Note(lines):
                for line in lines:
                    self.note(line)
            case End(reason, is_failure):
                self._over = True
                if is_failure:
                    raise Failure(reason)
                self.note(reason)

    def _say(self, line: str) -> None:
        write_unless_stopped(f"{line}\n", self._stop)

    def _type(self, connection: Connection) -> None:
        while self._keyboard.inbox and not connection.outbox and not self._over:
            try:
                self._obey(self._conversation.typed(self._keyboard.inbox.take() or ""), connection)
            except BadLine as bad:
                complain(f"not sent: {bad}")
        if self._keyboard.ended and not self._keyboard.inbox and not connection.outbox:
            self._finish(connection)

    def _obey(self, typed: Send | Note | Leave | None, connection: Connection) -> None:
        match typed:
            case Send(line):
                connection.post(line)
            case Note():
                self._show(typed)
            case Leave():
                self._over = True

    def _finish(self, connection: Connection) -> None:
        """Say that nothing more will come, and listen for a moment: it may be an answer to the last line."""
        if not self._farewell:
            connection.finish_sending()
            self._farewell = Farewell(self._stop.signal_number, FAREWELL_SECONDS, FAREWELL_SECONDS)

    def _seconds_left(self) -> float | None:
        return self._farewell.seconds_left if self._farewell else None

    def _is_nameless(self) -> bool:
        return bool(self._conversation.refusal) and not self._conversation.name
