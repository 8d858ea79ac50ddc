"""Pure decisions of the schema service: attributes and their JSON Schema, types, owners and references."""
