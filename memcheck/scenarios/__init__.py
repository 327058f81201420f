"""The scenarios. Each module here is imported; a new one needs no other entry."""
