"""The client of sprint 1: one thread that listens to the server all the time, and to its user in turn.

    server sends   shown                 then
    1              * you are client 1    waits for its role
    emi            * your turn           reads one line of the keyboard, sends it, and listens
    rec            * their turn          listens; the next line passes the turn
    any line       < the line            its user's turn
    exit           * ...                 leaves, whatever its user is doing

One that is given `emi` may receive a line too: the last one that was sent to its place, before it came.
"""

from common.arguments import client_arguments
from common.connection import Connection
from common.farewell import take_leave
from common.lines import BadLine
from common.program import run_client
from common.sockets import connect
from common.stop import POLLIN, Failure, Source, Stop, wait_ready
from common.terminal import Keyboard, Screen, complain, printable

EMI, REC = "emi", "rec"
FIN, EXIT = "fin", "exit"

LEAVING = (FIN, EXIT)
"""What a user types to leave."""


def main(stop: Stop) -> None:
    """Take part in a conversation until its user or the server ends it."""
    arguments = client_arguments().parse_args()
    with connect(arguments.host, arguments.port, stop) as connection, Screen(stop) as screen:
        screen.note(f"connected to {connection.peer}, waiting for a place")
        Client(connection, Keyboard(), screen).take_part(stop)


class Client:
    """One user's side of the conversation."""

    def __init__(self, connection: Connection, keyboard: Keyboard, screen: Screen) -> None:
        self.connection = connection
        self.keyboard = keyboard
        self.screen = screen
        self.number = ""
        self.role = ""
        self.present = True

    def take_part(self, stop: Stop) -> None:
        """Listen, and speak in turn, until somebody ends it. Raises Failure when the server is lost."""
        while self.present and not stop.is_set():
            ready = wait_ready(self.interests(stop), seconds=0 if self.may_speak() else None)
            if self.connection in ready:
                self.listen()
            if self.keyboard in ready:
                self.keyboard.read()
            if self.present and self.may_speak():
                self.speak()
        if self.present:
            self.leave()

    def interests(self, stop: Stop) -> dict[Source, int]:
        """Return what to wait for: the keyboard only when it is our turn and nothing typed is left."""
        interests: dict[Source, int] = {stop: POLLIN, self.connection: POLLIN}
        if self.role == EMI and not self.may_speak():
            interests[self.keyboard] = POLLIN
        return interests

    def may_speak(self) -> bool:
        """Tell whether it is our turn and our user has typed a line, or typed all."""
        return self.role == EMI and (bool(self.keyboard.inbox) or self.keyboard.ended)

    def listen(self) -> None:
        """Take in what the server sent. Raises Failure when the server is lost."""
        self.connection.read()
        try:
            while self.present and (line := self.connection.inbox.take()) is not None:
                self.hear(line)
        except BadLine as bad:
            raise Failure(f"server lost: {bad}") from None
        if self.present and self.connection.ended:
            raise Failure("server lost: it closed the connection")

    def hear(self, line: str) -> None:
        """Do what one line of the server asks for."""
        if line == EXIT:
            self.screen.note("the server has ended the conversation")
            self.present = False
        elif not self.number:
            self.take_number(line)
        elif not self.role:
            self.take_role(line)
        else:
            self.screen.show(line)
            self.take_role(EMI)

    def take_number(self, number: str) -> None:
        """Keep and show our number. Raises Failure when it is none: this is no server of ours."""
        if number not in ("1", "2"):
            raise Failure(f"not a server of this sprint: expected 1 or 2, got {printable(number)!r}")
        self.number = number
        self.screen.note(f"you are client {number}, waiting for the other")

    def take_role(self, role: str) -> None:
        """Keep and show whose turn it is. Raises Failure when it is no role."""
        if role not in (EMI, REC):
            raise Failure(f"not a server of this sprint: expected {EMI} or {REC}, got {printable(role)!r}")
        if role == self.role:
            return
        self.role = role
        if role == EMI:
            self.screen.note("your turn")
            self.screen.prompt()
        else:
            self.screen.stop_prompting()
            self.screen.note("their turn")

    def speak(self) -> None:
        """Send the next line that was typed, or leave at the end of input."""
        try:
            line = self.keyboard.inbox.take()
        except BadLine as bad:
            complain(f"not sent: {bad}")
            self.screen.prompt()
            return
        if line is None or line in LEAVING:
            self.leave()
        else:
            self.connection.send_line(line)
            self.take_role(REC)

    def leave(self) -> None:
        """Say `fin` and go."""
        self.present = False
        take_leave([self.connection], FIN)


if __name__ == "__main__":
    run_client(main)
