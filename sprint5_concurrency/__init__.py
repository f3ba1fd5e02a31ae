"""Sprint 5: one room, six ways of waiting."""

import common.start  # noqa: F401 - before anything else is imported
