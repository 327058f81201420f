"""``--metadata``: what the command line says of an output's tags."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping

from ._values import parse_tag


def add_metadata(parser: argparse.ArgumentParser, of: str = "instead of the input's") -> None:
    """Add ``--metadata``."""
    parser.add_argument(
        "--metadata",
        metavar="KEY=VALUE",
        type=parse_tag,
        action="append",
        default=[],
        help=f"a tag of the output, {of}; may be repeated; KEY= leaves it out",
    )


def changed_tags(
    pairs: Iterable[tuple[str, str]],
) -> Callable[[Mapping[str, str]], dict[str, str]] | None:
    """Return what makes the output's tags of the input's, None if nothing was said.

    Capitals of a key do not matter, as for FFmpeg; the last value counts, an empty one takes the
    tag out.
    """
    said = list(pairs)
    if not said:
        return None

    def change(tags: Mapping[str, str]) -> dict[str, str]:
        changed = dict(tags)
        for key, value in said:
            for other in [one for one in changed if one.lower() == key.lower()]:
                del changed[other]
            if value:
                changed[key] = value
        return changed

    return change
