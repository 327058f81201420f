"""What containers hold besides packets: tags, dispositions, side data. Found out by writing all of
it with libavformat and reading it back (`tests/files/test_holds.py` does that again).
"""

from __future__ import annotations

from collections.abc import Callable

from ..._later import pattern
from .. import releases

OGG = frozenset(("ogg", "ogv", "oga", "opus", "spx"))
# Any tag, of the file and of its streams.
_ALL_TAGS = {"matroska", "webm", "ogg", "ogv", "oga", "opus", "spx", "flac", "mp3", "tta", "wv"}
_FILE_TAGS: dict[str, set[str] | None] = {
    "mp4": {
        *("title", "artist", "album_artist", "composer", "album", "date", "track", "disc"),
        *("genre", "comment", "description", "synopsis", "copyright", "creation_time", "show"),
        *("network", "episode_id", "season_number", "episode_sort", "lyrics", "grouping"),
        *("keywords", "location", "hd_video", "media_type", "compilation", "gapless_playback"),
    },
    "mov": {
        *("title", "artist", "album", "date", "genre", "comment", "copyright", "creation_time"),
        *("make", "model", "location"),
    },
    "3gp": {
        *("title", "artist", "album", "date", "genre", "comment", "copyright", "creation_time"),
        "location",
    },
    "avi": {
        *("title", "artist", "date", "track", "genre", "comment", "copyright", "encoded_by"),
        *("language", "timecode"),
    },
    "asf": None,
    "flv": None,
    "caf": None,
    "wav": {
        *("title", "artist", "album", "date", "track", "genre", "comment", "copyright"),
        *("encoded_by", "language"),
    },
    "aiff": {"title", "author", "comment", "copyright"},
    "avif": {"creation_time"},
    # Those of its program.
    "mpegts": {"service_name", "service_provider"},
}
_RELATIVES = {"ipod": "mp4", "f4v": "mp4", "psp": "mp4", "ismv": "mp4", "3g2": "3gp"}
ISO = frozenset(("mp4", "mov", "ipod", "psp", "3gp", "3g2", "ismv", "f4v"))
_METADATA_KEYS = {"mp4", "mov", "ipod", "f4v"}
_THREE_LETTERS = pattern(r"[a-z]{3}")
# QuickTime's own languages, by the names that FFmpeg has for them; one after the other.
_MOV_LANGUAGES = (
    "eng fra ger ita dut sve spa dan por nor heb jpn ara fin gre ice mlt tur chi urd hin tha kor "
    "lit pol hun est lav rus iri alb ron ces slk slv yid mac bul ukr bel uzb kaz aze arm geo mol "
    "kir tgk tuk mon pus kur kas snd tib nep san mar ben asm guj ori mal kan tam tel bur khm lao "
    "vie ind tgl may amh tir orm som swa run mlg epo wel baq cat lat que grn aym tat uig dzo jav "
    "und"
)
# The other one of the two names that ISO 639-2 has for a language, and what FFmpeg calls Swedish.
_MOV_NAMES = {
    "fre": "fra",
    "deu": "ger",
    "nld": "dut",
    "swe": "sve",
    "ell": "gre",
    "isl": "ice",
    "zho": "chi",
    "sqi": "alb",
    "rum": "ron",
    "cze": "ces",
    "slo": "slk",
    "mkd": "mac",
    "hye": "arm",
    "kat": "geo",
    "bod": "tib",
    "mya": "bur",
    "msa": "may",
    "cym": "wel",
    "eus": "baq",
}
_WORDS = {"dub", "comment", "forced", "hearing_impaired", "visual_impaired"}
_DISPOSITIONS = {
    "matroska": _WORDS | {"original", "descriptions"},
    "webm": {"forced"},
    "mp4": _WORDS | {"captions", "descriptions"},
}
_BEFORE_5 = {"matroska": {"forced"}, "webm": {"forced"}}


_LIGHT = {"Mastering display metadata", "Content light level metadata"}
_SPACE = {"Stereo 3D", "Spherical Mapping"}
_MATROSKA = {"matroska", "webm"}
# Since when (None: in every release) which containers hold which kinds.
_SIDE_DATA: tuple[tuple[Callable[[], bool] | None, set[str], set[str]], ...] = (
    (None, {"mp4", "mov"} | _MATROSKA, _LIGHT),
    (None, {"mp4"} | _MATROSKA, _SPACE),
    (None, {"mp4"}, {"DOVI configuration record"}),
    (releases.mov_holds_space, {"mov"}, _SPACE),
    (releases.matroska_holds_rotation, {"matroska"}, {"DOVI configuration record"}),
    (releases.writes_all_dispositions, {"mp4", "mov"}, {"ICC Profile"}),
    (releases.parameters_have_side_data, {"mp4", "mov"}, {"Ambient viewing environment"}),
)


def file_tag(name: str, key: str) -> bool:
    """Return whether the container called `name` holds this tag of the whole file."""
    held = _FILE_TAGS.get(_RELATIVES.get(name, name), set())
    return name in _ALL_TAGS or held is None or key.lower() in held


def metadata_keys(name: str) -> bool:
    """Return whether it can hold any tag in QuickTime's newer way, which names each with a key.

    Those that it holds otherwise are then keys too, which not all players look for.
    """
    return name in _METADATA_KEYS


def is_reversed_domain(key: str) -> bool:
    """Return whether it is a key such as ``com.apple.quicktime.make``."""
    return key.lower().startswith(("com.", "org.", "net."))


def stream_tag(name: str, kind: str, key: str, value: str) -> bool:
    """Return whether it holds this tag of a stream of this kind."""
    if name in _ALL_TAGS:
        return True
    if key == "language":
        if name == "mov":
            return bool(_THREE_LETTERS.fullmatch(value)) and language(name, value) in _MOV_LANGUAGES
        if name in ISO or name == "avif":
            return bool(_THREE_LETTERS.fullmatch(value))
        return name == "asf" or (name == "mpegts" and kind != "video")
    if key == "timecode":
        return name in ("mp4", "mov", "avi")
    if key == "handler_name":
        return name in ISO or name == "avif"
    return key == "title" and name == "avi"


def side_data(name: str, kind: str) -> bool:
    """Return whether it holds side data that FFmpeg calls so."""
    for since, names, kinds in _SIDE_DATA:
        if name in names and kind in kinds:
            return since is None or since()
    return False


def language(name: str, value: str) -> str:
    """Return what libavformat calls a language in such files."""
    return _MOV_NAMES.get(value, value) if name == "mov" else value


def dispositions(name: str) -> frozenset[str]:
    """Return FFmpeg's names of the dispositions that it holds."""
    table = _DISPOSITIONS if releases.writes_all_dispositions() else _BEFORE_5
    return frozenset(table.get(name, ()))


# Which containers say the shape of pixels, whatever the codec.
_PIXEL_SHAPE = ISO | _MATROSKA | {"avi", "asf", "ogg", "gif", "apng", "avif", "dash"}


def pixel_shape(name: str) -> bool:
    """Return whether the container called `name` says the shape of pixels."""
    return name in _PIXEL_SHAPE
