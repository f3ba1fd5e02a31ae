"""What a rule about the cause of a failure may look at: one scene, and the same once more through a wiretap."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from grader.journal import (
    CLOSED,
    CONNECTED,
    ENDED,
    NETWORK,
    PRESSED,
    RECEIVED,
    SENT,
    SHOWN,
    SIGNALLED,
    STARTED,
    TYPED,
    Entry,
)
from grader.verdicts import SAID, Scene, quoted

FLOOD_BYTES, FLOOD_SHARE = 20_000, 20
"""A client that has said more than this, and more than so many times what it was given, says it again and again.

The widest buffer that students send for one line has 10,001 bytes; its padding is no flood.
"""

SPOKEN = re.compile(r"[^\x00-\x1f\x7f]+")
"""The first text of a message: what frames it stands before it, what the buffer held before stands behind a NUL."""

FIELDS = re.compile(rb"[\x21-\x7e][\x20-\x7e]+")
"""The texts of a message, all of them."""

WORD_LETTERS = 6
"""What is shorter may be part of another word."""

PIECE_LETTERS = 3
"""What is shorter may end any text by chance."""

RELAYING = ("s1", "s2", "s3")
"""The sprints in which each line that is typed goes to the others as it is, and to nobody else."""

TABLE = "s3"
"""The sprint in which each line goes to all others."""

PAIR = 2
"""So many have a place in sprints 1 and 2."""

TURNS = "s1"
"""The sprint in which people speak in turn, and one who leaves may end the conversation of both."""

SPOILT = ("lets through", "cuts all")
"""What a network does that joins and cuts what it had to carry."""

FOR_A_CHILD = "waits for a child"
"""What a shell does that has started a program."""

KEYS_FOR_LEAVING = ("end of input", "Ctrl+D", "Ctrl+C")
"""How the steps tell of a user who leaves without a word."""

FOR_A_LOCK = "waits for a lock that a thread holds"
"""What a thread does that waits for a lock, and certainly for nothing else."""

FOR_A_THREAD = "a thread"
"""In all that is told of a thread that waits for another, and not for something outside."""

READS_FROM = re.compile(r"waits in (?:recv|read) on the connection (\d+) - (\d+)")
"""What a thread does that reads what somebody sends; the ports of its own side, and of the other."""

AWAITED = re.compile(r"(?P<who>\w+) (?:sees|receives|ends)\b")

MISSED = re.compile(r"(?P<who>\w+) (?:sees|receives) ['\"]")


@dataclass(frozen=True)
class Evidence:
    """What a rule may look at."""

    check: str  # the check's name without its sprint, such as "after-fin"
    case: str  # which of its cases, such as "alice"; empty where there is one only
    quit: str
    scene: Scene
    tapped: Scene
    sprint: str = ""

    def program(self, name: str) -> dict[str, Any]:
        """Return how a program stood; empty if there was none of that name."""
        return next((each for each in self.scene.programs if each["name"] == name), {})

    def stood(self, name: str) -> list[dict[str, Any]]:
        """Return how a program stood, in the scene and when it was played again."""
        return [
            each for scene in (self.scene, self.tapped) for each in scene.programs if each["name"] == name
        ]

    def clients(self) -> list[dict[str, Any]]:
        """Return how all clients stood."""
        return [each for each in self.scene.programs if each["name"] not in ("server", "program")]

    def typed(self) -> list[Entry]:
        """Return what people typed, keys such as Ctrl+C among it."""
        return [entry for entry in self.scene.entries if entry.act in (TYPED, PRESSED)]

    def lines_of(self, name: str) -> set[str]:
        """Return what somebody has said: at a terminal it is typed, whatever a program makes of it."""
        acts = (TYPED,) if self.program(name) else SAID
        entries = (*self.scene.entries, *self.tapped.entries)
        return {
            entry.text.removesuffix("\\n") for entry in entries if entry.actor == name and entry.act in acts
        }

    def hears(self) -> bool:
        """Tell whether the scene was played again through a wiretap that somebody came past."""
        return any(entry.peer for entry in self.tapped.entries)

    def sent(self, scene: Scene | None = None) -> list[Entry]:
        """Return what crossed the wire."""
        entries = without_padding((scene or self.tapped).entries)
        return [entry for entry in entries if entry.act == SENT]

    def missed(self) -> tuple[str, str]:
        """Return who should have seen what."""
        found = MISSED.search(self.scene.expected)
        return (found["who"], quoted(self.scene.expected)) if found else ("", "")

    def awaited(self) -> list[dict[str, Any]]:
        """Return how the client stood of which something was expected; all of them where it was of none."""
        found = AWAITED.match(self.scene.expected)
        one = [each for each in self.clients() if found and each["name"] == found["who"]]
        return one or self.clients()

    def due_to_end(self) -> str:
        """Return who should have ended; empty where it is something else that was missed."""
        found = AWAITED.match(self.scene.expected)
        return found["who"] if found and found[0].endswith(" ends") else ""

    def has_received(self, name: str) -> bool:
        """Tell whether a raw connection has received anything, also what it should not have."""
        came = any(entry.act == RECEIVED and entry.actor == name for entry in self.scene.entries)
        is_wanting = f"{name} receives " in self.scene.expected
        return came or (is_wanting and bool(quoted(self.scene.got)))

    def flooders(self) -> set[str]:
        """Return the clients that have sent far more than anybody gave them to send."""
        return {name for each in self.clients() if self.has_flooded(name := each["name"])}

    def has_flooded(self, name: str) -> bool:
        """Tell whether a client has sent far more than was typed at it."""
        return is_flood(self._size(name, SENT), self._size(name, TYPED))

    def prints_for_ever(self, name: str) -> bool:
        """Tell whether a client has shown far more than was typed at it and came to it on the wire."""
        came = sum(entry.size for entry in self.sent() if entry.peer == name)
        return self.hears() and is_flood(self._size(name, SHOWN), self._size(name, TYPED) + came)

    def _size(self, name: str, act: str) -> int:
        return sum(entry.size for entry in self.tapped.entries if is_by(entry, name, act))

    def somebody_left(self) -> bool:
        """Tell whether somebody had left before it failed."""
        return any(is_departure(entry) for entry in self.scene.entries)


def is_flood(size: int, given: int) -> bool:
    """Tell whether so many bytes are far more than anybody gave a client to say."""
    return size > FLOOD_BYTES + FLOOD_SHARE * given


def is_by(entry: Entry, name: str, act: str) -> bool:
    """Tell whether somebody has done this."""
    return (entry.actor, entry.act) == (name, act)


def without_padding(entries: Sequence[Entry]) -> list[Entry]:
    """Return entries without what a buffer held behind a line that was sent with all of it."""
    pairs = zip((None, *entries), entries, strict=False)
    return [entry for before, entry in pairs if before is None or not is_padding(entry, before)]


def is_padding(entry: Entry, before: Entry) -> bool:
    """Tell whether what was sent begins with the NUL behind a line, which the wiretap has shown by itself."""
    follows = entry.act == SENT and entry.kind == before.kind
    return follows and before.data.endswith(b"\n") and entry.data.startswith(b"\x00")


def without_names(scene: Scene) -> Scene:
    """Return a scene with NULs for the name that stands, in a field of its own, before a text on the wire."""
    names = {each["name"] for each in scene.programs}
    return replace(scene, entries=tuple(without_name(entry, names) for entry in scene.entries))


def without_name(entry: Entry, names: Collection[str]) -> Entry:
    """Return an entry without the name that a NUL ends before another text, nor what is before it."""
    fields = list(FIELDS.finditer(entry.data)) if entry.act == SENT else []
    bounded = [field for field in fields[:-1] if entry.data[field.end()] == 0]
    ends = [field.end() for field in bounded if field[0].decode() in names]
    return replace(entry, data=bytes(ends[0]) + entry.data[ends[0] :]) if ends else entry


def spoken(entry: Entry) -> str:
    """Return the first text of what was sent, in which there are no names any more."""
    found = SPOKEN.search(entry.data.decode(errors="ignore"))
    return found[0] if found else ""


def is_departure(entry: Entry) -> bool:
    """Tell whether somebody leaves with this, or is taken away by the network."""
    if entry.actor == NETWORK:
        return entry.act.startswith(("breaks ", "ends "))
    return entry.actor != "server" and entry.act in (ENDED, SIGNALLED, CLOSED)


def words_of(program: dict[str, Any]) -> str:
    """Return what a program has written: at a terminal its last words stand on the screen."""
    return "\n".join([*program["words"], *program["shown"].values()])


def stopped(seen: Evidence) -> bool:
    """Tell whether somebody has ended the server."""
    return any(entry.actor == "server" and entry.act == SIGNALLED for entry in seen.scene.entries)


def first_departure(seen: Evidence) -> int:
    """Return the place of the first departure among the entries; 0 where nobody has left."""
    return next((n for n, entry in enumerate(seen.scene.entries) if is_departure(entry)), 0)


def newcomer_of(seen: Evidence) -> str:
    """Return the last who has come after somebody had left."""
    entries = seen.scene.entries
    left = first_departure(seen) or len(entries)
    newcomers = [
        entry.actor
        for entry in entries[left:]
        if entry.act in (STARTED, CONNECTED) and entry.actor != "server"
    ]
    return newcomers[-1] if newcomers else ""


def is_alive(seen: Evidence) -> bool:
    """Tell whether there is a server, and it has not ended."""
    server = seen.program("server")
    return bool(server) and server["code"] is None


def is_line(entry: Entry) -> bool:
    """Tell whether somebody has typed a line that is no short word, and no name, which may open each line."""
    return entry.act == TYPED and len(entry.text) >= WORD_LETTERS and entry.text != entry.actor


def says(name: str, text: str, entries: Sequence[Entry]) -> bool:
    """Tell whether somebody's client sends a text."""
    return any(entry.actor == name and is_sending(entry, text) for entry in entries)


def is_sending(entry: Entry, text: str) -> bool:
    """Tell whether this sends a text."""
    return entry.act == SENT and text in entry.text


def misses_old_line(seen: Evidence, newcomer: str) -> bool:
    """Tell whether the server has taken somebody in who misses a line that was said before: that line is lost."""
    text, entries = seen.missed()[1].removesuffix("\\n"), seen.scene.entries
    came = next((n for n, entry in enumerate(entries) if entry.actor == newcomer), len(entries))
    said = any(entry.act in SAID and text in entry.text for entry in entries[:came])
    return bool(text) and said and not seen.program("server")["waiting"]


def is_line_to_see(seen: Evidence) -> bool:
    """Tell whether somebody should have seen a line, which the server passes on as it is."""
    return seen.sprint in RELAYING and "sees" in seen.scene.expected and len(seen.missed()[1]) >= WORD_LETTERS


def is_shown_in_pieces(seen: Evidence) -> bool:
    """Tell whether the line that is missed is shown piece by piece, whatever stands in front of each."""
    who, text = seen.missed()
    shown = [entry.text.strip() for entry in seen.tapped.entries if is_by(entry, who, SHOWN)]
    return is_line_to_see(seen) and any(
        is_in_pieces(text, shown[place:]) for place in range(len(shown)) if text not in shown[place]
    )


def is_in_pieces(line: str, shown: Sequence[str]) -> bool:
    """Tell whether texts, one right behind the other, end with the pieces of a line; the first has letters enough."""
    rest, least = line, PIECE_LETTERS
    for text in shown:
        size = next((size for size in range(len(rest), least - 1, -1) if text.endswith(rest[:size])), 0)
        rest, least = rest[size:], 1
        if not size or not rest:
            return not rest
    return False


def behind_sending(seen: Evidence, text: str) -> Sequence[Entry]:
    """Return the last sending of a text to the server, and all that came behind it; nothing if it was not sent."""
    entries = seen.tapped.entries
    came = [
        place for place, entry in enumerate(entries) if entry.peer == "server" and is_sending(entry, text)
    ]
    return entries[came[-1] :] if came else ()


def spread(seen: Evidence, text: str) -> tuple[str, set[str]]:
    """Return whose client has sent a text last, and to whom the server has sent it since."""
    behind = behind_sending(seen, text)
    reached = {entry.peer for entry in behind if is_by(entry, "server", SENT) and text in spoken(entry)}
    return (behind[0].actor if behind else ""), reached


def is_spoilt(seen: Evidence) -> bool:
    """Tell whether the network has joined or cut anything before it failed."""
    return any(is_spoiling(entry) for entry in seen.scene.entries)


def is_spoiling(entry: Entry) -> bool:
    """Tell whether the network joins or cuts here what it carries."""
    return entry.actor == NETWORK and entry.act.startswith(SPOILT)


def leavers(seen: Evidence) -> set[str]:
    """Return who has left by a word or a key, or has lost the connection."""
    words = (seen.quit, *KEYS_FOR_LEAVING)
    lost = [entry.act for entry in seen.scene.entries if entry.actor == NETWORK and is_departure(entry)]
    return {entry.actor for entry in seen.typed() if entry.text in words} | {
        each["name"] for each in seen.clients() for act in lost if each["name"] in re.findall(r"\w+", act)
    }


def waits_only(client: dict[str, Any], what: str) -> bool:
    """Tell whether all threads of a client that wait for anything but another thread wait for one thing."""
    waits = [wait for wait in client["threads"] if wait != FOR_A_CHILD and FOR_A_THREAD not in wait]
    return bool(waits) and all(what in wait for wait in waits)


def is_at_keyboard(client: dict[str, Any]) -> bool:
    """Tell whether a client waits for what its user types."""
    return any("keyboard" in wait for wait in client["threads"])


def leaves_unread(client: dict[str, Any], seen: Evidence) -> bool:
    """Tell whether a client at its keyboard has not read what has arrived: all of the line that is missed, if any."""
    size = len(seen.missed()[1].removesuffix("\\n")) or 1
    return bool(client["unread"] >= size) and is_at_keyboard(client)
