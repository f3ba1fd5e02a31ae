"""The files that this user offers to others.

    /send bob photo.png  --->  FILE_REQUEST bob  --->  server  --->  bob
    connect, send        <---  FILE_ACCEPT ADDRESS:PORT  <---        y

Only who was asked can accept, and once: an ACCEPT out of the blue would make this program send files to anybody.
"""

from pathlib import Path

from common.sockets import Address
from sprint6_messenger.commands import FileOffer, Usage
from sprint6_messenger.pending import LATE_SECONDS, VALID_SECONDS, Means, Pending
from sprint6_messenger.sending import open_source, place_of, send_file, withdraw_file
from sprint6_messenger.transfer import Broken, Steps, in_seconds
from sprint6_messenger.wire import Message, MessageType, decode_text_leniently


class Outgoing:
    """All offers of this user that have no answer yet, the oldest first."""

    def __init__(self, means: Means) -> None:
        self.offers: list[Pending] = []
        self._means = means

    @property
    def deadlines(self) -> list[float]:
        """When the offers expire."""
        return [offer.until for offer in self.offers]

    def offer(self, wanted: FileOffer) -> None:
        """Offer a file that can be read now. Raises Usage."""
        if wanted.user.casefold() == self._means.me.casefold():
            raise Usage("you have that file already")
        self._means.check_place(len(self.offers))
        path, name = self._readable(wanted.path)
        self._means.post(Message(MessageType.FILE_REQUEST, wanted.user, name.encode()))
        self.offers.append(Pending(wanted.user, name, in_seconds(VALID_SECONDS + LATE_SECONDS), path))
        self._means.note(f"{name} is offered to {wanted.user}")

    def _readable(self, text: str) -> tuple[Path, str]:
        try:
            path = Path(text).expanduser()
            with open_source(path, self._means.limit) as source:
                return path, source.name
        except (Broken, RuntimeError) as broken:  # RuntimeError: `~` of somebody who has no home
            raise Usage(str(broken)) from None

    def accepted(self, user: str, message: Message) -> None:
        """Begin to send what `user` wants."""
        offer = self._take(user)
        if offer is None:
            self._means.note(f"{user} accepts a file that is not offered any more")
            return
        try:
            place = place_of(decode_text_leniently(message.payload))
        except Broken as broken:
            self._means.note(f"{offer.name} to {user}: failed: {broken}")
            return
        self._means.start(f"{offer.name} to {user}", self._steps(offer, place))

    def _steps(self, offer: Pending, place: tuple[int, Address]) -> Steps[str]:
        """Return how an offered file is sent; or how its receiver is told why not, if it cannot be read any more."""
        try:
            source = open_source(offer.path, self._means.limit)
        except Broken as broken:
            return withdraw_file(offer.name, place, self._means.me, str(broken))
        return send_file(source, place, self._means.me, offer.user, self._means.note)

    def rejected(self, user: str, why: str) -> bool:
        """Forget what `user` does not want; tell whether anything was offered to him."""
        offer = self._take(user)
        if offer:
            self._means.note(f"{user} does not take {offer.name}" + (f": {why}" if why else ""))
        return offer is not None

    def refused(self, text: str) -> None:
        """Forget the offer that the server did not pass on: the one to whom it names, or the last."""
        words = text.casefold().split()
        named = [offer for offer in self.offers if offer.user.casefold() in words]
        for offer in (named or self.offers)[-1:]:
            self.offers.remove(offer)

    def expire(self, now: float) -> None:
        """Forget what nobody answered in time."""
        for offer in [each for each in self.offers if each.until <= now]:
            self.offers.remove(offer)
            self._means.note(f"{offer.user} has not answered: {offer.name} is no longer offered")

    def _take(self, user: str) -> Pending | None:
        """Take out the oldest offer to a user: users are asked in order, and answer in order."""
        for offer in self.offers:
            if offer.user.casefold() == user.casefold():
                self.offers.remove(offer)
                return offer
        return None
