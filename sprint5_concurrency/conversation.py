"""What a line means to a client, typed by its user or sent by its server. No input or output here.

    typed("salut")             --->  Send("MSG salut", ...)
    typed("/quit")             --->  Leave()
    heard("MSG bob salut")     --->  Message("bob", "salut")
    heard("ERR exit ...")      --->  End(...)

A name that is granted is granted in silence. So the client does not wait: whoever has typed a name may talk, and
a refusal that comes later asks for another.
"""

from typing import NamedTuple

from common.lines import BadLine, encode_line
from sprint5_concurrency.protocol import MSG, USER
from sprint5_concurrency.visible import visible

ERR = "ERR"

NAME_CODES = "name-"
"""How the codes begin that refuse a name."""

NAME_MISSING = "name-missing"
"""The code behind which the server closes, as nobody has given a name: the user may still be thinking."""

SERVER_FULL, EXIT = "server-full", "exit"
"""The codes behind which the server closes."""

HELP = (
    "/help      tell what can be typed",
    "/quit      leave; so do Ctrl+D on an empty line, and Ctrl+C",
    "//me       say a line that begins with a slash: /me",
    "all else   is said to everybody",
)

KNOWN_NAMES = 500
"""How many names are remembered to be completed; the first heard is forgotten first."""


class Send(NamedTuple):
    """A line for the server, and what it says in the room, where it says something."""

    line: str
    message: "Message | None" = None


class Message(NamedTuple):
    """What somebody has said; both can be shown as they are."""

    name: str
    text: str


class Note(NamedTuple):
    """What the program has to say, line by line; it can be shown as it is."""

    lines: tuple[str, ...]


class Leave(NamedTuple):
    """The user wants to go."""


class End(NamedTuple):
    """The server has ended the conversation, as servers do or because something is wrong."""

    reason: str
    is_failure: bool


class Conversation:
    """One user's part in the room: which name, and whose names have been heard."""

    def __init__(self) -> None:
        self.name = ""  # empty while one is asked for
        self.refusal = ""  # why the last one was refused
        self.is_late = False  # the server has waited for a name, and gone
        self.names: dict[str, None] = {}  # heard, the latest last

    def greeting(self) -> str | None:
        """Return the first line of a new connection, once there is a name."""
        self.is_late = False
        return f"{USER} {self.name}" if self.name else None

    def typed(self, line: str) -> Send | Note | Leave | None:
        """Return what a typed line asks for. Raises BadLine for what cannot be sent: then nothing has changed."""
        if not line:
            return None
        if line.startswith("/") and not line.startswith("//"):
            return obeyed(line)
        text = line[1:] if line.startswith("//") else line
        return self._say(text) if self.name else self._take_name(text)

    def heard(self, line: str) -> Message | Note | End:
        """Return what a line of the server means; whatever it is, it can be shown."""
        word, _space, rest = visible(line).partition(" ")
        first, _space, text = rest.partition(" ")
        if word == MSG and first:
            self._remember(first)
            return Message(first, text)
        if word == ERR and first:
            return self._refused(first, text or first)
        return Note((f"the server says: {visible(line)}",))

    def _say(self, text: str) -> Send:
        line = sendable(f"{MSG} {text}")
        return Send(line, Message(visible(self.name), visible(text)))

    def _take_name(self, name: str) -> Send:
        line = sendable(f"{USER} {name}")
        self.name = name
        return Send(line)

    def _refused(self, code: str, words: str) -> Note | End:
        if code == EXIT:
            return End("the server has ended the conversation", is_failure=False)
        if code == SERVER_FULL:
            return End(f"server full: {words}", is_failure=True)
        if code.startswith(NAME_CODES):
            self.is_late = code == NAME_MISSING
            self.name = ""
            self.refusal = words
            return Note((f"name refused: {words} ({code})",))
        return Note((f"refused: {words} ({code})",))

    def _remember(self, name: str) -> None:
        self.names.pop(name, None)
        self.names[name] = None
        if len(self.names) > KNOWN_NAMES:
            del self.names[next(iter(self.names))]


def obeyed(command: str) -> Note | Leave:
    """Return what a command asks for. Raises BadLine for one that does not exist."""
    match command.rstrip():
        case "/help":
            return Note(HELP)
        case "/quit":
            return Leave()
        case unknown:
            raise BadLine(f"there is no command {visible(unknown.split()[0])} (see /help)")


def sendable(line: str) -> str:
    """Return a line that may travel; raise BadLine for any other, one that would become two first of all."""
    encode_line(line)
    return line
