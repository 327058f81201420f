"""libavformat: files opened, described, read and written."""
