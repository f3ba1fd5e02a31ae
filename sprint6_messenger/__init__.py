"""Sprint 6: the messenger; messages framed by their length, one thread on each side, files between two users."""

import common.start  # noqa: F401 - before anything else is imported
