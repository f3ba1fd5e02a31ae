"""The four things that are measured, each on a server that has just been started.

deliveries   how many a second, when everybody talks as fast as it is heard
latency      how long one takes, at a fixed rate
rest         what clients cost who say nothing: memory, processor; and how quickly they come in
stalled      how much of their deliveries the others keep when one client stops reading
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from sprint5_concurrency.bench.crew import Crew
from sprint5_concurrency.bench.figures import percentile
from sprint5_concurrency.bench.gathering import Gathering, gathering
from sprint5_concurrency.bench.results import DELIVERIES, LATENCY, REST, STALLED, Run
from sprint5_concurrency.bench.servers import Target
from sprint5_concurrency.bench.talking import Talk
from sprint5_concurrency.bench.trouble import Trouble
from sprint5_concurrency.bench.wire import HEARD_BYTES

BUSY = 0.9
"""A process that uses so much of a processor has none left."""

LATE_MICROSECONDS = 1000
"""A crowd that speaks so much later than planned does not measure the server alone."""

STALLED_BYTES = 1024
"""Long lines, so that what is kept for a client that does not read is soon full."""

STALLED_TIMES = 2
"""So many times as long as others: a server may wait a moment before it gives somebody up, but only once."""

STALLED_ORDER = (False, True, True, False)
"""In which rooms somebody stops: if the machine grows slower meanwhile, it does so for both kinds alike."""

WARM_UP = 0.3
"""Of the measured time, before it: buffers grow, and Python specialises what runs often."""


@dataclass(frozen=True)
class Settings:
    """How long to measure, and how long to wait for what is still on its way then."""

    seconds: float = 1.0
    patience: float = 3.0


Measure = Callable[[Crew, Target, Run, Settings], Run]


def deliveries(crew: Crew, target: Target, run: Run, settings: Settings) -> Run:
    """Measure how many deliveries a second a server makes."""
    with gathering(crew, target, run.clients) as meeting:
        return measured_talk(meeting, run, settings, HEARD_BYTES, warm_up=WARM_UP * settings.seconds)


def measured_talk(meeting: Gathering, run: Run, settings: Settings, heard_bytes: int, warm_up: float) -> Run:
    """Let everybody talk, `run.setting` lines outstanding each, and judge what was heard."""
    meeting.count_from_here(heard_bytes)
    begin = time.monotonic() + warm_up
    meeting.crew.tell("talk", (begin, begin + settings.seconds, run.setting, run.clients))
    talks, server_cpu, all_cpu = meeting.watch(begin)
    used = cpu(server_cpu, all_cpu, talks)
    failures, checked = meeting.end(sum(talk.messages for talk in talks), settings.patience)
    figures = {"per_second": sum(talk.deliveries_per_second for talk in talks)}
    return replace(run, figures=figures | used | checked, failures=failures, limit=limit(used))


def cpu(server_cpu: float, all_cpu: float, talks: list[Talk]) -> dict[str, float]:
    """Return how busy the server was, the busiest process of the crowd, and all that is neither; 1.0: a processor."""
    others = all_cpu - server_cpu - sum(talk.cpu for talk in talks)
    return {
        "server_cpu": server_cpu,
        "crowd_cpu": max(talk.cpu for talk in talks),
        "others_cpu": max(others, 0),
    }


def limit(used: dict[str, float]) -> str:
    """Return `crowd` when the crowd was what could not go faster, and the server still could."""
    return "crowd" if used["crowd_cpu"] >= BUSY > used["server_cpu"] else ""


def latency(crew: Crew, target: Target, run: Run, settings: Settings) -> Run:
    """Measure how long a delivery takes at `run.setting` deliveries a second."""
    with gathering(crew, target, run.clients) as meeting:
        meeting.count_from_here(HEARD_BYTES, keep_all=True)
        begin = time.monotonic() + WARM_UP * settings.seconds
        messages_per_second = run.setting / (run.clients - 1) / len(crew)
        crew.tell("pace", (begin, begin + settings.seconds, messages_per_second))
        paced, server_cpu, all_cpu = meeting.watch(begin)
        talks = [each.talk for each in paced]
        failures, checked = meeting.end(sum(talk.messages for talk in talks), settings.patience)
        took = [each for found in crew.ask("latencies", (begin,)) for each in found]
        late = percentile([each for one in paced for each in one.lateness], 99)
        if not took:
            raise Trouble("nothing was delivered")
        figures = {"p50": percentile(took, 50), "p99": percentile(took, 99), "late_p99": late}
        reason = "crowd" if late > LATE_MICROSECONDS else ""
        return replace(
            run, figures=figures | cpu(server_cpu, all_cpu, talks) | checked, failures=failures, limit=reason
        )


def rest(crew: Crew, target: Target, run: Run, settings: Settings) -> Run:
    """Measure what silent clients cost: `run.setting` that come together, then `run.clients` in all."""
    first, more = run.setting, run.clients - run.setting
    with gathering(crew, target, run.clients, present=0) as meeting:
        empty = meeting.server.memory()
        joined = meeting.join(first)
        before = meeting.server.memory()
        idle = meeting.cpu_for(settings.seconds)
        figures = {"joins_per_second": first / joined, "idle_cpu": idle, "memory": (before - empty) / first}
        if more:
            meeting.join(more)
            figures["memory_beyond"] = (meeting.server.memory() - before) / more
        return replace(run, figures=figures)


def stalled(crew: Crew, target: Target, run: Run, settings: Settings) -> Run:
    """Measure the others from when one client stops reading, between rooms in which all read."""
    longer = replace(settings, seconds=STALLED_TIMES * settings.seconds)
    rooms = [(is_stalled, one_room(crew, target, run, longer, is_stalled)) for is_stalled in STALLED_ORDER]
    with_it = sum(room.figures["per_second"] for is_stalled, room in rooms if is_stalled)
    without = sum(room.figures["per_second"] for is_stalled, room in rooms if not is_stalled)
    half = len(rooms) / 2
    figures = {"kept": with_it / without, "per_second": with_it / half, "without": without / half}
    failures = sum((room.failures for _is_stalled, room in rooms), ())
    return replace(run, figures=figures, failures=failures, limit=max(room.limit for _, room in rooms))


def one_room(crew: Crew, target: Target, run: Run, settings: Settings, is_stalled: bool) -> Run:
    """Measure a room from its first line on, with or without one more who has stopped reading."""
    with gathering(crew, target, run.clients, stalled=is_stalled) as meeting:
        return measured_talk(meeting, run, settings, STALLED_BYTES, warm_up=0)


MEASURED_BY: dict[str, Measure] = {
    DELIVERIES: deliveries,
    LATENCY: latency,
    REST: rest,
    STALLED: stalled,
}


def measure(crew: Crew, target: Target, run: Run, settings: Settings) -> Run:
    """Return a run with its figures, or with the reason why there are none."""
    try:
        return MEASURED_BY[run.measure](crew, target, run, settings)
    except Trouble as trouble:
        return replace(run, failures=(str(trouble),))
