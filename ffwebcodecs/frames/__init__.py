"""PROMISES media in memory: frames, bitmaps, planes. Imports no codec and no file."""
