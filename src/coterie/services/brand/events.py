"""The events of brands. The reference has none for subscribers, so services alone hear of them."""

BRAND_DELETED = "brand.deleted"


def subject(brand_id: str) -> str:
    """Events of one brand are delivered in order."""
    return f"brand:{brand_id}"
