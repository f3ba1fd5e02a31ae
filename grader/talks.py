"""What people say to each other while a trace is made: the conversation of each sprint.

Each takes the people as they come, lets them type what the course text lets users type, and waits for what others
see of it. Whose programs they are is not known here: what is looked for is a word anywhere on a terminal.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grader.actors import Client
from grader.contract import FILE_NAME, Contract
from grader.direction import Cutter, line_cutter
from grader.messages import MessageCutter

PAIR, ROOM = ("alice", "bob"), ("alice", "bob", "carol")

GREETING = "ici {name}"
"""What each newcomer of a room says first; another line for each, since some programs show one's own lines, too."""

LINES = ("bonjour", "salut", "ca va ?", "oui, merci")

MESSAGES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("carol", "/who", {"carol": "alice"}),
    ("alice", "/msgall bonjour", {"bob": "bonjour", "carol": "bonjour"}),
    ("bob", "/msg alice salut", {"alice": "salut"}),
    ("alice", "/create cuisine", {"alice": "cuisine"}),
    ("bob", "/join cuisine", {"bob": "cuisine"}),
    ("alice", "on mange ?", {"bob": "on mange ?"}),
    ("alice", f"/send bob {FILE_NAME}", {"bob": FILE_NAME}),
    ("bob", "n", {}),  # a file that is wanted would not cross the server
    ("bob", "/msg carol a demain", {"carol": "a demain"}),
)
"""Who types what and who sees what of it, where there is more to type than text: one milestone after the other."""

People = Iterator[Client]
"""People as they come, each once the one before is there."""


@dataclass(frozen=True)
class Talk:
    """The conversation of one sprint: who takes part, what happens, and how their wire is cut into entries."""

    names: tuple[str, ...]
    play: Callable[[People, Contract], Client]  # returns who leaves then
    login: tuple[str, ...] = ()  # what each types first, where the contract does not say
    make_cutter: Callable[[], Cutter] = line_cutter


def talk_in_turn(newcomers: People, contract: Contract) -> Client:
    """Let two speak one after the other. Raises Unseen."""
    return take_turns(list(newcomers), contract)


def talk_in_room(newcomers: People, contract: Contract) -> Client:
    """Let each newcomer greet: nothing else shows that the server knows him. Then as two would. Raises Unseen."""
    people: list[Client] = []
    for newcomer in newcomers:
        say(newcomer, GREETING.format(name=newcomer.name), people)
        people.append(newcomer)
    return take_turns(people, contract)


def take_turns(people: list[Client], contract: Contract) -> Client:
    """Let people speak one after the other, all others hearing it; return whose turn it is then. Raises Unseen."""
    speakers = people if contract.first == 1 else people[::-1]
    for number, line in enumerate(LINES):
        say(speakers[number % len(speakers)], line, people)
    return speakers[len(LINES) % len(speakers)]


def say(speaker: Client, line: str, people: list[Client]) -> None:
    """Let one say a line, and all others see it. Raises Unseen."""
    speaker.types(line)
    for hearer in people:
        if hearer is not speaker:
            hearer.sees(line)


def talk_by_commands(newcomers: People, _contract: Contract) -> Client:
    """Let people with names use the commands of the messenger. Raises Unseen."""
    people = {newcomer.name: newcomer for newcomer in newcomers}
    for speaker, line, seen in MESSAGES:
        people[speaker].types(line)
        for hearer, text in seen.items():
            people[hearer].sees(text)
    return people["bob"]


TALKS = {
    1: Talk(PAIR, talk_in_turn),
    2: Talk(PAIR, talk_in_turn),
    3: Talk(ROOM, talk_in_room),
    4: Talk(ROOM, talk_in_room),
    5: Talk(ROOM, talk_in_room),
    6: Talk(ROOM, talk_by_commands, login=("/nick {name}",), make_cutter=MessageCutter),
}
"""By the number of the sprint."""
