"""Causes: a program dies, or never comes to life."""

import re

from grader.causes.evidence import Evidence, is_alive, is_by, newcomer_of, stopped, words_of
from grader.causes.rules import Causes
from grader.journal import STOPPED, TURNED

CAUSES = Causes()

BESIDE = "program"
"""What a program is called that a check starts besides the server and the clients, as a second server."""

TRACEBACK, INTERRUPTED = "Traceback (most recent call last)", "KeyboardInterrupt"
"""What a Python program writes when an exception ends it, and the exception that Ctrl+C raises in it."""

ELSEWHERE = re.compile(r"does not listen on port (?P<wanted>\d+); it listens on \[(?P<got>\d+)\]")
"""What is said of a server that listens on another port, and on no other."""

IN_USE = re.compile(r"already in use|j\S* utilis", re.IGNORECASE)
"""What systems say of an address that somebody has, in English and in French."""


@CAUSES.named(
    "prints-for-ever",
    "The server printed without end, and was stopped. Somewhere it goes round and round: recv returns 0, or accept "
    "fails, at once and for ever. Look at what they return, say it once (perror), and leave that loop.",
)
def prints_for_ever(seen: Evidence) -> bool:
    """Find a server that was stopped because of what it printed."""
    return any(is_by(entry, "server", STOPPED) for entry in seen.scene.entries)


@CAUSES.named(
    "no-reuseaddr",
    "After a server's end the system remembers its connections for a minute. Set SO_REUSEADDR on the "
    "listening socket before bind.",
)
def no_reuseaddr(seen: Evidence) -> bool:
    """Find a server that cannot have the port of the one before, in this scene or, where it is fixed, in another."""
    error = seen.scene.error  # with the last words of the one that never listened
    is_nowhere = "never listened" in error
    # One that did not look at what bind returned listens somewhere else.
    is_elsewhere = seen.check == "restart" and bool(ELSEWHERE.search(error))
    return (is_nowhere and bool(IN_USE.search(error))) or (stopped(seen) and (is_nowhere or is_elsewhere))


@CAUSES.named(
    "byte-order",
    "The server listens on another port: it has the two bytes of its own, turned round. On the wire the high byte "
    "comes first: htons(port) before bind, and before connect, too. (Two programs that both lack it meet.)",
)
def byte_order(seen: Evidence) -> bool:
    """Find a server that has not turned its port round where that is asked, or the first to come does not find it."""
    is_turned = any(is_by(entry, "server", TURNED) for entry in seen.scene.entries)
    is_alone = len(seen.clients()) == 1 and "connects to port" in seen.scene.expected
    return is_turned and (seen.check == "port-taken" or is_alone)


@CAUSES.named(
    "port-not-bound",
    "The server did not get its port, or did not look whether it did: check what bind and listen return, "
    "and use the port of the command line.",
)
def port_not_bound(seen: Evidence) -> bool:
    """Find a server that does not listen where it should."""
    return "does not listen" in seen.scene.error


@CAUSES.named(
    "listener-closed",
    "The server listens no longer: the listening socket has been closed, so nobody can connect any more, and accept "
    "fails at once. Close what accept has returned, which is another socket for each client.",
)
def listener_closed(seen: Evidence) -> bool:
    """Find a server that lives on without a listening socket while somebody wants to come."""
    is_deaf = is_alive(seen) and not seen.program("server").get("listens", True)
    return is_deaf and ("connects to port" in seen.scene.expected or bool(newcomer_of(seen)))


@CAUSES.named(
    "sigpipe",
    "The server wrote to a client that had gone, and the signal SIGPIPE ended it. "
    "signal(SIGPIPE, SIG_IGN) at its start, and look at what send returns.",
)
def sigpipe(seen: Evidence) -> bool:
    """Find a server that the signal has ended."""
    return seen.program("server").get("code") == -13


@CAUSES.named(
    "exception",
    "A Python program ended by an exception that nobody caught. The last line of its traceback says which, "
    "the lines above it where.",
)
def exception(seen: Evidence) -> bool:
    """Find a Python program that has ended with a traceback, unless the check wanted that, or has interrupted it."""
    is_of_people = "sees" in seen.scene.expected
    return any(
        each["code"] not in (None, 0) and TRACEBACK in (words := words_of(each)) and INTERRUPTED not in words
        for each in seen.scene.programs
        if not (is_of_people and each["name"] == BESIDE)
    )


@CAUSES.named(
    "crash",
    "A program died of a fault of its own. Compile with -g -fsanitize=address, or run it in gdb, and play the steps "
    "again: that tells where.",
)
def crash(seen: Evidence) -> bool:
    """Find a program that a fault has ended."""
    faults = (-4, -6, -7, -8, -11, -31)
    return any(each["code"] in faults for each in seen.scene.programs)
