"""Which containers there are, by suffix or name, and which codecs each can hold."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ... import _ffi
from ..._ffi import avcodec, avformat, avutil, ffi
from ..._spec.codecs import families
from ..._spec.discreet import discreet
from ...errors import InvalidArgumentError, NotSupportedError
from .. import releases
from . import holds, sound_files

if TYPE_CHECKING:
    from ..._ffi._types import AVCodec, AVCodecDescriptor, AVOutputFormat

_PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")
_OF_PICTURES = (
    "one picture is written by frame.save(), those of a film by `ffwebcodecs frames`; for a film "
)
# FFmpeg's own guess is asked for any other suffix; some of these it takes for raw streams.
_BY_SUFFIX = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".qt": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".avi": "avi",
    ".ts": "mpegts",
    ".m2ts": "mpegts",
    ".mts": "mpegts",
    ".ivf": "ivf",
    ".h264": "h264",
    ".264": "h264",
    ".avc": "h264",
    ".hevc": "hevc",
    ".h265": "hevc",
    ".265": "hevc",
    ".gif": "gif",
    ".webp": "webp",
    ".avif": "avif",
    ".obu": "obu",
    **sound_files.SOUND,
    ".srt": "srt",
    ".vtt": "webvtt",
    ".ass": "ass",
}
_TEXTS = frozenset(("srt", "webvtt", "ass"))
_BY_NAME = {"mkv": "matroska", "ts": "mpegts", "h265": "hevc", "quicktime": "mov"}
# MPEG-TS takes anything as private data, which nobody can read.
_MPEG_TS = {
    *("h264", "hevc", "vvc", "mpeg1video", "mpeg2video", "mpeg4", "cavs", "dirac", "vc1"),
    *("aac", "aac_latm", "mp1", "mp2", "mp3", "ac3", "eac3", "dts", "truehd", "opus"),
    *("s302m", "dvb_subtitle", "dvb_teletext", "hdmv_pgs_subtitle", "scte_35", "timed_id3"),
}
_MPEG_PS = {"h264", "mpeg1video", "mpeg2video", "mp2", "mp3", "ac3", "dts", "dvd_subtitle"}
_OGG = {"theora", "vp8", "vorbis", "opus", "flac", "speex"}
_WITHOUT_TABLE = {
    "ogg": _OGG,
    "ogv": _OGG,
    "mpegts": _MPEG_TS,
    "mpeg": _MPEG_PS,
    "vob": _MPEG_PS,
    "dvd": _MPEG_PS,
    "svcd": _MPEG_PS,
    "vcd": _MPEG_PS,
    **sound_files.HELD,
}
# Only what was tried with broken input: others (nut) end the process on what they do not expect.
_TRIED = {
    *_BY_SUFFIX.values(),
    *("flv", "mpeg", "vob", "dvd", "svcd", "vcd", "ogg", "ogv", "asf", "3gp", "3g2", "ipod"),
    *("m4v", "mpeg1video", "mpeg2video", "obu", "apng", "f4v", "mjpeg"),
}
# What writes other files beside the one that is named, or instead: only for who asks for that.
_SEVERAL = {".m3u8": "hls", ".mpd": "dash", "segment": "segment"}
# One stream of one codec: what they do not name they do not hold.
_SINGLE = {
    *("gif", "webp", "apng", "avif", "ivf", "h264", "hevc", "obu", "m4v", "mpeg1video", "mjpeg"),
    *sound_files.ONE_STREAM,
    *_TEXTS,
}
# What they name, and refuse when the header is written.
_REFUSED = {
    "mov": {"vp8", "vp9", "av1", "flac", "truehd", "opus"},
    **dict.fromkeys(("mp4", "ipod", "psp", "3gp", "3g2", "ismv", "f4v"), frozenset(("vp8",))),
    # FFmpeg writes the first one not at all, and the others so that it cannot read them.
    "caf": {"aac", "flac", "opus"},
    "avi": {"flac", "vorbis"},
}
# Those that take Annex B only and do not convert by themselves.
_ANNEX_B = {"avi", "mpeg", "vob", "dvd", "svcd", "vcd"}
# Those that have no place for a codec's header but the stream.
_IN_STREAM = {"mpegts", "mpeg", "vob", "dvd", "m4v"}
_SUGGESTED = (".mp4", ".webm", ".mkv", ".mov", ".avi", ".ts", ".gif", ".webp")


class Wanted(NamedTuple):
    """A stream that a container is to hold: its kind, and FFmpeg's number and name of its codec."""

    kind: str
    identifier: int
    codec: str


class Container:
    """A container that this FFmpeg can write."""

    __slots__ = ("_format", "allows_equal_times", "is_live", "name", "sound_suffix")

    def __init__(self, found: AVOutputFormat, name: str, sound_suffix: str | None = None) -> None:
        self._format = found
        self.name = name
        self.sound_suffix = sound_suffix
        """The suffix of a file for sound alone, None for any other."""
        self.is_live = False
        """Whether it is written as it is made: nothing in it is completed later."""
        self.allows_equal_times = bool(found.flags & avformat.AVFMT_TS_NONSTRICT)

    @property
    def holds_covers(self) -> bool:
        """Whether a picture can be attached; others would lose it, or show it as a film."""
        return self.name in ("matroska", "mp4", *sound_files.WITH_COVER)

    def can_show(self, identifier: int, codec: str) -> bool:
        """Return whether it holds a cover of this codec."""
        if self.name in sound_files.WITH_COVER:
            return codec in sound_files.COVERS
        return self.holds_covers and self.can_hold(identifier, codec)

    @property
    def holds_one_stream(self) -> bool:
        """Whether it is one of those for sound that hold one stream of it."""
        return self.name in sound_files.ONE_STREAM

    def holds_tag(self, key: str) -> bool:
        """Whether it holds such a tag of the whole file, in the usual way."""
        return holds.file_tag(self.name, key)

    def needs_keys(self, tags: Iterable[str]) -> bool:
        """Whether these tags want QuickTime's newer way, which it has: those of phones do."""
        return holds.metadata_keys(self.name) and any(map(holds.is_reversed_domain, tags))

    @property
    def holds_chapters(self) -> bool:
        """Whether it has a place for chapters that FFmpeg writes to."""
        return self.name in ("matroska", "webm", "mp4", "mov", *sound_files.WITH_CHAPTERS)

    def holds_film(self, codec: str) -> bool:
        """Return whether a file for sound has the one kind of film that belongs there."""
        return self.sound_suffix == ".ogg" and codec == "ffmpeg:theora"

    @property
    def writes_several(self) -> bool:
        """Whether it writes several files, which it opens by itself."""
        return self.name in _SEVERAL.values()

    @property
    def is_iso(self) -> bool:
        """Whether it is MP4, MOV or a relative."""
        return self.name in holds.ISO

    @property
    def is_ogg(self) -> bool:
        """Whether it is Ogg, by any of its names."""
        return self.name in holds.OGG

    @property
    def has_times(self) -> bool:
        """Whether it stores times at all."""
        return not self._format.flags & avformat.AVFMT_NOTIMESTAMPS

    def hides_padding(self, codec: str) -> bool:
        """Return whether it says how many samples at the beginning are not to be heard, by an edit
        list, CodecDelay, a pre-skip or the header of Xing.
        """
        if self.is_iso:
            return True
        if self.is_ogg or self.name in ("matroska", "webm"):
            return codec == "opus"
        return self.name == "mp3" and not self.is_live

    def has_codec_delay(self, codec: str) -> bool:
        """Return whether it has Matroska's field for that: what comes first has the time then at
        which the sound begins, and all times are less by the delay when they are read.
        """
        return self.name in ("matroska", "webm") and codec == "opus"

    def moves_sound(self, codec: str) -> bool:
        """Return whether sound that begins before 0 is written later, and read where it was."""
        is_matroska = self.name in ("matroska", "webm")
        return self.has_codec_delay(codec) or (is_matroska and releases.matroska_delays_all_sound())

    @property
    def holds_negative_times(self) -> bool:
        """Whether packets may lie before 0."""
        return self.is_iso or self.is_ogg

    @property
    def holds_sound_times(self) -> bool:
        """Whether it says when each packet of sound is heard; else they follow one another."""
        return self.has_times and self.name not in ("avi", "wav", "aiff", "caf", "mp3", "wv", "tta")

    @property
    def holds_films(self) -> bool:
        """Whether it is not one of those for sound alone."""
        return self.sound_suffix is None and not self.holds_one_stream

    @property
    def holds_sound(self) -> bool:
        """Whether it holds any sound; FFmpeg names a usual codec for those that do."""
        return bool(self._format.audio_codec != avcodec.AV_CODEC_ID_NONE)

    @property
    def has_constant_rate(self) -> bool:
        """Whether its clock ticks once for each frame."""
        return self.name == "avi"

    @property
    def holds_last_duration(self) -> bool:
        """Whether it says how long the last picture is shown."""
        films = ("matroska", "webm", "avi", "ivf")
        return self.is_iso or self.name in (*films, "gif", "apng", "webp", "avif")

    @property
    def is_text(self) -> bool:
        """Whether it is a file of one stream of subtitles."""
        return self.name in _TEXTS

    @property
    def holds_shape(self) -> bool:
        """Whether it, or the bitstreams that go there, say the shape of pixels."""
        return self.name not in ("ivf", "webp", "obu")

    @property
    def holds_alpha_side_data(self) -> bool:
        """Whether a second coded picture, the alpha channel, can travel with each chunk."""
        return self.name in ("matroska", "webm")

    @property
    def holds_rotation(self) -> bool:
        """Whether this FFmpeg writes a rotation into it. Into AVIF it writes one for a sequence
        only, not for the picture that stands for it.
        """
        if self.is_iso:
            return True
        return self.name in ("matroska", "webm") and releases.matroska_holds_rotation()

    @property
    def shows_rotation(self) -> bool:
        """Whether players show what is in it as its rotation says. Browsers pass over that of
        WebM.
        """
        return self.holds_rotation and self.name != "webm"

    @property
    def holds_colors(self) -> bool:
        """Whether FFmpeg writes colours into it, beside what a bitstream says."""
        return self.name in ("mp4", "mov", "avif", "matroska", "webm")

    @property
    def needs_description(self) -> bool:
        """Whether the codec's header must be known before the first packet."""
        return self.is_iso or self.name in ("matroska", "webm", "avif", "flv", "dash")

    def needed_filter(self, codec: str, extradata: bytes) -> str | None:
        """Return the bitstream filter for chunks with this codec header, if one is needed."""
        if families.of_codec(codec).HAS_LENGTHS:
            prefixed = extradata[:1] == b"\1"
            # libavformat's own filter, for what is joined anywhere, leaves some key frames bare.
            ours = self.name in _ANNEX_B or (self.is_live and self.name in ("mpegts", "h264"))
            return f"{codec}_mp4toannexb" if prefixed and ours else None
        # Adds the header to key frames that lack it.
        needed = codec == "mpeg4" and extradata and self.name in _IN_STREAM
        return "dump_extra" if needed else None

    def can_hold(self, identifier: int, codec: str) -> bool:
        """Return whether FFmpeg writes this codec into this container."""
        if codec in _REFUSED.get(self.name, ()):
            return False
        if self.name in sound_files.PLAIN and not sound_files.is_plain(codec):
            return False
        compliance = avcodec.FF_COMPLIANCE_NORMAL
        answer = avformat.avformat_query_codec(self._format, identifier, compliance)
        if self.name in _WITHOUT_TABLE:
            return codec in _WITHOUT_TABLE[self.name]
        if answer > 0:
            return True
        if self.name == "matroska":
            # Whatever has a FourCC, as Video for Windows had it.
            tag = ffi.new("unsigned int *")
            return bool(avformat.av_codec_get_tag2(self._format.codec_tag, identifier, tag))
        if answer == 0:
            return False
        return self.name not in _SINGLE and self.has_times

    def can_copy(self, kind: str, identifier: int, codec: str) -> bool:
        """Return whether a copied stream of this kind can be held."""
        if kind == "attachment":  # any file, such as a font; its codec is often unknown
            return self.name == "matroska"
        return self.can_hold(identifier, codec)

    def require(self, identifier: int, codec: str, besides: Sequence[Wanted] = ()) -> None:
        """Raise NotSupportedError, with a way out that holds what is wanted `besides` too, if the
        codec cannot be held.
        """
        if self.can_hold(identifier, codec):
            return
        about: AVCodecDescriptor = avcodec.avcodec_descriptor_get(identifier)
        is_sound = about and about.type == avutil.AVMEDIA_TYPE_AUDIO
        wanted = [Wanted("audio" if is_sound else "video", identifier, codec), *besides]
        is_alone = is_sound and all(one.kind == "audio" for one in besides)
        known = sound_files.SUGGESTED if is_alone and self.sound_suffix else _SUGGESTED
        others = suffixes_for(wanted, known) or suffixes_for(wanted[:1], known)
        remedy = f"; use {any_of(others)}" if others else ""
        raise NotSupportedError(f"{self.sound_suffix or self.name} cannot hold {codec}{remedy}")

    def require_copy(self, kind: str, identifier: int, codec: str) -> None:
        """Raise NotSupportedError if a copied stream of this kind cannot be held."""
        if not self.can_copy(kind, identifier, codec):
            self.require(identifier, codec)

    def accepted_tag(self, identifier: int, tag: int) -> int:
        """Return `tag` if the container may have it for this codec, else 0: FFmpeg chooses."""
        table = self._format.codec_tag
        if not table or avformat.av_codec_get_id(table, tag) == identifier:
            return tag
        known = ffi.new("unsigned int *")
        return 0 if avformat.av_codec_get_tag2(table, identifier, known) else tag


def suffixes_for(wanted: Iterable[Wanted], known: Iterable[str] = _SUGGESTED) -> list[str]:
    """Return the suffixes of containers that hold all that is wanted, the best known first."""
    wanted = list(wanted)
    found = []
    for suffix in known:
        format = _guess(_BY_SUFFIX[suffix])
        if format is not None:
            other = Container(format, _BY_SUFFIX[suffix])
            if all(other.can_copy(*each) for each in wanted):
                found.append(suffix)
    return found


def any_of(suffixes: Sequence[str]) -> str:
    """Return suffixes as a sentence has them: ``".mp4, .mkv or .mov"``."""
    return " or ".join(filter(None, (", ".join(suffixes[:-1]), suffixes[-1])))


def codec_id(name: str) -> int:
    """Return FFmpeg's number of a codec, given the codec's name or that of an encoder or decoder.

    Raises
    ------
    NotSupportedError
        This FFmpeg does not know it.
    """
    encoded = name.encode()
    descriptor: AVCodecDescriptor = avcodec.avcodec_descriptor_get_by_name(encoded)
    if descriptor:
        return int(descriptor.id)
    codec: AVCodec = avcodec.avcodec_find_encoder_by_name(encoded) or ffi.NULL
    if not codec:
        codec = avcodec.avcodec_find_decoder_by_name(encoded)
    if not codec:
        raise NotSupportedError(f"this FFmpeg ({_ffi.report().release}) has no codec {name!r}")
    return int(codec.id)


def codec_name(identifier: int) -> str:
    """Return FFmpeg's name of a codec."""
    name: str = ffi.string(avcodec.avcodec_get_name(identifier)).decode()
    return name


def _guess(name: str) -> AVOutputFormat | None:
    found: AVOutputFormat = avformat.av_guess_format(name.encode(), ffi.NULL, ffi.NULL)
    return found if found and not found.flags & avformat.AVFMT_NOFILE else None


def find(path: str | None, name: str | None, *, several: bool = False) -> Container:
    """Return the container for a file.

    Parameters
    ----------
    path : str, optional
        Its suffix decides if `name` is None.
    name : str, optional
        A name of FFmpeg's, or "mkv", "ts", or a suffix without its dot.
    several : bool
        Whether it may write several files.

    Raises
    ------
    InvalidArgumentError
        Nothing is known by this name or suffix.
    NotSupportedError
        FFmpeg could write it, but this build cannot, or it writes several files.
    """
    other = _find_several(path, name)
    if other is not None:
        if not several:
            raise NotSupportedError(
                f"{other.name} writes several files; if they are wanted: several_files=True"
            )
        return other
    if name is None:
        if path is None:
            raise InvalidArgumentError("a file object has no suffix: give format, such as 'mp4'")
        suffix = os.path.splitext(path)[1].lower()
        wanted = _BY_SUFFIX.get(suffix)
        if wanted is None:
            found = avformat.av_guess_format(ffi.NULL, os.fsencode(path), ffi.NULL)
            if suffix and found and _first_name(found) in _TRIED:
                return Container(found, _first_name(found))
            hint = _OF_PICTURES if suffix in _PICTURES else ""
            raise InvalidArgumentError(
                f"no container is known for the suffix {suffix!r} of {discreet(path)!r}; "
                f"{hint}use one of {', '.join(_BY_SUFFIX)}, or give format"
            )
    else:
        suffix = f".{name.lower()}"
        wanted = _BY_NAME.get(name.lower()) or _BY_SUFFIX.get(suffix, name.lower())
    found = _guess(wanted)
    if found is None or _first_name(found) not in _TRIED:
        if wanted in _BY_SUFFIX.values():
            raise NotSupportedError(
                f"this FFmpeg ({_ffi.report().release}) cannot write {wanted} files"
            )
        raise InvalidArgumentError(
            f"format {name!r} is not one that can be written here; use one of "
            f"{', '.join(sorted(_TRIED))}"
        )
    first = _first_name(found)
    sound = suffix if suffix in sound_files.SOUND else sound_files.suffix_of(first)
    return Container(found, first, sound)


def _find_several(path: str | None, name: str | None) -> Container | None:
    suffix = os.path.splitext(path or "")[1].lower()
    wanted = suffix if name is None else name.lower()
    wanted = _SEVERAL.get(wanted, _SEVERAL.get(f".{wanted}", wanted))
    if wanted not in _SEVERAL.values():
        return None
    found: AVOutputFormat = avformat.av_guess_format(wanted.encode(), ffi.NULL, ffi.NULL)
    if not found:
        raise NotSupportedError(f"this FFmpeg ({_ffi.report().release}) cannot write {wanted}")
    return Container(found, wanted)


def _first_name(found: AVOutputFormat) -> str:
    name: str = ffi.string(found.name).decode()
    return name.partition(",")[0]
