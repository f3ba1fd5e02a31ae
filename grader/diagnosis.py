"""The likely cause of a failure, by name: what instructors see again and again, told from what was seen.

Each rule looks at one scene, and at the same scene once more through a wiretap, and speaks only if its traces are
there. The first that speaks is believed, so rules about a program's death come before rules about its silence.
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from grader.evidence import Evidence, is_by, is_departure, spoken, without_padding
from grader.journal import (
    CONNECTED,
    ENDED,
    NETWORK,
    PRESSED,
    SENT,
    SHOWN,
    SIGNALLED,
    STARTED,
    TYPED,
    Entry,
)
from grader.verdicts import SAID, Case, quoted

BUSY_SECONDS = 0.3
"""Processor time that no server needs in a scene: whoever has used it asks again and again."""

BUSY_CLIENT_SECONDS = 0.8
"""The same for a client at rest, which may have loaded a library to draw with: that takes half a second of it."""

AGAIN = 3
"""A line that comes so often, one right behind the other, and was typed once at most, comes from a loop."""

HEAVY = ("flood", "one-way", "framing", "stalled", "crowd", "storm", "client-input")
"""Checks in which there is a lot to do."""

ECHOING = "s4"
"""The sprint in which everybody's lines come back to him: there that is no fault."""

TRACEBACK, INTERRUPTED = "Traceback (most recent call last)", "KeyboardInterrupt"
"""What a Python program writes when an exception ends it, and the exception that Ctrl+C raises in it."""

IN_A_THREAD = "Exception in thread "
"""What Python and Java write when an exception ends a thread, and not the program."""

WORD_LETTERS = 6
"""What is shorter may be part of another word."""

IN_USE = re.compile(r"already in use|j\S* utilis", re.IGNORECASE)
"""What systems say of an address that somebody has, in English and in French."""

RELAYING = ("s1", "s2", "s3")
"""The sprints in which each line that is typed goes to the others as it is, and to nobody else."""

TABLE = "s3"
"""The sprint in which each line goes to all others."""

TURNS = "s1"
"""The sprint in which one who leaves may end the conversation of both."""

SPOILT = ("lets through", "cuts all")
"""What a network does that joins and cuts what it had to carry."""

FOR_A_CHILD = "waits for a child"
"""What a shell does that has started a program."""

READS_FROM = re.compile(r"waits in (?:recv|read) on the connection .*")
"""What a thread does that reads what somebody sends."""

WRITES_TO = re.compile(r"waits in (?:send|write|sendmsg) ")
"""What a thread does whose reader does not read."""

ACTS = (TYPED, PRESSED, SIGNALLED, ENDED)
"""What shows that a client has been there."""

Rule = Callable[[Evidence], bool]

CAUSES: dict[str, tuple[Rule, str]] = {}
"""By name: who tells, and what to say."""


def cause(name: str, text: str) -> Callable[[Rule], Rule]:
    """Register a rule under the name of the cause that it finds."""

    def register(rule: Rule) -> Rule:
        CAUSES[name] = (rule, text)
        return rule

    return register


def diagnose(check: str, quit_word: str, case: Case) -> tuple[str, str]:
    """Return the name of the likely cause of a failure and a sentence on it; empty when nothing is known."""
    name = case.name.partition("[")[2].rstrip("]")
    sprint, _dash, about = check.partition("-")
    evidence = Evidence(about, name, quit_word, case.scene, case.tapped, sprint)
    for name, (rule, text) in CAUSES.items():
        if rule(evidence):
            return name, text
    return "", ""


@cause(
    "no-reuseaddr",
    "After a server's end the system remembers its connections for a minute. Set SO_REUSEADDR on the "
    "listening socket before bind.",
)
def no_reuseaddr(seen: Evidence) -> bool:
    """Find a server that cannot have the port of the one before, in this scene or, where it is fixed, in another."""
    error = seen.scene.error  # with the last words of the one that never listened
    return "never listened" in error and (stopped(seen) or bool(IN_USE.search(error)))


@cause(
    "port-not-bound",
    "The server did not get its port, or did not look whether it did: check what bind and listen return, "
    "and use the port of the command line.",
)
def port_not_bound(seen: Evidence) -> bool:
    """Find a server that does not listen where it should."""
    return "does not listen" in seen.scene.error


@cause(
    "sigpipe",
    "The server wrote to a client that had gone, and the signal SIGPIPE ended it. "
    "signal(SIGPIPE, SIG_IGN) at its start, and look at what send returns.",
)
def sigpipe(seen: Evidence) -> bool:
    """Find a server that the signal has ended."""
    return seen.program("server").get("code") == -13


@cause(
    "exception",
    "A Python program ended by an exception that nobody caught. The last line of its traceback says which, "
    "the lines above it where.",
)
def exception(seen: Evidence) -> bool:
    """Find a Python program that has ended with a traceback, unless the check has interrupted it."""
    return any(
        each["code"] not in (None, 0) and TRACEBACK in (words := words_of(each)) and INTERRUPTED not in words
        for each in seen.scene.programs
    )


def words_of(program: dict[str, Any]) -> str:
    """Return what a program has written: at a terminal its last words stand on the screen."""
    return "\n".join([*program["words"], *program["shown"].values()])


@cause(
    "crash",
    "A program died of a fault of its own, told above with its last words. Compile with "
    "-g -fsanitize=address, or run it in gdb, and play the steps again.",
)
def crash(seen: Evidence) -> bool:
    """Find a program that a fault has ended."""
    faults = (-4, -6, -7, -8, -11, -31)
    return any(each["code"] in faults for each in seen.scene.programs)


@cause(
    "prefix-is-fin",
    "A line that only begins with the word for leaving was taken for it. Compare the whole line, "
    "without its line feed, and not its first three letters.",
)
def prefix_is_fin(seen: Evidence) -> bool:
    """Find a line that merely resembles the word, and that has ended who typed it, or is lost."""
    return is_ended_by_prefix(seen) or is_prefix_lost(seen)


def is_ended_by_prefix(seen: Evidence) -> bool:
    """Tell whether a client has ended whose user has typed what resembles the word, and not the word."""
    lines = [entry for entry in seen.typed() if seen.quit in entry.text and entry.text != seen.quit]
    return any(
        each["code"] is not None and not any(entry.text == seen.quit for entry in seen.typed())
        for entry in lines
        for each in seen.clients()
        if each["name"] == entry.actor
    )


def is_prefix_lost(seen: Evidence) -> bool:
    """Tell whether a raw connection misses a line that begins with the word."""
    text = seen.missed()[1].removesuffix("\\n")
    return "receives" in seen.scene.expected and text.startswith(seen.quit) and text != seen.quit


@cause(
    "server-ended-by-fin",
    "When a client leaves the server ends too. It must outlive every conversation: close that client's "
    "socket, and go back to accept.",
)
def server_ended_by_fin(seen: Evidence) -> bool:
    """Find a server that is over because a client is."""
    return seen.program("server").get("code") is not None and seen.somebody_left() and not stopped(seen)


def stopped(seen: Evidence) -> bool:
    """Tell whether somebody has ended the server."""
    return any(entry.actor == "server" and entry.act == SIGNALLED for entry in seen.scene.entries)


@cause(
    "fin-ends-everybody",
    "One leaves, and the conversation of the others ends too: here who stays keeps the place and waits for a "
    "newcomer. Close only the socket of the one who leaves, and do not relay its word.",
)
def fin_ends_everybody(seen: Evidence) -> bool:
    """Find somebody who has ended without leaving, where that is a fault."""
    gone, acted = leavers(seen), {entry.actor for entry in seen.scene.entries if entry.act in ACTS}
    ended = {each["name"] for each in seen.clients() if each["code"] is not None}
    return seen.sprint != TURNS and bool(gone) and bool(ended & acted - gone - signalled(seen))


def leavers(seen: Evidence) -> set[str]:
    """Return who has left by a word or a key, or has lost the connection."""
    words = (seen.quit, "end of input", "Ctrl+D", "Ctrl+C")
    lost = [entry.act for entry in seen.scene.entries if entry.actor == NETWORK and is_departure(entry)]
    return {entry.actor for entry in seen.typed() if entry.text in words} | {
        each["name"] for each in seen.clients() for act in lost if each["name"] in re.findall(r"\w+", act)
    }


def signalled(seen: Evidence) -> set[str]:
    """Return who was sent a signal."""
    return {entry.actor for entry in seen.scene.entries if entry.act == SIGNALLED}


@cause(
    "quit-is-text",
    "The word for leaving was relayed like any other line, and who typed it goes on. Compare each line with it, "
    "without its line feed, before sending it on; if your programs have another word, name it as quit in "
    "messagerie.toml.",
)
def quit_is_text(seen: Evidence) -> bool:
    """Find the word on its way to somebody else, while both are still there."""
    there = {each["name"] for each in seen.clients() if each["code"] is None}
    going_on = there - {each["name"] for each in seen.clients() if has_left_its_loop(seen, each)}
    return any(
        entry.actor in going_on
        and is_relayed_to(there - {entry.actor}, seen.quit, seen.tapped.entries[place:])
        for place, entry in enumerate(seen.tapped.entries)
        if entry.act == TYPED and entry.text == seen.quit
    )


def has_left_its_loop(seen: Evidence, client: dict[str, Any]) -> bool:
    """Tell whether a client asks its user no more, and only its thread that receives is left, where it has one."""
    waits = client["threads"]
    has_two = seen.sprint != TURNS or any("lock" in wait for wait in waits)
    return has_two and bool(waits) and all("lock" in wait or "connection" in wait for wait in waits)


def is_relayed_to(names: set[str], word: str, entries: Sequence[Entry]) -> bool:
    """Tell whether the server has sent a word, or a line that ends with it, to one of these."""
    ends_with_it = re.compile(rf"(^|\W){re.escape(word)}\s*$")
    return any(
        is_by(entry, "server", SENT) and entry.peer in names and ends_with_it.search(spoken(entry))
        for entry in entries
    )


@cause(
    "shared-variable",
    "Two threads of the server read from the same connection: they share one variable, and the newest client has "
    "changed it under the older thread. Give each thread a copy of its own, not the address of the loop's variable.",
)
def shared_variable(seen: Evidence) -> bool:
    """Find two threads that wait for the same connection."""
    reading = [wait for wait in seen.program("server").get("threads", []) if READS_FROM.fullmatch(wait)]
    return len(set(reading)) < len(reading)


@cause(
    "shared-buffer",
    "Two clients' lines are mixed in one: the server's threads receive into the same buffer. Give each thread a "
    "buffer of its own, such as a local variable, and keep in it what is not whole yet.",
)
def shared_buffer(seen: Evidence) -> bool:
    """Find a line on the wire that begins as one that somebody else has said, and ends as the one that is missed."""
    text = seen.missed()[1]
    others = {entry.text for entry in seen.typed()} - {text}
    mixed = {other[:cut] + text[cut:] for other in others for cut in range(1, len(text))} - {text} - others
    return any(entry.actor == "server" and spoken(entry) in mixed for entry in seen.sent(seen.scene))


@cause(
    "residue",
    "The end of an older, longer line is shown behind a shorter one: the buffer still holds it. Use the length "
    "that recv returns, and end the text there.",
)
def residue(seen: Evidence) -> bool:
    """Find the tail of an older line where it must not be."""
    return " and no " in seen.scene.expected and "short-after-long" in seen.check


@cause(
    "first-word-only",
    "Of a line of several words only the first was sent: scanf with %s, and cin >>, read a word. Read the whole "
    "line, with fgets or getline.",
)
def first_word_only(seen: Evidence) -> bool:
    """Find the first word of the wanted line sent by itself by the one who typed them all."""
    wanted = seen.missed()[1]
    first, _blank, rest = wanted.partition(" ")
    typists = {entry.actor for entry in seen.typed() if entry.text == wanted}
    sent = [spoken(entry) for entry in seen.sent() if entry.actor in typists]
    by_itself = re.compile(rf"(^|\W){re.escape(first)}$")
    is_in_pieces = any(text.startswith(" ") for text in sent)
    return bool(rest) and not is_in_pieces and any(by_itself.search(text) for text in sent)


@cause(
    "end-ignored",
    "Somebody has left, and the server sends an old line once more: recv returned 0, and the buffer still held what "
    "came before. 0 is the end of that connection: close it, and send nothing.",
)
def end_ignored(seen: Evidence) -> bool:
    """Find a line of before a departure sent again behind it, to one who has said it, or has it already."""
    entries = without_padding(seen.tapped.entries)
    left = next((place for place, entry in enumerate(entries) if is_departure(entry)), len(entries))
    before, behind = entries[:left], entries[left:]
    return seen.sprint in RELAYING and any(
        is_old_news(entry, line, before)
        for line in before
        if is_line(line) and not says(line.actor, line.text, behind)
        for entry in behind
        if is_by(entry, "server", SENT) and entry.peer != entries[left].actor
    )


def is_line(entry: Entry) -> bool:
    """Tell whether somebody has typed a line that is no short word, and no name, which may open each line."""
    return entry.act == TYPED and len(entry.text) >= WORD_LETTERS and entry.text != entry.actor


def is_old_news(entry: Entry, line: Entry, before: Sequence[Entry]) -> bool:
    """Tell whether what the server sends has a line for its speaker, or for one who has been sent it before."""
    had = any(
        each.peer == entry.peer and is_by(each, "server", SENT) and line.text in spoken(each)
        for each in before
    )
    return line.text in spoken(entry) and (had or entry.peer == line.actor)


def says(name: str, text: str, entries: Sequence[Entry]) -> bool:
    """Tell whether somebody's client sends a text."""
    return any(entry.actor == name and is_sending(entry, text) for entry in entries)


def is_sending(entry: Entry, text: str) -> bool:
    """Tell whether this sends a text."""
    return entry.act == SENT and text in entry.text


@cause(
    "echo",
    "A line comes back to the one who said it. Relay it to all but the socket from which you have read it.",
)
def echo(seen: Evidence) -> bool:
    """Find one's own words coming back on the wire; on the screen, a client may have put them there by itself."""
    who, _text = seen.missed()
    came = [spoken(entry) for entry in (*seen.sent(), *seen.sent(seen.scene)) if entry.peer == who]
    if "receives" in seen.scene.expected:
        came.append(seen.scene.got)
    return seen.sprint != ECHOING and any(
        words in text for words in seen.lines_of(who) if len(words) >= WORD_LETTERS for text in came
    )


@cause(
    "silent-client-blocks",
    "The server waits for a first word of one client and accepts nobody meanwhile. Accept in a loop of "
    "its own; whatever a newcomer says is read where the others are read.",
)
def silent_client_blocks(seen: Evidence) -> bool:
    """Find somebody who waits to be accepted though nobody has left, and others say nothing."""
    return seen.check == "silent" and bool(seen.program("server").get("waiting"))


@cause(
    "busy-client",
    "A client uses the processor while nothing happens: somewhere it asks again and again instead of waiting. "
    "recv, fgets and poll without a time limit wait for free.",
)
def busy_client(seen: Evidence) -> bool:
    """Find a client that burns the processor though its server is there and nobody types."""
    return any(f"{each['name']} uses" in seen.scene.error for each in seen.clients())


@cause(
    "busy",
    "The server uses the processor while nothing happens: somewhere it asks again and again instead of waiting. "
    "recv, accept and poll without a time limit wait for free.",
)
def busy(seen: Evidence) -> bool:
    """Find a server that burns the processor."""
    used = float(seen.program("server").get("seconds", 0))
    if seen.flooders():  # they give it all that work
        return False
    return "server uses" in seen.scene.error or (seen.check not in HEAVY and used > BUSY_SECONDS)


@cause(
    "thread-exception",
    "A thread of the server ended by an exception that nobody caught, and does its work no more. The last line of "
    "its traceback says which, the lines above it where.",
)
def thread_exception(seen: Evidence) -> bool:
    """Find what Python and Java write when an exception ends one thread of a server that goes on."""
    server = seen.program("server")
    return bool(server) and IN_A_THREAD in words_of(server)


@cause(
    "lock-kept",
    "Threads of the server wait for a lock that nobody gives back, and what has arrived lies unread. Every way out "
    "of a function that takes a lock must give it back.",
)
def lock_kept(seen: Evidence) -> bool:
    """Find a server with a thread that waits for a lock; main may wait for a condition."""
    threads = seen.program("server").get("threads", [])[1:]
    return seen.check not in HEAVY and any("lock" in wait for wait in threads)


@cause(
    "place-never-freed",
    "Somebody has left, and the newcomer is not served: the server still keeps the place. When recv returns 0, or "
    "fails, or the word for leaving comes: close, forget the client, accept again.",
)
def place_never_freed(seen: Evidence) -> bool:
    """Find a newcomer, come after somebody has left, to whom the server has said nothing."""
    newcomer = newcomer_of(seen)
    if not newcomer or not is_alive(seen) or not is_left_out(seen, newcomer):
        return False
    return newcomer in (seen.missed()[0], next((entry.actor for entry in reversed(seen.typed())), ""))


def newcomer_of(seen: Evidence) -> str:
    """Return the last who has come after somebody had left."""
    entries = seen.scene.entries
    left = next((n for n, entry in enumerate(entries) if is_departure(entry)), len(entries))
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


def is_left_out(seen: Evidence, newcomer: str) -> bool:
    """Tell whether the server is seen to have no place for somebody."""
    is_known = is_overheard(seen, newcomer) or bool(seen.program("server")["waiting"])
    return is_known and not is_served(seen, newcomer) and not misses_old_line(seen, newcomer)


def is_served(seen: Evidence, newcomer: str) -> bool:
    """Tell whether the server has said anything to somebody, or has passed a line of his on."""
    is_passed_on = any(
        is_line(entry) and says("server", entry.text, seen.tapped.entries)
        for entry in seen.tapped.entries
        if entry.actor == newcomer
    )
    is_spoken_to = any(is_by(entry, "server", SENT) and entry.peer == newcomer for entry in seen.sent())
    return seen.has_received(newcomer) or is_spoken_to or is_passed_on


def is_overheard(seen: Evidence, name: str) -> bool:
    """Tell whether what somebody is sent would be seen: by a raw connection, or by a wiretap where there is one."""
    return not seen.program(name) or bool(seen.sent())


def misses_old_line(seen: Evidence, newcomer: str) -> bool:
    """Tell whether the server has taken somebody in who misses a line that was said before: that line is lost."""
    text, entries = seen.missed()[1].removesuffix("\\n"), seen.scene.entries
    came = next((n for n, entry in enumerate(entries) if entry.actor == newcomer), len(entries))
    said = any(entry.act in SAID and text in entry.text for entry in entries[:came])
    return bool(text) and said and not seen.program("server")["waiting"]


@cause(
    "client-loops",
    "A client whose server has gone, or whose input has ended, asks again and again: recv and read return 0 for "
    "ever then. 0 means the end: close, and leave the loop.",
)
def client_loops(seen: Evidence) -> bool:
    """Find a client that burns the processor, or says or shows again and again what nobody has given it."""
    is_at_rest = seen.check not in HEAVY
    return (
        bool(seen.flooders())
        or any(seen.prints_for_ever(each["name"]) for each in seen.clients())
        or comes_again_and_again(seen)
        or (is_at_rest and any(is_burning(each) for each in seen.clients()))
    )


def comes_again_and_again(seen: Evidence) -> bool:
    """Tell whether a client says the same line over and over to the check, which is in the server's place."""
    came = quoted(seen.scene.got).split("\\n")[:AGAIN]
    is_to_server = "server receives " in seen.scene.expected
    typed = sum(entry.text.removesuffix("\\n") == came[0] for entry in seen.typed())
    return is_to_server and len(came) == AGAIN and len(set(came)) == 1 and typed <= 1


def is_burning(client: dict[str, Any]) -> bool:
    """Tell whether a client has used more of the processor than one at rest does."""
    return float(client["seconds"]) > (BUSY_SECONDS if "runs" in client["threads"] else BUSY_CLIENT_SECONDS)


@cause(
    "nul-or-garbage",
    "Behind the text come bytes that are not text: the whole buffer was sent, or its end was not marked. Send "
    "strlen(line) bytes, not sizeof(buffer).",
)
def nul_or_garbage(seen: Evidence) -> bool:
    """Find a NUL on a wire of lines."""
    return "\\x00" in seen.scene.got and "receives" in seen.scene.expected


@cause(
    "no-newline",
    "A line arrives without its line feed, so that nobody can tell where it ends. Send it.",
)
def no_newline(seen: Evidence) -> bool:
    """Find a text that is right but for its end."""
    text, got = seen.missed()[1], quoted(seen.scene.got)
    return (
        text.endswith("\\n") and bool(got) and "\\n" not in got and got.startswith(text.removesuffix("\\n"))
    )


@cause(
    "no-framing-joined",
    "Two messages that arrived together were taken for one. TCP is a stream: mark where a message ends (a line "
    "feed, a length), and go on reading until you have one whole.",
)
def no_framing_joined(seen: Evidence) -> bool:
    """Find a failure where messages are joined; a whole line in another's place is not joined to anything."""
    if "joined" not in (seen.check, *seen.case.split("-")):
        return False
    if seen.check != "framing":
        return is_spoilt(seen)
    wanted, first = seen.missed()[1].removesuffix("\\n"), first_line(seen.scene.got)
    is_hung_up_on = "the end of the connection" in seen.scene.got
    return not is_hung_up_on and (not first or wanted in first)


def is_spoilt(seen: Evidence) -> bool:
    """Tell whether the network has joined or cut anything before it failed."""
    return any(entry.actor == NETWORK and entry.act.startswith(SPOILT) for entry in seen.scene.entries)


def first_line(got: str) -> str:
    """Return the first line of what came."""
    return quoted(got).partition("\\n")[0]


@cause(
    "no-framing-cut",
    "A message that arrived in two pieces was taken for two. One recv is not one message: keep what came until "
    "the message is whole.",
)
def no_framing_cut(seen: Evidence) -> bool:
    """Find a piece of a message where all of it should be."""
    wanted, first = seen.missed()[1].removesuffix("\\n"), first_line(seen.scene.got)
    is_piece = bool(first) and first != wanted and wanted.startswith(first) and was_sent_cut(seen, first)
    is_about_pieces = (
        (seen.check == "cut" and seen.case.endswith("the server"))
        or seen.case == "in pieces"
        or (seen.check == "network" and seen.case.startswith("cut"))
    )
    return (
        (is_about_pieces and is_spoilt(seen))
        or (seen.check == "cut" and was_sent_in_pieces(seen))
        or (seen.check in ("framing", "exit-word") and is_piece)
    )


def was_sent_in_pieces(seen: Evidence) -> bool:
    """Tell whether a raw connection has sent the beginning of a line, and then more."""
    return any(
        entry.kind == (entry.actor, SENT, "") == before.kind and not before.data.endswith(b"\n")
        for before, entry in pairwise(seen.scene.entries)
    )


def was_sent_cut(seen: Evidence, piece: str) -> bool:
    """Tell whether what came of a line ends with something that was sent by itself."""
    return any(
        entry.act == SENT and entry.text and piece.endswith(entry.text) for entry in seen.scene.entries
    )


@cause(
    "not-flushed",
    "The text has reached the client, and does not appear: it lies in stdio's buffer. End what you print with "
    "a line feed, or call fflush(stdout).",
)
def not_flushed(seen: Evidence) -> bool:
    """Find a text that crossed the wire, was read, and is not shown."""
    who, text = seen.missed()
    arrived = sum(entry.peer == who and text in entry.text for entry in seen.sent())
    shown = sum(
        entry.actor == who and entry.act == SHOWN and text in entry.text for entry in seen.tapped.entries
    )
    return arrived > shown and not seen.program(who).get("unread") and "sees" in seen.scene.expected


@cause(
    "waits-for-keyboard",
    "The text has reached the client, and it does not read it: it waits for its keyboard. Listen to both, with "
    "poll, or with a thread that receives.",
)
def waits_for_keyboard(seen: Evidence) -> bool:
    """Find a client that leaves what has arrived unread."""
    return any(each["unread"] and is_at_keyboard(each) for each in seen.awaited())


def is_at_keyboard(client: dict[str, Any]) -> bool:
    """Tell whether a client waits for what its user types."""
    return any("keyboard" in wait for wait in client["threads"])


@cause(
    "end-unnoticed",
    "The server has ended the connection, and the client does not notice: it waits for its keyboard. Listen to both, "
    "with poll, or with a thread that receives, and leave when recv returns 0.",
)
def end_unnoticed(seen: Evidence) -> bool:
    """Find a client that leaves the end of its connection unread."""
    return any(each.get("end_unread") and is_at_keyboard(each) for each in seen.awaited())


@cause(
    "both-reading",
    "Both clients wait for the other, and what was typed is not read: who speaks first? After connecting one of them "
    "must read its keyboard (the server's emi and rec say which).",
)
def both_reading(seen: Evidence) -> bool:
    """Find clients none of which reads its keyboard, though the last line that was typed has not been sent."""
    waits = [
        [wait for wait in each["threads"] if wait != FOR_A_CHILD]
        for each in seen.clients()
        if each["code"] is None
    ]
    typed = [entry for entry in seen.tapped.entries if entry.act == TYPED][-1:]
    return (
        len(waits) >= 2
        and all(threads and all("connection" in wait for wait in threads) for threads in waits)
        and not any(says(line.actor, line.text, seen.tapped.entries) for line in typed)
    )


@cause(
    "not-relayed",
    "The server has read the line and sent it to nobody. Does the thread know the sockets of the others, also of "
    "those who came later, and after somebody has left? Is what a buffered writer holds flushed? Does it wait for an "
    "end of line that nobody sends?",
)
def not_relayed(seen: Evidence) -> bool:
    """Find a line that has gone into a server at rest, and has not come out; in sprint 1 it may wait for its turn."""
    who, text = seen.missed()
    return (
        seen.sprint != TURNS
        and is_line_to_see(seen)
        and has_read_all(seen)
        and not misses_old_line(seen, who)
        and is_sent_to_nobody(seen, text)
    )


def is_line_to_see(seen: Evidence) -> bool:
    """Tell whether somebody should have seen a line, which the server passes on as it is."""
    return seen.sprint in RELAYING and "sees" in seen.scene.expected and len(seen.missed()[1]) >= WORD_LETTERS


def has_read_all(seen: Evidence) -> bool:
    """Tell whether the server has stood, both times, with nothing that it has not taken in."""
    servers = both_servers(seen)
    return len(servers) > 1 and not any(
        each["code"] is not None or each["unread"] or each["waiting"] for each in servers
    )


def both_servers(seen: Evidence) -> list[dict[str, Any]]:
    """Return how the server stood, in the scene and when it was played again."""
    return [
        each for scene in (seen.scene, seen.tapped) for each in scene.programs if each["name"] == "server"
    ]


def is_sent_to_nobody(seen: Evidence, text: str) -> bool:
    """Tell whether a client has sent a line to the server, and nothing of it has gone to anybody."""
    behind = behind_sending(seen, text)
    parts = [spoken(entry) for entry in behind if is_by(entry, "server", SENT)]
    return bool(behind) and not any(part in text or text in part for part in parts)


def behind_sending(seen: Evidence, text: str) -> Sequence[Entry]:
    """Return the last sending of a text to the server, and all that came behind it; nothing if it was not sent."""
    entries = seen.tapped.entries
    came = [
        place for place, entry in enumerate(entries) if entry.peer == "server" and is_sending(entry, text)
    ]
    return entries[came[-1] :] if came else ()


@cause(
    "turn-kept",
    "The other one has spoken last, and the server does not pass this one's line on: it has not given the turn away. "
    "After each line that it relays, the server and both clients swap the roles.",
)
def turn_kept(seen: Evidence) -> bool:
    """Find a line that goes no further than the server behind one that has reached the one who says it now."""
    text = seen.missed()[1]
    behind = behind_sending(seen, text)
    if seen.sprint != TURNS or not is_line_to_see(seen) or not is_sent_to_nobody(seen, text):
        return False
    before = seen.tapped.entries[: -len(behind)]
    last = [entry for entry in before if is_line(entry) and entry.text != text][-1:]
    return any(
        line.actor != behind[0].actor and line.text in spoken(entry)
        for line in last
        for entry in before
        if is_by(entry, "server", SENT) and entry.peer == behind[0].actor
    )


@cause(
    "not-read",
    "The line has reached the server, and lies there unread: the server waits for something else. Each connection is "
    "read for as long as it lasts: in its turn, by a thread of its own, or with poll.",
)
def not_read(seen: Evidence) -> bool:
    """Find a line that a server at rest has not taken from its connection, and has for nobody."""
    text = seen.missed()[1]
    servers = both_servers(seen)
    return (
        is_line_to_see(seen)
        and len(servers) > 1
        and all(is_at_rest_before(each, len(text)) for each in servers)
        and is_sent_to_nobody(seen, text)
    )


def is_at_rest_before(server: dict[str, Any], size: int) -> bool:
    """Tell whether so many bytes lie unread at a server that neither runs nor is kept from going on."""
    is_at_rest = not any("runs" in wait or WRITES_TO.match(wait) for wait in server["threads"])
    return server["code"] is None and server["unread"] >= size and is_at_rest


@cause(
    "some-left-out",
    "The line has reached somebody else, and not this client. The loop that relays must go over the whole table, to "
    "its last place: past a free one, and past one whose send fails.",
)
def some_left_out(seen: Evidence) -> bool:
    """Find a line that was sent to another, and not to the one who misses it, and who had come and is there."""
    who, text = seen.missed()
    behind = behind_sending(seen, text)
    reached = {entry.peer for entry in behind if is_by(entry, "server", SENT) and text in spoken(entry)}
    others = reached - {entry.actor for entry in behind[:1]}
    is_there = seen.program(who).get("code", 0) is None
    return (
        seen.sprint == TABLE
        and is_line_to_see(seen)
        and is_there
        and bool(others)
        and who not in reached
        and not misses_old_line(seen, who)
    )
