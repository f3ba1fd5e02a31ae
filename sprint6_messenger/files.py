"""All files of one user, both ways: the messages that are about them, and the transfers that are under way."""

from collections.abc import Callable
from pathlib import Path

from common.sockets import Address
from sprint6_messenger.commands import FileOffer, Usage
from sprint6_messenger.inbox import Inbox
from sprint6_messenger.incoming import Incoming
from sprint6_messenger.outgoing import Outgoing
from sprint6_messenger.pending import AT_ONCE, Means
from sprint6_messenger.transfer import Steps, Transfer
from sprint6_messenger.wire import SERVER_NAME, Message, MessageType, decode_text_leniently


class Files:
    """Hears what is about files, and keeps the transfers going whenever their sockets are ready."""

    def __init__(
        self, folder: Path, limit: int, post: Callable[[Message], None], note: Callable[[str], None]
    ) -> None:
        self.transfers: list[Transfer] = []
        self._means = Means("", limit, post, note, self._start)
        self._incoming = Incoming(self._means, Inbox(folder))
        self._outgoing = Outgoing(self._means)

    @property
    def is_asking(self) -> bool:
        """Whether a question waits for the user's answer."""
        return bool(self._incoming.questions)

    @property
    def until(self) -> float | None:
        """When something expires next, if anything does."""
        deadlines = [*self._incoming.deadlines, *self._outgoing.deadlines]
        return min((*deadlines, *(each.until for each in self.transfers)), default=None)

    def is_called(self, name: str) -> None:
        """Note the user's name."""
        self._means.me = name

    def offer(self, wanted: FileOffer) -> None:
        """Offer a file to a user. Raises Usage."""
        self._outgoing.offer(wanted, len(self.transfers))

    def answer(self, wanted: bool, family: int, address: Address) -> None:
        """Answer the oldest question. Raises Usage when too much is under way."""
        if wanted and len(self.transfers) >= 2 * AT_ONCE:
            raise Usage("too many files at once: answer when one of them is over")
        self._incoming.answer(wanted, family, address)

    def hear(self, message: Message) -> bool:
        """Take in a message; tell whether all that it says has been told."""
        if message.type is MessageType.NICKNAME_INFOS:
            return self._incoming.located(decode_text_leniently(message.payload))
        if message.type is MessageType.FILE_REQUEST and message.sender == SERVER_NAME:
            self._outgoing.refused(decode_text_leniently(message.payload))
        if message.type not in self._hearers or message.sender == SERVER_NAME:
            return False
        self._hearers[message.type](message.sender or message.infos, message)
        return True

    @property
    def _hearers(self) -> dict[MessageType, Callable[[str, Message], None]]:
        return {
            MessageType.FILE_REQUEST: self._incoming.requested,
            MessageType.FILE_ACCEPT: self._outgoing.accepted,
            MessageType.FILE_REJECT: self._outgoing.rejected,
        }

    def proceed(self, transfer: Transfer, events: int) -> None:
        """Go on with a transfer for which something is ready."""
        transfer.proceed(events)
        self._tell_ends()

    def expire(self, now: float) -> None:
        """End what has waited too long."""
        self._incoming.expire(now)
        self._outgoing.expire(now)
        for transfer in self.transfers:
            if transfer.until <= now:
                transfer.time_out()
        self._tell_ends()

    def lose_server(self) -> None:
        """Go on with what needs no server."""
        self._incoming.give_up()
        self._outgoing.offers.clear()

    def give_up(self) -> None:
        """End everything."""
        self.lose_server()
        for transfer in self.transfers:
            transfer.give_up()
        self._tell_ends()

    def _start(self, title: str, steps: Steps[str]) -> None:
        self.transfers.append(Transfer(title, steps))
        self._tell_ends()

    def _tell_ends(self) -> None:
        ended = [transfer for transfer in self.transfers if transfer.result]
        self.transfers = [transfer for transfer in self.transfers if not transfer.result]
        for transfer in ended:
            self._means.note(transfer.result)
