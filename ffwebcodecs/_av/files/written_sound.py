"""What a file being written must know of a track of sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..._ffi import avcodec
from ..._spec.codecs.sound_packets import pcm_silence
from ..codecs import packet
from ..codecs.parameters import allocate, set_extradata
from ..codecs.sound_parameters import SoundParameters
from ..frames import channel_layout
from ..frames.channel_layout import Channels
from .containers import codec_id

if TYPE_CHECKING:
    from ..._ffi._types import AVCodecParameters, AVPacket


class WrittenSound:
    """What a stream of sound is, in FFmpeg's terms; plain values."""

    __slots__ = (
        "_parameters",
        "bits",
        "channels",
        "codec",
        "disposition",
        "extradata",
        "frame_size",
        "initial_padding",
        "native",
        "sample_rate",
        "tags",
    )

    def __init__(self, codec: str, sample_rate: int, channels: Channels) -> None:
        self.codec = codec
        self.sample_rate = sample_rate
        """Of the times too."""
        self.channels = channels
        self.extradata = b""
        self.bits = 0  # of a sample, where the codec stores whole numbers
        self.frame_size = 0  # samples of a packet, if all have as many
        self.initial_padding = 0  # samples at the beginning that are not to be heard
        self.native: SoundParameters | None = None
        self.tags: dict[str, str] = {}
        self.disposition = 0
        self._parameters: AVCodecParameters | None = None

    @property
    def is_silent_first(self) -> bool:
        """Whether the first packet gives no samples, so that nobody hears when it begins."""
        return self.codec == "vorbis"

    @property
    def silence(self) -> int | None:
        """The byte that silence is made of, None if the codec is none of samples as they are."""
        return pcm_silence(self.codec)

    def silent(self, samples: int) -> AVPacket:
        """Return a packet of silence."""
        silence, size = self.silence, self._size_of(samples)
        assert silence is not None
        return packet.filled(silence, size)

    def _size_of(self, samples: int) -> int:
        bits = int("".join(filter(str.isdigit, self.codec.rpartition("_")[2])) or 8)
        return samples * self.channels.number * bits // 8

    def samples_of(self, size: int) -> int | None:
        """Return how many samples a packet of so many bytes holds, None if that does not tell."""
        if self.codec == "vorbis":
            return None  # FFmpeg knows of it only what is not true of all packets
        if self._parameters is None:
            self._parameters = allocate()
            self.fill(self._parameters, codec_id(self.codec))
        samples: int = avcodec.av_get_audio_frame_duration2(self._parameters, size)
        return samples if samples > 0 else None

    def fill(self, par: AVCodecParameters, codec_id: int) -> None:
        """Fill AVCodecParameters of ours."""
        if self.native is not None:
            self.native.fill(par, codec_id)
        else:
            SoundParameters.of_nothing(self.codec).fill(par, codec_id)
            par.bits_per_raw_sample = par.bits_per_coded_sample = self.bits
        par.sample_rate = self.sample_rate
        par.frame_size = par.frame_size or self.frame_size
        par.initial_padding = self.initial_padding
        channel_layout.write(par, self.channels)
        set_extradata(par, self.extradata)


class WrittenPacket(NamedTuple):
    """A packet on its way into a file.

    Attributes
    ----------
    source : AVPacket
        Borrowed.
    position : int
        Its first sample.
    lasting, discard : int
        How many of its samples are to be heard, and how many behind them are not.
    skip : int
        How many of them at the beginning are not, as far as that is not said for the whole file.
    header : int
        Bytes in front that are not written.
    extradata : bytes or None
        The codec's headers, if they are others by now.
    """

    source: AVPacket
    position: int
    lasting: int
    discard: int
    skip: int = 0
    header: int = 0
    extradata: bytes | None = None

    def fill(self, ptr: AVPacket) -> None:
        """Fill an empty packet of ours."""
        packet.reference(ptr, self.source)
        packet.behind(ptr, self.header)
        packet.place_in_time(ptr, self.position, self.position, self.lasting)
        packet.skip_samples(ptr, self.skip, self.discard)
        packet.mark_key(ptr)
        if self.extradata is not None:
            packet.renew_extradata(ptr, self.extradata)
