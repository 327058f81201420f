"""Measurements of single questions, which are made apart from the rest, and their tables."""
