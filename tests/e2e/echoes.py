"""Whether a server sends a line back to its speaker, who is shown it. The wire is asked first: many an honest client
shows by itself what it has sent. Where that does not tell, screen and system must tell the one from the other.
"""

import contextlib
import os
import signal
from functools import partial

import pytest

from grader.actors import Client, Server
from grader.autopsy import unread
from grader.family import family, is_at_rest, states_of_threads
from grader.journal import SENT
from grader.listening import has_read_all
from grader.program import Program
from grader.unseen import Unseen
from grader.wiretap import SERVER, Wiretap
from grader.words import Words
from tests.e2e.figures import times_shown
from tests.e2e.steps import hear, see_all, talk

NOT_RUNNING = (b"T", b"Z")
"""The states of a thread that is stopped, and of one that has ended (proc(5)). A signal takes a moment to stop one,
which may still take what comes in it."""


def is_not_sent_his_own(people: list[Client], front: Wiretap | None, server: Server, words: Words) -> None:
    """Fail if what the first says comes back to him, and he is shown it. Raises Unseen.

    The wiretap tells where nothing comes back. Where something does, or what is said does not stand on the wire as it
    was typed, or nobody came through the wiretap, his screen tells, too.
    """
    speaker, *others = people
    comes_back = False
    if front is not None and front.count() == len(people):
        own = words.word()
        hear(speaker, people, own)
        for each in others:
            hear(each, people, words.word())
        comes_back = is_sent_back(speaker, own)
        ways = (speaker.name, SERVER), (SERVER, others[0].name)
        is_text = all(own.encode() in passed(*way, speaker) for way in ways)
        if is_text and not comes_back:
            return
    is_not_shown_again(people, server, words, comes_back)


def is_sent_back(speaker: Client, line: str) -> bool:
    """Tell whether a line has gone back to its speaker through the wiretap."""
    return line.encode() in passed(SERVER, speaker.name, speaker)


def passed(sender: str, receiver: str, person: Client) -> bytes:
    """Return what has passed the wiretap from one to the other, in a scene in which this person takes part."""
    entries = person.stage.journal.entries
    return b"".join(
        entry.data for entry in entries if (entry.actor, entry.act, entry.peer) == (sender, SENT, receiver)
    )


def is_not_sent_back(speaker: Client, line: str, before: str) -> None:
    """Fail if a line has gone back to its speaker through the wiretap, and stands on his screen. Raises Unseen."""
    if is_sent_back(speaker, line) and times_shown(speaker, line):
        raise echoed(speaker, line, before)


def is_not_shown_again(people: list[Client], server: Server, words: Words, comes_back: bool) -> None:
    """Fail if what the first says comes back, and his screen shows it more often than before: as much has come as a
    line has bytes. Raises Unseen.

    A client that draws all it has shown anew with each line that comes is told from it by a line that comes later;
    where it does, only who knows that lines come back knows more.
    """
    speaker, other, *_ = people
    line, *answers = words.word(), words.word(), words.word(), words.word()
    before, came = say_apart(people, line, server)
    if came < len(line):
        return
    hear_all(other, speaker, answers[:2])
    shown = times_shown(speaker, line)
    hear_all(other, speaker, answers[2:])
    draws_anew = times_shown(speaker, line) > shown
    if draws_anew and not comes_back:
        pytest.skip("needs a client that shows each line once, or one that can be told a port")
    if draws_anew or shown > before:
        raise echoed(speaker, line, answers[0])


def hear_all(speaker: Client, hearer: Client, lines: list[str]) -> None:
    """Let one say lines, one after the other, and another see each."""
    for line in lines:
        talk(speaker, hearer, line)


def say_apart(people: list[Client], line: str, server: Server) -> tuple[int, int]:
    """Let the first say a line that all others see, while its program and the server never run at the same time.

    Return how often it stood on the speaker's screen by then, and how many bytes the server had sent back.
    """
    speaker, stage = people[0], server.stage
    stop(server.program)
    speaker.types(line)
    stage.wait_for_outside(partial(has_sent, speaker, server))
    stop(speaker.program)
    go_on(server.program)
    see_all(people, speaker, line)
    stage.wait_for_outside(partial(has_done_all, server))
    shown, came = times_shown(speaker, line), unread(speaker.program.pid)
    go_on(speaker.program)
    return shown, came


def has_sent(speaker: Client, server: Server) -> bool:
    """Tell whether something lies unread at a server that is stopped, and its speaker's program has no more to do."""
    return not has_read_all(server.program.pid) and is_at_rest(speaker.program.pid)


def has_done_all(server: Server) -> bool:
    """Tell whether a server has read what has come, and waits, and nothing of it is on its way."""
    return has_read_all(server.program.pid, os.getpid()) and is_at_rest(server.program.pid)


def stop(program: Program) -> None:
    """Keep a program, and what it has started, from running, and wait until nothing of it does."""
    program.stage.journal.write(program.name, "is stopped")
    signal_all(program, signal.SIGSTOP)
    program.stage.wait_for_outside(partial(is_stopped, program))


def is_stopped(program: Program) -> bool:
    """Tell whether all threads of a program, and of what it has started, have stopped or ended."""
    states = [state for member in family(program.pid) for state in states_of_threads(member)]
    return all(state in NOT_RUNNING for state in states)


def go_on(program: Program) -> None:
    """Let a program run that has been stopped."""
    program.stage.journal.write(program.name, "goes on")
    signal_all(program, signal.SIGCONT)


def signal_all(program: Program, number: signal.Signals) -> None:
    """Send a signal to a program and to what it has started."""
    with contextlib.suppress(ProcessLookupError):  # it has ended: what it should have done will be missed
        os.killpg(program.pid, number)


def echoed(speaker: Client, line: str, before: str) -> Unseen:
    """Return the failure of a server that has sent a line back."""
    expected = f"{speaker.name} receives {before!r} and no {line!r} before it"
    return Unseen(speaker.stage, expected, repr(line))
