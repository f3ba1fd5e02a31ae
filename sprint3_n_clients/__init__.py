"""Sprint 3: any number of clients in one room; a table that threads share."""
