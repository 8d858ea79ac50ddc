"""What groups grant, and whether somebody may grant it (CONTRACT §1.8, §3.13)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coterie.kit.caller import ALL_SCOPES, RESTRICTION
from coterie.services.iam.rules.catalogue import ACCESS_CONTROLS, DEFAULT_TEMPLATE, SCOPES, TEMPLATES

SCOPE_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")


@dataclass(frozen=True)
class Grant:
    """What one group gives: access controls and templates by id, and the scopes of its custom access controls.

    restrictions: to which values the scopes of restriction-aware access controls are narrowed; none: to no value.
    """

    access_controls: Sequence[str] = ()
    templates: Sequence[str] = ()
    restrictions: Sequence[str] = ()
    custom_scopes: Sequence[str] = ()

    @classmethod
    def of(cls, facts: Mapping[Any, Any]) -> Grant:
        """From the columns of a group by name, where NULL is nothing."""
        names = ("access_controls", "templates", "restrictions", "custom_scopes")
        return cls(*(facts[name] or () for name in names))

    @property
    def controls(self) -> list[str]:
        """All access controls by id, those of the templates included."""
        named = [id for template in self.templates for id in TEMPLATES[template]["accessControls"]]
        return list(dict.fromkeys([*self.access_controls, *named]))

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes, or `*` among them for every one."""
        granted = set(self.custom_scopes)
        for id in self.controls:
            control = ACCESS_CONTROLS.get(id)
            if control is not None:
                granted |= narrowed(control, self.restrictions)
        return frozenset(granted)


# What a customer may do to whom no group applies (CONTRACT §1.8).
_DEFAULT = Grant(templates=(DEFAULT_TEMPLATE,))


def narrowed(control: Mapping[str, Any], restrictions: Sequence[str]) -> set[str]:
    """The scopes of an access control in a group with these restrictions."""
    if not restrictions or not control["restrictionAware"]:
        return set(control["scopes"])
    return {f"{scope}{RESTRICTION}{each}" for scope in control["scopes"] for each in restrictions}


def employee_scopes(grants: Iterable[Grant]) -> frozenset[str]:
    """What an employee of these groups may do."""
    return frozenset[str]().union(*(grant.scopes for grant in grants))


def applying(grants: Iterable[Grant]) -> list[Grant]:
    """What the groups that apply to a customer grant, and where none grants anything the default.

    A group without access controls and templates is a mere label.
    """
    return [grant for grant in grants if grant.access_controls or grant.templates] or [_DEFAULT]


def customer_scopes(grants: Iterable[Grant]) -> frozenset[str]:
    """What a customer to whom these groups apply may do."""
    found = applying(grants)
    return _DEFAULT_SCOPES if found == [_DEFAULT] else employee_scopes(found)


# Most customers are in no group, and they share one set.
_DEFAULT_SCOPES = _DEFAULT.scopes


def exceeding(held: Collection[str], wanted: Iterable[str]) -> list[str]:
    """Those of the scopes that whoever holds `held` does not have, in order.

    A scope covers itself narrowed to a restriction; nothing but `*` covers `*`.
    """
    if ALL_SCOPES in held:
        return []
    return sorted(
        scope for scope in set(wanted) if scope not in held and scope.partition(RESTRICTION)[0] not in held
    )


def unknown_scopes(scopes: Iterable[str], custom: Collection[str]) -> list[str]:
    """Those of the scopes that nobody defined; `custom` are the tenant's own, those of its custom types included."""
    bases = {scope: scope.partition(RESTRICTION)[0] for scope in scopes}
    return [scope for scope, base in bases.items() if base not in SCOPES and base not in custom]


def written(scopes: Collection[str], custom: Collection[str]) -> list[str]:
    """Scopes in order, with every name that `*` stands for; `custom` are the tenant's own."""
    return sorted({*SCOPES, *custom} if ALL_SCOPES in scopes else scopes)
