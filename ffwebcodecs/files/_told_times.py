"""What an output's container cannot say of its pictures' times and shape, told."""

from __future__ import annotations

from .._av.files.containers import Container
from .._av.files.video_stream import VideoStream
from .._spec.files.timeline import Timeline
from ._losses import Losses
from ._mux_setup import frame_rate


def tell_times(container: Container, timeline: Timeline, losses: Losses, shown: str) -> None:
    """Tell it if the times of the first chunks will be others; raises NotSupportedError if nothing
    may be lost.
    """
    name = container.name
    if not container.has_times and timeline.intervals() and frame_rate(timeline) is None:
        losses.add(
            "the times of the pictures",
            f"{name} has none",
            f"{name} has no times: the pictures of {shown} come at uneven ones, and players will "
            "show them at an even rate (.mp4 and .mkv hold times)",
        )
    if container.has_constant_rate and timeline.offset < -timeline.step // 2:
        tell_offset(-timeline.offset, container, losses, shown)
    losses.check()


def tell_offset(first: int, container: Container, losses: Losses, shown: str) -> None:
    """Tell it that the first picture will be at 0, although it is at `first` (microseconds)."""
    name = container.name
    losses.add(
        "the offset of the clock",
        f"{name} begins at 0",
        f"{name} begins with the first picture: that of {shown} is at {first / 1e6:g} s "
        "(.mp4 and .mkv hold that)",
    )


def tell_shape(video: VideoStream, container: Container, losses: Losses) -> None:
    """Tell it if players will show the pixels as squares that are none."""
    across, down = video.sample_aspect_ratio
    if container.holds_shape or across <= 0 or across == down:
        return
    name = container.name
    losses.add(
        "the shape of the pixels",
        f"{name} cannot hold it",
        f"{name} cannot say that pixels are {across}:{down}: players will show them as squares "
        "(scale to the size that is shown, or use .mp4 or .mkv)",
    )
