"""The tables of brands and of the media attached to them."""

from __future__ import annotations

from sqlalchemy import Column

from coterie.attachments import attachment_table
from coterie.kit.tables import key, resource_table
from coterie.query.sql import Str

brand = resource_table("brand", key("id"), Column("name", Str, nullable=False))
brand_media = attachment_table("brand_media")
