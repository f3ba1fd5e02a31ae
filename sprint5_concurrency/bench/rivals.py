"""Servers of other projects that do something like it, each on its own wire; they must be installed.

None is slowed down by its own precautions: what floods a public server is the measurement here.
"""

import os
import shlex
import shutil
from dataclasses import replace

from sprint5_concurrency.bench.irc import HOST, Irc
from sprint5_concurrency.bench.nats import Nats
from sprint5_concurrency.bench.servers import Target

NGIRCD_CONFIGURATION = f"""\
[Global]
Name = bench.invalid
Info = bench
Listen = 127.0.0.1
Ports = {{port}}
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
# Who speaks often is not made to wait.
MaxPenaltyTime = 0
PingTimeout = 3600
[Options]
CloakHost = {HOST}
DNS = no
Ident = no
PAM = no
"""

RIVALS = {
    "ngircd": Target(
        "ngircd", "ngircd --nodaemon --config {configuration}", Irc(), configuration=NGIRCD_CONFIGURATION
    ),
    "nats": Target("nats", "nats-server --addr 127.0.0.1 --port {port}", Nats()),
}

DIRECTORIES = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
"""Where commands are: servers may be where not everybody's path leads."""


def rival(name: str) -> Target:
    """Return another project's server as a target. Raises FileNotFoundError when it is not installed."""
    target = RIVALS[name]
    command, _space, options = target.command.partition(" ")
    path = shutil.which(command, path=DIRECTORIES)
    if path is None:
        raise FileNotFoundError(f"to measure {name}, the command {command} must be installed")
    return replace(target, command=f"{shlex.quote(path)} {options}")
