"""Messages to members: what they agreed to be told, what was said, and what became of it."""
