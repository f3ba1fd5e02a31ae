"""All files of one user, both ways: the messages that are about them, and the transfers that are under way."""

from collections.abc import Callable

from sprint6_messenger.commands import FileOffer
from sprint6_messenger.inbox import Inbox
from sprint6_messenger.incoming import Incoming
from sprint6_messenger.outgoing import Outgoing
from sprint6_messenger.pending import Means
from sprint6_messenger.transfer import Transfer
from sprint6_messenger.wire import SERVER_NAME, Message, MessageType, decode_text_leniently


class Files:
    """Hears what is about files, and keeps the transfers going whenever their sockets are ready."""

    def __init__(self, means: Means, inbox: Inbox) -> None:
        self._means = means
        self._incoming = Incoming(means, inbox)
        self._outgoing = Outgoing(means)

    @property
    def transfers(self) -> list[Transfer]:
        """What is under way."""
        return self._means.transfers

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
        self._outgoing.offer(wanted)

    def answer(self, wanted: bool) -> None:
        """Answer the oldest question. Raises Usage."""
        self._incoming.answer(wanted)

    def hear(self, message: Message) -> bool:
        """Take in a message; tell whether the user has been told all that it says."""
        if message.type is MessageType.NICKNAME_INFOS:
            return self._hear_whereabouts(message)
        if message.sender == SERVER_NAME:
            self._hear_server(message)
            return False
        if heed := self._hearers.get(message.type):
            heed(message.sender or message.infos, message)
        self._tell_ends()
        return heed is not None

    def _hear_whereabouts(self, message: Message) -> bool:
        """Learn where a user is; tell whether that was asked for because of a file."""
        is_about_a_file = self._incoming.located(decode_text_leniently(message.payload))
        self._tell_ends()
        return is_about_a_file

    def _hear_server(self, message: Message) -> None:
        """Forget what the server does not pass on; its own words say why."""
        if message.type is MessageType.FILE_REQUEST:
            self._outgoing.refused(decode_text_leniently(message.payload))
        if message.type is MessageType.FILE_ACCEPT:
            self._incoming.refused()

    @property
    def _hearers(self) -> dict[MessageType, Callable[[str, Message], None]]:
        return {
            MessageType.FILE_REQUEST: self._incoming.requested,
            MessageType.FILE_ACCEPT: self._outgoing.accepted,
            MessageType.FILE_REJECT: self._rejected,
        }

    def _rejected(self, user: str, message: Message) -> None:
        """End an offer to a user; or, when he has been offered nothing, a question of his: he has left."""
        why = decode_text_leniently(message.payload)
        if not self._outgoing.rejected(user, why):
            self._incoming.withdrawn(user, why)

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
        self._incoming.lose_server()
        self._outgoing.offers.clear()

    def give_up(self) -> None:
        """End everything."""
        self._incoming.give_up()
        self._outgoing.offers.clear()
        for transfer in self.transfers:
            transfer.give_up()
        self._tell_ends()

    def _tell_ends(self) -> None:
        for transfer in list(self.transfers):
            if transfer.result:
                self.transfers.remove(transfer)
                self._means.note(transfer.result)
