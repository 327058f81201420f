"""What marks the public objects: they say that they come from ``ffwebcodecs``, wherever they lie.

So pickles, tracebacks and documentation name what programs import, and files may move. ``help`` of
a class shows what it has as its own, not as that of bases that nobody else can use, and ``dir`` of
an object shows what is for programs.
"""

from __future__ import annotations

import sys
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any, TypeVar

T = TypeVar("T")

_SHOWN = (
    *(FunctionType, property, classmethod, staticmethod),
    *(GetSetDescriptorType, MemberDescriptorType),
)


def public(thing: T) -> T:
    """Mark a class or function as public; the outermost decorator, for others read the module.

    Annotations of a class are looked up in the module that it says it is from, so what they name
    besides builtins is looked up here, where the class was written.
    """
    marked: Any = thing
    home = marked.__module__
    marked.__module__ = __package__
    if isinstance(thing, type):
        _own(thing)
    annotations = vars(marked).get("__annotations__") if isinstance(thing, type) else None
    if annotations:
        marked.__annotations__ = {
            name: eval(text, vars(sys.modules[home])) if _names_a_class(text) else text
            for name, text in annotations.items()
        }
    return thing


def _own(kind: Any) -> None:
    """Give a class what its private bases have, but for what is private itself."""
    if "__dir__" not in vars(kind) and not issubclass(kind, BaseException):
        kind.__dir__ = _shown_names
    seen = set(vars(kind))
    for base in kind.__mro__[1:-1]:
        if base.__module__.startswith(f"{__package__}."):
            for name, member in vars(base).items():
                if name not in seen and isinstance(member, _SHOWN) and _is_shown(name):
                    setattr(kind, name, member)
        seen.update(vars(base))


def _is_shown(name: str) -> bool:
    """Whether it is for programs, or one of Python's."""
    return not name.startswith("_") or (name[1:2] == "_" and name != "__init_subclass__")


def _shown_names(self: object) -> list[str]:
    return [name for name in object.__dir__(self) if name[:1] != "_" or name[1:2] == "_"]


def _names_a_class(text: object) -> bool:
    """Tell whether an annotation names more than builtins: classes begin with a capital."""
    return isinstance(text, str) and text.replace("None", "").lower() != text.replace("None", "")
