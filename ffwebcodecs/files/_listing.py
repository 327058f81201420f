"""All that a file says about itself, also one without video: what ``ffwebcodecs probe`` shows."""

from __future__ import annotations

from .._av.files.chapters import Chapter
from ..errors import WebCodecsError
from .demuxer import Demuxer
from .read_frames import read_frames

# FFmpeg's rate for streams without a container, whose pictures have no times.
_USUAL_RATE = 25.0
# What may say beside a picture how that is turned, and what would be waited for.
_TURNING = {"h264", "hevc", "mjpeg", "png", "apng", "webp", "tiff"}
_LIVE = {"rtsp", "rtp", "sdp", "sap"}


class Listing(Demuxer):
    """A file that is looked at. Without video, what is a video's is None or unknown, and
    `video_config` is not to be asked for.
    """

    __slots__ = ()

    _needs_video = False

    @property
    def has_video(self) -> bool:
        """Whether there is one that can be read."""
        return self._core.info.index >= 0

    @property
    def tags(self) -> dict[str, str]:
        """What the file says of itself in words, with FFmpeg's keys: ``"title"`` ..."""
        return self._open_core().tags

    @property
    def chapters(self) -> list[Chapter]:
        """Its chapters, by their start; microseconds."""
        return self._open_core().chapters

    @property
    def estimates_duration(self) -> bool:
        """Whether the duration is no more than the file's size divided by the bit rate."""
        return self._core.info.estimates_duration

    @property
    def guesses_rate(self) -> bool:
        """Whether the rate may be FFmpeg's usual one: the pictures of this file have no times."""
        core = self._core
        return core.seekability.counts and core.info.rate == _USUAL_RATE

    def first_orientation(self) -> tuple[int, bool]:
        """Return rotation and flip of the first picture, (0, False) if there is none that can be
        decoded. Nothing else can be read then of what is there only once.
        """
        config = self.video_config
        if config.rotation or config.flip:
            return int(config.rotation or 0), config.flip
        if self._core.info.codec not in _TURNING or self.format_name in _LIVE:
            return 0, False
        with read_frames(self, threads=1) as frames:
            try:
                with next(frames) as frame:
                    return frame.rotation, frame.flip
            except (StopIteration, WebCodecsError, OSError):
                return 0, False
