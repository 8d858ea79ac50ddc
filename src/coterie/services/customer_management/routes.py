"""The operations of the client management service: read this first."""

from __future__ import annotations

from coterie.kit.dialect import Dialect
from coterie.kit.rows import Service, op
from coterie.kit.wire import Created
from coterie.services.customer_management import events
from coterie.services.customer_management.operations import contacts, entities, locations
from coterie.services.customer_management.schemas import ContactView, EntityView, LocationView

READ = (entities.READ,)
OWN = (entities.READ, entities.READ_OWN)
MANAGE = (entities.MANAGE,)
CONTACT_READ = (contacts.READ,)
CONTACT_MANAGE = (contacts.MANAGE,)
LOCATION_READ = (locations.READ,)
LOCATION_MANAGE = (locations.MANAGE,)

_ENTITIES = "/legal-entities"
_ENTITY = "/legal-entities/{legalEntityId}"
_CONTACTS = "/contact-assignments"
_CONTACT = "/contact-assignments/{contactAssignmentId}"
_LOCATIONS = "/locations"
_LOCATION = "/locations/{locationId}"

SERVICE = Service(
    name="customer_management",
    title="Client Management Service",
    prefix="/customer-management/{tenant}",
    dialect=Dialect(details="strings", page_size=16),
    events=events.ALL,
    reactions={
        "customer.deleted": contacts.forget_customers,
        events.ENTITY_DELETED: contacts.forget_entities,
        "iam.group-created": entities.require_companies,
        "iam.group-updated": entities.require_companies,
        events.CONTACT_DELETED: entities.forget_contacts,
        events.LOCATION_DELETED: entities.forget_locations,
    },
    rows=(
        # Legal entities
        op("GET", _ENTITIES, entities.list_entities, OWN, 200, answer=list[EntityView], restricted=True),
        op("POST", _ENTITIES, entities.RESOURCE.create, MANAGE, 201),
        op(
            "POST",
            _ENTITIES + "/search",
            entities.search_entities,
            OWN,
            200,
            answer=list[EntityView],
            mode="read",
            restricted=True,
        ),
        op("GET", _ENTITY, entities.RESOURCE.get, READ, 200, restricted=True),
        op("PUT", _ENTITY, entities.put_entity, MANAGE, 201, 204, answer=Created),
        op("DELETE", _ENTITY, entities.delete_entity, MANAGE, 204),
        op(
            "GET",
            _ENTITY + "/parent-hierarchy",
            entities.parent_hierarchy,
            READ + MANAGE,
            200,
            answer=list[EntityView],
        ),
        # Who acts for them
        op("GET", _CONTACTS, contacts.list_contacts, CONTACT_READ, 200, answer=list[ContactView]),
        op("POST", _CONTACTS, contacts.RESOURCE.create, CONTACT_MANAGE, 201),
        op("GET", _CONTACT, contacts.RESOURCE.get, CONTACT_READ, 200),
        op("PUT", _CONTACT, contacts.RESOURCE.upsert, CONTACT_MANAGE, 201, 204),
        op("DELETE", _CONTACT, contacts.RESOURCE.delete, CONTACT_MANAGE, 204),
        # Where they are
        op("GET", _LOCATIONS, locations.list_locations, LOCATION_READ, 200, answer=list[LocationView]),
        op("POST", _LOCATIONS, locations.RESOURCE.create, LOCATION_MANAGE, 201),
        op("GET", _LOCATION, locations.RESOURCE.get, LOCATION_READ, 200),
        op("PUT", _LOCATION, locations.RESOURCE.upsert, LOCATION_MANAGE, 201, 204),
        op("DELETE", _LOCATION, locations.RESOURCE.delete, LOCATION_MANAGE, 204),
    ),
)
