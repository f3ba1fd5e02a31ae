"""A thread for each client, which waits for nothing but its own; and one for those who come.

    main ------> accept ---> starts a thread for each
    thread of A ---> recv ---> send to B, send to C
    thread of B ---> recv ---> send to A, send to C

Each thread is as simple as can be. But two may send to the same client at the same time, so a lock orders all that is
said; each has a stack of its own; and the more there are, the more time goes into changing from one to the other.
"""

import socket
import threading

from common.stop import POLLIN, Stop
from common.terminal import complain
from sprint5_concurrency.member import Member
from sprint5_concurrency.protocol import Refused, encode_error
from sprint5_concurrency.reception import Reception

TIDY_SECONDS = 1.0
"""How often to tidy in any case: it is another thread that starts somebody's time, and it does not wake this one."""


def serve(listener: socket.socket, reception: Reception[Member], stop: Stop) -> None:
    """Serve all that come until the bell rings."""
    while not stop.is_set():
        events = POLLIN if reception.is_open() else 0
        stop.wait_for(listener, events, reception.seconds() or TIDY_SECONDS)
        admit(reception, stop)
        reception.tidy()
    join_threads()


def admit(reception: Reception[Member], stop: Stop) -> None:
    """Let all newcomers in, each with a thread of its own; refuse one when the system has none left."""
    for newcomer in reception.newcomers():
        member = Member(*newcomer)
        reception.join(member)
        try:
            threading.Thread(target=hear, args=(member, reception, stop)).start()
        except RuntimeError as error:
            complain(f"newcomer refused: {error}")
            turn_away(member, reception)


def turn_away(member: Member, reception: Reception[Member]) -> None:
    """Tell a newcomer why nobody will listen to it, and close."""
    reception.leave(member)
    member.post(encode_error(Refused("server-full", "no thread is left to listen to you")))
    member.read()  # what it has said: to close with that unread is a reset, which destroys what it is told
    member.close()


def hear(member: Member, reception: Reception[Member], stop: Stop) -> None:
    """Do what a member asks, until it leaves or the bell rings."""
    while stop.wait_for(member):
        if not reception.hear(member):
            member.close()
            return


def join_threads() -> None:
    """Wait until all threads have heard the bell."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join()
