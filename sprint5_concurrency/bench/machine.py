"""On what a measurement was made: a figure without its machine says nothing."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import psutil

CPU_INFO = Path("/proc/cpuinfo")


def describe_machine() -> dict[str, str]:
    """Return what a reader of the figures must know of this machine."""
    return {
        "processor": processor(CPU_INFO.read_text() if CPU_INFO.exists() else ""),
        "processors": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def processor(cpu_info: str) -> str:
    """Return the name of the processor."""
    for line in cpu_info.split("\n"):
        key, _colon, value = line.partition(":")
        if key.strip() == "model name":
            return " ".join(value.split())
    return platform.machine()


def busy_seconds() -> float:
    """Return how long all processors together have been at work, whoever it was for."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def in_one_line(machine: dict[str, str]) -> str:
    """Return the description of a machine as one line."""
    return "{processor}, {processors} processors, {system}, {python}, {date}".format(**machine)
