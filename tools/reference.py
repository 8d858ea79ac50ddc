"""Writes the pages of docs/reference that the code or its tests know best. `--check` only compares."""

from __future__ import annotations

import dataclasses
import json
import sys
from importlib import import_module
from pathlib import Path

from coterie.directory import SERVICES
from coterie.kit.dispatch import Dispatch
from coterie.kit.errors import CoterieError
from coterie.settings import Settings
from coterie.tenant_settings import TENANT_SETTINGS

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "reference"


def settings() -> str:
    """Every setting with its sentence and default."""
    lines = [
        "# Settings",
        "",
        "Each is an environment variable. `coterie serve --help` shows those that are options too.",
        "",
        "| variable | default | |",
        "|---|---|---|",
    ]
    for field in dataclasses.fields(Settings):
        default = (
            ""
            if field.default == ""
            else f"`{str(field.default).lower() if field.type == 'bool' else field.default}`"
        )
        lines.append(
            f"| `COTERIE_{field.name.upper()}` | {default} | {field.metadata['help'].replace('|', '/')} |"
        )
    return "\n".join(lines) + "\n"


def tenant_settings() -> str:
    """Every setting that a tenant has of its own."""
    lines = [
        "# Settings of a tenant",
        "",
        "Each is a configuration: `PUT /configuration/{tenant}/configurations/{key}` with `key` and `value` changes",
        "it, `DELETE` returns it to its default. The worker that is asked follows with its next request, others",
        "within three seconds. One that was never changed reads as its default, with version 0;",
        "`GET /configuration/{tenant}/global-configurations` lists the defaults.",
        "",
        "| key | values | default | |",
        "|---|---|---|---|",
    ]
    for each in TENANT_SETTINGS.values():
        default = str(each.default).lower() if isinstance(each.default, bool) else each.default
        shown = "" if default is None else f"`{default}`"
        lines.append(f"| `{each.name}` | {each.allowed.replace('|', '/')} | {shown} | {each.help} |")
    return "\n".join(lines) + "\n"


def coverage() -> str:
    """How many of each service's operations are served, and which are missing of those begun."""
    dispatch = Dispatch(SERVICES)
    rows, missing = [], []
    total = served = 0
    for path in sorted((ROOT / "contract").glob("*.json")):
        document = json.loads(path.read_text())
        operations = [(each["method"], each["path"]) for each in document["operations"]]
        absent = [
            f"{method} {where}" for method, where in operations if not _is_served(dispatch, method, where)
        ]
        total, served = total + len(operations), served + len(operations) - len(absent)
        rows.append(f"| {path.stem} | {len(operations) - len(absent)} of {len(operations)} |")
        if absent and len(absent) < len(operations):
            missing += [
                "",
                f"**{path.stem}** has still to come: " + ", ".join(f"`{each}`" for each in absent),
            ]
    head = ["# Coverage", "", f"{served} of the reference's {total} operations are served.", ""]
    return "\n".join([*head, "| service | operations |", "|---|---|", *rows, *missing]) + "\n"


def _is_served(dispatch: Dispatch, method: str, path: str) -> bool:
    try:
        found = dispatch.match(method, path.replace("{", "%7B").replace("}", "%7D"))
    except CoterieError:
        return False
    # A literal of the reference that only a parameter of ours takes is another operation.
    ours = (found.service.prefix + found.row.path).strip("/").split("/")
    theirs = path.strip("/").split("/")
    return all(
        mine.startswith("{") == other.startswith("{") for mine, other in zip(ours, theirs, strict=True)
    )


def events() -> str:
    """The events that each service emits to subscribers."""
    lines = [
        "# Events",
        "",
        "Written to the outbox in the transaction of the change, in order for each subject.",
        "",
    ]
    for service in SERVICES:
        if service.events:
            lines += [f"- **{service.title}**: " + ", ".join(f"`{name}`" for name in service.events)]
    return "\n".join(lines) + "\n"


def visibility() -> str:
    """Who sees what of customer segments: the table that the tests prove."""
    sys.path.insert(0, str(ROOT / "tests"))
    page: str = import_module("support.visibility").page()
    return page


def extensions() -> str:
    """The operations beyond the reference, with what the function behind each says of itself."""
    lines = [
        "# Extensions",
        "",
        "Operations of our own, which the reference does not have. None changes the answer of one that it has.",
        "",
        "Any write takes the header `X-Dry-Run: true`: it is answered as usual, reactions of other services included, "
        "and nothing of it stays. Where an operation commits by itself (signing in, uploads) that is a 400.",
        "",
        "| operation | scope (one of) | |",
        "|---|---|---|",
    ]
    for service in SERVICES:
        for row in service.rows:
            if row.extension:
                anybody = "any token" if row.scopes is not None else "no token"
                scopes = ", ".join(f"`{scope}`" for scope in row.scopes or ()) or anybody
                told = (row.handler.run.__doc__ or "").split("\n", 1)[0].replace("|", "/")
                lines.append(f"| `{row.method} {service.prefix}{row.path}` | {scopes} | {told} |")
    return "\n".join(lines) + "\n"


WRITTEN = {
    "settings.md": settings,
    "tenant-settings.md": tenant_settings,
    "coverage.md": coverage,
    "events.md": events,
    "visibility.md": visibility,
    "extensions.md": extensions,
}


def main() -> int:
    """Write or compare; 1 when a page is stale."""
    stale = []
    for name, make in WRITTEN.items():
        page, text = PAGES / name, make()
        if "--check" in sys.argv:
            if not page.exists() or page.read_text() != text:
                stale.append(name)
        else:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text)
    if stale:
        print(f"stale in docs/reference: {', '.join(stale)}; run .venv/bin/python tools/reference.py")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
