"""PROMISES chunks and codecs. Imports frames, and no file."""
