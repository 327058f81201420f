"""What the reference shows of the classes, where reading the sources alone would mislead.

An extension of griffe, which reads the package without importing it.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

TOGETHER = re.compile(r"^( *)(\w+(?:, \w+)+)\n((?:\1 +\S.*\n?)+)", re.MULTILINE)


class Signatures(griffe.Extension):
    """Constructors as programs call them: none where the package makes the objects."""

    def on_alias_instance(self, *, alias: griffe.Alias, **_: Any) -> None:
        """Read the package's own dataclasses as those that they are shown as to type checkers."""
        for name in ("dataclass", "field"):
            if alias.target_path.endswith(f"_record.{name}"):
                alias.target_path = f"dataclasses.{name}"

    def on_class_members(self, *, cls: griffe.Class, **_: Any) -> None:
        """Forget a constructor that says to type checkers what the members of a dataclass say."""
        init = cls.members.get("__init__")
        if isinstance(init, griffe.Function) and "Unpack[" in str(list(init.parameters)[-1]):
            cls.del_member("__init__")

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Put every class right once the dataclasses have their constructors."""
        griffe.DataclassesExtension().on_package(pkg=pkg)
        for module in _modules(pkg):
            classes = [each for each in module.classes.values() if not each.is_alias]
            for each in classes:
                _put_right(each)
            for owner in (module, *classes):
                for each in (owner, *owner.functions.values()):
                    if not each.is_alias:
                        _say_apart(each)
                for each in owner.functions.values():
                    if not each.is_alias:
                        _show_constants(each)


def _modules(module: griffe.Module) -> list[griffe.Module]:
    below = [each for each in module.modules.values() if not each.is_alias]
    return [module, *(found for each in below for found in _modules(each))]


def _put_right(made: griffe.Class) -> None:
    new = made.members.get("__new__")
    if isinstance(new, griffe.Function) and "__init__" not in made.members:
        first, *others = new.parameters
        renamed = griffe.Parameter("self", kind=first.kind)
        made.set_member("__init__", _function(griffe.Parameters(renamed, *others)))
    init = made.members.get("__init__")
    if isinstance(init, griffe.Function):
        plain = [each for each in init.parameters if not each.name.startswith("_")]
        init.parameters = griffe.Parameters(*plain)
    public = any(str(each.value) == "public" for each in made.decorators)
    if public and "__init__" in made.members and not _says_parameters(made):
        made.del_member("__init__")


def _say_apart(made: griffe.Object) -> None:
    """Give parameters that a docstring describes together an entry each.

    Else all are shown with the type of the first one.
    """
    if made.docstring:
        made.docstring.value = TOGETHER.sub(_apart, made.docstring.value)


def _apart(match: re.Match[str]) -> str:
    return "".join(f"{match[1]}{name}\n{match[3]}" for name in match[2].split(", "))


def _show_constants(function: griffe.Function) -> None:
    """Show the values of defaults that have a name in the module."""
    for parameter in function.parameters:
        name = str(parameter.default or "")
        if name.isupper() and name.isidentifier():
            try:
                found: Any = function.module[name]
                found = found.final_target if found.is_alias else found
            except (KeyError, griffe.AliasResolutionError):
                continue
            if found.is_attribute and found.value is not None:
                parameter.default = found.value


def _function(parameters: griffe.Parameters) -> griffe.Function:
    return griffe.Function("__init__", parameters=parameters)


def _says_parameters(made: griffe.Class) -> bool:
    text = made.docstring.value if made.docstring else ""
    init = made.members.get("__init__")
    if isinstance(init, griffe.Function) and init.docstring:
        text += init.docstring.value
    return "Parameters\n-----" in text or "dataclass" in made.labels
