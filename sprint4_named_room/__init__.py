"""Sprint 4: a room in which everybody has a name; who may be called what, and one history for all."""

import common.start  # noqa: F401 - before anything else is imported
