"""Files that hold sound and no film, by their suffix: plain data."""

from __future__ import annotations

# FFmpeg's name of the container for each.
SOUND = {
    ".m4a": "ipod",
    ".m4b": "ipod",
    ".mp3": "mp3",
    ".mp2": "mp2",
    ".aac": "adts",
    ".opus": "opus",
    ".ogg": "ogg",
    ".oga": "oga",
    ".spx": "spx",
    ".flac": "flac",
    ".wav": "wav",
    ".aif": "aiff",
    ".aiff": "aiff",
    ".caf": "caf",
    ".ac3": "ac3",
    ".eac3": "eac3",
    ".dts": "dts",
    ".thd": "truehd",
    ".tta": "tta",
    ".wv": "wv",
    ".mka": "matroska",
    ".weba": "webm",
}
# FFmpeg's own answer is any codec that has a tag there, or none where it has no list.
HELD = {
    "mp3": {"mp3"},
    "opus": {"opus"},
    "oga": {"vorbis", "opus", "flac", "speex"},
    "spx": {"speex"},
}
SUGGESTED = (
    *(".m4a", ".mp3", ".flac", ".opus", ".ogg", ".wav", ".ac3", ".eac3", ".mp2", ".dts"),
    ".mka",
)
# They hold one stream, and nothing beside it but a cover, if that.
ONE_STREAM = frozenset(SOUND.values()) - {"ipod", "ogg", "oga", "matroska", "webm"}
WITH_CHAPTERS = frozenset({"ipod", "mp3", "opus"})
# Those that hold a cover beside it, and of which codecs.
WITH_COVER = frozenset({"ipod", "mp3", "flac"})
COVERS = frozenset({"mjpeg", "png", "bmp", "gif"})


def is_plain(codec: str) -> bool:
    """Return whether a codec is what players expect in WAV, AIFF and CAF: samples as they are, or
    nearly.
    """
    return codec.startswith(("pcm_", "adpcm_"))


PLAIN = frozenset({"wav", "aiff"})


def suffix_of(container: str) -> str | None:
    """Return the usual suffix of a container that holds sound and nothing else, by FFmpeg's name of
    it; None for any other.
    """
    if container not in ONE_STREAM:
        return None
    return next(suffix for suffix, name in SOUND.items() if name == container)
