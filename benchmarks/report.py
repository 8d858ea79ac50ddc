"""Figures as lines, kept in benchmarks/results.json, as the table of docs/reference/performance.md and as its plot."""

from __future__ import annotations

import json
import os
import platform
import statistics
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "reference" / "performance.md"
PLOT = PAGE.with_suffix(".svg")
_BEGIN, _END = "<!-- figures: written by make bench -->", "<!-- end of figures -->"
# How a figure begins what it is divided by, if that is the same measure at another size.
ITSELF_AT = "itself at "
_ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_STEADY = 2.0
_COLOURS = {"reached": "#2a7f62", "missed": "#b5532b", "unsteady": "#9a9a9a"}
# The plot, in pixels: a row for each figure, and a scale that ends at twice the goal.
_ROW, _LABELS, _WIDTH, _WIDEST = 22, 520, 900, 2.0


@dataclass(frozen=True)
class Figure:
    """A measure: rates of its rounds beside those of its floor, which were taken in turn. `goal`: the least ratio."""

    title: str
    engine: str
    size: str
    floor: str
    goal: float
    rates: list[float]
    floors: list[float]

    @property
    def ratio(self) -> float:
        """The ratio of the medians."""
        return statistics.median(self.rates) / statistics.median(self.floors)

    def line(self) -> str:
        """One line for a person; only here are there rates, which say nothing apart from their run."""
        rates = f"{statistics.median(self.rates):,.0f} to {statistics.median(self.floors):,.0f} per second"
        name = f"{_ENGINES[self.engine]} {self.size}  {self.title} / {self.floor}"
        return f"{name}: {self.ratio:.2f}, goal {self.goal:.2f} {result(self).verdict} ({rates})"


@dataclass(frozen=True)
class Result:
    """A figure as it is kept: `low` and `high` are the ratios of its worst and its best round."""

    title: str
    engine: str
    size: str
    floor: str
    goal: float
    ratio: float
    low: float
    high: float
    date: str
    machine: str

    @property
    def key(self) -> tuple[str, ...]:
        """What a newer figure replaces."""
        return self.title, self.engine, self.size, self.floor

    @property
    def verdict(self) -> str:
        """Whether the goal is reached; rounds that differ by more than `_STEADY` tell of the machine, not of us."""
        if self.high > _STEADY * self.low:
            return "unsteady"
        return "reached" if self.ratio >= self.goal else "missed"


def result(figure: Figure) -> Result:
    """The figure with today's date and this machine."""
    ratios = [mine / floor for mine, floor in zip(figure.rates, figure.floors, strict=True)]
    known = {name: value for name, value in asdict(figure).items() if name not in ("rates", "floors")}
    rounded = [round(each, 2) for each in (figure.ratio, min(ratios), max(ratios))]
    return Result(
        **known,
        ratio=rounded[0],
        low=rounded[1],
        high=rounded[2],
        date=datetime.now(UTC).date().isoformat(),
        machine=_machine(),
    )


def write(figures: list[Figure]) -> None:
    """Put the figures among those of earlier runs, and write the table and the plot anew."""
    known = {each.key: each for each in _kept()} | {each.key: each for each in map(result, figures)}
    results = list(known.values())
    RESULTS.write_text(json.dumps([asdict(each) for each in results], indent=1, ensure_ascii=False) + "\n")
    before, _, rest = PAGE.read_text().partition(_BEGIN)
    PAGE.write_text(f"{before}{_BEGIN}\n\n{tables(results)}\n{_END}{rest.partition(_END)[2]}")
    PLOT.write_text(plot(results))


def _kept() -> list[Result]:
    return [Result(**each) for each in json.loads(RESULTS.read_text())] if RESULTS.exists() else []


def tables(results: list[Result]) -> str:
    """Markdown with a row for each figure; those of one size divided by another's have a table of their own."""
    compared = [each for each in results if each.floor.startswith(ITSELF_AT)]
    text = _table([each for each in results if each not in compared])
    return text + (f"\n## One size divided by another\n\n{_table(compared)}" if compared else "")


def _table(results: list[Result]) -> str:
    lines = [
        "| measure | divided by | engine | size | goal | figure | rounds from – to | date | machine |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in results:
        figure = f"{each.ratio:.2f} {each.verdict}"
        cells = [each.title, each.floor, _ENGINES[each.engine], each.size, f"≥ {each.goal:.2f}", figure]
        cells += [f"{each.low:.2f} – {each.high:.2f}", each.date, each.machine]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def plot(results: list[Result]) -> str:
    """Bars of each figure as a share of its goal, which is the line, as SVG."""
    scale = (_WIDTH - _LABELS - 60) / _WIDEST
    height = _ROW * (len(results) + 2)
    goal_at = _LABELS + scale
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{goal_at:.0f}" y="{_ROW - 6}" text-anchor="middle" fill="#222222">the goal</text>',
    ]
    for number, each in enumerate(results, 1):
        width = min(each.ratio / each.goal, _WIDEST) * scale
        top, colour = number * _ROW, _COLOURS[each.verdict]
        label = f"{_ENGINES[each.engine]} {each.size}: {each.title.replace('`', '')} / {each.floor}"
        parts += [
            f'<text x="{_LABELS - 8}" y="{top + 15}" text-anchor="end" fill="#222222">{escape(label)}</text>',
            f'<rect x="{_LABELS}" y="{top + 3}" width="{width:.1f}" height="{_ROW - 6}" fill="{colour}"/>',
            f'<text x="{_LABELS + width + 5:.1f}" y="{top + 15}" fill="#222222">{each.ratio:.2f}</text>',
        ]
    line = f'<line x1="{goal_at:.0f}" x2="{goal_at:.0f}" y1="{_ROW}" y2="{height - _ROW}" stroke="#222222"/>'
    return "\n".join([*parts, line, "</svg>"]) + "\n"


def _machine() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{os.cpu_count()} cores, {models[0] if models else platform.machine()}"
