"""Sprint 2: two clients talk in any order; every wait has a thread of its own."""

import common.start  # noqa: F401 - before anything else is imported
