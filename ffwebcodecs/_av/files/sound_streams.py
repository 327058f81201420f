"""Streams of sound in an open file: which of them is read, and what the file says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..._ffi import avcodec, avformat, avutil, ffi
from ..._spec.files.sound_grid import is_known
from ...errors import InvalidArgumentError, NotSupportedError
from ..codecs.packet import NOPTS
from ..codecs.sound_parameters import SoundParameters
from .stream_info import NO_VIDEO, kind_of

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext, AVPacket
    from .last_packets import LastPacket
    from .opening import Opening


# Streams without a container, whose times FFmpeg counts: in ticks that are no whole frames, and so
# that they get wrong; in ticks that are.
_COUNTED = frozenset({"ac3", "eac3", "dts", "dtshd", "truehd", "mlp", "loas", "tta", "shn"})
_FRAMES = frozenset({"aac", "mp3"})
# Where seeks count bytes: times are right if all bytes last equally long, and else by the rate that
# a header states, which is rounded.
_BYTES = frozenset(
    {"wav", "w64", "aiff", "au", "sox", "voc", "nistsphere", "ircam", "epaf", "pvf", "avr"}
)


class SoundStream(NamedTuple):
    """What a container says of a stream of sound; times are in ticks of `parameters.time_base`,
    None if it does not say.
    """

    number: int
    format_name: str
    parameters: SoundParameters
    start: int | None
    duration: int | None
    last: LastPacket | None
    """What MP4's tables say of its last packet."""

    @property
    def sample_rate(self) -> int:
        """Hertz, 0 if nothing tells."""
        return self.parameters.number("sample_rate")

    @property
    def zero(self) -> int:
        """The tick that counts as 0: an MP3 file's clock begins with what encoders put before the
        first sample that is heard.
        """
        return self.start if self.format_name == "mp3" and self.start and self.start > 0 else 0

    @property
    def earliest(self) -> int:
        """The tick that the stream begins with, or about that."""
        return 0 if self.zero or self.start is None else self.start

    @property
    def can_seek(self) -> bool:
        """Whether seeks lead to packets whose times are right, or nearly, and to where decoding
        can begin.
        """
        codec = self.parameters.codec
        if self.format_name in _BYTES and not codec.startswith("pcm_"):
            return False
        return self.format_name not in _COUNTED and is_known(codec)

    @property
    def is_continuous(self) -> bool:
        """Whether it is a stream without a container: nothing says that anything is missing."""
        return self.format_name in _COUNTED or self.format_name in _FRAMES

    @property
    def is_coarse(self) -> bool:
        """Whether a tick is longer than a sample."""
        numerator, denominator = self.parameters.time_base
        return numerator * self.sample_rate > denominator


def suffices(context: AVFormatContext, opening: Opening) -> bool:
    """Return whether nothing but sound is wanted, or it is all there is, without so much as a
    cover, and may stand for the video.
    """
    if opening.only_sound or not opening.takes_sound or opening.stream is not None:
        return opening.only_sound
    kinds = _kinds(context)
    return "audio" in kinds and "video" not in kinds


def find(context: AVFormatContext, shown: str, wanted: int | None, video: int) -> int:
    """Return the index of the stream of sound that is read: `wanted`, or FFmpeg's choice beside the
    video, `NO_VIDEO` if there is none.

    Raises
    ------
    NotSupportedError
        There is none in the file, which is `shown` to people.
    InvalidArgumentError
        The one that is `wanted` is not there, or is no sound.
    """
    kinds = _kinds(context)
    if wanted is not None:
        return _required(kinds, shown, wanted)
    related = -1 if video == NO_VIDEO else video
    kind = avutil.AVMEDIA_TYPE_AUDIO
    index: int = avformat.av_find_best_stream(context, kind, -1, related, ffi.NULL, 0)
    if index < 0 and "audio" in kinds:  # FFmpeg wants to know its rate and channels
        return kinds.index("audio")
    if index < 0:
        raise NotSupportedError(f"{shown} has no sound (it has: {', '.join(kinds) or 'none'})")
    return index


def _required(kinds: list[str], shown: str, wanted: int) -> int:
    if 0 <= wanted < len(kinds) and kinds[wanted] == "audio":
        return wanted
    sounds = ", ".join(str(i) for i, kind in enumerate(kinds) if kind == "audio")
    have = f"the streams of sound are {sounds}" if sounds else "there is no sound"
    if 0 <= wanted < len(kinds):
        what = f"stream {wanted} of {shown} is {kinds[wanted]}, and no sound"
        raise InvalidArgumentError(f"{what}: {have}")
    count = len(kinds)
    raise InvalidArgumentError(
        f"{shown} has {count} stream{'s' * (count != 1)} and no stream {wanted}: {have}"
    )


def _kinds(context: AVFormatContext) -> list[str]:
    return [kind_of(context.streams[i]) for i in range(context.nb_streams)]


def describe(context: AVFormatContext, index: int, last: LastPacket | None) -> SoundStream:
    """Return what an open file says of one of its streams of sound, and of its last packet."""
    stream = context.streams[index]
    return SoundStream(
        index,
        ffi.string(context.iformat.name).decode(),
        SoundParameters.of_stream(stream),
        None if stream.start_time == NOPTS else stream.start_time,
        stream.duration if stream.duration not in (0, NOPTS) else None,
        last,
    )


def padding_of(sound: SoundStream, first: AVPacket | None) -> int | None:
    """Return how many samples an encoder has put before the first one, None if the file does not
    say; `first` is the first packet.
    """
    stated = sound.parameters.number("initial_padding")
    extradata = sound.parameters.extradata
    if not stated and extradata[:8] == b"OpusHead" and len(extradata) >= 12:
        stated = int.from_bytes(extradata[10:12], "little")
    if not stated and first is not None:
        skip = skip_of(first)
        stated = skip.front if skip is not None else 0
    return stated or None


class Skip(NamedTuple):
    """How many decoded samples of a packet are not to be heard, in front and at its end."""

    front: int
    end: int


def skip_of(ptr: AVPacket) -> Skip | None:
    """Return what the container says is to be left out of a packet's samples, None if nothing."""
    for index in range(ptr.side_data_elems):
        entry = ptr.side_data[index]
        if entry.type == avcodec.AV_PKT_DATA_SKIP_SAMPLES and entry.size >= 8:
            data = bytes(ffi.buffer(entry.data, 8))
            return Skip(int.from_bytes(data[:4], "little"), int.from_bytes(data[4:], "little"))
    return None
