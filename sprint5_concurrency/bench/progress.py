"""Shows how far a measurement has come: a bar on a terminal, a line for each run on a pipe."""

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from sprint5_concurrency.bench.report import headline, title
from sprint5_concurrency.bench.results import Run

Shown = Callable[[Run], None]


@contextlib.contextmanager
def progress(total: int, console: Console) -> Iterator[tuple[Shown, Shown]]:
    """Return what is to be called with each run: before it, and after it."""
    if not console.is_terminal:
        yield (lambda _run: None), (lambda run: console.print(Text(in_words(run)), soft_wrap=True))
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=total)

        def after(run: Run) -> None:
            bar.console.print(Text(in_words(run), style="red" if run.failures else ""))
            bar.advance(task)

        yield (lambda run: bar.update(task, description=title(run))), after


def in_words(run: Run) -> str:
    """Return a run and its first figure in one line."""
    return f"{title(run)}: {headline(run)}" + (f" (limit: the {run.limit})" if run.limit else "")
