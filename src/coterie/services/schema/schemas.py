"""What travels: schemas, attributes, references, custom entity types and their instances."""

from __future__ import annotations

from typing import Any, Literal

from coterie.kit.cursor import CursorQuery
from coterie.kit.listing import FieldsQuery, ListQuery
from coterie.kit.wire import Listed, Metadata, MetadataView, Wire

AttributeType = Literal[
    "TEXT",
    "NUMBER",
    "DECIMAL",
    "BOOLEAN",
    "DATE",
    "TIME",
    "DATE_TIME",
    "ENUM",
    "ARRAY",
    "OBJECT",
    "REFERENCE",
]
Texts = dict[str, str]

# Schemas


class AttributeMetadata(Wire):
    """What is asked of an attribute's value; what is absent is false. `readOnly` is a note for user interfaces."""

    read_only: bool | None = None
    localized: bool | None = None
    required: bool | None = None
    nullable: bool | None = None


class AttributeValue(Wire):
    """A value of an ENUM, or a type of entities that a REFERENCE may lead to."""

    value: str


class ArrayType(Wire):
    """What an ARRAY holds."""

    type: AttributeType
    values: list[AttributeValue] | None = None
    localized: bool | None = None


class Attribute(Wire):
    """An attribute in a request; `attributes` are those of an OBJECT, or of the objects of an ARRAY."""

    key: str
    name: Texts
    type: AttributeType
    metadata: AttributeMetadata
    description: Texts | None = None
    precision: float | None = None
    values: list[AttributeValue] | None = None
    attributes: list[Attribute] | None = None
    array_type: ArrayType | None = None


class SchemaUpdate(Wire):
    """Body of PUT: the next version; `metadata.version` is required."""

    name: Texts
    types: Listed[str]
    attributes: list[Attribute]
    metadata: Metadata | None = None


class SchemaCreation(SchemaUpdate):
    """Body of POST."""

    id: str | None = None


class ReferenceUpdate(Wire):
    """The part `body` of a PUT; `metadata.version` is required."""

    name: Texts
    types: Listed[str]
    metadata: Metadata | None = None


class ReferenceCreation(ReferenceUpdate):
    """The part `body` of a POST."""

    id: str | None = None


class SchemaForm(Wire):
    """The parts of a form whose attributes are read: a JSON Schema, and perhaps the schema that it is for."""

    file: dict[str, Any]
    id: str | None = None


class ReferenceForm(Wire):
    """The parts of a form that creates a reference."""

    file: dict[str, Any]
    body: ReferenceCreation


class ReferenceUpdateForm(Wire):
    """The parts of a form that publishes a reference's next version."""

    file: dict[str, Any]
    body: ReferenceUpdate


class VersionedQuery(Wire):
    """Query parameter of one schema or reference; by default the current version."""

    version: int | None = None


class TypesQuery(Wire):
    """Query parameters of the change of a version's types."""

    version: int
    mode: Literal["REPLACE", "ADD", "REMOVE"] | None = None


class SchemasQuery(ListQuery):
    """Query parameters of the lists of schemas and references."""

    type: str | None = None


class SchemaMetadataView(MetadataView):
    """`metadata` of a schema or reference; `url` is the document of this version."""

    url: str


class AttributeMetadataView(Wire):
    """What is asked of an attribute's value, in an answer."""

    read_only: bool
    localized: bool
    required: bool
    nullable: bool


class AttributeValueView(Wire):
    """A value of an ENUM, or a type that a REFERENCE may lead to, in an answer."""

    value: str


class ArrayTypeView(Wire):
    """What an ARRAY holds, in an answer."""

    type: AttributeType
    values: list[AttributeValueView] | None = None
    localized: bool | None = None


class AttributeView(Wire):
    """An attribute in an answer."""

    key: str
    type: AttributeType
    metadata: AttributeMetadataView
    name: Texts | None = None
    description: Texts | None = None
    precision: float | None = None
    values: list[AttributeValueView] | None = None
    attributes: list[AttributeView] | None = None
    array_type: ArrayTypeView | None = None


class ReferenceView(Wire):
    """A version of a reference as clients see it."""

    id: str
    name: Texts
    types: list[str]
    metadata: SchemaMetadataView


class SchemaView(ReferenceView):
    """A version of a schema as clients see it."""

    attributes: list[AttributeView]


class VersionView(Wire):
    """The version that a schema has."""

    version: int


class ParsedView(Wire):
    """What a JSON Schema says as attributes: with `types` and what else is missing the body of a schema."""

    attributes: list[AttributeView]
    id: str | None = None
    name: Texts | None = None
    metadata: VersionView | None = None


# Custom entity types


class TypeUpdate(Wire):
    """Body of PUT."""

    name: Texts
    metadata: Metadata | None = None


class TypeCreation(TypeUpdate):
    """Body of POST."""

    id: str


class CustomTypesQuery(ListQuery):
    """Query parameters of the list of custom entity types."""

    expand_schemas: bool | None = None


class CustomTypeQuery(Wire):
    """Query parameter of one custom entity type."""

    expand_schemas: bool | None = None


class TypeView(Wire):
    """A custom entity type as clients see it; `schemas` by id when asked for."""

    id: str
    name: Texts
    metadata: MetadataView
    schemas: dict[str, ReferenceView] | None = None


class ExportView(Wire):
    """Custom entity types with what belongs to them; `data` is Base64."""

    data: str
    exported_at: str


class ImportData(Wire):
    """Body of an import: the `data` of an export."""

    data: str


# Instances


class Owner(Wire):
    """Whose an instance is, in a request; a SERVICE only where it is so already."""

    type: Literal["EMPLOYEE", "CUSTOMER", "SERVICE"]
    user_id: str
    legal_entity_id: str | None = None


class InstanceUpdate(Wire):
    """Body of PUT."""

    name: Texts | None = None
    owner: Owner | None = None
    mixins: dict[str, Any] | None = None
    metadata: Metadata | None = None


class InstanceCreation(InstanceUpdate):
    """Body of POST, and an item of a bulk POST."""

    id: str | None = None


class InstanceItem(InstanceUpdate):
    """An item of a bulk PUT."""

    id: str


class InstancePatch(Wire):
    """An item of a bulk PATCH: RFC 6902 operations for one instance."""

    id: str
    data: list[dict[str, Any]]


class WriteQuery(Wire):
    """Query parameter of writes: whether what is referred to must be there. By default so, in bulk not."""

    validate_references: bool | None = None


class InstanceQuery(FieldsQuery):
    """Query parameters of one instance."""

    expand: str | None = None


class InstancesQuery(CursorQuery):
    """Query parameters of the lists of instances."""

    expand: str | None = None


class OwnerView(Wire):
    """Whose an instance is; a SERVICE is an API key."""

    type: Literal["EMPLOYEE", "CUSTOMER", "SERVICE"]
    user_id: str
    legal_entity_id: str | None = None


class InstanceView(Wire):
    """An instance as clients see it."""

    id: str
    type: str
    owner: OwnerView
    metadata: MetadataView
    name: Texts | None = None
    mixins: dict[str, Any] | None = None
    media: list[str] | None = None


# What an export holds


class ExportedType(Wire):
    """A custom entity type in an export."""

    id: str
    name: Texts


class ExportedVersion(Wire):
    """A version in an export: of a schema its attributes, of a reference its JSON Schema, and where it was."""

    name: Texts
    types: list[str]
    url: str
    attributes: list[Attribute] | None = None
    document: Any = None


class ExportedSchema(Wire):
    """A schema or reference in an export, its versions in their order."""

    kind: Literal["schema", "reference"]
    id: str
    versions: list[ExportedVersion]


class ExportedInstance(Wire):
    """An instance in an export."""

    type: str
    id: str
    owner: Owner
    name: Texts | None = None
    mixins: dict[str, Any] | None = None
    metadata: Metadata | None = None


class Exported(Wire):
    """What the data of an export holds."""

    types: list[ExportedType]
    schemas: list[ExportedSchema]
    instances: list[ExportedInstance]
