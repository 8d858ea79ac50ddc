"""The documentation is true: pages made from the code are those of now, links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_the_reference_pages_are_those_of_now() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "reference.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


def test_the_example_of_an_operation_is_one_of_ours() -> None:
    told = re.findall(r"`(op\(.*?\)|async def .*?)`", (ROOT / "CONTRIBUTING.md").read_text())
    code = "".join(path.read_text() for path in (ROOT / "src/coterie/services/site").rglob("*.py"))
    assert len(told) == 2
    for example in told:
        assert example in code, example


def test_architecture_names_files_that_are_there() -> None:
    named = set(re.findall(r"\*\*`([\w/]+\.\w+)`\*\*", (ROOT / "ARCHITECTURE.md").read_text()))
    assert len(named) >= 12
    for name in named:
        assert (ROOT / "src" / "coterie" / name).exists(), f"ARCHITECTURE.md names {name}"
