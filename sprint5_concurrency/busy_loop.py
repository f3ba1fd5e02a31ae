"""One thread that asks all sockets in turn, again and again: is there anything?

    listener? A? B? C? ... Z? ---> a short pause ---> listener? A? B? C? ... Z? ---> ...

Nothing but recv is needed, on sockets that never wait. But most answers are no, and each costs as much as a yes.
Without the pause, a room in which nobody speaks keeps a processor busy; with it, each line waits for the pause's end.
"""

import socket

from common.stop import Stop
from sprint5_concurrency.member import Member
from sprint5_concurrency.reception import Reception

PAUSE_SECONDS = 0.002
"""A compromise that only this strategy needs, between the processor and the patience of whoever waits for a line."""


def serve(listener: socket.socket, reception: Reception[Member], stop: Stop) -> None:  # noqa: ARG001 - one signature
    """Serve all that come until the bell rings."""
    members: list[Member] = []
    while not stop.is_set():
        admit(members, reception)
        for member in members.copy():
            hear(member, members, reception)
        reception.tidy()
        stop.wait(PAUSE_SECONDS)


def admit(members: list[Member], reception: Reception[Member]) -> None:
    """Let all newcomers in."""
    for newcomer in reception.newcomers():
        member = Member(*newcomer)
        members.append(member)
        reception.join(member)


def hear(member: Member, members: list[Member], reception: Reception[Member]) -> None:
    """Do what has arrived from a member asks."""
    if not reception.hear(member):
        members.remove(member)
        member.close()
