"""A codec family is one module with what `families.Family` lists; everyone else asks `families`."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from house import PACKAGE, modules, nodes

from ffwebcodecs._spec.codecs import av1, avc, families, ffmpeg, hevc, vp8, vp9
from ffwebcodecs._spec.codecs.strings import parse_codec
from ffwebcodecs._spec.encoders.choice import candidates, wanted_samples
from ffwebcodecs.errors import NotSupportedError

MODULES = [avc, hevc, vp8, vp9, av1, ffmpeg]
NAMES = {module.NAME for module in MODULES}
FUNCTIONS = {
    name: value
    for name, value in vars(families.Family).items()
    if inspect.isfunction(value) and not name.startswith("_")
}
FACTS = set(families.Family.__annotations__)
# Where a family's name is a key of tables.
AT_HOME = (PACKAGE / "_spec" / "codecs", PACKAGE / "_spec" / "encoders")


def sources(*words: str) -> Iterator[tuple[Path, tuple[ast.AST, ...]]]:
    """Yield the nodes of each file that has one of the words in it."""
    for path in modules().values():
        text = path.read_text(encoding="utf-8")
        if not words or any(word in text for word in words):
            yield path, nodes(path)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.NAME)
def test_every_family_has_the_same_names_and_signatures(module: ModuleType) -> None:
    assert {"parse_string", "is_key", "size_of", "codec_string", "description_of"} <= set(FUNCTIONS)
    for name, wanted in FUNCTIONS.items():
        parameters = list(inspect.signature(wanted).parameters.values())[1:]
        assert list(inspect.signature(getattr(module, name)).parameters.values()) == parameters
    assert set(vars(module)) >= FACTS


def test_a_family_is_found_by_its_name_its_strings_and_its_codec() -> None:
    assert {module.NAME: module for module in MODULES} == families.BY_NAME
    for module in MODULES:
        assert all(families.BY_ENTRY[entry] is module for entry in module.ENTRIES)
        assert all(families.BY_SHORT_NAME[name] is module for name in module.SHORT_NAMES)
        assert families.of_codec(module.CODEC or "prores") is module


@pytest.mark.parametrize("module", [m for m in MODULES if m.SHORT_NAMES], ids=lambda m: m.NAME)
def test_a_family_with_a_name_has_usual_strings_and_encoders(module: ModuleType) -> None:
    for string in module.usual_strings(8, "420", 64, 64, 30.0):
        info = parse_codec(string)
        assert families.of(info) is module
        assert wanted_samples(info).chroma == ("420",)
        assert candidates(info, "no-preference", False)


def test_only_families_lists_the_families() -> None:
    files = {Path(module.__file__ or "").stem for module in MODULES}
    found = {}
    for path, below in sources("import"):
        named = {
            alias.name for node in below if isinstance(node, ast.ImportFrom) for alias in node.names
        }
        if path.stem != "families" and len(named & files) > 1:
            found[str(path.relative_to(PACKAGE))] = named & files
    assert not found


def test_nobody_else_asks_for_a_familys_name() -> None:
    found = []
    for path, below in sources("family", "BY_NAME", "NAME"):
        if path.is_relative_to(AT_HOME[0]):
            continue
        for node in below:
            reads = isinstance(node, ast.Attribute) and node.attr in ("family", "BY_NAME")
            compares = isinstance(node, ast.Compare) and _compares_family(node)
            if path.is_relative_to(AT_HOME[1]):
                # It is a key of tables about FFmpeg's encoders, and compared with nothing else.
                reads, compares = False, compares and not _looks_up(node)
            if reads or compares:
                found.append(f"{path.relative_to(PACKAGE)}:{node.lineno} {ast.unparse(node)}")
    assert not found


def _looks_up(node: ast.AST) -> bool:
    """Tell whether a comparison asks for None, or whether a table has a key."""
    assert isinstance(node, ast.Compare)
    right = node.comparators[0]
    if isinstance(node.ops[0], ast.Is | ast.IsNot):
        return True
    return isinstance(node.ops[0], ast.In) and isinstance(right, ast.Name) and right.id.isupper()


def _compares_family(node: ast.Compare) -> bool:
    sides = [node.left, *node.comparators]
    return any(
        (isinstance(side, ast.Attribute) and side.attr in ("NAME", "_family", "family"))
        or (isinstance(side, ast.Name) and side.id == "family")
        for side in sides
    )


def test_a_profile_that_no_encoder_writes_is_refused() -> None:
    with pytest.raises(NotSupportedError, match="no encoder here writes profile 88"):
        wanted_samples(parse_codec("avc1.58001E"))
