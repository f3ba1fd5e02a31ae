"""Sprint 3: any number of clients in one room; a table that threads share."""

import common.start  # noqa: F401 - before anything else is imported
