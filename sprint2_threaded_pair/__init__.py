"""Sprint 2: two clients talk in any order; every wait has a thread of its own."""
