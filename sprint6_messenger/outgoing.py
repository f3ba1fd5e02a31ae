"""The files that this user offers to others.

/send bob photo.png      FILE_REQUEST bob  --->  server  --->  bob
connect, send    <---    FILE_ACCEPT ADDRESS:PORT             y
"""

from pathlib import Path

from sprint6_messenger.commands import FileOffer, Usage
from sprint6_messenger.pending import AT_ONCE, VALID_SECONDS, Means, Pending
from sprint6_messenger.sending import Source, place_of, send_file
from sprint6_messenger.transfer import Broken, in_seconds
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

    def offer(self, wanted: FileOffer, under_way: int) -> None:
        """Offer a file that can be read now. Raises Usage."""
        self._check(wanted.user, under_way)
        path, name = self._readable(wanted.path)
        self._means.post(Message(MessageType.FILE_REQUEST, wanted.user, name.encode()))
        self.offers.append(Pending(wanted.user, name, in_seconds(VALID_SECONDS), path))
        self._means.note(f"{name} is offered to {wanted.user}")

    def _check(self, user: str, under_way: int) -> None:
        if user.casefold() == self._means.me.casefold():
            raise Usage("you have that file already")
        if any(user.casefold() == offer.user.casefold() for offer in self.offers):
            raise Usage(f"{user} has not answered your last offer yet")
        if len(self.offers) + under_way >= AT_ONCE:
            raise Usage(f"{AT_ONCE} files at once: wait for one of them")

    def _readable(self, text: str) -> tuple[Path, str]:
        try:
            path = Path(text).expanduser()
            with Source(path, self._means.limit) as source:
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
            source = Source(offer.path, self._means.limit)
        except Broken as broken:
            self._means.note(f"{offer.name} to {user}: failed: {broken}")
            return
        steps = send_file(source, place, self._means.me, user, self._means.note)
        self._means.start(f"{offer.name} to {user}", steps)

    def rejected(self, user: str, message: Message) -> None:
        """Forget what `user` does not want."""
        offer = self._take(user)
        why = decode_text_leniently(message.payload)
        if offer:
            self._means.note(f"{user} does not take {offer.name}" + (f": {why}" if why else ""))

    def refused(self, text: str) -> None:
        """Forget the offer that the server did not pass on: the one to whom it names, or the last."""
        words = text.split()
        named = [offer for offer in self.offers if offer.user in words]
        for offer in (named or self.offers)[-1:]:
            self.offers.remove(offer)

    def expire(self, now: float) -> None:
        """Forget what nobody answered in time."""
        for offer in [each for each in self.offers if each.until <= now]:
            self.offers.remove(offer)
            self._means.note(f"{offer.user} has not answered: {offer.name} is no longer offered")

    def _take(self, user: str) -> Pending | None:
        """Take out the offer to a user; one that is alone is meant also if its user has another name by now."""
        matching = [offer for offer in self.offers if offer.user.casefold() == user.casefold()]
        if not matching and len(self.offers) == 1:
            matching = self.offers
        if not matching:
            return None
        self.offers = [offer for offer in self.offers if offer is not matching[0]]
        return matching[0]
