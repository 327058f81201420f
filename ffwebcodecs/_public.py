"""What marks the public objects: they say that they come from ``ffwebcodecs``, wherever they lie.

So pickles, tracebacks and documentation name what programs import, and files may move.
"""

from __future__ import annotations

from typing import Any, ForwardRef, TypeVar

T = TypeVar("T")


def public(thing: T) -> T:
    """Mark a class or function as public; the outermost decorator, for others read the module.

    What the annotations of a class name is still looked up where the class was written.
    """
    marked: Any = thing
    home = marked.__module__
    marked.__module__ = __package__
    annotations = vars(marked).get("__annotations__") if isinstance(thing, type) else None
    if annotations:
        marked.__annotations__ = {
            name: ForwardRef(text, is_class=True, module=home) if _names_a_class(text) else text
            for name, text in annotations.items()
        }
    return thing


def _names_a_class(text: object) -> bool:
    """Tell whether an annotation names more than builtins, which are found everywhere: classes
    begin with a capital. (A ForwardRef costs 20 us.)
    """
    return isinstance(text, str) and text.replace("None", "").lower() != text.replace("None", "")
