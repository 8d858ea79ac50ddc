"""The operations of the schema service: read this first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, PUBLIC, TYPED, Service, handler_of, op
from coterie.kit.wire import BulkEntry, Created
from coterie.services.schema import events
from coterie.services.schema.operations import bulk, custom_types, instances, references, schemas, transfer
from coterie.services.schema.operations.documents import (
    get_reference_document,
    get_schema_document,
    published,
)
from coterie.services.schema.operations.leaving import forget_customers
from coterie.services.schema.operations.uploads import MEDIA
from coterie.services.schema.schemas import (
    ExportView,
    InstanceView,
    ParsedView,
    ReferenceForm,
    ReferenceUpdateForm,
    ReferenceView,
    SchemaForm,
    SchemaView,
    TypeView,
)

_PARSE = replace(handler_of(schemas.parse_file), media={MEDIA: SchemaForm})
_CREATE = replace(handler_of(references.create_reference), media={MEDIA: ReferenceForm})
_REPLACE = replace(handler_of(references.put_reference), media={MEDIA: ReferenceUpdateForm})

MANAGE = (schemas.MANAGE,)
INSTANCE_READ = ("schema.custominstance_read", f"custom.{TYPED}_read", f"custom.{TYPED}_read_own")
INSTANCE_MANAGE = ("schema.custominstance_manage", f"custom.{TYPED}_manage", f"custom.{TYPED}_manage_own")

_SCHEMA = "/schemas/{id}"
_REFERENCE = "/references/{id}"
_TYPE = "/custom-entities/{id}"
_INSTANCES = "/custom-entities/{type}/instances"
_INSTANCE = _INSTANCES + "/{id}"
_BULK = _INSTANCES + "/bulk"

SERVICE = Service(
    name="schema",
    title="Schema Service",
    prefix="/schema/{tenant}",
    dialect=Dialect(
        texts={
            "not_found": "Error while getting resource: there is no {noun} '{id}'.",
            "exists": "Duplicated key.",
            "changed": "The {noun} '{id}' has another version by now; read it again to get the latest one.",
            "missing_scopes": "You need to choose the required scope to complete this action.",
        },
    ),
    events=events.ALL,
    published=published,
    reactions={"customer.deleted": forget_customers},
    rows=(
        # Schemas
        op("GET", "/schemas", schemas.list_schemas, ANY, 200, answer=list[SchemaView]),
        op("POST", "/schemas", schemas.create_schema, MANAGE, 201, answer=Created),
        op("POST", "/schemas/file", _PARSE, ANY, 200, answer=ParsedView, mode="none"),
        op("GET", _SCHEMA, schemas.get_schema, ANY, 200, answer=SchemaView),
        op("PUT", _SCHEMA, schemas.put_schema, MANAGE, 204),
        op("DELETE", _SCHEMA, schemas.delete_schema, MANAGE, 204),
        op("PUT", _SCHEMA + "/types", schemas.put_types, MANAGE, 204),
        op("GET", "/types", schemas.list_types, ANY, 200, answer=list[str]),
        # References
        op("GET", "/references", references.list_references, ANY, 200, answer=list[ReferenceView]),
        op("POST", "/references", _CREATE, MANAGE, 201, answer=Created, mode="none"),
        op("GET", _REFERENCE, references.get_reference, ANY, 200, answer=ReferenceView),
        op("PUT", _REFERENCE, _REPLACE, MANAGE, 204, mode="none"),
        op("DELETE", _REFERENCE, references.delete_reference, MANAGE, 204),
        # What is published
        op(
            "GET",
            "/documents/{file}",
            get_schema_document,
            PUBLIC,
            200,
            answer=dict[str, Any],
            extension=True,
        ),
        op(
            "GET",
            "/documents/references/{file}",
            get_reference_document,
            PUBLIC,
            200,
            answer=dict[str, Any],
            extension=True,
        ),
        # Custom entity types
        op("GET", "/custom-entities", custom_types.list_types, ANY, 200, answer=list[TypeView]),
        op("POST", "/custom-entities", custom_types.RESOURCE.create, MANAGE, 201),
        op("GET", _TYPE, custom_types.get_type, ANY, 200, answer=TypeView),
        op("PUT", _TYPE, custom_types.RESOURCE.upsert, MANAGE, 201, 204),
        op("DELETE", _TYPE, custom_types.delete_type, MANAGE, 204),
        op(
            "POST",
            "/custom-entities/export",
            transfer.export_entities,
            MANAGE,
            200,
            answer=ExportView,
            mode="read",
        ),
        op("POST", "/custom-entities/import", transfer.import_entities, MANAGE, 204),
        # Instances
        op("GET", _INSTANCES, instances.list_instances, INSTANCE_READ, 200, answer=list[InstanceView]),
        op(
            "POST",
            _INSTANCES + "/search",
            instances.search_instances,
            INSTANCE_READ,
            200,
            answer=list[InstanceView],
            mode="read",
        ),
        op("POST", _INSTANCES, instances.create_instance, INSTANCE_MANAGE, 201, answer=Created),
        op("GET", _INSTANCE, instances.get_instance, INSTANCE_READ, 200, answer=InstanceView),
        op("PUT", _INSTANCE, instances.put_instance, INSTANCE_MANAGE, 201, 204, answer=Created),
        op("PATCH", _INSTANCE, instances.patch_instance, INSTANCE_MANAGE, 204),
        op("DELETE", _INSTANCE, instances.delete_instance, INSTANCE_MANAGE, 204),
        op("POST", _BULK, bulk.create_instances, INSTANCE_MANAGE, 207, answer=list[BulkEntry]),
        op("PUT", _BULK, bulk.put_instances, INSTANCE_MANAGE, 207, answer=list[BulkEntry]),
        op("PATCH", _BULK, bulk.patch_instances, INSTANCE_MANAGE, 207, answer=list[BulkEntry]),
        op("DELETE", _BULK, bulk.delete_instances, INSTANCE_MANAGE, 207, answer=list[BulkEntry]),
    ),
)
