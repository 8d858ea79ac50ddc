"""The events of assets. The reference has none for subscribers; services hear of what is attached to theirs."""

from __future__ import annotations


def subject(asset_id: str) -> str:
    """Events of one asset are delivered in order."""
    return f"media:{asset_id}"
