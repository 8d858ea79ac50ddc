"""What products may hold, how variants follow their parents, and what templates and trees allow. Pure."""
