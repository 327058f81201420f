"""ImageDecoder: still pictures and animations, frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._public import public
from .._runtime.closing import Closable, only_once
from .._runtime.completion import Completion
from .._spec.codecs.picture_limit import MAX_PIXELS, read_max_pixels
from .._spec.images.kinds import kind_of
from .._spec.numbers import show, to_flag, to_uint32
from .._spec.texts import one_of
from .._spec.types import ColorSpaceConversion, ImageBufferSource, Integer
from ..errors import InvalidArgumentError
from ._image_core import ImageCore
from ._image_input import ImageSource
from ._image_pictures import ImageOptions, why_not
from .image_decode_result import ImageDecodeResult
from .image_track_list import ImageTrackList

if TYPE_CHECKING:
    from typing_extensions import Self

CONVERSIONS = ("default", "none")


@public
class ImageDecoder(Closable):
    """Decodes an image file of which all is there, or that comes piece by piece.

    A thread of its own reads what it is given, and decodes; what takes time is a `Completion`,
    which a program awaits with asyncio, or waits for with `Completion.result`. Close it when you
    are done; frames live on.

    Parameters
    ----------
    data : bytes-like, path, binary file object, or iterable of bytes-like
        All of the file, which is copied (a path is read at once); or what gives it in pieces, which
        is read from now on, to its end: a file object where it stands, an iterator on a thread of
        its own, an asynchronous one in a task of asyncio's or trio's.
    type : str
        MIME type, such as ``"image/png"``: it alone says how the data is read. Case does not count.
    color_space_conversion : {"default", "none"}, optional
        "none": RGB frames do not say what their colours are.
    desired_width, desired_height : int, optional
        Both or neither: a size that would do. JPEG pictures come in the largest number of eighths
        of their size whose area is not larger than that (at least one eighth); others as they are.
    prefer_animation : bool, optional
        Which track is selected at first where there are a still picture and an animation; default:
        the animation.
    transfer : bool, optional
        Give a buffer away: it is not copied. Do not write to it before the decoder is closed.
    max_pixels : int, optional
        The largest picture that is decoded, width times height; None: no limit.

    Raises
    ------
    InvalidArgumentError
        A value is missing or out of range, or there is no data. A `type` that nothing reads is no
        error: `decode` says so.
    InvalidStateError
        `data` is asynchronous, and no task runs here that could read it.
    OSError
        The path cannot be read.
    RuntimeError
        A thread cannot be started.

    Notes
    -----
    The behaviour is that of ImageDecoder in the W3C WebCodecs specification, and of Chromium where
    that leaves it open: `docs/images.md` tells which formats there are, and what differs.

    Examples
    --------
    >>> with open("animation.gif", "rb") as file:
    ...     decoder = ImageDecoder(data=file.read(), type="image/gif")
    >>> with decoder:
    ...     decoder.tracks.ready.result()
    ...     for index in range(decoder.tracks.selected_track.frame_count):
    ...         image, _ = decoder.decode(index).result()
    ...         with image:
    ...             print(image.timestamp, image.duration)
    """

    __slots__ = ("__weakref__", "_core", "_type")

    _instead = "send the bytes of the file, and make one there"

    def __init__(
        self,
        *,
        data: ImageBufferSource | None = None,
        type: str | None = None,
        color_space_conversion: ColorSpaceConversion = "default",
        desired_width: Integer | None = None,
        desired_height: Integer | None = None,
        prefer_animation: bool | None = None,
        transfer: bool = False,
        max_pixels: Integer | None = MAX_PIXELS,
    ) -> None:
        only_once(self, "_core")
        name = _to_type(type)
        kind = kind_of(name)
        conversion = one_of(color_space_conversion, CONVERSIONS, "color_space_conversion")
        options = ImageOptions(
            conversion == "default",
            _desired(desired_width, desired_height),
            read_max_pixels(max_pixels),
        )
        prefers = None
        if prefer_animation is not None:
            prefers = to_flag(prefer_animation, "prefer_animation")
        source = ImageSource(data, to_flag(transfer, "transfer"))
        refusal = why_not(name, kind)
        self._type = name if kind is None else name.lower()
        if refusal is not None:
            self._core = ImageCore("", None, None, options, refusal)
            return
        core = ImageCore(kind or "", source, prefers, options)
        self._core = core
        if source.data is None:
            try:
                core.begin()
            except BaseException:
                core.close()  # else what has begun would read all there is
                raise

    @staticmethod
    def is_type_supported(type: str) -> bool:
        """Return whether images of a MIME type can be decoded, by the FFmpeg that there is.

        Raises
        ------
        InvalidArgumentError
            `type` is no text.
        """
        name = _to_type(type)
        return why_not(name, kind_of(name)) is None

    @property
    def type(self) -> str:
        """The MIME type, in lower case if it is supported; empty when the decoder is closed."""
        return "" if self._core.closed else self._type

    @property
    def complete(self) -> bool:
        """Whether all data is there."""
        return self._core.complete

    @property
    def completed(self) -> Completion[None]:
        """Over when all data is there. It fails with AbortError if the decoder is closed before,
        with EncodingError if the data broke off.
        """
        return self._core.completed

    @property
    def tracks(self) -> ImageTrackList:
        """The tracks, which are found out when somebody asks for them, or for a frame."""
        return self._core.tracks

    def decode(
        self, frame_index: Integer = 0, complete_frames_only: bool = True
    ) -> Completion[ImageDecodeResult]:
        """Decode a frame of the selected track.

        Any order will do, and any number may be asked for before the first is there. Of data that
        is still to come, it waits for as much as the frame needs.

        Parameters
        ----------
        frame_index : int
            0 to 2^32 - 1.
        complete_frames_only : bool, optional
            False: of a progressive JPEG that is still arriving, give what there is with less
            detail; each time it is asked for, more than the time before.

        Returns
        -------
        Completion
            Of an `ImageDecodeResult`: a VideoFrame, yours to close, with the time and duration that
            the file gives it (0 and None of a still picture), the pixels as they are stored, and
            `rotation` and `flip` that turn them. It fails with

            InvalidStateError
                The decoder is closed, no track is selected, or there are none to be found.
            IndexError
                There is no such frame, or not all of it.
            EncodingError
                The frame is damaged, larger than `max_pixels`, or the data broke off. The decoder
                is closed then.
            NotSupportedError
                Nothing here decodes images of this type.
            AbortError
                `reset`, `close` or the selection of another track came before.

        Raises
        ------
        InvalidArgumentError
            A value is out of range.
        RuntimeError
            A thread cannot be started.
        """
        index = to_uint32(frame_index, "frame_index")
        whole = to_flag(complete_frames_only, "complete_frames_only")
        return self._core.decode(index, whole, self)

    def reset(self) -> None:
        """Let go of all that `decode` was asked for; the decoder goes on, also taking data."""
        self._core.reset()

    def close(self) -> None:
        """End it; twice is fine. Frames that it gave stay valid."""
        self._core.close()

    @property
    def closed(self) -> bool:
        """Whether it is closed: by `close`, or by an error."""
        return self._core.closed

    def __enter__(self) -> Self:
        # Also one that is closed: an error may come at any time, right before ``with`` too.
        return self

    def _left_open(self) -> str | None:
        return f"unclosed {self!r}" if self._core.is_busy else None

    def __repr__(self) -> str:
        if self._core.closed:
            return "<ImageDecoder closed>"
        return f"<ImageDecoder {self._type}, {len(self._core.tracks._tracks)} tracks>"


def _to_type(type: object) -> str:
    if not isinstance(type, str):
        what = "type is required" if type is None else f"type is {show(type)}, no text"
        raise InvalidArgumentError(f'{what}: give a MIME type such as "image/png"')
    return str(type)


def _desired(width: object, height: object) -> tuple[int, int] | None:
    if width is None and height is None:
        return None
    if width is None or height is None:
        raise InvalidArgumentError(
            f"desired_width and desired_height go together: got {show(width)} and {show(height)}"
        )
    return to_uint32(width, "desired_width"), to_uint32(height, "desired_height")
