"""What a file cannot say of the colours of its video, told."""

from __future__ import annotations

from .._av.files.containers import Container
from .._av.files.video_stream import VideoStream
from .._spec.codecs.untagged import BT601_ONLY
from .._spec.encoders.file_colors import (
    is_ambiguous,
    read_as,
    says_all,
    says_matrix,
    unusual,
)
from .._spec.frames.color import names_of
from .._spec.frames.gamut import matrix_name
from ._losses import Losses, warn


def tell_colors(video: VideoStream, container: Container, losses: Losses) -> None:
    """Note it if readers of the file will take its video for other colours than it has.

    Raises
    ------
    NotSupportedError
        That is required to be no loss.
    """
    if container.holds_colors:
        return
    primaries, transfer, matrix = names_of(*video.color[:3])
    name, codec, lines = container.name, video.codec, video.height
    if transfer in ("pq", "hlg") and codec in BT601_ONLY:
        # Encoding has warned: it takes more bits than these have.
        losses.note(f"the colours (transfer {transfer})", f"{codec} cannot say them")
    lost = [] if says_all(codec) else unusual(codec, primaries, transfer)
    unsaid = matrix not in (None, "rgb") and not says_matrix(codec, matrix or "")
    if unsaid and matrix_name(read_as(codec, lines)) != matrix_name(matrix):
        lost.append(f"matrix {matrix}")
    if lost:
        what = ", ".join(lost)
        losses.add(
            f"the colours ({what})",
            f"{name} with {codec} cannot say them",
            f"{name} with {codec} cannot say {what}: readers will show other colours "
            "(.mkv says it)",
        )
        losses.check()
    elif unsaid and is_ambiguous(codec, lines):
        warn(
            f"{name} with {codec} cannot say its matrix: with {lines} lines it is {matrix}, as "
            "browsers read it; other programs read smpte170m (.mkv says it)"
        )
