"""One thread that waits for all sockets at once: poll(2) says which are ready.

    poll ---> [listener, A, F] ---> admit, hear A, hear F ---> poll

While nobody speaks, nothing happens. But each poll hands the kernel the whole list, and it looks at every socket.
"""

import select
import socket

from common.stop import POLLIN, Stop
from sprint5_concurrency.member import Member
from sprint5_concurrency.reception import Reception


def serve(listener: socket.socket, reception: Reception[Member], stop: Stop) -> None:
    """Serve all that come until the bell rings."""
    members: dict[int, Member] = {}
    poller = select.poll()
    poller.register(stop, POLLIN)
    while True:
        poller.register(listener, POLLIN if reception.is_open() else 0)
        for descriptor in wait(poller, reception.seconds()):
            if descriptor == stop.fileno():
                return
            if descriptor == listener.fileno():
                admit(members, poller, reception)
            elif descriptor in members:
                hear(members[descriptor], members, poller, reception)
        reception.tidy()


def wait(poller: "select.poll", seconds: float | None) -> list[int]:
    """Wait until something is ready; return the descriptors of all that is."""
    return [descriptor for descriptor, _events in poller.poll(None if seconds is None else seconds * 1000)]


def admit(members: dict[int, Member], poller: "select.poll", reception: Reception[Member]) -> None:
    """Let all newcomers in."""
    for newcomer in reception.newcomers():
        member = Member(*newcomer)
        members[member.descriptor] = member
        poller.register(member, POLLIN)
        reception.join(member)


def hear(
    member: Member, members: dict[int, Member], poller: "select.poll", reception: Reception[Member]
) -> None:
    """Do what has arrived from a member asks."""
    if not reception.hear(member):
        poller.unregister(member)
        del members[member.descriptor]
        member.close()
