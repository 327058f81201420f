"""The rows of the table: which programs take turns, and what is wanted of ours."""
