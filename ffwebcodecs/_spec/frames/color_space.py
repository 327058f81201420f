"""VideoColorSpace: how pixel values map to colors."""

from __future__ import annotations

from collections.abc import Mapping

from ..._public import public
from ...errors import InvalidArgumentError
from ..numbers import show, to_flag
from ..types import VideoColorPrimaries, VideoMatrixCoefficients, VideoTransferCharacteristics
from .color import (
    GRAY_DEFAULT,
    MATRIX,
    PRIMARIES,
    RGB_DEFAULT,
    TRANSFER,
    YUV_DEFAULT,
    ColorMembers,
    default_members,
)

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .formats import PixelFormat


@public
class VideoColorSpace:
    """Color primaries, transfer, matrix and range of a frame; immutable.

    Every member may be None: unknown.

    Parameters
    ----------
    primaries : {"bt709", "bt470bg", "smpte170m", "bt2020", "smpte432"}, optional
    transfer : {"bt709", "smpte170m", "iec61966-2-1", "linear", "pq", "hlg"}, optional
    matrix : {"rgb", "bt709", "bt470bg", "smpte170m", "bt2020-ncl"}, optional
    full_range : bool, optional
        True if 8-bit samples use 0 to 255, False if 16 to 235 (240 for chroma).

    Raises
    ------
    InvalidArgumentError
        A string is not one of those above, or `full_range` is not a bool.

    Examples
    --------
    >>> VideoColorSpace(matrix="bt709", full_range=False).to_json()
    {'primaries': None, 'transfer': None, 'matrix': 'bt709', 'fullRange': False}
    """

    __slots__ = ("_members",)
    _members: ColorMembers

    def __init__(
        self,
        *,
        primaries: VideoColorPrimaries | None = None,
        transfer: VideoTransferCharacteristics | None = None,
        matrix: VideoMatrixCoefficients | None = None,
        full_range: bool | None = None,
    ) -> None:
        _check("primaries", primaries, PRIMARIES)
        _check("transfer", transfer, TRANSFER)
        _check("matrix", matrix, MATRIX)
        if full_range is not None:
            full_range = to_flag(full_range, "full_range")
        object.__setattr__(self, "_members", (primaries, transfer, matrix, full_range))

    @classmethod
    def parse(cls, value: VideoColorSpace | Mapping[str, object] | None) -> VideoColorSpace:
        """Return `value` if it is a VideoColorSpace, else make one from a mapping.

        Parameters
        ----------
        value : VideoColorSpace, mapping or None
            Of a mapping, primaries, transfer, matrix and full_range (or fullRange) are read, other
            keys are ignored. An absent member is None; None gives four of them.

        Raises
        ------
        InvalidArgumentError
            `value` is something else, or a member is not allowed.
        """
        if isinstance(value, VideoColorSpace):
            return value
        if value is None:
            return _EMPTY
        if not isinstance(value, Mapping):
            raise InvalidArgumentError(
                f"color_space must be a VideoColorSpace or a mapping, got {show(value)}"
            )
        try:
            full_range = value.get("full_range")
            if full_range is None:
                full_range = value.get("fullRange")
            members = value.get("primaries"), value.get("transfer"), value.get("matrix")
        except Exception as error:
            raise InvalidArgumentError(f"color_space cannot be read: {show(error)}") from error
        return cls(
            primaries=members[0],  # type: ignore[arg-type]
            transfer=members[1],  # type: ignore[arg-type]
            matrix=members[2],  # type: ignore[arg-type]
            full_range=full_range,  # type: ignore[arg-type]
        )

    @property
    def primaries(self) -> VideoColorPrimaries | None:
        """Name of the color primaries, None if unknown or without a name in WebCodecs."""
        name = self._members[0]
        return name if name in PRIMARIES else None  # type: ignore[return-value]

    @property
    def transfer(self) -> VideoTransferCharacteristics | None:
        """Name of the transfer characteristics, None if unknown or without a name in WebCodecs."""
        name = self._members[1]
        return name if name in TRANSFER else None  # type: ignore[return-value]

    @property
    def matrix(self) -> VideoMatrixCoefficients | None:
        """Name of the matrix coefficients, None if unknown or without a name in WebCodecs."""
        name = self._members[2]
        return name if name in MATRIX else None  # type: ignore[return-value]

    @property
    def full_range(self) -> bool | None:
        """Whether samples use the full range."""
        return self._members[3]

    def to_json(self) -> dict[str, str | bool | None]:
        """Return the members as the specification's dictionary (its key is ``fullRange``)."""
        return {
            "primaries": self.primaries,
            "transfer": self.transfer,
            "matrix": self.matrix,
            "fullRange": self.full_range,
        }

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"VideoColorSpace is immutable: cannot set {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"VideoColorSpace is immutable: cannot delete {name!r}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, VideoColorSpace):
            return NotImplemented
        return self._members == other._members or self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash((self.primaries, self.transfer, self.matrix, self.full_range))

    def __repr__(self) -> str:
        return (
            f"VideoColorSpace(primaries={self.primaries!r}, transfer={self.transfer!r}, "
            f"matrix={self.matrix!r}, full_range={self.full_range!r})"
        )

    def __getstate__(self) -> ColorMembers:
        return self._members

    def __setstate__(self, members: ColorMembers) -> None:
        object.__setattr__(self, "_members", members)

    def __reduce__(self) -> tuple[object, ...]:
        return VideoColorSpace, (), self._members


def members_of(space: VideoColorSpace) -> ColorMembers:
    """Return all members, also those that WebCodecs has no name for."""
    return space._members


def _check(what: str, value: object, allowed: Mapping[str, int]) -> None:
    if value is None or (isinstance(value, str) and value in allowed):
        return
    raise InvalidArgumentError(f"{what} {show(value)} is not one of {', '.join(allowed)}")


def from_members(members: ColorMembers) -> VideoColorSpace:
    """Make a VideoColorSpace of names already known to be right (or None); those of colours that
    WebCodecs has no name for are kept, and not shown.
    """
    space: VideoColorSpace = object.__new__(VideoColorSpace)
    object.__setattr__(space, "_members", members)
    return space


_EMPTY = VideoColorSpace()
SRGB = from_members(RGB_DEFAULT)
_DEFAULTS = {RGB_DEFAULT: SRGB} | {
    members: from_members(members) for members in (YUV_DEFAULT, GRAY_DEFAULT)
}


def default_color_space(fmt: PixelFormat) -> VideoColorSpace:
    """Return what a frame of `fmt` has when no color space is given (a shared object)."""
    return _DEFAULTS[default_members(fmt)]
