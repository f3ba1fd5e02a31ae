"""What the launch scripts of a submission tell: `./server -p 4444 &`, `lancer_serveur.sh 4444`."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

PORT, HOST, PLACE, NAME = "{port}", "{host}", "{place}", "{name}"

PARAMETER = re.compile(r"\$\{?([1-9])\b")
ALL_PARAMETERS = re.compile(r"\$[@*]")
LITERAL = re.compile(r"'[^']*'")
REDIRECTION = re.compile(r"(?:(?<!\S)\d)?[<>]+&?[ \t]*[^\s;&|<>()]*")

WORD_OF_PORT = re.compile(r"\d{4,5}|\$\{?\w*port\w*(?::?-\d+)?\}?", re.IGNORECASE)
WORD_OF_HOST = re.compile(
    r"localhost|`hostname`|[\d.]{7,15}|\$\{?\w*(?:host|ip|addr)\w*(?::?-[\w.]+)?\}?", re.IGNORECASE
)

COMPILING = {"gcc", "cc", "g++", "c++", "clang", "clang++", "make", "cmake", "javac"}

PREPARING = {
    "cd",
    "echo",
    "exit",
    "export",
    "mkdir",
    "rm",
    "cp",
    "mv",
    "set",
    "chmod",
    "test",
    "[",
    "[[",
    "sleep",
}
"""Words that start no program that stays."""

KEYWORDS = {"if", "then", "else", "elif", "fi", "do", "done", "while", "for", "{", "}", "!"}

ASSIGNED = re.compile(r"\w+=.*", re.DOTALL)


def commands_in(script: str) -> Iterator[list[str]]:
    """Yield the words of each command of a script, without redirections; those within quotes, too."""
    for line in re.sub(r"\\\n", " ", script).split("\n"):
        for command in commands_of_line(line):
            yield command
            for word in command:
                if " " in word:
                    yield from commands_of_line(word)


def commands_of_line(line: str) -> Iterator[list[str]]:
    """Yield the words of each command of a line; none of a line that ends within quotes."""
    lexer = shlex.shlex(REDIRECTION.sub("", line), posix=True, punctuation_chars="();|&")
    lexer.whitespace_split = True
    try:
        words = [*lexer]
    except ValueError:
        return
    command: list[str] = []
    for word in [*words, ";"]:
        if not set(word) <= set("();|&") or not word:
            command.append(word)
        elif command:
            yield command
            command = []


def first_word(command: list[str]) -> str:
    """Return the name of the program that a command starts; empty if it starts none."""
    words = (word for word in command if word not in KEYWORDS and not ASSIGNED.fullmatch(word))
    return Path(next(words, "")).name


def starts_something(script: str) -> bool:
    """Tell whether a script does more than compile."""
    names = {first_word(command) for command in commands_in(script)} - {""}
    return not names & COMPILING or bool(names - COMPILING - PREPARING)


def interpreter_of(script: str) -> str:
    """Return what a script is started with: what its first line says, else sh."""
    found = re.match(r"#![ \t]*\S*/(?:env[ \t]+(?:-S[ \t]+)?)?([\w.+-]+)", script)
    return found[1] if found else "sh"


def parameters_of(script: str, *, is_server: bool) -> list[str]:
    """Return what a launch script is started with, by how many parameters it uses."""
    text = LITERAL.sub("", script)
    names = [PORT] if is_server else [HOST, PORT, PLACE]
    if ALL_PARAMETERS.search(text):
        return names[:2]
    count = max(map(int, PARAMETER.findall(text)), default=0)
    return [PORT] if count == 1 else names[:count]


def launched(name: str, scripts: list[str]) -> list[str]:
    """Return what stands behind a program in a launch script, with host and port in their places."""
    for command in (command for script in scripts for command in commands_in(script)):
        names = [Path(word).name for word in command]
        if name in names and names[0] not in COMPILING:
            words = in_their_places(command[names.index(name) + 1 :])
            if PORT in words:
                return words
    return []


def in_their_places(words: list[str]) -> list[str]:
    """Return words of a launch script as a contract says them; none for what only a shell can know."""
    placed = [in_its_place(word) for word in words]
    unknown = {place for place, word in enumerate(placed) if re.search(r"[$`]", word)}
    without = unknown | {place - 1 for place in unknown if place and placed[place - 1].startswith("-")}
    return [word for place, word in enumerate(placed) if place not in without]


def in_its_place(word: str) -> str:
    """Return what a word of a launch script stands for."""
    if WORD_OF_PORT.fullmatch(word):
        return PORT
    return HOST if WORD_OF_HOST.fullmatch(word) else literal(shlex.quote(word))


def literal(text: str) -> str:
    """Return a text as a command of a contract says it, where braces have a meaning."""
    return text.replace("{", "{{").replace("}", "}}")
