"""The events of labels. The reference has none for subscribers, so services alone hear of them."""

LABEL_DELETED = "label.deleted"


def subject(label_id: str) -> str:
    """Events of one label are delivered in order."""
    return f"label:{label_id}"
