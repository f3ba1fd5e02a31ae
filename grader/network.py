"""The sandbox's own network: an address that a submission has in its source can be put on its loopback."""

import fcntl
import socket
import struct

from grader.contract import ContractError

SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFFLAGS = 0x8916, 0x891C, 0x8914
"""netdevice(7)."""

IFF_UP = 1

ALIAS = b"lo:course"


def demand(address: str) -> None:
    """Make sure that an address is this machine's: nothing may go out to others. Raises ContractError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            raise ContractError(
                f"{address} is no address of this machine: only in a sandbox can it be given to one "
                "(sudo apt-get install bubblewrap brings it)"
            ) from None


def add_address(address: str) -> None:
    """Give this machine's loopback one more IPv4 address. Raises OSError where that is not allowed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        for request, value in ((SIOCSIFADDR, address), (SIOCSIFNETMASK, "255.255.255.255")):
            packed = struct.pack("16sHH4s8x", ALIAS, socket.AF_INET, 0, socket.inet_aton(value))
            fcntl.ioctl(door, request, packed)
        fcntl.ioctl(door, SIOCSIFFLAGS, struct.pack("16sH14x", ALIAS, IFF_UP))
