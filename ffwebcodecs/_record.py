"""Frozen dataclasses without the import of `dataclasses`, which costs more than loading FFmpeg.

What is made here is to its users a dataclass: `dataclasses.fields`, ``replace``, ``asdict`` and
``is_dataclass`` take it, and so does a dataclass that inherits from it. The fields that these ask
for are made when they are asked for. Type checkers are shown the real thing:

    if TYPE_CHECKING:
        from dataclasses import dataclass, field
    else:
        from .._record import dataclass, field
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable


class _Factory:
    """Stands in a signature for what a function makes each time."""

    def __repr__(self) -> str:
        return "<factory>"


_MISSING: Any = _Factory()
_set = object.__setattr__

T = TypeVar("T")


class Member:
    """What a class says of a member that is not plain."""

    __slots__ = ("arguments",)

    def __init__(self, **arguments: Any) -> None:
        self.arguments = arguments


class _Made:
    """How a class was made: its members with what is said of each, in order."""

    __slots__ = ("kw_only", "members")

    def __init__(self, members: dict[str, dict[str, Any]], kw_only: bool) -> None:
        self.members = members
        self.kw_only = kw_only

    def names(self, *asked: str) -> tuple[str, ...]:
        """Return the members that take part in what is asked for: the first of it that is said."""
        return tuple(
            name
            for name, said in self.members.items()
            if next((said[each] for each in asked if said.get(each) is not None), True)
        )


_made: dict[type, _Made] = {}


def field(**arguments: Any) -> Any:
    """Say more of a member than its default: as `dataclasses.field`, all but ``init``."""
    return Member(**arguments)


def dataclass(*, frozen: bool, kw_only: bool = False) -> Callable[[type[T]], type[T]]:
    """Make a class what `dataclasses.dataclass` makes of it; it inherits from `object`."""
    assert frozen

    def make(cls: type[T]) -> type[T]:
        members: dict[str, dict[str, Any]] = {}
        for name in cls.__annotations__:
            value = vars(cls).get(name, _MISSING)
            if isinstance(value, Member):
                members[name] = value.arguments
                if "default" in value.arguments:
                    setattr(cls, name, value.arguments["default"])
                else:
                    delattr(cls, name)
            else:
                members[name] = {} if value is _MISSING else {"default": value}
        made = _made[cls] = _Made(members, kw_only)
        ours: dict[str, Any] = _methods(cls, made)
        ours["__match_args__"] = () if kw_only else tuple(members)
        for name in ("__dataclass_fields__", "__dataclass_params__"):
            ours[name] = _FieldsLater(name)
        for name, thing in ours.items():
            if name not in vars(cls) or name == "__hash__":
                setattr(cls, name, thing)
        return cls

    return make


def replace(record: T, /, **changes: Any) -> T:
    """Return a copy with other members, as `dataclasses.replace`."""
    made = _made.get(type(record))
    if made is None:
        import dataclasses

        return dataclasses.replace(record, **changes)  # type: ignore[type-var]
    return type(record)(**({name: getattr(record, name) for name in made.members} | changes))


def defaults(cls: type) -> dict[str, object]:
    """Return the members of a dataclass with their defaults; None where there is none."""
    made = _made.get(cls)
    if made is not None:
        return {name: said.get("default") for name, said in made.members.items()}
    from dataclasses import MISSING, fields

    return {each.name: None if each.default is MISSING else each.default for each in fields(cls)}


def _methods(cls: type, made: _Made) -> dict[str, Any]:
    compared, hashed = made.names("compare"), made.names("hash", "compare")
    shown = made.names("repr")

    def __eq__(self: Any, other: object) -> Any:  # noqa: N807
        if other.__class__ is not self.__class__:
            return NotImplemented
        mine = tuple([getattr(self, name) for name in compared])
        return mine == tuple([getattr(other, name) for name in compared])

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(tuple([getattr(self, name) for name in hashed]))

    def __repr__(self: Any) -> str:  # noqa: N807
        said = ", ".join([f"{name}={getattr(self, name)!r}" for name in shown])
        return f"{type(self).__qualname__}({said})"

    def __setattr__(self: Any, name: str, value: object) -> None:  # noqa: N807
        if type(self) is cls or name in made.members:
            raise _frozen(f"cannot assign to field {name!r}")
        _set(self, name, value)

    def __delattr__(self: Any, name: str) -> None:  # noqa: N807
        if type(self) is cls or name in made.members:
            raise _frozen(f"cannot delete field {name!r}")
        object.__delattr__(self, name)

    methods = {
        each.__name__: each for each in (__eq__, __hash__, __repr__, __setattr__, __delattr__)
    }
    for each in methods.values():
        each.__qualname__ = f"{cls.__qualname__}.{each.__name__}"
        each.__module__ = cls.__module__
    return {"__init__": _initializer(cls, made), "__replace__": replace, **methods}


def _frozen(text: str) -> AttributeError:
    from dataclasses import FrozenInstanceError

    return FrozenInstanceError(text)


def _initializer(cls: type, made: _Made) -> Any:
    """Return ``__init__`` with a parameter for each member."""
    parameters, lines, values = [], [], {"_set": _set, "_missing": _MISSING}
    for name, said in made.members.items():
        default, value = "", name
        if "default_factory" in said:
            values[f"_make_{name}"] = said["default_factory"]
            default, value = "=_missing", f"_make_{name}() if {name} is _missing else {name}"
        elif "default" in said:
            values[f"_default_{name}"] = said["default"]
            default = f"=_default_{name}"
        parameters.append(name + default)
        lines.append(f" _set(self,{name!r},{value})\n")
    star = "*," if made.kw_only else ""
    text = f"def __init__(self,{star}{','.join(parameters)}):\n{''.join(lines)}"
    exec(text, values)  # as dataclasses do: a signature that programs can ask for
    initializer = values["__init__"]
    initializer.__qualname__ = f"{cls.__qualname__}.__init__"
    initializer.__module__ = cls.__module__
    initializer.__annotations__ = {**cls.__annotations__, "return": None}
    return initializer


class _FieldsLater:
    """Stands on a class for what `dataclasses` looks for there, until that does."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> Any:
        import dataclasses

        cls = next(each for each in owner.__mro__ if vars(each).get(self.name) is self)
        made = _made[cls]
        body: dict[str, Any] = {"__annotations__": dict(cls.__annotations__)}
        for name, said in made.members.items():
            if said:
                body[name] = dataclasses.field(**said)
        twin = type(cls.__name__, (), {"__module__": cls.__module__, "__doc__": "", **body})
        real: Any = dataclasses.dataclass(frozen=True, kw_only=made.kw_only)(twin)
        for name in ("__dataclass_fields__", "__dataclass_params__"):
            setattr(cls, name, getattr(real, name))
        return getattr(real, self.name)
