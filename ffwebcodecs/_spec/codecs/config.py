"""VideoDecoderConfig: what it holds and when it is valid (spec 1.9); the other: `encoder_config`.

The dataclasses of both store what they are given. `parse` returns a copy in which every member has
its proper type, or raises: codecs keep only such copies, so nothing a caller changes later (a
bytearray description) reaches a running codec. A valid configuration can still be an unsupported
one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..._public import public
from ..._record import defaults
from ...errors import InvalidArgumentError
from ..frames.color_space import VideoColorSpace
from ..frames.geometry import parse_rotation
from ..numbers import (
    show,
    to_flag,
    to_integer,
    to_optional_dimensions,
)
from ..types import BytesLike, HardwareAcceleration
from .bits import as_view
from .picture_limit import MAX_PIXELS, read_max_pixels

if TYPE_CHECKING:
    from dataclasses import dataclass, field

    from typing_extensions import Unpack

    from .config_inits import VideoDecoderConfigInit as VideoDecoderConfigInit
else:
    from ..._record import dataclass, field

    VideoDecoderConfigInit = Mapping

HARDWARE_ACCELERATION = ("no-preference", "prefer-hardware", "prefer-software")
COLOR_MEMBERS = ("primaries", "transfer", "matrix", "full_range")
_MOST_THREADS = 1024


@public
@dataclass(frozen=True, kw_only=True)
class VideoDecoderConfig:
    """What a VideoDecoder needs to know before the first chunk.

    Parameters
    ----------
    codec : str
        A WebCodecs codec string such as ``"avc1.640028"``, or ``"ffmpeg:NAME"``.
    description : bytes-like, optional
        The codec's own header: avcC, hvcC. Without one, AVC and HEVC chunks are Annex B.
    coded_width, coded_height : int, optional
        Size in pixels; both or neither.
    display_aspect_width, display_aspect_height : int, optional
        Shape to display; both or neither.
    color_space : VideoColorSpace or mapping, optional
        What frames have instead of what the stream says; absent members are None then. Without it
        it is what the stream says, then the codec string, then BT.709.
    hardware_acceleration : {"no-preference", "prefer-hardware", "prefer-software"}
    optimize_for_latency : bool, optional
        Give each frame as soon as possible.
    rotation : int
        Clockwise, in degrees; rounded to a multiple of 90.
    flip : bool
        Whether frames are mirrored horizontally, after the rotation.
    threads : int, optional
        Extension: how many threads FFmpeg may use; default: its own choice.
    max_pixels : int, optional
        Extension: the largest picture that is decoded, width times height; None: no limit. See
        docs/security.md.
    """

    codec: str
    description: BytesLike | None = None
    coded_width: int | None = None
    coded_height: int | None = None
    display_aspect_width: int | None = None
    display_aspect_height: int | None = None
    color_space: VideoColorSpace | None = None
    hardware_acceleration: HardwareAcceleration = "no-preference"
    optimize_for_latency: bool | None = None
    rotation: float = 0
    flip: bool = False
    threads: int | None = None
    max_pixels: int | None = MAX_PIXELS
    _native: Any = field(default=None, compare=False, repr=False)

    if TYPE_CHECKING:

        def __init__(
            self, *, _native: Any = None, **members: Unpack[VideoDecoderConfigInit]
        ) -> None: ...

    @classmethod
    def parse(cls, value: VideoDecoderConfig | Mapping[str, object]) -> VideoDecoderConfig:
        """Return a valid copy of a configuration, or of a mapping with its members.

        Keys may be in snake_case or in the specification's camelCase.

        Raises
        ------
        InvalidArgumentError
            A member is missing, of the wrong type, out of range, or unknown.
        """
        return cls._read(value, True)

    @classmethod
    def _read(cls, value: object, strict: bool) -> VideoDecoderConfig:
        """Return a valid copy; unknown members are dropped unless `strict`."""
        members = read_members(cls, value, "VideoDecoderConfig", strict)
        coded = _sizes(members, "coded_width", "coded_height")
        aspect = _sizes(members, "display_aspect_width", "display_aspect_height")
        description = members["description"]
        space = members["color_space"]
        if strict and isinstance(space, Mapping):
            refuse_unknown(space, COLOR_MEMBERS, "color_space")
        latency, threads = members["optimize_for_latency"], members["threads"]
        return cls(
            codec=read_codec(members["codec"]),
            description=None if description is None else read_bytes(description),
            coded_width=coded[0],
            coded_height=coded[1],
            display_aspect_width=aspect[0],
            display_aspect_height=aspect[1],
            color_space=None if space is None else VideoColorSpace.parse(space),  # type: ignore[arg-type]
            hardware_acceleration=read_choice(
                members, "hardware_acceleration", HARDWARE_ACCELERATION
            ),
            optimize_for_latency=(
                None if latency is None else to_flag(latency, "optimize_for_latency")
            ),
            rotation=parse_rotation(members["rotation"]),
            flip=to_flag(members["flip"], "flip"),
            threads=None if threads is None else read_threads(threads),
            max_pixels=read_max_pixels(_limit(value)),
            _native=members["_native"],
        )


@public
@dataclass(frozen=True)
class VideoDecoderSupport:
    """Whether a configuration can be decoded here, and the configuration as understood.

    Attributes
    ----------
    supported : bool
    config : VideoDecoderConfig
        What was asked about, without members that are not known here.
    """

    supported: bool
    config: VideoDecoderConfig


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def refuse_unknown(value: Mapping[Any, object], names: Sequence[str], what: str) -> None:
    """Raise InvalidArgumentError for a key that is neither one of the names nor its camelCase, and
    for a member that is given both ways.
    """
    known = set(names)
    names = [name for name in names if not name.startswith("_")]
    known.update(map(_camel, names))
    try:
        unknown = [key for key in value if not (isinstance(key, str) and key in known)]
    except Exception as error:
        raise InvalidArgumentError(f"{what} cannot be read: {show(error)}") from error
    if not unknown:
        for name in names:
            if _camel(name) != name and name in value and _camel(name) in value:
                raise InvalidArgumentError(f"{what} has {name!r} and {_camel(name)!r}: give one")
        return
    key = unknown[0]
    from difflib import get_close_matches  # only here: it costs an import

    text = str(key)[:80].replace("-", "_") if isinstance(key, str) else ""
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in text)
    near = get_close_matches(snake.strip("_"), names, 1, 0.7)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(names)}"
    raise InvalidArgumentError(f"{what} has no member {show(key)}: {hint}")


def read_members(cls: type, value: object, what: str, strict: bool) -> dict[str, object]:
    """Return the members of `value` by name; an absent one has its default.

    `strict` refuses a mapping with members that are unknown.
    """
    members: dict[str, object] = {}
    if strict and isinstance(value, Mapping):
        refuse_unknown(value, list(defaults(cls)), what)
    try:
        for name, default in defaults(cls).items():
            if isinstance(value, cls):
                member = getattr(value, name)
            elif isinstance(value, Mapping):
                member = value.get(name)
                if member is None:
                    member = value.get(_camel(name))
            else:
                raise InvalidArgumentError(
                    f"{what} must be a {cls.__name__} or a mapping, got {show(value)}"
                )
            if member is None and isinstance(default, (str, int)):
                member = default
            members[name] = member
    except InvalidArgumentError:
        raise
    except Exception as error:
        raise InvalidArgumentError(f"{what} cannot be read: {show(error)}") from error
    return members


def read_codec(value: object) -> str:
    if value is None:
        raise InvalidArgumentError("codec is required")
    if not isinstance(value, str):
        raise InvalidArgumentError(f"codec must be a string, got {show(value)}")
    if not value.strip():
        raise InvalidArgumentError(f"codec is blank: {show(value)}")
    return value


def _limit(value: object) -> object:
    # None is a value of its own here, which `read_members` cannot tell from an absent one.
    if not isinstance(value, Mapping):
        return getattr(value, "max_pixels", MAX_PIXELS)
    try:
        return value["max_pixels"] if "max_pixels" in value else value.get("maxPixels", MAX_PIXELS)
    except Exception as error:
        raise InvalidArgumentError(f"max_pixels cannot be read: {show(error)}") from error


def read_bytes(value: object) -> bytes:
    try:
        return bytes(as_view(value))
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"description must be bytes, got {show(value)}") from error


def _sizes(
    members: Mapping[str, object], width: str, height: str
) -> tuple[int, int] | tuple[None, None]:
    given = to_optional_dimensions(members[width], members[height], width, height)
    return (None, None) if given is None else given


def read_choice(members: Mapping[str, object], name: str, allowed: tuple[str, ...]) -> Any:
    value = members[name]
    if isinstance(value, str) and value in allowed:
        return str(value)
    raise InvalidArgumentError(f"{name} {show(value)} is not one of {', '.join(allowed)}")


def read_threads(value: object) -> int:
    number = to_integer(value, "threads")
    if not 1 <= number <= _MOST_THREADS:
        raise InvalidArgumentError(
            f"threads is {show(number)}, it must be from 1 to {_MOST_THREADS}"
        )
    return number
