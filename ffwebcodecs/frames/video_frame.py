"""VideoFrame: one picture with a lifetime that you control.

Theory of operation: a frame is a `Surface`, that is a reference to a `Picture` (the AVFrame) and a
`FrameShape` (everything that stays the same along a stream), with two numbers. `clone` copies them
all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._av.frames.picture import Picture
from .._ffi import FREES_LATE
from .._public import public
from .._runtime import trace
from .._runtime.closing import only_once
from .._spec.numbers import to_flag, to_int64, to_uint64
from .._spec.types import (
    AlphaOption,
    ArrayLike,
    BytesLike,
    Integer,
    SupportsDLPack,
    VideoPixelFormat,
)
from ._hold import Timed
from ._pixels import Pixels
from ._shape import CLOSED, FrameShape
from ._source import (
    check_alpha,
    copy_metadata,
    picture_from_buffer,
    refuse_description,
    shape_of_derived,
)
from ._surface import Surface
from ._upright import upright

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._keywords import ColorSpace, FrameKeywords, Layout, Rectangle


@public
class VideoFrame(Timed, Pixels):
    """A picture in memory, with its time, size, orientation and colour.

    Made from pixels, from another frame, or by a decoder. The pixels are copied, unless `transfer`
    says that the buffer is given away. Close it when you are done (`close`, or ``with``): that
    frees the memory at once, and tells a decoder that the slot is free.

    Parameters
    ----------
    source : buffer, VideoFrame or ImageBitmap
        A C-contiguous buffer of pixels (needs `format`, `coded_width`, `coded_height` and
        `timestamp`), or a frame or bitmap (needs `timestamp`), whose pixels are then shared.
    timestamp : int
        Presentation time in microseconds, a signed 64-bit integer. Of a frame made from a frame,
        default: its.
    duration : int, optional
        In microseconds, an unsigned 64-bit integer.
    format : str
        A VideoPixelFormat such as ``"I420"``, or ``"RGB"``, ``"BGR"``, ``"GRAY8"``, ``"RGB48"``,
        ``"RGBA64"``, ``"GRAY16"`` (extensions; the last three have 16 bits a sample).
    coded_width, coded_height : int
        Size in pixels of what the buffer holds.
    layout : sequence of PlaneLayout, optional
        Where each plane lies in the buffer; default: tight, one after another.
    visible_rect : Rect or (x, y, width, height), optional
        The part that is the picture, in pixels of the coded frame; default: all of it.
    display_width, display_height : int, optional
        Size to show it at; both or neither.
    rotation : float, optional
        Clockwise degrees to turn it by when shown, rounded to a multiple of 90. On a frame source
        it adds up.
    flip : bool, optional
        Whether to mirror it horizontally after turning.
    alpha : {"keep", "discard"}, optional
        Of a frame source: whether the new frame has its alpha.
    color_space : VideoColorSpace or mapping, optional
        Default: sRGB for RGB formats, else BT.709 limited range (full range for gray).
    metadata : mapping, optional
        Copied deeply; a frame made from a frame takes the source's if none is given.
    transfer : bool, optional
        Give the buffer away: nothing is copied, the frame shows the buffer itself and keeps it
        alive. Do not write to it while the frame or a clone lives. Coded size and visible rect stay
        as given; without `transfer` only the visible part is stored.

    Raises
    ------
    InvalidArgumentError
        A value is missing, unknown or out of range, or the buffer is too small or holds floats or
        big-endian numbers.
    InvalidStateError
        The source frame is closed.
    MemoryError
        FFmpeg cannot allocate the picture.

    Notes
    -----
    The behaviour is that of VideoFrame in the W3C WebCodecs specification.

    A frame can be pickled, in protocol 5 without copying a pixel: `docs/scaling.md` tells how. A
    closed one raises DataCloneError.

    Examples
    --------
    >>> pixels = bytes(24)
    >>> with VideoFrame(pixels, format="I420", coded_width=4, coded_height=4, timestamp=0) as frame:
    ...     frame.allocation_size(format="RGBA")
    64
    """

    __slots__ = ()

    _noun = "frame"

    def __init__(
        self,
        source: BytesLike | Surface,
        *,
        timestamp: Integer | None = None,
        duration: Integer | None = None,
        format: VideoPixelFormat | None = None,
        coded_width: int | None = None,
        coded_height: int | None = None,
        layout: Layout | None = None,
        visible_rect: Rectangle | None = None,
        display_width: int | None = None,
        display_height: int | None = None,
        rotation: float = 0,
        flip: bool = False,
        alpha: AlphaOption = "keep",
        color_space: ColorSpace | None = None,
        metadata: Mapping[str, object] | None = None,
        transfer: bool = False,
    ) -> None:
        only_once(self, "_picture")
        self._picture = None
        self._warn = True
        self._place = None
        self._shape = CLOSED
        own = source if isinstance(source, VideoFrame) else None
        surface = source if isinstance(source, Surface) else None
        if surface is not None:
            refuse_description(format, coded_width, coded_height, layout, color_space)
            base = surface._shape
            if own is not None and metadata is None:
                metadata = own._metadata
            # After what belongs to it: close() forgets the picture first.
            picture = surface._open_picture()
        if own is not None and timestamp is None:
            new_timestamp = own._timestamp
        else:
            new_timestamp = to_int64(timestamp, "timestamp")
        if duration is not None:
            new_duration: int | None = to_uint64(duration, "duration")
        else:
            new_duration = None if own is None else own._duration
        if surface is not None:
            shape = shape_of_derived(
                base, alpha, visible_rect, rotation, flip, display_width, display_height
            )
            own_metadata = copy_metadata(metadata)
        else:
            check_alpha(alpha)
            # Before the picture is made: an error's traceback would keep the picture, and with it a
            # lent buffer.
            own_metadata = copy_metadata(metadata)
            picture, shape = picture_from_buffer(
                source,
                format=format,
                coded_width=coded_width,
                coded_height=coded_height,
                timestamp=new_timestamp,
                layout=layout,
                visible_rect=visible_rect,
                display_width=display_width,
                display_height=display_height,
                rotation=rotation,
                flip=flip,
                color_space=color_space,
                transfer=to_flag(transfer, "transfer"),
            )
        self._metadata = own_metadata
        self._timestamp = new_timestamp
        self._duration = new_duration
        self._shape = shape
        self._picture = picture
        if FREES_LATE:
            picture.hold(self)
        if trace.enabled and own is not None:
            self._note(trace.caller(1))

    @classmethod
    def from_ndarray(
        cls,
        array: ArrayLike,
        *,
        timestamp: Integer,
        format: VideoPixelFormat | None = None,
        transfer: bool = False,
        **options: Unpack[FrameKeywords],
    ) -> VideoFrame:
        """Make a frame from an array of pixels, or from a PIL image.

        Parameters
        ----------
        array : array, shape (height, width), (height, width, 3) or (height, width, 4)
            Of uint8, or uint16 over the whole range. Anything that ``numpy.asarray`` takes, or that
            has ``__dlpack__`` (`from_dlpack` does not copy).
        timestamp : int
            In microseconds.
        format : str, optional
            Default: ``"GRAY8"``, ``"RGB"`` or ``"RGBA"`` by the shape, of uint16 ``"GRAY16"``,
            ``"RGB48"`` or ``"RGBA64"``. ``"BGR"``, ``"BGRA"``, ``"RGBX"`` and ``"BGRX"`` are the
            other choices.
        transfer : bool, optional
            Show the array's memory instead of copying it; the array must be C-contiguous.
        **options
            As for `VideoFrame`.

        Raises
        ------
        InvalidArgumentError
            Shape, dtype or format do not fit together, or `transfer` is asked for an array that is
            not contiguous.
        """
        from ._arrays import from_array

        transfer = to_flag(transfer, "transfer")
        pixels, name, height, width = from_array(array, format, transfer)
        return cls(
            pixels,
            timestamp=timestamp,
            format=name,
            coded_width=width,
            coded_height=height,
            transfer=transfer,
            **options,
        )

    @classmethod
    def from_dlpack(
        cls,
        tensor: SupportsDLPack,
        *,
        timestamp: Integer,
        format: VideoPixelFormat | None = None,
        copy: bool | None = None,
        **options: Unpack[FrameKeywords],
    ) -> VideoFrame:
        """Make a frame over the memory of a tensor of torch, JAX, numpy or whatever has
        ``__dlpack__``; nothing is copied where the pixels of each row lie side by side.

        The frame, its clones and views keep the tensor's memory alive, and show what is written
        there later. Nothing is written to it from here.

        Parameters
        ----------
        tensor : object with ``__dlpack__``, in memory (not on a device)
            uint8, or uint16 with the value in the low bits for formats of more than 8. Shape
            (height, width), (height, width, 3) or (height, width, 4); of planar formats as
            `to_ndarray` gives it: (planes, height, width) for I444 and its kin,
            (height * 3 / 2, width) for I420 and NV12.
        timestamp : int
            In microseconds.
        format : str, optional
            Default: ``"GRAY8"``, ``"RGB"`` or ``"RGBA"`` by the shape, of uint16 ``"GRAY16"``,
            ``"RGB48"`` or ``"RGBA64"``.
        copy : bool, optional
            True: copy in any case. False: never. Default: only if the rows have gaps between
            their pixels, run backwards or lie over each other, as after ``permute``.
        **options
            As for `VideoFrame`, but for `layout`, `alpha` and `transfer`.

        Raises
        ------
        InvalidArgumentError
            It is no such tensor; shape, dtype and format do not fit together; or a copy is needed
            and ``copy=False``.
        NotSupportedError
            The tensor lies on a device.

        Examples
        --------
        >>> pixels = torch.zeros(720, 1280, 3, dtype=torch.uint8)  # doctest: +SKIP
        >>> frame = VideoFrame.from_dlpack(pixels, timestamp=0)  # doctest: +SKIP
        """
        from ._imports import frame_parts

        picture, shape, stamp, duration, metadata = frame_parts(
            tensor, timestamp, format, copy, **options
        )
        frame = cls._from_native(picture, shape, stamp, duration, True)
        frame._metadata = metadata
        return frame

    @classmethod
    def _from_native(
        cls, picture: Picture, shape: FrameShape, timestamp: int, duration: int | None, warn: bool
    ) -> VideoFrame:
        """Make a frame of what a decoder gave; `warn`: whether dropping it unclosed is the user's
        mistake.
        """
        frame = cls.__new__(cls)
        frame._shape = shape
        frame._metadata = None
        frame._warn = warn
        frame._place = None
        frame._timestamp = timestamp
        frame._duration = duration
        frame._picture = picture  # last: an interrupted one has nothing to warn of
        if FREES_LATE:
            picture.hold(frame)
        return frame

    # ---- frames of the same picture --------------------------------------------------------------

    def clone(self) -> VideoFrame:
        """Return a new frame of the same pixels, with a lifetime of its own; nothing is copied.

        Raises
        ------
        InvalidStateError
            The frame is closed.
        """
        shape, metadata = self._shape, self._metadata
        picture = self._open_picture()
        clone = VideoFrame._from_native(picture, shape, self.timestamp, self.duration, True)
        if metadata is not None:
            clone._metadata = copy_metadata(metadata)
        if trace.enabled:
            clone._note(trace.caller(1))
        return clone

    def upright(self) -> VideoFrame:
        """Return a new frame whose pixels are turned and mirrored as `rotation` and `flip` say, so
        that they say nothing any more.

        No sample changes, each is put to another place. Only the visible part is kept. Time,
        duration, colours, display size and metadata stay. Takes a copy, or nothing is to be turned:
        then it is a `clone`.

        Returns
        -------
        VideoFrame
            Yours to close. It has this frame's format, with two exceptions. A quarter turn makes
            ``"I444"`` of ``"I422"`` (and so on), each chroma sample stands there twice: 4:2:2 that
            lies on its side has no name. What packs several pixels into an element, such as
            palettes, is unpacked first. With odd sizes chroma is mirrored as the ffmpeg program
            mirrors it.

        Raises
        ------
        InvalidStateError
            The frame is closed.
        NotSupportedError
            A quarter turn has no format to give, as for 4:2:2 of 14 bits.
        MemoryError
            FFmpeg cannot allocate the picture.
        """
        shape, metadata = self._shape, self._metadata
        picture = self._open_picture()
        picture, shape = upright(picture, shape)
        frame = VideoFrame._from_native(picture, shape, self.timestamp, self.duration, True)
        if metadata is not None:
            frame._metadata = copy_metadata(metadata)
        if trace.enabled:
            frame._note(trace.caller(1))
        return frame

    # ---- lifetime --------------------------------------------------------------------------------

    def close(self) -> None:
        """Free this frame's hold on its pixels now; twice is fine.

        The memory goes with the last holder: clones, zero-copy views and calls that are still
        running each hold it.
        """
        # Forget the picture first: whoever reads the closed shape then also finds no picture.
        picture = self._picture
        self._picture = None
        if FREES_LATE and picture is not None:
            picture.let_go(self)
        self._shape = CLOSED
        self._metadata = None
        self._place = None

    # ---- pickles ---------------------------------------------------------------------------------

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        shape, metadata, picture = self._shape, self._metadata, self._picture
        if picture is None:
            raise self._cannot_copy()
        from ._pickling import reduce_frame

        said = {"timestamp": self.timestamp, "duration": self.duration, "metadata": metadata}
        return reduce_frame(self, picture, shape, said, protocol)

    def __setstate__(self, state: Any) -> None:
        only_once(self, "_picture")
        self._picture = None
        self._warn = True
        self._place = None
        self._shape = CLOSED
        from ._pickling import restored_frame

        picture, shape, self._timestamp, self._duration, self._metadata = restored_frame(state)
        self._shape = shape
        self._picture = picture
        if FREES_LATE:
            picture.hold(self)

    def __repr__(self) -> str:
        shape = self._shape
        if shape is CLOSED or shape.visible_rect is None:
            return f"<VideoFrame closed, timestamp={self.timestamp}>"
        name = shape.format.name if shape.format is not None else f"ffmpeg:{shape.pix_fmt}"
        size = f"{shape.visible_rect.width}x{shape.visible_rect.height}"
        return f"<VideoFrame {name} {size}, timestamp={self.timestamp}>"
