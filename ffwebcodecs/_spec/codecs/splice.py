"""Access units that are put behind those of another encoder: where that may be done, and the
parameter sets that have to be said again.
"""

from __future__ import annotations

from ...errors import DataError
from .nal import START, SequenceParameters, is_record, iter_nal_units

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Unit = bytes | memoryview


class Splicing:
    """How the streams of a codec are joined; the codec's module makes one.

    Parameters
    ----------
    kind : callable
        Returns the kind of a unit.
    sets : sequence of int
        Kinds of parameter sets, in the order in which they are said.
    sequence : int
        The one of them that says how large pictures are.
    delimiter : int
        The kind that is the first of an access unit.
    slices, anew : sequence of int
        Kinds of slices, and those of pictures that need nothing from before them, not even their
        number, and after which nothing does that is shown later.
    belongs : callable
        Whether a unit is of the layer and view that is shown.
    listed : callable
        Returns the parameter sets of a record.
    parse : callable
        Returns what a sequence parameter set says.
    has_fields : callable
        Whether pictures of a sequence parameter set may be fields.
    replaced : (int, callable), optional
        A kind of slice that says that pictures behind it are shown before it, and what makes it
        one that does not.
    """

    def __init__(
        self,
        *,
        kind: Callable[[Unit], int],
        sets: Sequence[int],
        sequence: int,
        delimiter: int,
        slices: Sequence[int],
        anew: Sequence[int],
        belongs: Callable[[Unit], bool],
        listed: Callable[[bytes], list[bytes]],
        parse: Callable[[object], SequenceParameters],
        has_fields: Callable[[bytes], bool],
        replaced: tuple[int, Callable[[bytes], bytes]] | None = None,
    ) -> None:
        self.kind = kind
        self.belongs = belongs
        self._sets = sets
        self._sequence = sequence
        self._delimiter = delimiter
        self._slices, self._anew = slices, anew
        self._listed, self._parse, self._has_fields = listed, parse, has_fields
        self._replaced = replaced

    def begins_anew(self, units: Iterable[Unit]) -> bool:
        """Return whether this access unit may follow any picture, and what comes behind it too, if
        it is shown behind it.
        """
        first = next((kind for kind in map(self.kind, units) if kind in self._slices), None)
        return first in self._anew

    def sets_of(self, extradata: bytes) -> list[bytes]:
        """Return the parameter sets of a stream's header; DataError if it is none."""
        if is_record(extradata):
            return self.only_sets(self._listed(extradata))
        return self.only_sets(iter_nal_units(extradata))

    def only_sets(self, units: Iterable[Unit]) -> list[bytes]:
        """Return the parameter sets among units, in the order in which they are said."""
        found = [bytes(unit) for unit in units if self.kind(unit) in self._sets]
        return sorted(found, key=lambda unit: self._sets.index(self.kind(unit)))

    def _sequences(self, sets: Iterable[bytes]) -> list[bytes]:
        return [unit for unit in sets if self.kind(unit) == self._sequence]

    def samples(self, sets: Iterable[bytes]) -> tuple[int, int, str, int]:
        """Return width, height, chroma and depth that parameter sets say; DataError if none."""
        for unit in self._sequences(sets):
            found = self._parse(unit)
            return found.width, found.height, found.chroma, found.bit_depth
        raise DataError("there is no sequence parameter set")

    def may_have_fields(self, sets: Iterable[bytes]) -> bool:
        """Return whether a picture may be one of two fields."""
        return any(map(self._has_fields, self._sequences(sets)))

    def with_sets(self, units: list[bytes], sets: list[bytes]) -> list[bytes]:
        """Return an access unit that says all parameter sets itself."""
        if set(sets) <= set(units):
            return units
        at = int(bool(units) and self.kind(units[0]) == self._delimiter)
        rest = [unit for unit in units[at:] if self.kind(unit) not in self._sets]
        return [*units[:at], *sets, *rest]

    def cut_before(self, units: list[bytes]) -> list[bytes]:
        """Return a key picture behind others, without the pictures that are shown before it."""
        if self._replaced is None:
            return units
        wanted, made = self._replaced
        return [made(unit) if self.kind(unit) == wanted else unit for unit in units]


def joined(units: Iterable[bytes], length_size: int | None) -> bytes:
    """Return units as an access unit, with lengths or, without a size of these, start codes."""
    if length_size is None:
        return b"".join(b"\0" + START + unit for unit in units)
    return b"".join(len(unit).to_bytes(length_size, "big") + unit for unit in units)
