"""How the pictures of an output are turned: the file says it, or the pixels are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._av.files.containers import Container
from .._av.files.video_stream import VideoStream
from .._spec.frames.geometry import angle_of, orientation_of, stored_orientation
from ._losses import Losses
from ._original import Original

_LEAST = 0.5  # degrees beside a right angle that anybody sees

if TYPE_CHECKING:
    from ..frames._shape import FrameShape
    from ..frames.video_frame import VideoFrame


class Orientation:
    """Gives pictures that all show upright with the one orientation of an output.

    That is the first one's where players heed what the container says of it, else none. The pixels
    of a picture that has another are turned by what is between the two.

    Parameters
    ----------
    container : Container
        Of the output.

    Attributes
    ----------
    said : (int, bool) or None
        The one orientation: degrees, and whether it is mirrored; None before the first picture.
    """

    __slots__ = ("_plain", "said")

    def __init__(self, container: Container) -> None:
        self._plain: FrameShape | None = None
        self.said: tuple[int, bool] | None = None if container.shows_rotation else (0, False)

    def of(self, frame: VideoFrame) -> VideoFrame:
        """Return a frame to encode: this one, or one of its own that is the caller's."""
        shape = frame._shape
        if shape is self._plain:
            return frame
        frame._require_open()  # a closed one says nothing
        own = frame.rotation, frame.flip
        if self.said is None:
            self.said = own
        if own == self.said:
            self._plain = shape  # frames of a stream share it
            return frame
        from ..frames.video_frame import VideoFrame  # here: a Muxer has no frames

        rotation, flip = self.said
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


def settle_rotation(
    video: VideoStream, original: Original | None, container: Container, losses: Losses
) -> None:
    """Let a copied video have the very matrix it had, where the container can hold it; tell of a
    rotation that is lost, and of an angle that becomes a right one.
    """
    matrix = None if original is None else original.display_matrix
    if original is not None and matrix is not None and not _is_right(matrix):
        is_same = orientation_of(matrix) == orientation_of(video.display_matrix)
        if is_same and container.is_iso and not original.is_encoded:
            video.display_matrix = matrix
            return
        angle = f"{angle_of(matrix)[0] % 360:.4g}"
        losses.add(
            f"the rotation of {angle} degrees",
            "pictures are turned by multiples of 90 degrees",
            f"the pictures are to be turned by {angle} degrees: here they are turned by multiples "
            "of 90 degrees only (remux to .mp4 or .mov keeps the angle)",
        )
        losses.check()
    tell_rotation(video.display_matrix, container, losses)


def _is_right(matrix: tuple[int, ...]) -> bool:
    angle, _ = angle_of(matrix)
    return abs(angle - round(angle / 90) * 90) < _LEAST
