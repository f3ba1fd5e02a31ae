"""Draws charts with matplotlib, as SVG and PNG, in black and grey: what a chart says must survive a photocopier."""

import importlib.util
from itertools import cycle
from pathlib import Path
from typing import Any

from sprint5_concurrency.bench.charts import Chart, charts
from sprint5_concurrency.bench.machine import in_one_line
from sprint5_concurrency.bench.results import Results

INCHES = (8, 5)
DOTS_PER_INCH = 120

LINES = (("-", "o"), ("--", "s"), ("-.", "^"), (":", "D"), ("-", "v"), ("--", "x"), ("-.", "*"), (":", "+"))
"""How curves differ, where there is no colour: the stroke, and the mark at each figure."""

FILLS = (("0.85", ""), ("0.4", "//"))
"""How bars differ: the grey, and the hatching."""


def can_draw() -> bool:
    """Tell whether matplotlib, which is optional, is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def draw_all(results: Results, directory: Path) -> list[Path]:
    """Draw all charts into a directory; return the files."""
    import matplotlib as mpl  # noqa: PLC0415 - optional, and slow to import

    mpl.use("agg")  # files only: no window
    mpl.rcParams["svg.hashsalt"] = "messagerie"  # the same results make the same file
    return [path for chart in charts(results) for path in draw(chart, results, directory)]


def draw(chart: Chart, results: Results, directory: Path) -> list[Path]:
    """Draw one chart."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.subplots()
    axes.set(title=chart.title, xlabel=chart.x, ylabel=chart.y)
    if chart.curves:
        draw_curves(axes, chart)
    else:
        draw_bars(axes, chart)
    figure.supxlabel(in_one_line(results.machine), fontsize=7, color="0.3")
    paths = [directory / f"{chart.name}.{ending}" for ending in ("svg", "png")]
    for path in paths:
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    return paths


def draw_curves(axes: Any, chart: Chart) -> None:
    """Draw a curve for each server."""
    for (server, points), (stroke, mark) in zip(chart.curves.items(), cycle(LINES), strict=False):
        if points:
            axes.plot(*zip(*points, strict=True), stroke, marker=mark, color="black", label=server)
    if chart.is_logarithmic:
        axes.set(xscale="log", yscale="log")
    sizes = sorted({x for points in chart.curves.values() for x, _y in points})
    axes.set_xticks(sizes, [f"{size:,.0f}" for size in sizes])
    axes.minorticks_off()
    axes.grid(color="0.9")
    axes.legend(fontsize=8)


def draw_bars(axes: Any, chart: Chart) -> None:
    """Draw bars for each server, with the figure on each."""
    width = 0.8 / len(chart.parts)
    for number, (part, (grey, hatch)) in enumerate(zip(chart.parts, FILLS, strict=False)):
        heights = [values[number] or 0 for values in chart.bars.values()]
        places = [place + number * width for place in range(len(chart.bars))]
        bars = axes.bar(places, heights, width, color=grey, hatch=hatch, edgecolor="black", label=part)
        shown = [
            "–" if values[number] is None else f"{values[number]:,.3g}" for values in chart.bars.values()
        ]
        axes.bar_label(bars, shown, fontsize=7)
    if chart.is_logarithmic:
        axes.set_yscale("log")
    axes.set_xticks(
        [place + (len(chart.parts) - 1) * width / 2 for place in range(len(chart.bars))], chart.bars
    )
    axes.tick_params(axis="x", labelsize=8)
    if len(chart.parts) > 1:
        axes.legend(fontsize=8)
