"""What both halves of the self-test collect in: the checks of a layout that fail."""

from __future__ import annotations

from typing import Any

NOPTS = -(1 << 63)


class Checks:
    """Collects the names of the checks that fail."""

    def __init__(self, ffi: Any) -> None:
        self.ffi = ffi
        self.failed: list[str] = []

    def equal(self, name: str, value: object, expected: object) -> None:
        """Compare one value."""
        if value != expected:
            self.failed.append(name)

    def fields(self, name: str, pointer: Any, **expected: object) -> None:
        """Compare fields of a struct; a tuple stands for a rational."""
        for field, value in expected.items():
            found = getattr(pointer, field)
            if isinstance(value, tuple):
                found = (found.num, found.den)
            self.equal(f"{name}.{field}", found, value)

    def options(self, struct: str, avutil: Any, pointer: Any, table: dict[str, str]) -> None:
        """Compare the offsets in an object's option table with the layout's."""
        type_of = self.ffi.typeof(struct)
        for option, field in table.items():
            found = avutil.av_opt_find(pointer, option.encode(), self.ffi.NULL, 0, 0)
            offset = found.offset if found else None
            self.equal(f"{struct}.{field}", offset, self.ffi.offsetof(type_of, field))

    def own_string(self, name: str, pointer: Any, expected: bytes) -> None:
        """Compare a constant of FFmpeg's, which lies in the memory of some library."""
        try:
            known = self.ffi.dlopen(None).dladdr(pointer, self.ffi.new("Dl_info *"))
        except (self.ffi.error, AttributeError, OSError):
            return  # no dladdr here: what cannot be looked at safely is not looked at
        found = self.ffi.string(self.ffi.cast("char *", pointer), 64) if known else None
        self.equal(name, found, expected)

    def own_functions(self, name: str, place: Any, function: Any) -> None:
        """Look for two functions, one after the other, of the library that `function` is of."""
        try:
            places = [*self.ffi.cast("void **", place)[0:2], self.ffi.cast("void *", function)]
            dladdr = self.ffi.dlopen(None).dladdr
        except (self.ffi.error, AttributeError, OSError, TypeError):
            return  # no dladdr here, or compiled against the headers, which know the place
        info = self.ffi.new("Dl_info *")
        found = [info.dli_fbase if dladdr(each, info) else None for each in places]
        if found[2] is not None:
            self.equal(name, found[:2], [found[2]] * 2)
