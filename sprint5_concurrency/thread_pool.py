"""A few threads, made once, for any number of clients: one thread finds out who has spoken, the pool does the rest.

    main: poll ---> A, F, K ---> tasks ---> thread 1: hear A   thread 2: hear F   thread 3: hear K ---> done ---> poll

A thread of a pool must never wait for one client: as many silent clients as threads, and nobody else would be served.
So what is handed to the pool is not a client but a piece of work that is known to be there, and that never waits. The
next poll comes when all of it is done: no two threads ever read the same client, so its lines keep their order, and
nobody is served twice before everybody who had spoken was served once.
"""

import select
import socket
import threading
from queue import SimpleQueue

from common.stop import POLLIN, Failure, Stop
from sprint5_concurrency.member import Member
from sprint5_concurrency.reception import Reception

POOL_THREADS = 8
"""More than this machine has processors. None of them ever waits, so still more would only take turns."""

Tasks = SimpleQueue[Member | None]
Done = SimpleQueue[tuple[Member, bool]]


def serve(listener: socket.socket, reception: Reception[Member], stop: Stop) -> None:
    """Serve all that come until the bell rings."""
    tasks: Tasks = SimpleQueue()
    done: Done = SimpleQueue()
    threads: list[threading.Thread] = []
    try:
        start(threads, tasks, done, reception)
        dispatch(listener, reception, stop, tasks, done)
    finally:
        for _thread in threads:
            tasks.put(None)
        for thread in threads:
            thread.join()


def start(threads: list[threading.Thread], tasks: Tasks, done: Done, reception: Reception[Member]) -> None:
    """Fill the pool. Raises Failure when the system has not so many threads."""
    try:
        while len(threads) < POOL_THREADS:
            thread = threading.Thread(target=work, args=(tasks, done, reception))
            thread.start()
            threads.append(thread)
    except RuntimeError as error:
        raise Failure(f"no pool of {POOL_THREADS} threads: {error}") from None


def dispatch(
    listener: socket.socket, reception: Reception[Member], stop: Stop, tasks: Tasks, done: Done
) -> None:
    """Wait for all sockets at once, and give the pool what is ready, until the bell rings."""
    members: dict[int, Member] = {}
    poller = select.poll()
    poller.register(stop, POLLIN)
    while True:
        poller.register(listener, POLLIN if reception.is_open() else 0)
        ready = wait(poller, reception.seconds())
        if stop.fileno() in ready:
            return
        if listener.fileno() in ready:
            admit(members, poller, reception)
        hear([members[each] for each in ready if each in members], members, poller, tasks, done)
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
    speakers: list[Member], members: dict[int, Member], poller: "select.poll", tasks: Tasks, done: Done
) -> None:
    """Let the pool do what has arrived from members asks, and wait until it has."""
    for member in speakers:
        tasks.put(member)
    for _member in speakers:
        member, is_here = done.get()
        if not is_here:
            poller.unregister(member)
            del members[member.descriptor]
            member.close()


def work(tasks: Tasks, done: Done, reception: Reception[Member]) -> None:
    """Hear one member after another, whoever is next, until there are no more."""
    while member := tasks.get():
        done.put((member, reception.hear(member)))
