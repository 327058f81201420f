"""Files cut where a picture ends, and who writes them piece by piece."""

from __future__ import annotations

import json
import os
import threading
from itertools import pairwise
from pathlib import Path
from queue import Empty, SimpleQueue

from clips import X264, Clip, clip, run_ffprobe, said_of

_LIVE = (*X264, "-tune", "zerolatency", "-x264-params", "sliced-threads=0")
_FRAGMENTS = ("-movflags", "frag_every_frame+empty_moov+default_base_moof")
_CLIPS = (
    Clip("live.ts", "libx264", *_LIVE),
    Clip("live.mkv", "libx264", *_LIVE, "-cluster_time_limit", "1"),
    Clip("live.flv", "libx264", *_LIVE),
    Clip("live.h264", "libx264", *_LIVE, has_timestamps=False),
    Clip("live.mp4", "libx264", *_LIVE, *_FRAGMENTS),
    Clip("mpeg2.ts", "mpeg2video", "-g", "12"),
    Clip("mpeg2.mpg", "mpeg2video", "-g", "12"),
    Clip("live.ogv", "libtheora", "-page_duration", "20000"),
    Clip("live.y4m", "wrapped_avframe", "-f", "yuv4mpegpipe", frames=12),
)
_BY_NAME = {one.name: one for one in _CLIPS}


def live_clip(name: str) -> Path:
    return _BY_NAME[name].path() if name in _BY_NAME else clip(name)


def pieces(path: Path) -> list[bytes]:
    """Return a file's bytes, cut before each picture's packet but the first."""
    told = said_of(
        *(path, run_ffprobe, "-select_streams", "v", "-show_entries", "packet=pos"), str(path)
    )
    places = {int(one["pos"]) for one in json.loads(told)["packets"] if "pos" in one}
    data = path.read_bytes()
    cuts = [0, *sorted(places)[1:], len(data)]
    return [data[a:b] for a, b in pairwise(cuts)]


class Feeder:
    """Writes one piece after the other, from number `opening` on each when the frame that is
    `delay` pictures behind it has come, and closes the pipe.

    Attributes
    ----------
    stuck : int or None
        The number of the piece that no frame came of.
    """

    def __init__(self, parts: list[bytes], times: list[int], opening: int, delay: int) -> None:
        self.source, self._target = os.pipe()
        self.given: SimpleQueue[int] = SimpleQueue()
        self.stuck: int | None = None
        self._how = parts, times, opening, delay
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self._thread.start()

    def _feed(self) -> None:
        parts, times, opening, delay = self._how
        latest = -1
        with open(self._target, "wb", buffering=0) as file:
            for number, part in enumerate(parts, 1):
                file.write(part)
                wanted = number - delay
                while number >= opening and wanted > 0 and latest < times[wanted - 1]:
                    found = self._next()
                    if found is None:
                        self.stuck = number
                        return
                    latest = found

    def _next(self) -> int | None:
        try:
            return self.given.get(timeout=20)
        except Empty:
            return None

    def close(self) -> None:
        self._thread.join(30)
        os.close(self.source)
        assert not self._thread.is_alive()
