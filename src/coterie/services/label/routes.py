"""The operations of the label service: read this first."""

from __future__ import annotations

from coterie.attachments import CHANGED, follow
from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, Service, op
from coterie.services.label import operations
from coterie.services.label.operations import RESOURCE
from coterie.services.label.schemas import LabelView
from coterie.services.label.tables import label_media

MANAGE = (operations.MANAGE,)

SERVICE = Service(
    name="label",
    title="Label Service",
    prefix="/label",
    dialect=Dialect(
        envelope="B",
        texts={
            "not_found": "Couldn't find a label with id '{id}'",
            "exists": "Duplicate label with id '{id}' on tenant '{tenant}'.",
            "missing_scopes": "Required scope(s): [{scopes}]",
        },
    ),
    reactions={CHANGED: follow(label_media, "LABEL")},
    rows=(
        op("GET", "/labels", operations.list_labels, ANY, 200, answer=list[LabelView]),
        op("POST", "/labels", operations.create_label, MANAGE, 201, answer=LabelView),
        op("GET", "/labels/{labelId}", RESOURCE.get, ANY, 200),
        op("PUT", "/labels/{labelId}", operations.replace_label, MANAGE, 200, answer=LabelView),
        op("PATCH", "/labels/{labelId}", operations.patch_label, MANAGE, 200, answer=LabelView),
        op("DELETE", "/labels/{labelId}", RESOURCE.delete, MANAGE, 204),
    ),
)
