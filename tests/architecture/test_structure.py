"""The rules of the design that import-linter can't see. Each message says how to mend what it finds."""

from __future__ import annotations

import ast
from pathlib import Path

import msgspec
import pytest

from coterie.directory import NAMES, SERVICES
from coterie.kit.rows import bulk_item, form_value
from coterie.kit.tables import metadata
from coterie.kit.wire import Wire

SRC = Path(__file__).resolve().parents[2] / "src" / "coterie"
MODULES = sorted(path for path in SRC.rglob("*.py") if "versions" not in path.parts)
# Keys that can't start with the tenant: the outbox orders events by one number; a token names its key only.
WITHOUT_TENANT = {"outbox", "signing_key"}
# Files over the limit, with the reason. This list may only shrink.
LONG: dict[str, str] = {}
# Modules beside these that read the clock, the environment or randomness.
READERS = {"kit/clock.py", "settings.py", "kit/mixins.py"}


def relative(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_module_says_what_it_holds(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    assert first.startswith('"""'), f"{path}: start with a docstring that says what the module holds"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    lines = text.count("\n")
    assert lines <= 420 or relative(path) in LONG, f"{path} has {lines} lines; split it by noun"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno
            assert length <= 70, f"{path}:{node.lineno} {node.name} has {length} lines; give its steps names"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_module_has_a_name_that_says_nothing(path: Path) -> None:
    empty = {"utils", "helpers", "base", "manager", "service", "repository", "common", "misc"}
    assert path.stem not in empty, f"{path}: name it for what it holds"


def test_the_kit_stays_small() -> None:
    lines = sum(
        path.read_text().count("\n") for path in (SRC / "kit").glob("*.*") if path.suffix in {".py", ".lark"}
    )
    assert lines <= 5000, f"the kit has {lines} lines, the design gives it 5,000"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_only_the_kit_reads_clock_environment_and_randomness(path: Path) -> None:
    if relative(path).startswith(("kit/", "cli/")) or relative(path) in READERS:
        return
    forbidden = {
        ("datetime", "now"),
        ("datetime", "utcnow"),
        ("time", "time"),
        ("os", "environ"),
        ("os", "urandom"),
    }
    modules = {"random", "secrets", "uuid"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in forbidden, (
                f"{path}:{node.lineno}: ask call.now or kit.clock"
            )
        if isinstance(node, ast.Import):
            named = {alias.name for alias in node.names} & modules
            assert not named, f"{path}:{node.lineno}: randomness comes from kit.clock"


def test_every_key_starts_with_the_tenant() -> None:
    for table in metadata.sorted_tables:
        first = next(iter(table.primary_key.columns)).name
        assert first == "tenant" or table.name in WITHOUT_TENANT, f"{table.name}: put tenant first in its key"


def test_a_service_is_named_for_its_first_url_segment() -> None:
    assert {service.name for service in SERVICES} == set(NAMES)
    for service in SERVICES:
        assert service.segment.replace("-", "_") == service.name


def test_request_and_response_types_are_different() -> None:
    requests, answers = set(), set()
    for service in SERVICES:
        for row in service.rows:
            body = row.handler.body
            item = bulk_item(body) or form_value(body) or body
            if isinstance(item, type) and issubclass(item, msgspec.Struct):
                requests.add(item)
            answer = row.handler.answer
            inner = getattr(answer, "__args__", (answer,))
            answers |= {each for each in inner if isinstance(each, type) and issubclass(each, msgspec.Struct)}
    shared = requests & answers
    assert not shared, f"{shared}: give requests and answers structs of their own (rule 8)"


def test_only_absence_is_a_default_of_a_wire_struct() -> None:
    pending = list(Wire.__subclasses__())
    while pending:
        struct = pending.pop()
        pending += struct.__subclasses__()
        for field in msgspec.structs.fields(struct):
            assert field.default in (None, msgspec.NODEFAULT), (
                f"{struct.__name__}.{field.name}: a default that is sent belongs into Kind.defaults"
            )
