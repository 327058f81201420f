"""What marks the public objects: they say that they come from ``ffwebcodecs``, wherever they lie.

So pickles, tracebacks and documentation name what programs import, and files may move.
"""

from __future__ import annotations

import sys
from typing import Any, TypeVar

T = TypeVar("T")


def public(thing: T) -> T:
    """Mark a class or function as public; the outermost decorator, for others read the module.

    Annotations of a class are looked up in the module that it says it is from, so what they name
    besides builtins is looked up here, where the class was written.
    """
    marked: Any = thing
    home = marked.__module__
    marked.__module__ = __package__
    annotations = vars(marked).get("__annotations__") if isinstance(thing, type) else None
    if annotations:
        marked.__annotations__ = {
            name: eval(text, vars(sys.modules[home])) if _names_a_class(text) else text
            for name, text in annotations.items()
        }
    return thing


def _names_a_class(text: object) -> bool:
    """Tell whether an annotation names more than builtins: classes begin with a capital."""
    return isinstance(text, str) and text.replace("None", "").lower() != text.replace("None", "")
