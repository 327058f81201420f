"""What a container cannot say of the times of sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._av.codecs import packet
from .._av.files.containers import Container
from .._spec.files.microseconds import to_microseconds
from ._losses import Losses

_HEARD = 1000  # microseconds


if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore
    from .._av.files.streams import CopiedStream
    from ._sound_track import SoundTrack


def tell_late(track: SoundTrack, container: Container, losses: Losses, shown: str) -> None:
    """Say that a track begins with what an encoder has put before its sound."""
    samples, sound = track.late_by(container), track.sound
    if samples <= 0 or sound is None or container.has_constant_rate:
        return
    name = container.sound_suffix or container.name
    late = f"{samples / sound.sample_rate * 1000:.0f} ms"
    effect = f"it begins with {late} of silence"
    if container.holds_sound_times:
        effect = f"all of the file is {late} later, so that sound and picture meet"
    losses.add(
        f"the delay of {sound.codec}, {samples} samples",
        f"{name} cannot hold it",
        f"{name} cannot say that the first {samples} samples of {sound.codec} in {shown} are not "
        f"to be heard: {effect} (.mp4 and .mov say it)",
    )


def tell_apart(
    track: SoundTrack, offset: int, container: Container, losses: Losses, shown: str
) -> None:
    """Say that sound and picture do not meet where each stream begins at 0.

    Parameters
    ----------
    track : SoundTrack
    offset : int
        Microseconds that are added to the times of the pictures.
    container : Container
    losses : Losses
    shown : str
    """
    late = track.apart(offset)
    if container.has_constant_rate and abs(late) >= _HEARD:
        _say_apart(f"the track {track.name!r}", late, container, losses, shown)


def begins_apart(stream: CopiedStream, demuxer: DemuxerCore) -> int:
    """Return by how many microseconds a stream of sound of an input is late where its first packet
    and the first picture begin together; 0 if nobody hears it.
    """
    pictures, start = demuxer.info.start_time, stream.start_time
    # What comes later than FFmpeg looks begins at 0, by what it says.
    first = demuxer.first_of(stream.index)
    ticks = None if first is None else packet.order_shown(first)
    if ticks is not None:
        start = to_microseconds(ticks, stream.time_base)
    if pictures is None or start is None:
        return 0
    late = pictures - start
    return late if abs(late) >= _HEARD else 0


def tell_copied_apart(
    stream: CopiedStream, demuxer: DemuxerCore, container: Container, losses: Losses, shown: str
) -> None:
    """Say that copied sound and the picture do not meet where each stream begins at 0."""
    if not container.has_constant_rate or stream.kind != "audio":
        return
    late = begins_apart(stream, demuxer)
    if late:
        _say_apart(f"audio {stream.codec}", late, container, losses, shown)


def _say_apart(what: str, late: int, container: Container, losses: Losses, shown: str) -> None:
    how = f"{abs(late) / 1000:.0f} ms {'late' if late > 0 else 'early'}"
    losses.add(
        f"the beginning of {what}",
        f"{container.name} lets all begin together: it is {how}",
        f"{container.name} lets sound and picture begin together: the sound of {shown} is {how} "
        "(.mp4 and .mkv hold when each begins)",
    )


def tell_gap(track: SoundTrack, container: Container, losses: Losses, shown: str) -> None:
    """Say that a gap in the sound is not there any more."""
    gap, sound = track.gap, track.sound
    if gap is None or sound is None or container.holds_sound_times or track.fills_gaps:
        return
    name = container.sound_suffix or container.name
    when, samples = gap
    losses.add(
        "gaps in the sound",
        f"{name} cannot hold them",
        f"{name} has no times: after {when / 1e6:.3f} s the sound of {shown} goes on at once, "
        f"where {samples / sound.sample_rate:.3f} s were missing (.mka and .m4a keep the gap)",
    )
