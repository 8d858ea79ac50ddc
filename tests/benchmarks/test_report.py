"""The benchmarks' report: ratios of medians, what a newer figure replaces, and a plot that can be read."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from benchmarks.report import Figure

from benchmarks import report


def figure(title: str = "`GET /x`", *, rates: tuple[float, ...] = (50.0, 60.0, 180.0)) -> Figure:
    return Figure(title, "sqlite", "S", "the floor", 0.5, list(rates), [100.0, 100.0, 200.0])


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    page = tmp_path / "performance.md"
    page.write_text(f"before\n\n{report._BEGIN}\nold\n{report._END}\n\nafter\n")
    monkeypatch.setattr(report, "PAGE", page)
    monkeypatch.setattr(report, "PLOT", tmp_path / "performance.svg")
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results.json")
    return page


def test_a_figure_is_the_ratio_of_the_medians() -> None:
    assert figure().ratio == 0.6
    kept = report.result(figure())
    assert (kept.ratio, kept.low, kept.high) == (0.6, 0.5, 0.9)


def test_rounds_that_differ_too_much_decide_nothing() -> None:
    assert report.result(figure(rates=(50.0, 60.0, 202.0))).verdict == "unsteady"
    assert report.result(figure(rates=(50.0, 60.0, 200.0))).verdict == "reached"
    assert report.result(figure(rates=(40.0, 40.0, 80.0))).verdict == "missed"


def test_a_newer_figure_replaces_the_older_and_leaves_the_others(page: Path) -> None:
    report.write([figure(), figure("other")])
    report.write([figure(rates=(10.0, 10.0, 20.0))])
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    rows = [line for line in text.splitlines() if line.startswith("| ") and "the floor" in line]
    assert ["0.10 missed" in row for row in rows] == [True, False]
    assert "| 0.60 reached | 0.50 – 0.90 |" in rows[1]


def test_sizes_divided_by_each_other_stand_in_a_table_of_their_own(page: Path) -> None:
    report.write([replace(figure(), size="L", floor="itself at S"), figure()])
    floors, heading, sizes = page.read_text().partition("## One size divided by another")
    assert heading
    assert "| the floor | SQLite | S |" in floors
    assert "itself at S" not in floors
    assert "| itself at S | SQLite | L | ≥ 0.50 | 0.60 reached |" in sizes
    assert "the floor" not in sizes


def test_the_plot_has_a_bar_for_each_figure_as_a_share_of_its_goal(page: Path) -> None:
    report.write([figure("a <b>", rates=(25.0, 25.0, 50.0)), figure("c", rates=(50.0, 50.0, 100.0))])
    root = ElementTree.fromstring(page.with_suffix(".svg").read_text())
    space = "{http://www.w3.org/2000/svg}"
    widths = [float(each.get("width", "")) for each in root.iter(f"{space}rect")][1:]
    assert widths[1] == pytest.approx(2 * widths[0], abs=0.2)
    line = root.find(f"{space}line")
    assert line is not None
    assert float(line.get("x1", "")) == pytest.approx(report._LABELS + widths[1], abs=1)
    assert any(each.text == "SQLite S: a <b> / the floor" for each in root.iter(f"{space}text"))


def test_the_page_in_the_repository_shows_the_kept_results() -> None:
    kept = report._kept()
    assert report.tables(kept) in report.PAGE.read_text()
    assert report.plot(kept) == report.PLOT.read_text()
