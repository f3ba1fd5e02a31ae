r"""The client of sprint 6: one thread that polls the keyboard, the server, and the files under way.

    keyboard --\                       /--> server
    server   ---+--> poll() --> decide +---> screen
    files    --/                       \--> files

The former clients had a thread for each thing to wait for. Here one thread waits for all of them at once, and so
must never wait for one: what it reads has come, what it cannot send yet stays in an outbox.
"""

import argparse
import time
from pathlib import Path

from common.arguments import client_arguments, whole_number
from common.lines import BadLine
from common.program import run_client
from common.stop import POLLIN, POLLOUT, Failure, Source, Stop, wait_ready
from sprint6_messenger.commands import NO, YES, FileOffer, Order, Usage, help_lines, understand
from sprint6_messenger.conversation import CHANNEL_CHANGES, EXIT, Conversation
from sprint6_messenger.files import Files
from sprint6_messenger.inbox import Inbox
from sprint6_messenger.link import Link, connect
from sprint6_messenger.pending import Means
from sprint6_messenger.seat import Seat, take_seat
from sprint6_messenger.transfer import Transfer
from sprint6_messenger.wire import BadMessage, LostStream, Message

MAX_FILE_BYTES = 100 * 1024 * 1024
"""The largest file that is sent or taken, unless the command line says otherwise."""

MOST_FILE_BYTES = 2**31 - 1
"""The largest that the wire can announce."""

UNSENT_BYTES = 64 * 1024
"""With so much waiting for the server, the keyboard waits too: a book that is pasted needs no more memory."""


def main(stop: Stop) -> None:
    """Take part in a conversation until its user or the server ends it."""
    parser = client_arguments()
    parser.add_argument(
        "--inbox", type=Path, default=Path("inbox"), metavar="DIR", help="where files are saved"
    )
    parser.add_argument("--max-file", type=file_bytes, default=MAX_FILE_BYTES, metavar="BYTES")
    arguments = parser.parse_args()
    with connect(arguments.host, arguments.port, stop) as link, take_seat(stop) as seat:
        seat.screen.note(f"connected to {link.peer}; take a name with /nick NAME, see all with /help")
        Client(link, seat, stop, arguments).run()


def file_bytes(word: str) -> int:
    """Return the size of a file; its length travels in 31 bits. Raises ArgumentTypeError."""
    return whole_number(word, 0, MOST_FILE_BYTES)


class Client:
    """What one user types, what he is sent, and his files."""

    def __init__(self, link: Link, seat: Seat, stop: Stop, arguments: argparse.Namespace) -> None:
        self._link = link
        self._keyboard = seat.keyboard
        self._screen = seat.screen
        self._stop = stop
        self._conversation = Conversation()
        means = Means("", link, arguments.max_file, self._send, self._screen.note)
        self._files = Files(means, Inbox(arguments.inbox))
        self._is_leaving = False
        self._loss = "server lost: it closed the connection"

    def run(self) -> None:
        """Live until the user leaves, or the server does; files that are under way then come to their end."""
        self._screen.prompt()
        while not self._is_over():
            self._wait()
            self._take_lines()
        self._files.give_up()
        is_lost = self._link.ended and not self._user_has_left()
        if not self._link.ended:
            self._leave()
        last_word = self._conversation.last_word
        if last_word != EXIT and (last_word or is_lost):
            raise Failure(last_word or self._loss)

    def _is_over(self) -> bool:
        if self._stop.is_set():
            return True
        if self._link.ended:
            return self._is_leaving or not self._files.transfers
        return self._user_has_left() and not self._link.outbox

    def _user_has_left(self) -> bool:
        keyboard = self._keyboard
        return self._stop.is_set() or self._is_leaving or (keyboard.ended and not keyboard.inbox)

    def _wait(self) -> None:
        """Wait for whatever comes first, and deal with all that is there."""
        ready = wait_ready(self._interests(), self._patience())
        if self._keyboard in ready:
            self._keyboard.read()
        if self._link in ready:
            self._link.flush()
            self._hear()
        for transfer, events in ready.items():
            if isinstance(transfer, Transfer):
                self._files.proceed(transfer, events)
        self._files.expire(time.monotonic())

    def _interests(self) -> dict[Source, int]:
        interests: dict[Source, int] = {self._stop: POLLIN}
        if self._keyboard.wants_reading:
            interests[self._keyboard] = POLLIN
        if not self._link.ended:
            interests[self._link] = POLLIN | (POLLOUT if self._link.outbox else 0)
        interests.update({transfer: transfer.events for transfer in self._files.transfers})
        return interests

    def _patience(self) -> float | None:
        """Return for how many seconds nothing need be done unless something comes."""
        times = [until for until in (self._files.until, self._keyboard.until) if until is not None]
        return min(times) - time.monotonic() if times else None

    def _take_lines(self) -> None:
        """Do what was typed, as far as the server takes it and the last answer allows."""
        while self._keyboard.has_line and not self._is_leaving and len(self._link.outbox) < UNSENT_BYTES:
            try:
                self._do(self._keyboard.inbox.take() or "")
            except (BadLine, BadMessage, Usage) as wrong:
                self._screen.complain(f"not sent: {wrong}")
            self._screen.prompt()

    def _do(self, line: str) -> None:
        """Do what one line asks for. Raises Usage."""
        answer = line.strip().casefold()
        if not answer:  # blanks say nothing
            return
        if self._files.is_asking and answer in YES + NO:
            self._files.answer(answer in YES)
            return
        action = understand(line, self._conversation.channel)
        if action is Order.LEAVE:
            self._is_leaving = True
        elif action is Order.HELP:
            for each in help_lines():
                self._screen.note(each)
        elif self._link.ended:
            raise Usage("the server has gone")
        elif isinstance(action, FileOffer):
            self._files.offer(action)
        else:
            self._send(action)

    def _send(self, message: Message) -> None:
        """Send a message, under the user's name."""
        self._link.post(self._conversation.say(message))
        if message.type in CHANNEL_CHANGES:
            self._keyboard.hold()

    def _hear(self) -> None:
        """Show what has come; a server that says its last word, or nonsense, is not listened to any more."""
        for found in self._link.read():
            if isinstance(found, BadMessage):
                self._screen.note(f"the server sent what is no message: {found}")
                if isinstance(found, LostStream):
                    self._link.ended, self._loss = True, f"server lost: {found}"
            elif not self._files.hear(found):
                self._show(found)
        if self._conversation.last_word == EXIT:
            self._link.ended = True
        if self._link.ended:
            self._lose_server()

    def _show(self, message: Message) -> None:
        for line in self._conversation.hear(message):
            (self._screen.note if line.is_note else self._screen.show)(line.text)
        self._files.is_called(self._conversation.name)
        if not self._conversation.is_undecided:
            self._keyboard.release()

    def _lose_server(self) -> None:
        self._files.lose_server()
        if self._files.transfers:
            self._screen.note("the server has gone; the files that are under way go on")

    def _leave(self) -> None:
        """Close our side, and show what the server still answers until it closes too."""
        for _words in self._link.last_words(self._stop):
            self._hear()


if __name__ == "__main__":
    run_client(main)
