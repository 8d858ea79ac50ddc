"""Letters: what a mail is to say, and the event that asks for it.

The event is internal and written with the change that the mail is about. Its payload is sealed, since links in mails
hold secrets, and is erased once the mail is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from coterie.database.session import Session
from coterie.kit.call import Call
from coterie.kit.clock import iso, new_id
from coterie.kit.keys import Vault
from coterie.kit.language import LanguageError, parse_accept
from coterie.kit.runtime import Runtime
from coterie.kit.tables import outbox
from coterie.kit.tenants import Tenant

REQUESTED = "mail.requested"
_SEALED = "letters"


@dataclass(frozen=True)
class Letter:
    """A mail to be. kind: the name of its template. to: its address; when empty, nothing is sent.

    languages: tags, the best one first. values: what the template may show, texts by name.
    """

    kind: str
    to: str
    languages: tuple[str, ...]
    values: dict[str, str]


def with_link(
    tenant: Tenant,
    kind: str,
    to: str,
    languages: tuple[str, ...],
    token: str,
    page: str,
    seconds: int,
    values: Mapping[str, str],
) -> Letter:
    """A letter with a link that lasts so long: to a page of the tenant's, or else the bare token in it."""
    lasts = {
        "hours": str(seconds // 3600) if seconds >= 7200 else "",
        "minutes": str(max(1, seconds // 60)),
    }
    shown = {"tenant": tenant.name, "email": to, "token": token, "link": page}
    return Letter(kind, to, (*languages, tenant.languages.default), {**shown, **lasts, **values})


def asked_languages(call: Call, preferred: str | None) -> tuple[str, ...]:
    """The language that somebody prefers, then those that the request asks for."""
    try:
        accepted = parse_accept(call.headers.get("accept-language")).ranges
    except LanguageError:
        accepted = ()
    asked = tuple(tag for tag in accepted if tag != "*")
    return (preferred, *asked) if preferred else asked


def post(call: Call, letter: Letter) -> None:
    """Ask for a letter in the call's transaction: it is sent after the commit."""
    call.emit(REQUESTED, _subject(), sealed(call.runtime.vault, letter), internal=True)


async def post_all(runtime: Runtime, db: Session, letters: Sequence[tuple[str, Letter]]) -> None:
    """Ask for letters of tenants outside of any call."""
    rows = [
        {
            "tenant": tenant,
            "type": REQUESTED,
            "subject": _subject(),
            "payload": sealed(runtime.vault, letter),
            "internal": True,
            "created_at": iso(runtime.clock.now()),
        }
        for tenant, letter in letters
    ]
    await db.run(outbox.insert(), rows)


def sealed(vault: Vault, letter: Letter) -> dict[str, Any]:
    """The payload of the event that asks for a letter."""
    return {"letter": vault.seal(msgspec.json.encode(asdict(letter)).decode(), _SEALED)}


def opened(vault: Vault, payload: Mapping[str, Any]) -> Letter | None:
    """The letter that an event asks for, or None when it was sent, and erased."""
    if "letter" not in payload:
        return None
    return msgspec.json.decode(vault.open(payload["letter"], _SEALED), type=Letter)


def _subject() -> str:
    # Each letter for itself: one that can't be sent must not hold up another, nor the customer's events.
    return f"mail:{new_id()}"
