"""All that a file says about itself, also one without video: what ``ffwebcodecs probe`` shows."""

from __future__ import annotations

from .._av.files.chapters import Chapter
from .demuxer import Demuxer

# FFmpeg's rate for streams without a container, whose pictures have no times.
_USUAL_RATE = 25.0


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
