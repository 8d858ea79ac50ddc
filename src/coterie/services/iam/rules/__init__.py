"""Pure decisions of IAM: what is predefined, what groups grant, and who may grant it."""
