"""What went wrong in a measurement, in words for the report."""


class Trouble(Exception):
    """Says in one sentence why there is no figure; it stands in the report in its place."""
