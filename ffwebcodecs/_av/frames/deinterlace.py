"""AVFilterGraph with one of libavfilter's deinterlacers: a picture in, a whole picture out.

Pictures that are not interlaced pass as they are. The first that is begins a graph, which knows the
picture before it, and is always one picture behind: a field is looked for in the next one as well.
It has no threads, so a forked process may free it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from ..._ffi import avfilter, avutil, ffi
from ...errors import NotSupportedError, OperationError
from .. import atomic, averror, ledger, releases
from . import frame as frames
from .hardware import picture_of
from .pixel_format import pix_fmt_name

if TYPE_CHECKING:
    from ..._ffi._types import AVFrame

_graphs = ledger.owned("filter graph")
_NAMES = ("bwdif", "yadif")  # the better one first
_OPTIONS = b"mode=send_frame:parity=auto:deint=interlaced"
_KEEP_REF = 8  # AV_BUFFERSRC_FLAG_KEEP_REF


def require_filter() -> bytes:
    """Load libavfilter and return the name of its best deinterlacer.

    Raises
    ------
    FFmpegLoadError
        There is no libavfilter beside the libraries in use; says what to install.
    NotSupportedError
        It was built without one.
    """
    for name in _NAMES:
        if avfilter.avfilter_get_by_name(name.encode()):
            return name.encode()
    raise NotSupportedError(
        f"libavfilter of this FFmpeg was built without {' and '.join(_NAMES)}, with which to "
        "deinterlace: install another build, or leave deinterlace out"
    )


class Deinterlacer:
    """Makes whole pictures of interlaced ones, each at its own time.

    Attributes
    ----------
    ready : deque of AVFrame *
        What has come out and was not taken yet.
    """

    __slots__ = ("_before", "_graph", "_key", "_name", "_sink", "_source", "_waiting", "ready")

    def __init__(self) -> None:
        self._name = require_filter()
        self._graph: Any = None
        self._source: Any = None
        self._sink: Any = None
        self._key: tuple[int, ...] | None = None  # what the graph's pictures are
        self._before: AVFrame | None = None  # the last one that passed
        # Times of the pictures in the graph; None of one that has passed already.
        self._waiting: deque[tuple[int, int] | None] = deque()
        self.ready: deque[AVFrame] = deque()

    def push(self, ptr: AVFrame) -> None:
        """Take the next picture; those that are complete by then are in `ready`.

        Raises
        ------
        NotSupportedError
            libavfilter cannot deinterlace such pictures.
        """
        key = frames.describe(ptr)
        if self._graph is not None and key != self._key:
            self.end()
        if self._graph is None:
            if not frames.is_interlaced(ptr):
                # Those of a device are few.
                self._before = None if frames.is_on_device(ptr) else ptr
                self.ready.append(ptr)
                return
            self._begin(key, ptr)
        self._add(ptr, (frames.timestamp(ptr), frames.duration(ptr)))
        self._take()

    def end(self) -> None:
        """Complete what has been begun; the next picture begins anew."""
        if self._graph is None:
            return
        self._check(avfilter.av_buffersrc_add_frame_flags(self._source, ffi.NULL, 0))
        self._take()
        lost = len(self._waiting)
        self._forget()
        if lost:
            raise OperationError(f"libavfilter has given {lost} pictures less than it got")

    def close(self) -> None:
        """Free everything; twice is fine."""
        self._forget()
        self.ready.clear()

    def _forget(self) -> None:
        self._graph = self._source = self._sink = self._before = self._key = None
        self._waiting.clear()

    def _begin(self, key: tuple[int, ...], ptr: AVFrame) -> None:
        box = atomic.boxed(
            "cannot deinterlace",
            "AVFilterGraph **",
            avfilter.avfilter_graph_free,
            avfilter.avfilter_graph_alloc,
        )
        graph = _graphs.own(box[0], box)
        averror.check(avutil.av_opt_set(graph, b"threads", b"1", 0), "cannot deinterlace")
        before, self._before = self._before, None
        picture = frames.cropped(picture_of(ptr).ptr)
        number, *sides = picture.format, picture.width, picture.height
        shape, colors = picture.sample_aspect_ratio, (picture.colorspace, picture.color_range)
        said = "video_size={}x{}:pix_fmt={}:time_base=1/1000000:pixel_aspect={}/{}".format(
            *sides, number, shape.num, max(1, shape.den)
        )
        if releases.filters_take_colors():
            said += ":colorspace={}:range={}".format(*colors)
        last: Any = None
        steps = (b"buffer", said.encode()), (self._name, _OPTIONS), (b"buffersink", ffi.NULL)
        code = 0
        for name, arguments in steps:
            made = ffi.new("AVFilterContext **")
            kind = avfilter.avfilter_get_by_name(name)
            code = avfilter.avfilter_graph_create_filter(
                made, kind, name, arguments, ffi.NULL, graph
            )
            if code >= 0 and last is not None:
                code = avfilter.avfilter_link(last, 0, made[0], 0)
            if code < 0:
                break
            if last is None:
                self._source = made[0]
            last = self._sink = made[0]
        if code >= 0:
            code = avfilter.avfilter_graph_config(graph, ffi.NULL)
        if code < 0:
            self._forget()
            what = f"cannot deinterlace {pix_fmt_name(number)} pictures of {sides[0]}x{sides[1]}"
            raise averror.error(code, what, NotSupportedError)
        self._graph, self._key = graph, key
        if before is not None and frames.describe(before) == key:
            self._add(before, None)

    def _add(self, ptr: AVFrame, times: tuple[int, int] | None) -> None:
        picture = frames.cropped(picture_of(ptr).ptr)
        self._waiting.append(times)
        self._check(avfilter.av_buffersrc_add_frame_flags(self._source, picture, _KEEP_REF))

    def _take(self) -> None:
        while True:
            ptr = frames.allocate()
            code = avfilter.av_buffersink_get_frame(self._sink, ptr)
            if code in (averror.EAGAIN, averror.EOF):
                return
            self._check(code)
            times = self._waiting.popleft()
            if times is not None:
                frames.stamp(ptr, times[0])
                frames.set_duration(ptr, times[1])
                self.ready.append(ptr)

    def _check(self, code: int) -> None:
        averror.check(code, "cannot deinterlace", OperationError)
