"""The tables of labels and of the media attached to them."""

from __future__ import annotations

from sqlalchemy import Column

from coterie.attachments import attachment_table
from coterie.kit.tables import key, resource_table
from coterie.query.sql import Str

label = resource_table("label", key("id"), Column("name", Str, nullable=False))
label_media = attachment_table("label_media")
