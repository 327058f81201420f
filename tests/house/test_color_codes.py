"""Names of colors and their H.273 codes: one table each, which only its two neighbours read."""

from __future__ import annotations

import ast

from house import PACKAGE, nodes

TABLES = {"PRIMARIES", "TRANSFER", "MATRIX", "_PRIMARIES_BY_CODE"}
NEIGHBOURS = {"_spec/frames/color.py", "_spec/frames/color_space.py"}


def test_only_color_knows_codes_by_name() -> None:
    readers = set()
    for path in PACKAGE.rglob("*.py"):
        names = {node.id for node in nodes(path) if isinstance(node, ast.Name)}
        names |= {node.attr for node in nodes(path) if isinstance(node, ast.Attribute)}
        if names & TABLES:
            readers.add(path.relative_to(PACKAGE).as_posix())
    assert readers == NEIGHBOURS
