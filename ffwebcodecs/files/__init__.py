"""PROMISES containers and whole files. Imports codecs and frames."""
