"""How the pictures of an output are turned: the file says it, or the pixels are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._av.files.containers import Container
from .._spec.frames.geometry import orientation_of, stored_orientation
from ._losses import Losses

if TYPE_CHECKING:
    from ..frames.video_frame import VideoFrame


class Orientation:
    """Gives pictures that all show upright with the one orientation of an output.

    That is the first one's where players heed what the container says of it, else none. The pixels
    of a picture that has another are turned by what is between the two.

    Parameters
    ----------
    container : Container
        Of the output.
    """

    __slots__ = ("_said",)

    def __init__(self, container: Container) -> None:
        self._said: tuple[int, bool] | None = None if container.shows_rotation else (0, False)

    def of(self, frame: VideoFrame) -> VideoFrame:
        """Return a frame to encode: this one, or one of its own that is the caller's."""
        frame._require_open()  # a closed one says nothing
        own = frame.rotation, frame.flip
        if self._said is None:
            self._said = own
        if own == self._said:
            return frame
        from ..frames.video_frame import VideoFrame  # here: a Muxer has no frames

        rotation, flip = self._said
        undone = stored_orientation(rotation, flip)
        with (
            VideoFrame(frame, rotation=undone[0], flip=undone[1]) as between,
            between.upright() as upright,
        ):
            return VideoFrame(upright, rotation=rotation, flip=flip)


def tell_rotation(
    matrix: tuple[int, ...] | None, container: Container, losses: Losses, whose: str = ""
) -> None:
    """Tell of a rotation that is lost with the packets of a video, `whose` one it is if that needs
    saying; raises NotSupportedError if nothing may be.
    """
    rotation, flip = orientation_of(matrix)
    if container.holds_rotation or not (rotation or flip):
        return
    what = f"the rotation of {rotation} degrees{' and the flip' if flip else ''}{whose}"
    losses.add(
        what,
        f"{container.name} cannot hold it",
        f"{container.name} cannot hold {what}: players will show the pictures as they are coded",
    )
    losses.check()
