"""One noun, one meaning: no two classes share a name, and each word of the house has one home."""

from __future__ import annotations

import ast
from collections import defaultdict

import pytest
from house import modules, nodes, shown

# What an owner becomes in a fork of its process: the same meaning wherever it stands.
SHARED = {"Inherited"}
# Where each word of the house lives; `DevicePicture` and the like are kinds of it.
HOMES = {
    "Picture": ("_av", "frames", "picture"),
    "Scratch": ("_av", "scale", "sws"),
    "InputFormat": ("_av", "codecs", "encoder_pictures"),
    "Recipe": ("_av", "scale", "recipes"),
    "Conversion": ("_av", "scale", "steps"),
    "Destination": ("frames", "_copy"),
    "OutputFile": ("_av", "files", "target"),
    "Configuration": ("codecs", "_encoder_input"),
}


def classes() -> dict[str, list[str]]:
    """Return the modules that define a class of each name, a leading underscore left out."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for module, path in modules().items():
        for node in nodes(path):
            if isinstance(node, ast.ClassDef):
                found[node.name.lstrip("_")].append(shown(module))
    return found


def test_no_two_classes_share_a_name() -> None:
    assert {k: v for k, v in classes().items() if len(v) > 1 and k not in SHARED} == {}


@pytest.mark.parametrize("word", HOMES)
def test_word_of_the_house_has_one_home(word: str) -> None:
    assert classes()[word] == [shown(HOMES[word])]


@pytest.mark.parametrize("word", ["Plan", "Target"])
def test_word_that_meant_several_things_is_gone(word: str) -> None:
    assert not [name for name in classes() if name.endswith(word)]
