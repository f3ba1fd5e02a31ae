"""Visitors of the messenger: raw clients that rename, talk and offer files at random, and keep what they heard."""

import random
from collections.abc import Callable

from tests.e2e.binary import Said, Type, packed, size_of_first, unpacked
from tests.races.offers import is_offer
from tests.races.visitors import Visitor
from tests.races.visits import Visit

MOST_DEEDS = 5
"""Things that one does in one piece."""

CHANNELS = ("jazz", "rock")

SHARED_NAMES = ("alice" * 8, "bob" * 13)
"""Names that everybody asks for: so long that nobody ever spells one as another did, and it is the same name yet."""

NAME_OF_ELDERS = "carol" * 8
"""One that only they ask for who stay: so whatever is said to it arrives, or is refused."""

NAMES_OF_TAKERS = ("dave" * 10, "erin" * 10)
"""Those to which files are offered; who takes one of them offers none, so nobody is told `NAME has left` for two
reasons."""

KEPT_BYTES = (0, 0, 1, 100, 300)
"""How much of a piece may come later than the rest: a part of a text, of a header, more than a message."""


class Messenger(Visitor):
    """One client of the messenger."""

    HALF = packed(Type.MSGALL, "", "nobody hears this")[:-1]

    def __init__(self, name: str, port: int, chance: random.Random) -> None:
        super().__init__(name, port, chance)
        self.asked: list[Said] = []
        self.heard: list[Said] = []
        self._is_offered_files = chance.random() < 0.5
        self._next_offer = 0  # to be answered
        self._stays = 0
        self._channel = ""  # where it believes to be
        self._not_yet_in = list(CHANNELS)  # during this stay
        self._begins_stay()
        self.sends_all_but()

    def asks(self, kind: Type, infos: str = "", text: str = "") -> None:
        """Ask for something, in the next piece."""
        self.asked.append(Said(kind, infos, text, ""))
        self.unsent += packed(kind, infos, text)

    def talks(self) -> None:
        """Do some things."""
        for _ in range(self.chance.randint(0, MOST_DEEDS)):
            self.chance.choice(DEEDS)(self)
        self.sends_all_but(self.chance.choice(KEPT_BYTES))

    def receives(self) -> None:
        """Take in what has arrived by now, message by message."""
        super().receives()
        while size := size_of_first(self.received):
            self.heard.append(unpacked(bytes(self.received[:size])))
            del self.received[:size]

    def moves_on(self) -> None:
        """Enter a channel in which it has not been since its last name; out of the last one, begin again."""
        if self._not_yet_in:
            self._channel = self._not_yet_in.pop()
            self.asks(Type.CREATE, self._channel)
            self.asks(Type.JOIN, self._channel)
        else:
            self._quits()
            self._begins_stay()

    def _quits(self) -> None:
        for channel in CHANNELS:
            self.asks(Type.QUIT, channel)
            self.asks(Type.CHANNEL, channel, self._text("nobody hears this"))
        self._channel = ""

    def _begins_stay(self) -> None:
        self._stays += 1
        self.asks(Type.NICK, f"{self.name}x{self._stays}")
        self._not_yet_in = self.chance.sample(CHANNELS, len(CHANNELS))

    def renames(self) -> None:
        """Ask for a name that others may have."""
        names = (*SHARED_NAMES, NAME_OF_ELDERS) if self.name.startswith("elder") else SHARED_NAMES
        takers = NAMES_OF_TAKERS if self._is_offered_files else ()
        self.asks(Type.NICK, self._spelled(self.chance.choice((*names, *takers * 2))))

    def says_to_one(self) -> None:
        """Say something to whoever has a name by now."""
        name = self._spelled(self.chance.choice((*SHARED_NAMES, NAME_OF_ELDERS)))
        self.asks(Type.MSG, name, self._text("to one"))

    def deals_with_files(self) -> None:
        """Offer a file, or answer an offer, as is its way."""
        if self._is_offered_files:
            self._answers()
        else:
            name = self._spelled(self.chance.choice(NAMES_OF_TAKERS))
            self.asks(Type.REQUEST, name, self._text("a file"))

    def _answers(self) -> None:
        """Answer the next offer, and ignore some; behind the last one, answer it again, or one that nobody made."""
        askers = [said.sender for said in self.heard if is_offer(said)]
        if self._next_offer < len(askers):
            name = askers[self._next_offer]
            self._next_offer += self.chance.choice((1, 1, 2))
        else:
            name = self.chance.choice((self.name, *askers[-1:]))
        text = self._text("an answer")
        self.asks(self.chance.choice((Type.ACCEPT, Type.REJECT)), self._spelled(name), text)
        self.asks(Type.ECHO, "", text)  # so the moment of the answer is heard

    def says_to_channel(self) -> None:
        """Say something to the others in its channel."""
        if self._channel:
            self.asks(Type.CHANNEL, self._channel, self._text("to the channel"))

    def says_to_all(self) -> None:
        """Say something to everybody."""
        self.asks(Type.MSGALL, "", self._text("to all"))

    def asks_who(self) -> None:
        """Ask who is there."""
        self.asks(Type.WHO)

    def asks_for_echo(self, text: str) -> None:
        """Say something to itself: when it hears that, the server has done all that it asked for before."""
        self.asks(Type.ECHO, "", text)
        self.sends_all_but()

    def has_heard(self, text: str, times: int = 1) -> bool:
        """Tell whether it has heard something so often."""
        return sum(said.text == text for said in self.heard) == times

    def _text(self, text: str) -> str:
        return f"{self.name} n° {len(self.asked)} {text}"

    def _spelled(self, name: str) -> str:
        """Return a name, its letters large or small as they have never been before."""
        return "".join(self.chance.choice((letter, letter.upper())) for letter in name)

    def visit(self) -> Visit:
        """Return what it has asked for and heard."""
        return Visit(self.name, tuple(self.asked), tuple(self.heard), self.left, self.whole)


DEEDS: tuple[Callable[[Messenger], None], ...] = (
    Messenger.moves_on,
    Messenger.renames,
    Messenger.says_to_one,
    *(Messenger.says_to_channel,) * 4,  # which it can only while it is in one
    Messenger.says_to_all,
    Messenger.asks_who,
    *(Messenger.deals_with_files,) * 3,
)
