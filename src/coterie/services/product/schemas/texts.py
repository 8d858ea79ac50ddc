"""What several of the structs are made of."""

from __future__ import annotations

Text = str | dict[str, str]
"""A localised text: in one language, or as a map from language to text (CONTRACT §2.6)."""
Scalar = str | int | float | bool
"""A value of an attribute."""
