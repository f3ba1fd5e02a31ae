"""Causes: a program dies, or never comes to life."""

import re

from grader.causes.evidence import Evidence, is_alive, is_by, newcomer_of, stopped, words_of
from grader.causes.rules import Causes
from grader.journal import CONNECTED, STOPPED, TURNED

CAUSES = Causes()

BESIDE = "program"
"""What a program is called that a check starts besides the server and the clients, as a second server."""

UNCAUGHT = re.compile(
    r"Traceback \(most recent call last\)|Exception in thread \"main\"|Unhandled 'error' event|Uncaught \w"
    r"|terminate called after throwing"
)
"""What programs in Python, Java, JavaScript and C++ write when an exception ends them."""

INTERRUPTED = "KeyboardInterrupt"
"""The exception that Ctrl+C raises in Python."""

ABORTED = -6

UNJOINED = "terminate called without an active exception"
"""What a program in C++ writes, nearly always, when a thread object goes that has a thread."""

CONNECTS = re.compile(r"(?P<who>\w+) connects to port")
"""What is expected of a client that has not been there."""

ELSEWHERE = re.compile(r"does not listen on port (?P<wanted>\d+); it listens on \[(?P<got>\d+)\]")
"""What is said of a server that listens on another port, and on no other."""

ACCEPTS_NOWHERE = re.compile(
    r"accept.*(bad file descriptor|descripteur de fichier|invalid argument|argument invalide)", re.IGNORECASE
)
"""What is said of accept on a socket that was closed, or does not listen."""

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
    "asks-for-its-port",
    "The server waits for its keyboard, where nobody types, and has not come to bind: it asks for its port. Take it "
    "from the command line (argv[1]), or let messagerie.toml answer: server = \"sh -c 'echo {port} | ./server'\".",
)
def asks_for_its_port(seen: Evidence) -> bool:
    """Find a server that listens nowhere and waits for what is typed."""
    is_nowhere = "does not listen" in seen.scene.error and not seen.program("server").get("listens", False)
    return is_nowhere and any("keyboard" in wait for wait in seen.program("server").get("threads", []))


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
    "The server listens no longer: its listening socket has been closed, so nobody can connect any more, and accept "
    "fails at once. Close what accept has returned, which is another socket for each client.",
)
def listener_closed(seen: Evidence) -> bool:
    """Find a server that lives on without a listening socket while somebody wants to come, or says why it ended."""
    server = seen.program("server")
    is_deaf = is_alive(seen) and not server.get("listens", True)
    is_over = server.get("code") not in (None, 0) and bool(ACCEPTS_NOWHERE.search(words_of(server)))
    return is_over or (is_deaf and ("connects to port" in seen.scene.expected or bool(newcomer_of(seen))))


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
    "A program ended by an exception that nobody caught. Its last words say which: in Python the last line of the "
    "traceback, elsewhere the first; the others say where.",
)
def exception(seen: Evidence) -> bool:
    """Find a program that has ended with an exception, unless the check wanted that, or has interrupted it."""
    is_of_people = "sees" in seen.scene.expected
    return any(
        each["code"] not in (None, 0)
        and UNCAUGHT.search(words := words_of(each))
        and INTERRUPTED not in words
        for each in seen.scene.programs
        if not (is_of_people and each["name"] == BESIDE)
    )


@CAUSES.named(
    "thread-not-joined",
    "A std::thread was destroyed, at the end of its block, and its thread may still run: that ends the program. Call "
    "detach() on it, or keep it somewhere until join().",
)
def thread_not_joined(seen: Evidence) -> bool:
    """Find a program in C++ that was ended because nobody cared for a thread."""
    return any(each["code"] == ABORTED and UNJOINED in words_of(each) for each in seen.scene.programs)


@CAUSES.named(
    "crash",
    "A program died of a fault of its own. Compile with -g -fsanitize=address, or run it in gdb, and play the steps "
    "again: that tells where.",
)
def crash(seen: Evidence) -> bool:
    """Find a program that a fault has ended."""
    faults = (-4, ABORTED, -7, -8, -11, -31)
    return any(each["code"] in faults for each in seen.scene.programs)


@CAUSES.named(
    "never-connected",
    "The client ended without having come to the server, which listens. Look at what connect returns, and "
    "at what it is given: the host and the port of the command line, sin_family, htons(port), sizeof the address.",
)
def never_connected(seen: Evidence) -> bool:
    """Find somebody who should connect, and whose client has ended, both times, before a server that listens."""
    found = CONNECTS.match(seen.scene.expected)
    who = found["who"] if found else ""
    stood = seen.stood(who)
    have_ended = len(stood) > 1 and all(each["code"] is not None for each in stood)
    has_come = any(is_by(entry, who, CONNECTED) for entry in seen.tapped.entries)
    is_there = is_alive(seen) and bool(seen.program("server").get("listens"))
    return have_ended and not has_come and is_there
