"""What is predefined: scopes, and the access controls, templates, roles, permissions and resources made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from coterie.kit.caller import ALL_SCOPES

Document = dict[str, Any]

# Every resource with the actions that the reference names for it (CONTRACT §1.8); `~` marks those of customers.
_ACTIONS = """
ai.text manage
ai.completion manage
ai.agent read manage
ai.agentexecution manage ~manage_own
approval.approval read manage ~read_own ~manage_own
availability.availability view manage view_by_vendor manage_by_vendor
brand.brand manage delete
cart.cart manage manage_external_prices
catalog.catalog view manage
category.category read_unpublished publish unpublish manage
configuration.configuration view manage
country.country read manage
country.region read
coupon.coupon read manage ~redeem redeem_on_behalf
currency.currency read manage
customer.customer read manage ~read_own ~manage_own
customer.import read manage
customer.customerprofile ~view ~edit
customer.consent ~view ~manage
customermanagement.legalentity read manage ~read_own
customermanagement.contactassignment read manage
customermanagement.location read manage
customersegment.segment read manage ~read_own
fee.fee create update delete
fee.item create update delete
iam.access read manage
iam.assignment manage ~create_own ~delete_own
iam.group read manage ~read_own
iam.scope read manage ~read_own
iam.template read
iam.user read create update delete ~read_own
iam.permission read
iam.role read
iam.resource read
importtool.import trigger manage
indexing.search view manage
label.label read manage
media.asset read manage read_by_vendor manage_by_vendor
order.order read read_le create post update update_completed delete ~readascustomer ~updateascustomer \
read_by_vendor manage_by_vendor
order.history ~view
payment-gateway.paymentmodes read manage
payment-gateway.authorize manage
payment-gateway.capture manage
payment-gateway.refund manage
payment-gateway.cancel manage
payment-gateway.paymenttransactions read
pickpack.pickpack view manage
price.price read manage read_by_vendor manage_by_vendor
price.pricemodel read manage manage_admin
price.pricelist read manage
product.product manage publish unpublish read_unpublished read_by_vendor manage_by_vendor
product.product_template read manage
quote.quote read manage ~read_own ~manage_own
returns.returns read manage ~read_own ~manage_own
rewardspoints.rewardpoints view manage
schema.schema read manage
schema.custominstance read manage
sepaexport.job view manage
sepaexport.media view
sequentialid.schema view manage
sessioncontext.context manage
shipping.shipping read manage
shoppinglist.shoppinglist read manage delete
site.site read manage
tax.tax read manage
unithandling.unit manage
vendor.vendor read manage
webhook.subscription read manage
"""

# Entities that carry a restriction (CONTRACT §2.13), so that a group's restrictions narrow the scopes of whoever
# sees more of them than his own.
_RESTRICTABLE = frozenset(
    {
        "cart.cart",
        "customer.customer",
        "customermanagement.legalentity",
        "order.order",
        "quote.quote",
        "returns.returns",
        "site.site",
    }
)
_READING = frozenset({"read", "view", "read_le", "read_unpublished"})
_OWN_READING = frozenset({"read_own", "view", "readascustomer"})

ROLES: Mapping[str, str] = {
    "viewer": "Viewer",
    "manager": "Manager",
    "customer-viewer": "Customer: viewer",
    "customer-manager": "Customer: manager",
    "vendor-viewer": "Vendor: viewer",
    "vendor-manager": "Vendor: manager",
}
ADMINISTRATOR = "administrator"
# What a customer may do to whom no group applies: the same as the administrator of a company.
DEFAULT_TEMPLATE = "company-admin"
CUSTOMER, EMPLOYEE = "CUSTOMER", "EMPLOYEE"

# What of the customers' actions a customer without groups may not do.
_NOT_BY_DEFAULT = frozenset({"ai.agentexecution_manage_own"})
# What a buyer of a company leaves to its administrator, and a requester besides to the buyer.
_ADMIN_ONLY = frozenset({"iam.assignment.customer-manager", "customer.customer.customer-manager"})
_BUYER_ONLY = frozenset({"approval.approval.customer-manager", "order.order.customer-manager"})


def _parsed() -> dict[str, tuple[str, ...]]:
    lines = (line.split() for line in _ACTIONS.replace("\\\n", " ").strip().splitlines())
    return {resource: tuple(actions) for resource, *actions in lines}


ACTIONS: Mapping[str, tuple[str, ...]] = _parsed()
"""The actions of each resource `service.resource`, those of customers marked by `~`."""


def _role(action: str) -> str:
    name = action.removeprefix("~")
    if action != name:
        return "customer-viewer" if name in _OWN_READING else "customer-manager"
    kind = name.removesuffix("_by_vendor")
    level = "viewer" if kind in _READING else "manager"
    return level if kind == name else f"vendor-{level}"


def _scope(resource: str, action: str) -> str:
    return f"{resource}_{action.removeprefix('~')}"


SCOPES: Mapping[str, Document] = {
    _scope(resource, action): {
        "id": _scope(resource, action),
        "domain": resource.split(".")[0],
        "description": {"en": f"{action.removeprefix('~').replace('_', ' ').capitalize()}: {resource}"},
        "predefined": True,
    }
    for resource, actions in ACTIONS.items()
    for action in actions
}
"""The predefined scopes by name, as clients see them."""


def _controls() -> Iterator[Document]:
    for resource, actions in ACTIONS.items():
        by_role: dict[str, list[str]] = {}
        for action in actions:
            by_role.setdefault(_role(action), []).append(_scope(resource, action))
        for role, scopes in by_role.items():
            if role.endswith("manager"):
                # Who manages also reads.
                scopes = [*by_role.get(role.replace("manager", "viewer"), []), *scopes]
            control: Document = {
                "id": f"{resource}.{role}",
                "roleId": role,
                "resourceId": resource,
                "domains": [resource.split(".")[0]],
                "name": {"en": f"{resource}: {ROLES[role].lower()}"},
                "scopes": scopes,
                "restrictionAware": resource in _RESTRICTABLE and role in ("viewer", "manager"),
                "predefined": True,
                "vendorAware": role.startswith("vendor"),
            }
            yield {**control, "restrictedTo": CUSTOMER if role.startswith("customer") else EMPLOYEE}
    yield {
        "id": ADMINISTRATOR,
        "domains": sorted({resource.split(".")[0] for resource in ACTIONS}),
        "name": {"en": "Administrator: everything"},
        "scopes": [ALL_SCOPES],
        "restrictionAware": False,
        "restrictedTo": EMPLOYEE,
        "predefined": True,
        "vendorAware": False,
    }


ACCESS_CONTROLS: Mapping[str, Document] = {control["id"]: control for control in _controls()}
"""The predefined access controls by id: for each resource those of its roles, and one for everything.

Those of customers are restricted to groups of customers, all others to groups of employees."""

OF_CUSTOMERS = frozenset(
    scope
    for control in ACCESS_CONTROLS.values()
    if control["restrictedTo"] == CUSTOMER
    for scope in control["scopes"]
)
"""The scopes that mean something for a customer only: what is his own."""

_BY_DEFAULT = [
    id
    for id, control in ACCESS_CONTROLS.items()
    if control["restrictedTo"] == CUSTOMER and not _NOT_BY_DEFAULT & set(control["scopes"])
]
_MERCHANDISE = ("brand", "catalog", "category", "label", "media", "price", "product", "unithandling")


def _template(id: str, name: str, controls: list[str]) -> Document:
    return {"id": id, "name": {"en": name}, "description": {"en": name}, "accessControls": controls}


def _of_role(role: str, *domains: str) -> list[str]:
    return [
        id
        for id, control in ACCESS_CONTROLS.items()
        if control.get("roleId") == role and (not domains or control["domains"][0] in domains)
    ]


TEMPLATES: Mapping[str, Document] = {
    template["id"]: template
    for template in (
        _template("administrator", "Administrator: may do everything", [ADMINISTRATOR]),
        _template("viewer", "Viewer: may read everything", _of_role("viewer")),
        _template("catalogue-manager", "Catalogue manager", _of_role("manager", *_MERCHANDISE)),
        _template(
            "order-manager", "Order manager", _of_role("manager", "order", "quote", "returns", "pickpack")
        ),
        _template(
            "customer-manager",
            "Customer manager: customers, companies, segments and coupons",
            _of_role("manager", "customer", "customermanagement", "customersegment", "coupon"),
        ),
        _template(DEFAULT_TEMPLATE, "Company: administrator", _BY_DEFAULT),
        _template("company-buyer", "Company: buyer", [id for id in _BY_DEFAULT if id not in _ADMIN_ONLY]),
        _template(
            "company-requester",
            "Company: requester",
            [id for id in _BY_DEFAULT if id not in _ADMIN_ONLY | _BUYER_ONLY],
        ),
    )
}
"""The predefined templates by id."""

COMPANY_GROUPS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "ADMIN": (DEFAULT_TEMPLATE, {"en": "B2B Admin", "de": "B2B-Administration"}),
    "BUYER": ("company-buyer", {"en": "B2B Buyer", "de": "B2B-Einkauf"}),
    "REQUESTER": ("company-requester", {"en": "B2B Requester", "de": "B2B-Anforderung"}),
}
"""The groups that every company gets (CONTRACT §3.8): their template and name by their code."""

PERMISSIONS: Mapping[str, Document] = {
    action: {
        "id": action,
        "code": action,
        "name": {"en": action.replace("_", " ").capitalize()},
        "applicableResources": [
            id for id, actions in ACTIONS.items() if {action, f"~{action}"} & set(actions)
        ],
    }
    for action in dict.fromkeys(each.removeprefix("~") for actions in ACTIONS.values() for each in actions)
}
"""The deprecated permissions: the actions, with the resources that have them."""

RESOURCES: Mapping[str, Document] = {
    resource: {"id": resource, "code": resource, "name": {"en": resource.split(".")[1].capitalize()}}
    for resource in ACTIONS
}
"""The deprecated resources."""

ROLE_DOCUMENTS: Mapping[str, Document] = {
    role: {
        "id": role,
        "name": {"en": name},
        "permissions": [
            {"id": permission, "applicablePermissionResources": resources}
            for permission in PERMISSIONS
            if (
                resources := [
                    control["resourceId"]
                    for control in ACCESS_CONTROLS.values()
                    if control.get("roleId") == role
                    and f"{control['resourceId']}_{permission}" in control["scopes"]
                ]
            )
        ],
    }
    for role, name in ROLES.items()
}
"""The deprecated roles: the permissions that their access controls have, and on which resources."""
