"""Interlaced pictures: made whole, or told of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .._av import averror
from .._av.frames import frame as native
from .._av.frames.deinterlace import Deinterlacer, require_filter
from .._av.frames.pixel_format import get_format
from .._spec.numbers import to_flag
from ..frames.video_frame import VideoFrame
from ._losses import Losses

if TYPE_CHECKING:
    from ._frame_writer import FrameWriter


_ADVICE = "deinterlace=True makes whole pictures of them, deinterlace=False ends this warning"
_ADVICE_FRAMES = "read_frames(..., deinterlace=True) makes whole pictures of them"


def parse_deinterlace(value: object) -> bool | None:
    """Return what a caller gave as ``deinterlace``; raises what `require_filter` does if it is
    wanted and cannot be done.
    """
    wanted = None if value is None else to_flag(value, "deinterlace")
    if wanted:
        require_filter()
    return wanted


def earlier(start: int | None) -> int | None:
    """Return from when on to decode so that the picture before that at `start` is there too."""
    return None if start is None else start - 1


def whole_pictures(steps: Iterator[None], box: list[Any]) -> Iterator[None]:
    """Deinterlace: each of `steps` puts a native frame into `box`, and so does each of these.

    Where `steps` end with an error, what came before it comes first.
    """
    filters = Deinterlacer()
    failure: Exception | None = None
    try:
        while True:
            try:
                if next(steps, box) is box:
                    break
            except Exception as error:
                failure = error
                break
            try:
                filters.push(box.pop())
            except BaseException as error:
                averror.let_go(error)
                raise
            while filters.ready:
                box.append(filters.ready.popleft())
                yield
        filters.end()
        while filters.ready:
            box.append(filters.ready.popleft())
            yield
        if failure is not None:
            raise failure
    finally:
        failure = None  # its traceback holds this frame, which must not hold it in turn
        filters.close()


class Fields:
    """Tells once of interlaced pictures that are encoded as whole ones.

    Parameters
    ----------
    losses : Losses
    shown : str
        The source, for people.
    deinterlace : bool or None
        Whether the caller has said what to do about them.
    encoder_options : mapping or None
        FFmpeg's, which may ask for interlaced coding.
    of_frames : bool
        Whether frames come from the program: only that they are scaled is told then.
    """

    __slots__ = ("_advice", "_codes_fields", "_losses", "_only_scaled", "_said", "_shown")

    def __init__(
        self,
        losses: Losses,
        shown: str,
        deinterlace: bool | None,
        encoder_options: Mapping[str, Any] | None = None,
        of_frames: bool = False,
    ) -> None:
        self._losses = losses
        self._shown = shown
        self._said = deinterlace is not None
        self._codes_fields = "ildct" in str((encoder_options or {}).get("flags", ""))
        self._only_scaled = of_frames or self._codes_fields
        self._advice = _ADVICE_FRAMES if of_frames else _ADVICE

    def look_at(self, frame: VideoFrame, writer: FrameWriter) -> None:
        """Look whether a frame that is being encoded is interlaced."""
        if self._said or not has_fields(frame):
            return
        config, visible = writer.config, frame.visible_rect
        if config is None or visible is None:
            return  # the next one will do
        sides = zip(sorted((config.width, config.height)), sorted(visible[2:]), strict=True)
        is_scaled = any(abs(one - other) > 1 for one, other in sides)
        if is_scaled:
            why = "scaling mixes them"
            what = "scaled: the lines of two moments are mixed"
        elif self._only_scaled:
            if not self._codes_fields or _stay(frame, writer):
                return
            why = "turning and cropping move their lines"
            what = "turned or cropped: the lines of two moments change places"
        else:
            why = f"{writer.encoder_name} encodes whole pictures"
            what = "encoded as whole pictures: no player will know that they show two moments"
        self._said = True
        self._losses.add(
            "the fields of interlaced pictures",
            why,
            f"{self._shown} is interlaced, and {what} ({self._advice})",
        )


def _stay(frame: VideoFrame, writer: FrameWriter) -> bool:
    """Return whether the lines of a frame stay what they are of: the first field or the second."""
    if writer.turns and frame.rotation:
        return False
    visible, pix_fmt = frame.visible_rect, frame._shape.pix_fmt
    if visible is None or pix_fmt is None:
        return True
    step: int = 2 * get_format(pix_fmt).sub_y
    return visible.y % step == 0


def has_fields(frame: VideoFrame) -> bool:
    """Return whether a frame was decoded of interlaced video, and nothing has changed it since."""
    return native.is_interlaced(frame._open_picture().ptr)
