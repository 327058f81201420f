"""Names of color primaries, transfer characteristics and matrices, and their H.273 codes."""

from __future__ import annotations

from ...errors import InvalidArgumentError, NotSupportedError
from ..numbers import show

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .formats import PixelFormat

PRIMARIES: dict[str, int] = {
    "bt709": 1,
    "bt470bg": 5,
    "smpte170m": 6,
    "bt2020": 9,
    "smpte432": 12,
}
TRANSFER: dict[str, int] = {
    "bt709": 1,
    "smpte170m": 6,
    "iec61966-2-1": 13,
    "linear": 8,
    "pq": 16,
    "hlg": 18,
}
MATRIX: dict[str, int] = {
    "rgb": 0,
    "bt709": 1,
    "bt470bg": 5,
    "smpte170m": 6,
    "bt2020-ncl": 9,
}

# What WebCodecs has no name for, by FFmpeg's names. Frames carry it, so that conversions know what
# the numbers mean and files say it again; to programs it is None.
_MORE_PRIMARIES: dict[str, int] = {
    "bt470m": 4,
    "smpte240m": 7,
    "film": 8,
    "smpte428": 10,
    "smpte431": 11,
    "ebu3213": 22,
}
_MORE_TRANSFER: dict[str, int] = {
    "gamma22": 4,
    "gamma28": 5,
    "smpte240m": 7,
    "log100": 9,
    "log316": 10,
    "iec61966-2-4": 11,
    "bt1361e": 12,
    "bt2020-10": 14,
    "bt2020-12": 15,
    "smpte428": 17,
}
_MORE_MATRIX: dict[str, int] = {
    "fcc": 4,
    "smpte240m": 7,
    "ycgco": 8,
    "bt2020-cl": 10,
    "smpte2085": 11,
    "chroma-derived-nc": 12,
    "chroma-derived-cl": 13,
    "ictcp": 14,
    "ipt-c2": 15,
    "ycgco-re": 16,
    "ycgco-ro": 17,
}
_ALL_PRIMARIES = PRIMARIES | _MORE_PRIMARIES
_ALL_TRANSFER = TRANSFER | _MORE_TRANSFER
_ALL_MATRIX = MATRIX | _MORE_MATRIX
_PRIMARIES_BY_CODE = {code: name for name, code in _ALL_PRIMARIES.items()}
_TRANSFER_BY_CODE = {code: name for name, code in _ALL_TRANSFER.items()}
_MATRIX_BY_CODE = {code: name for name, code in _ALL_MATRIX.items()}
UNSPECIFIED = (2, 2, 2)


def codes_of(
    primaries: str | None,
    transfer: str | None,
    matrix: str | None,
    default: tuple[int, int, int] = UNSPECIFIED,
) -> tuple[int, int, int]:
    """Return the codes of names already known to be right; of None that of `default`."""
    return (
        default[0] if primaries is None else _ALL_PRIMARIES[primaries],
        default[1] if transfer is None else _ALL_TRANSFER[transfer],
        default[2] if matrix is None else _ALL_MATRIX[matrix],
    )


def names_of(
    primaries: int, transfer: int, matrix: int
) -> tuple[str | None, str | None, str | None]:
    """Return the names of codes, None for one that says nothing, or that nobody knows."""
    return (
        _PRIMARIES_BY_CODE.get(primaries),
        _TRANSFER_BY_CODE.get(transfer),
        _MATRIX_BY_CODE.get(matrix),
    )


# primaries, transfer, matrix, full range
ColorMembers = tuple["str | None", "str | None", "str | None", "bool | None"]
RGB_DEFAULT: ColorMembers = ("bt709", "iec61966-2-1", "rgb", True)
DISPLAY_P3: ColorMembers = ("smpte432", "iec61966-2-1", "rgb", True)
YUV_DEFAULT: ColorMembers = ("bt709", "bt709", "bt709", False)
# Gray pictures use all 256 values wherever they come from (numpy, PIL, FFmpeg's "gray").
GRAY_DEFAULT: ColorMembers = ("bt709", "bt709", "bt709", True)


def default_members(fmt: PixelFormat) -> ColorMembers:
    """Return what a frame of `fmt` has when no color space is given (spec 1.2)."""
    if fmt.is_rgb:
        return RGB_DEFAULT
    return GRAY_DEFAULT if fmt.is_gray else YUV_DEFAULT


# H.273's ways to say nothing; 0 is RGB as a matrix.
_UNSAID = (frozenset((0, 2, 3)), frozenset((0, 2, 3)), frozenset((2, 3)))
Said = tuple["tuple[int, int, int] | None", "bool | None"]
"""H.273 codes and whether the range is full, of somebody who need not say all."""


def first_said(sources: Iterable[Said]) -> ColorMembers:
    """Return each member as the first says it that says anything, None where nobody does, or where
    nobody knows what is said.
    """
    found: list[str | None] = [None, None, None]
    missing = {0, 1, 2}
    full: bool | None = None
    for codes, range_ in sources:
        names = names_of(*codes) if codes is not None else ()
        for index in [i for i in missing if codes is not None and codes[i] not in _UNSAID[i]]:
            found[index] = names[index]
            missing.discard(index)
        full = range_ if full is None else full
    return found[0], found[1], found[2], full


def believed(codec: str, codes: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return codes without what FFmpeg says of a codec whatever the pictures are: it writes DPX
    files of any kind as "linear".
    """
    primaries, transfer, matrix = codes
    if codec == "dpx" and transfer == TRANSFER["linear"]:
        transfer = UNSPECIFIED[1]
    return primaries, transfer, matrix


def codes_of_members(members: ColorMembers) -> Said:
    """Return a whole color space as `first_said` takes it."""
    return codes_of(*members[:3]), members[3]


_PREDEFINED = {"srgb": RGB_DEFAULT, "display-p3": DISPLAY_P3}
_UNSUPPORTED_PREDEFINED = ("srgb-linear", "display-p3-linear", "rec2020")


def predefined_members(name: object) -> ColorMembers:
    """Return the color space that `copy_to` calls `name`; None counts as "srgb".

    Raises
    ------
    NotSupportedError
        A name that the specification knows, but no conversion here reaches.
    InvalidArgumentError
        Any other name.
    """
    if name is None:
        return RGB_DEFAULT
    if isinstance(name, str):
        if name in _PREDEFINED:
            return _PREDEFINED[name]
        if name in _UNSUPPORTED_PREDEFINED:
            raise NotSupportedError(f"color_space {name!r}: conversions to it are not supported")
    raise InvalidArgumentError(f"color_space {show(name)} is not one of {', '.join(_PREDEFINED)}")
