"""In which system call a thread waits, and whether for ever: read from the system's own tables (proc(5)). Linux only.

What a thread waits for is told by the number of its call and by its first six arguments, as registers hold them.
"""

import platform
from dataclasses import dataclass
from pathlib import Path

NAMES = {
    "x86_64": {
        0: "read", 1: "write", 7: "poll", 23: "select", 34: "pause", 35: "sleep", 42: "connect", 43: "accept",
        44: "send", 45: "recv", 46: "sendmsg", 47: "recvmsg", 61: "wait", 130: "pause", 202: "futex", 230: "sleep",
        232: "epoll_wait", 247: "wait", 270: "select", 271: "poll", 281: "epoll_wait", 288: "accept",
    },
    "aarch64": {
        22: "epoll_wait", 63: "read", 64: "write", 72: "select", 73: "poll", 95: "wait", 98: "futex", 101: "sleep",
        115: "sleep", 133: "pause", 202: "accept", 203: "connect", 206: "send", 207: "recv", 211: "sendmsg",
        212: "recvmsg", 242: "accept", 260: "wait",
    },
}  # fmt: skip
"""The system calls in which programs of this course wait, by machine and number."""

ON_DESCRIPTOR = {"read", "write", "connect", "accept", "send", "recv", "sendmsg", "recvmsg"}
"""Calls whose first argument is a descriptor."""

MILLISECONDS, ADDRESS = "milliseconds", "address"
"""How a call is told how long to wait: below 0 is for ever; so is no address of a time."""

LIMITS = {
    "x86_64": {
        7: (2, MILLISECONDS), 23: (4, ADDRESS), 202: (3, ADDRESS), 232: (3, MILLISECONDS), 270: (4, ADDRESS),
        271: (2, ADDRESS), 281: (3, MILLISECONDS),
    },
    "aarch64": {22: (3, MILLISECONDS), 72: (4, ADDRESS), 73: (2, ADDRESS), 98: (3, ADDRESS)},
}  # fmt: skip
"""Which argument of a call says how long it waits, and how, by machine and number."""

SIGN = 1 << 31
"""Set in a C int below 0."""


@dataclass(frozen=True)
class Call:
    """A system call that a thread is in; its number is -1 where it is in none."""

    number: int
    arguments: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Return what the call is called; empty where it is none of those in NAMES."""
        return NAMES.get(platform.machine(), {}).get(self.number, "")

    @property
    def descriptor(self) -> int:
        """Return the descriptor that it is about; -1 where it is about none, or more than one."""
        return self.arguments[0] if self.name in ON_DESCRIPTOR else -1

    @property
    def is_unlimited(self) -> bool:
        """Tell whether its arguments set no limit to how long it waits."""
        place, kind = LIMITS.get(platform.machine(), {}).get(self.number, (-1, ""))
        if kind == MILLISECONDS:
            return bool(self.arguments[place] & SIGN)
        return kind != ADDRESS or self.arguments[place] == 0


def call_of(task: Path) -> Call:
    """Return the call that one thread is in. Raises OSError where it has ended, or may not be looked at."""
    number, *registers = (task / "syscall").read_text().split()
    if number == "running":
        return Call(-1)
    return Call(int(number), tuple(int(register, 16) for register in registers))
