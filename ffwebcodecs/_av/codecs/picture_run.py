"""Several packets of video decoded in one step, as `DecoderCore.send` and `receive` would do it.

The pump sends and receives without the GIL. What it gives is plain, but for pictures that it marks:
Python looks at those, and does so at the same point of the history as if they had come alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import EncodingError
from .. import averror, pump
from ..frames.hardware import picture_of
from ..frames.orientation import Lasting
from . import packet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._ffi._types import AVFrame

Row = tuple[Any, Any, int, "int | None"]

# As in `pump/pictures.c`.
_CHANGED, _STRANGE, _LARGE = 1, 2, 4
_ALL, _SEND, _RECEIVE, _ROOM = range(4)


class PictureRun(NamedTuple):
    """What a step has come to.

    Attributes
    ----------
    rows : list of (Picture, shape, int, int or None)
        Pictures, with what was given as the shape, and their times and durations, in microseconds.
    changed : list of int
        The places in it of those that may look otherwise than the one before.
    done : int
        Packets that were taken.
    has_all : bool
        There is nothing more to receive before the next packet.
    error : Exception or None
        Why the last of these packets could not be decoded.
    """

    rows: list[Row]
    changed: list[int]
    done: int
    has_all: bool
    error: Exception | None


def run_pictures(
    core: Any, packets: Sequence[Any], times: list[int], shape: object, *, alone: bool
) -> PictureRun | None:
    """Decode the first ones of at most `pump.MOST_PICTURES` packets, for as long as that takes
    little time.

    Parameters
    ----------
    core : DecoderCore
    packets : sequence of AVPacket or of the pump's Packet
    times : list of int
        See `DecoderCore.send`.
    shape : object
        What the last picture of the step before looked like.
    alone : bool
        Whether to stop at a packet that brings something beside it.

    Returns
    -------
    PictureRun or None
        None: the first packet is to be sent otherwise. There may be one picture more than packets.
    """
    decoder, turned = core._pump, core._turned
    if (
        decoder is None
        or core.has_failed
        or core._alpha is not None
        or core._device is not None
        or core._guard.alone
        or (core._recognition is not None and core._recognition.watches)
        or not (turned is None or (isinstance(turned, Lasting) and not turned.matrix))
    ):
        return None
    own = pump.get().Packet
    sources = tuple([each if type(each) is own else pump.number(each) for each in packets])
    rows, marks, done, ended, code = decoder.pictures(
        sources,
        len(sources),
        pump.TIME,
        shape,
        core._latest,
        core._guard.most,
        turned is not None,
        core._guard.watched,
        _is_seen(core, packets[0], times[0]),
        alone,
    )
    if not done:
        return None
    history = core._history
    error: Exception | None = None
    changed: list[int] = []
    if marks is None:
        history.sent.extend(times[:done])
        if rows:
            history.given.extend([row[2] for row in rows])
            core._latest, core._again = rows[-1][2], 0
    else:
        changed, error = _replay(core, rows, marks, times[:done])
    if error is None and ended == _SEND:
        error = core._error(code)
    elif error is None and ended == _RECEIVE:
        if code == averror.EOF:
            core.at_end = True
        else:
            error = core._error(code)
    return PictureRun(rows, changed, done, ended == _ALL, error)


def _is_seen(core: Any, first: Any, timestamp: int) -> bool:
    """Look at the first packet as `DecoderCore.send` would, if it has one of the flags for that;
    return whether that has shown nothing.
    """
    guard = core._guard
    if first.flags & guard.watched:
        try:
            guard.look_at(packet.pointer_of(first), timestamp)
        except EncodingError:
            return False  # it is raised where it is sent
    return True


def _replay(
    core: Any, rows: list[Row], marks: list[int], times: list[int]
) -> tuple[list[int], Exception | None]:
    """Note packets and pictures in their order, and look at those that are marked."""
    history, turned = core._history, core._turned
    changed: list[int] = []
    sent = 0
    for index, told in enumerate(marks):
        place, mark = told >> 3, told & 7
        history.sent.extend(times[sent : place + 1])
        sent = place + 1
        picture, shape, timestamp, duration = rows[index]
        if mark & _STRANGE or (turned is not None and turned.matrix):
            ptr = core._shown(picture.ptr)
            picture, timestamp = picture_of(ptr), ptr.pts
            rows[index] = picture, shape, timestamp, duration
            mark |= _CHANGED
        else:
            history.given.append(timestamp)
            core._latest, core._again = timestamp, 0
        if mark & _CHANGED:
            changed.append(index)
        if mark & _LARGE:
            error = _refusal(core, picture.ptr)
            if error is not None:
                del rows[index:]
                return changed, error
    history.sent.extend(times[sent:])
    return changed, None


def _refusal(core: Any, ptr: AVFrame) -> Exception | None:
    try:
        core._refuse(ptr)
    except Exception as error:
        return error.with_traceback(None)
    return None
