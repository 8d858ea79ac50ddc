"""Templates, in requests and in answers."""

from __future__ import annotations

from coterie.kit.wire import Listed, Wire
from coterie.services.product.schemas.texts import Scalar, Text


class TemplateValue(Wire):
    """A value that a template allows, with its names."""

    key: Scalar
    name: Text | None = None


class TemplateAttributeMetadata(Wire):
    """Whether an attribute must be given, whether it tells variants apart, and its default."""

    mandatory: bool | None = None
    variant_attribute: bool | None = None
    default_value: Scalar | None = None


class TemplateAttribute(Wire):
    """An attribute of the products that follow a template."""

    key: str
    name: Text
    type: str
    metadata: TemplateAttributeMetadata
    values: Listed[TemplateValue] | None = None


class TemplateVersion(Wire):
    """`metadata` in a template's PUT: the version that it is based on."""

    version: int


class TemplateCreation(Wire):
    """Body of POST; without an id one is made."""

    name: Text
    attributes: list[TemplateAttribute]
    id: str | None = None


class TemplateUpdate(Wire):
    """Body of PUT, which makes a new version."""

    name: Text
    attributes: list[TemplateAttribute]
    metadata: TemplateVersion


class TemplateQuery(Wire):
    """Query parameter of one template; without it the latest version is shown."""

    version: int | None = None


class TemplateValueView(Wire):
    """A value that a template allows, in an answer."""

    key: Scalar
    name: dict[str, str] | None = None


class TemplateAttributeMetadataView(Wire):
    """What an attribute is for, in an answer."""

    mandatory: bool | None = None
    variant_attribute: bool | None = None
    default_value: Scalar | None = None


class TemplateAttributeView(Wire):
    """An attribute of a template in an answer."""

    key: str
    name: dict[str, str]
    type: str
    metadata: TemplateAttributeMetadataView
    values: list[TemplateValueView] | None = None


class TemplateMetadataView(Wire):
    """`metadata` of a template in an answer, with the addresses of its JSON Schemas."""

    version: int
    created_at: str
    modified_at: str
    variant_attributes_schema: str
    template_attributes_schema: str


class TemplateView(Wire):
    """A template as clients see it."""

    id: str
    name: dict[str, str]
    attributes: list[TemplateAttributeView]
    metadata: TemplateMetadataView


class TemplateShown(Wire):
    """The template of a product: its id and version, or all of it with `expand=template`."""

    id: str
    version: int | None = None
    name: dict[str, str] | None = None
    attributes: list[TemplateAttributeView] | None = None
    metadata: TemplateMetadataView | None = None
