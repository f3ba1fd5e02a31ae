"""The client of sprint 4: it asks its user for a name; one thread reads the keyboard and sends, one more receives.

    keyboard ---> main thread ------> server      bob
    screen  <--- receiving thread <-- server      *** this name is taken
    keyboard ---> main thread ------> server      bobby
    screen  <--- receiving thread <-- server      bobby a rejoint le serveur

Each waits for one thing only, so neither holds up the other; but until a name is granted, the main thread
waits for the answer to each one: what is typed meanwhile must not be taken for a name.
"""

import sys
import threading
from queue import Empty, SimpleQueue

from common.arguments import client_arguments
from common.connection import Connection
from common.farewell import Farewell, take_leave
from common.lines import BadLine
from common.program import run_client
from common.sockets import connect
from common.stop import Failure, Stop
from common.terminal import Keyboard, Screen, complain, printable

EXIT = "exit"
"""What a user types to leave, and what the server says at its end."""

REFUSAL = "*** "
"""What stands in front of what the server has to say to this client only."""

ANSWER_SECONDS = 2.0
"""How long a name is left without an answer: some servers grant it in silence, and nobody may wait for ever."""

SILENCE_SECONDS = 1.0
"""How long a client that leaves waits for the server to send more, or to close, before it goes without."""

LOST = "server lost: it closed the connection"


def main(stop: Stop) -> None:
    """Take part in a conversation until its user or the server ends it."""
    arguments = client_arguments().parse_args()
    with connect(arguments.host, arguments.port, stop) as connection, Screen(stop) as screen:
        screen.note(f"connected to {connection.peer}; what is your name?")
        receiver = Receiver(connection, screen, stop)
        receiver.thread.start()
        keyboard = Keyboard()
        send_typed_lines(keyboard, connection, screen, stop, receiver)
        if not stop.is_set():
            receiver.hear_out()
        interrupted = stop.signal_number()
        stop.ring()
        receiver.thread.join()
        if interrupted:
            take_leave([connection], EXIT)
        elif receiver.refusal and keyboard.ended and not is_person():
            raise Failure(f"name refused: {receiver.refusal}")


def send_typed_lines(
    keyboard: Keyboard, connection: Connection, screen: Screen, stop: Stop, receiver: "Receiver"
) -> None:
    """Send what the user types, names until one is granted, until he leaves or the bell rings."""
    has_name = False
    screen.prompt()
    while keyboard.wait_for_line(stop):
        try:
            line = keyboard.inbox.take()
            if line is None or line == EXIT:
                return
            connection.send_line(line)
            has_name = has_name or receiver.grants_name()
        except BadLine as bad:
            complain(f"not sent: {bad}")
        screen.prompt()


def is_person() -> bool:
    """Tell whether a person types, who may leave without a name; a script has failed then: it was not heard."""
    return sys.stdin is not None and sys.stdin.isatty()


class Receiver:
    """The thread that shows what the server sends, and tells the main thread whether a name was granted."""

    def __init__(self, connection: Connection, screen: Screen, stop: Stop) -> None:
        self.thread = threading.Thread(target=self.show_lines)
        self.refusal = ""  # why the last name was refused, until one is granted
        self._grants: SimpleQueue[bool] = SimpleQueue()
        self._connection = connection
        self._screen = screen
        self._stop = stop
        self._has_name = False
        self._reason = LOST
        self._heard = 0
        self._leaving = False

    def show_lines(self) -> None:
        """Show what the server sends until it says `exit`; whatever else ends it is a failure."""
        try:
            self._show_until_end()
        except BadLine as bad:
            self._stop.fail(Failure(f"server lost: {bad}"))
        except Failure as failure:
            self._stop.fail(failure)
        finally:
            self._grants.put(False)  # whoever waits for a name to be granted need not any more

    def grants_name(self) -> bool:
        """Wait until the server has answered a name; tell whether it is granted."""
        try:
            return self._grants.get(timeout=ANSWER_SECONDS)
        except Empty:
            return True

    def hear_out(self) -> None:
        """Say `exit`, and go on showing until the server closes too: one's own lines come back as receipts."""
        self._leaving = True
        self._connection.send_line(EXIT)
        self._connection.finish_sending()
        farewell = Farewell(self._stop.signal_number, SILENCE_SECONDS, SILENCE_SECONDS)
        while self.thread.is_alive() and farewell.seconds_left:
            before = self._heard
            self.thread.join(farewell.seconds_left)
            farewell.renew(self._heard > before, self._connection.unsent)

    def _show_until_end(self) -> None:
        for line in self._connection:
            self._heard += 1
            if line == EXIT:
                self._screen.note("the server has ended the conversation")
                self._stop.ring()
                return
            self._screen.show(line)
            if not self._has_name:
                self._take_answer(line)
        if not self._stop.is_set() and not self._leaving:
            raise Failure(self._reason)

    def _take_answer(self, line: str) -> None:
        """Tell the main thread what becomes of its name: the notice that somebody has come grants it."""
        self._has_name = not line.startswith(REFUSAL)
        self.refusal = "" if self._has_name else printable(line.removeprefix(REFUSAL))
        self._reason = f"turned away: {self.refusal}" if self.refusal else LOST
        self._grants.put(self._has_name)


if __name__ == "__main__":
    run_client(main)
