"""Sprint 1: a server with one thread relays lines between two clients, each in turn."""

import common.start  # noqa: F401 - before anything else is imported
