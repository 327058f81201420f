"""What `remux` and `transcode` keep of a film, container by container: the tables of
docs/converting.md.

Each film of `kept_films` goes into each container that holds its codec. What it holds, before and
after, is seen with ffprobe, of animations with Pillow; what is not there afterwards must be named
in `TranscodeResult.lost`. ``python tests/support/kept_table.py --write`` writes the tables anew.
"""

from __future__ import annotations

import concurrent.futures
import json
import re
import struct
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from clips import ROOT, ffprobe_program, run_ffmpeg
from kept_films import LIGHT, PRIMARIES, WHITE, animation, iso_film, matroska_film
from PIL import Image

from ffwebcodecs import NotSupportedError, TranscodeResult, remux, transcode

PAGE = ROOT / "docs" / "converting.md"
CONTAINERS = (
    *("mp4", "mov", "mkv", "webm", "avi", "ts", "ogv", "flv", "ivf", "h264"),
    *("gif", "apng", "webp", "avif"),
)
ANIMATIONS = ("gif", "apng", "webp")
KEPT, BAKED, TOLD, REFUSED, TRACK = "kept", "baked", "told", "refused", "a track"
ENCODED = "encoded"
NOWHERE, SILENT = "", "LOST IN SILENCE"
BEGIN, END = "<!-- kept: begin (tests/support/kept_table.py --write) -->", "<!-- kept: end -->"
_TICK = Fraction(1, 50)  # seconds; the coarsest clock is that of a container that counts pictures
_ROUNDED = Fraction(1, 40)  # GIF has 64ths
Facts = dict[str, Any]


class Row(NamedTuple):
    """One thing that a film may hold.

    Attributes
    ----------
    name : str
    told : str
        Regular expression of what `TranscodeResult.lost` says of it.
    """

    name: str
    told: str


ROWS = (
    Row("rotation", r"the rotation"),
    Row("times of the pictures", r"the times of the pictures"),
    Row("offset of the clock", r"the offset|the delay of \w+, "),
    Row("duration of the last picture", r"the duration of the last picture"),
    Row("colours", r"the colou?rs"),
    Row("shape of the pixels", r"the shape of the pixels"),
    Row("alpha channel", r"the alpha channel|half-transparent"),
    Row("HDR10 mastering display", r"the mastering display"),
    Row("content light level", r"the content light level"),
    Row("Dolby Vision configuration", r"the Dolby Vision"),
    Row("stereo 3D", r"the stereo mode"),
    Row("spherical mapping", r"the spherical mapping"),
    Row("ICC profile", r"the ICC profile"),
    Row("language of a stream", r"stream language"),
    Row("title of a stream", r"stream title"),
    Row("dispositions", r"stream disposition"),
    Row("timecode", r"stream timecode|the tags? .*timecode"),
    Row("sound", r"audio "),
    Row("subtitles", r"subtitle "),
    Row("chapters", r"\d+ chapters"),
    Row("cover", r"video png"),
    Row("attachments", r"attachment"),
    Row("title of the file", r"the tags? .*\btitle\b"),
    Row("any tag of the file", r"the tags? .*\binner\b"),
    Row("Apple's keys", r"the tags? .*com\.apple"),
    Row("loop count", r"the loop count"),
    Row("delay of the last picture", r"the delay"),
)
OF_STREAMS = {"language of a stream", "title of a stream", "dispositions"}
_SIDE_DATA = {
    "Mastering display metadata": "HDR10 mastering display",
    "Content light level metadata": "content light level",
    "DOVI configuration record": "Dolby Vision configuration",
    "Stereo 3D": "stereo 3D",
    "Spherical Mapping": "spherical mapping",
    "ICC profile": "ICC profile",
    "ICC Profile": "ICC profile",
}


def facts(path: Path) -> Facts:
    """Return what a file holds, by the names of the rows; what it has not is not there."""
    found = {} if path.suffix == ".webp" else look(path, seen(path))  # FFmpeg 5.1 reads no WebP
    if path.suffix[1:] in ANIMATIONS:
        found.pop("alpha channel", None)
        found.update(animation_facts(path))
    return found


def seen(path: Path) -> Any:
    """Return all that ffprobe prints of a file."""
    command = [
        *(ffprobe_program(), "-loglevel", "quiet", "-of", "json", "-show_streams"),
        *("-show_format", "-show_chapters", "-show_frames", "-show_packets", str(path)),
    ]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def look(path: Path, said: Any) -> Facts:
    """Return the same of what `seen` gave."""
    found: Facts = {"suffix": path.suffix[1:]}
    streams = said["streams"]
    video = next(s for s in streams if s["codec_type"] == "video" and not _is_cover(s))
    pieces = [p for p in said["packets_and_frames"] if p.get("stream_index") == video["index"]]
    frames = [p for p in pieces if p["type"] == "frame"]
    found["size"] = video["width"], video["height"]
    found["kinds"] = {
        s["codec_type"] for s in streams if not _is_cover(s) and s["codec_tag_string"] != "text"
    }
    found["videos"] = [s["codec_name"] for s in streams if s["codec_type"] == "video"]
    data = path.read_bytes()
    if path.suffix == ".ts":  # whose packets cut the pictures into pieces
        data = run_ffmpeg("-i", path, "-map", "0:v", "-c", "copy", "-f", "h264", "-")
    _look_into_messages(found, data)
    _look_at_video(found, video, frames[0] if frames else {})
    if path.suffix == ".avi":  # which has times of decoding only
        key = "best_effort_timestamp_time"
        shown = [{**p, key: p["dts_time"]} for p in pieces if p["type"] == "packet"]
        _look_at_times(found, video, shown)
    else:
        _look_at_times(found, video, frames)
    tags = {key.lower(): value for key, value in said["format"].get("tags", {}).items()}
    if path.suffix == ".ogv":  # has a place for tags in its streams only, the titles too
        own = {key.lower(): value for key, value in video.get("tags", {}).items()}
        tags = {**own, **tags}
    _look_at_streams(found, streams, video, tags)
    if said["chapters"]:
        found["chapters"] = [
            (c["start_time"][:-4], c.get("tags", {}).get("title")) for c in said["chapters"]
        ]
    for name, key in (("title of the file", "title"), ("any tag of the file", "inner")):
        if tags.get(key):
            found[name] = tags[key]
    apple = {key: value for key, value in tags.items() if key.startswith("com.apple.")}
    if apple:
        found["Apple's keys"] = apple
    return found


def _is_cover(stream: Any) -> bool:
    return bool(stream["disposition"]["attached_pic"])


def _look_at_video(found: Facts, video: Any, frame: Any) -> None:
    entries = [*video.get("side_data_list", ()), *frame.get("side_data_list", ())]
    for entry in reversed(entries):
        kind = entry["side_data_type"]
        if kind in _SIDE_DATA:
            found[_SIDE_DATA[kind]] = _numbers(entry)
        elif kind == "Display Matrix" and entry["rotation"]:
            found["rotation"] = entry["rotation"] % 360
    colors = [video.get(key) for key in ("color_primaries", "color_transfer", "color_space")]
    if any(each not in (None, "unknown") for each in colors):
        found["colours"] = colors
    found["is rgb"] = video.get("pix_fmt", "").startswith(("rgb", "bgr", "gbr", "pal", "argb"))
    shape = video.get("sample_aspect_ratio", "1:1").replace(":", "/")
    if shape not in ("1/1", "0/1"):
        found["shape of the pixels"] = Fraction(shape)
    if (
        "a" in video.get("pix_fmt", "").replace("gray", "").replace("pal8", "")
        or video.get("tags", {}).get("alpha_mode", video.get("tags", {}).get("ALPHA_MODE")) == "1"
    ):
        found["alpha channel"] = True


def _numbers(entry: Any) -> Any:
    """Return side data with fractions as numbers: containers have units of their own."""
    return {
        key: round(float(Fraction(value)), 3) if re.fullmatch(r"-?\d+/\d+", str(value)) else value
        for key, value in entry.items()
        if key not in ("side_data_type", "size")
    }


def _look_into_messages(found: Facts, data: bytes) -> None:
    """Note what ffprobe before 6.0 does not see in H.264: SEI of ITU-T H.264, D.1.29 and D.1.31."""
    red, green, blue = PRIMARIES
    if b"\x89\x18" + struct.pack(">8H", *green, *blue, *red, *WHITE) in data:
        found["HDR10 mastering display"] = found["as message"] = True
    if b"\x90\x04" + struct.pack(">2H", *LIGHT) in data:
        found["content light level"] = True


def _look_at_times(found: Facts, video: Any, frames: list[Any]) -> None:
    times = [
        Fraction(f["best_effort_timestamp_time"])
        for f in frames
        if "best_effort_timestamp_time" in f
    ]
    if len(times) < 2:
        return
    found["offset of the clock"] = times[0]
    found["times of the pictures"] = [each - times[0] for each in times]
    ends = [video.get("tags", {}).get("DURATION"), video.get("duration")]
    lasts = [frames[-1].get("pkt_duration_time"), frames[-1].get("duration_time")]
    lengths = [Fraction(each) for each in lasts if each]
    for end in ends:
        if end:
            *hours, seconds = str(end).split(":")
            whole = Fraction(seconds) + sum(int(h) * 60 ** (2 - i) for i, h in enumerate(hours))
            begin = Fraction(video.get("start_time", 0))
            lengths += [whole - times[-1], whole + begin - times[-1]]
    found["duration of the last picture"] = lengths


def _look_at_streams(found: Facts, streams: list[Any], video: Any, tags: dict[str, str]) -> None:
    for stream in streams:
        kind = stream["codec_type"]
        own = {key.lower(): value for key, value in stream.get("tags", {}).items()}
        if kind == "audio":
            found["sound"] = stream["codec_name"]
        elif kind == "subtitle":
            found["subtitles"] = True
        elif kind == "attachment":
            found["attachments"] = own.get("filename")
        elif _is_cover(stream):
            found["cover"] = stream["codec_name"]
            continue
        if kind not in ("audio", "video", "subtitle"):
            continue
        if own.get("language", "und") != "und":
            found.setdefault("language of a stream", {})[kind] = _language(own["language"])
        title = own.get("title") or own.get("name") or own.get("handler_name", "")
        if title and not title.lower().endswith("handler"):
            found.setdefault("title of a stream", {})[kind] = title
        named = {key for key, on in stream["disposition"].items() if on and key != "default"}
        if named:
            found.setdefault("dispositions", {})[kind] = named
    timecode = video.get("tags", {}).get("timecode", video.get("tags", {}).get("TIMECODE"))
    timecode = timecode or tags.get("timecode")
    if timecode:
        # Two digits of ten pictures a second and more, one of fewer.
        found["timecode"] = [int(part) for part in re.split("[:;]", timecode)]


def _language(name: str) -> str:
    return {"ger": "deu", "fre": "fra"}.get(name, name)  # ISO 639-2 has two names for some


def animation_facts(path: Path) -> Facts:
    """Return the same of an animation, as Pillow sees it."""
    with Image.open(path) as picture:
        found: Facts = {"suffix": path.suffix[1:], "size": picture.size, "kinds": {"video"}}
        found["loop count"] = picture.info.get("loop")
        times, at = [], Fraction(0)
        for index in range(getattr(picture, "n_frames", 1)):
            picture.seek(index)
            picture.load()
            times.append(at)
            delay = picture.info["duration"]
            at += Fraction(delay) / 1000
            if picture.convert("RGBA").getextrema()[3][0] < 255:  # type: ignore[index]
                found["alpha channel"] = True
        found["times of the pictures"] = times
        found["duration of the last picture"] = [at - times[-1]]
        found["delay of the last picture"] = delay
    return found


# ---- from two files' facts to a mark


def mark(row: Row, before: Facts, after: Facts | None, lost: list[str]) -> str:
    """Return what became of one thing: it is there, in the pixels, told as lost, or none of it."""
    if after is None:
        # One thing is why.
        is_why = row.name in before and re.search(row.told.replace("the ", ""), lost[0])
        return REFUSED if is_why else NOWHERE
    if not _applies(row.name, before, after):
        return NOWHERE
    if row.name in OF_STREAMS:
        # Those of a stream that is left out are lost with it, which the row of the stream looks at.
        of_streams = before[row.name]
        held = {kind: of_streams[kind] for kind in of_streams if kind in after["kinds"]}
        if not held:
            return TOLD
        before = {**before, row.name: held}
    if row.name == "sound" and after.get("sound", before["sound"]) != before["sound"]:
        return ENCODED
    if _is_there(row.name, before, after):
        return KEPT
    if _is_baked(row.name, before, after):
        return BAKED
    if row.name == "cover" and before[row.name] in after.get("videos", ()):
        return TRACK
    return TOLD if any(re.match(row.told, each, re.I) for each in lost) else SILENT


def _applies(name: str, before: Facts, after: Facts) -> bool:
    if name not in before:
        return False
    if name in ("loop count", "delay of the last picture"):
        return before["suffix"] in ANIMATIONS and after["suffix"] in ANIMATIONS
    if name == "offset of the clock":  # which these do not have
        return before[name] > 0 and after["suffix"] not in (*ANIMATIONS, "avif", "h264")
    if before["suffix"] in ANIMATIONS:
        # What Pillow sees of it, and of films ffprobe.
        return name == "alpha channel"
    return True


def _is_there(name: str, before: Facts, after: Facts) -> bool:
    have, want = after.get(name), before[name]
    if have is None:
        return False
    if name == "times of the pictures":
        return len(have) == len(want) and all(
            abs(one - other) < _TICK for one, other in zip(have, want, strict=True)
        )
    if name == "offset of the clock":
        return abs(have - want) < _TICK
    if name == "duration of the last picture":
        return any(abs(one - Fraction(2, 5)) < _TICK for one in have)
    if name in ("sound", "cover"):
        return True
    if name == "shape of the pixels":
        shown = 1 / want if _is_turned(before, after) else want
        return abs(have / shown - 1) < _ROUNDED
    if have is True:
        return True
    if isinstance(want, dict):
        return all(have.get(key) == value for key, value in want.items())
    return have == want


def _is_baked(name: str, before: Facts, after: Facts) -> bool:
    if name == "rotation":
        return _is_turned(before, after)
    if name == "colours":
        return bool(after.get("is rgb"))
    return False


def _is_turned(before: Facts, after: Facts) -> bool:
    return after["size"] == before["size"][::-1]


# ---- all films into all containers


class Cell(NamedTuple):
    """One conversion."""

    function: str
    source: str
    container: str
    before: Facts
    after: Facts | None
    lost: list[str]


_CODEC = {"webm": "vp9", "ivf": "vp9", "ogv": "theora", "avif": "av1"}


def _sources(function: str, container: str) -> list[Path]:
    if container in ANIMATIONS and function == "remux":
        return [animation(container)]
    if function == "transcode":
        return [iso_film("h264"), matroska_film("vp9", alpha=True), animation("gif")]
    codec = _CODEC.get(container, "h264")
    if codec == "theora":
        return [matroska_film(codec)]
    if codec == "av1":
        return [iso_film(codec)]
    found = [iso_film(codec), matroska_film(codec)]
    return [*found, matroska_film(codec, alpha=True)] if codec == "vp9" else found


def _options(container: str) -> dict[str, Any]:
    if container in ("mp4", "mov", "mkv", "ts", "flv", "h264"):
        return {"encoder_options": {"preset": "ultrafast"}}
    if container == "webm":
        return {"encoder_options": {"cpu-used": "8", "deadline": "realtime"}}
    return {}


def convert(folder: Path) -> Iterator[tuple[str, Path, str, Path | None, list[str]]]:
    """Convert all, and give function, source, container, output and what is told as lost; None and
    the error where it is refused.
    """
    calls: dict[str, Callable[..., TranscodeResult]] = {"remux": remux, "transcode": transcode}
    for name, call in calls.items():
        for container in CONTAINERS:
            for source in _sources(name, container):
                output: Path | None = (
                    folder / f"{name}-{source.stem}-{source.suffix[1:]}.{container}"
                )
                options = _options(container) if name == "transcode" else {}
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    try:
                        lost = call(source, output, **options).lost
                    except NotSupportedError as error:
                        output, lost = None, [str(error)]
                yield name, source, container, output, lost


def cells() -> list[Cell]:
    """Return all conversions with what is seen of them."""
    found = []
    with (
        tempfile.TemporaryDirectory() as folder,
        concurrent.futures.ThreadPoolExecutor(2) as pool,
    ):
        probes: dict[Path, Any] = {}
        done = []
        for name, source, container, output, lost in convert(Path(folder)):
            for path in (source, output):
                if path is not None and path not in probes:
                    probes[path] = pool.submit(facts, path)
            done.append((name, source, container, output, lost))
        for name, source, container, output, lost in done:
            after = None if output is None else probes[output].result()
            cell = Cell(name, source.name, container, probes[source].result(), after, lost)
            found.append(cell)
    return found


def silent(found: list[Cell]) -> list[str]:
    """Return what is lost in silence."""
    return [
        f"{cell.function} {cell.source} -> .{cell.container}: {row.name} "
        f"({cell.before[row.name]}, now {(cell.after or {}).get(row.name)}); told: {cell.lost}"
        for cell, row, said in marks(found)
        if said == SILENT
    ]


def tables(found: list[Cell]) -> str:
    """Return the tables of the page, between their marks."""
    lines = [BEGIN, ""]
    for function in ("remux", "transcode"):
        own = [cell for cell in found if cell.function == function]
        given = {(row.name, cell.container): set() for cell in own for row in ROWS}
        for cell, row, said in marks(own):
            given[row.name, cell.container].add(said)
        lines += [
            f"| `{function}` | {' | '.join(CONTAINERS)} |",
            f"|---{'|---' * len(CONTAINERS)}|",
        ]
        for row in ROWS:
            shown = [_joined(given[row.name, name]) for name in CONTAINERS]
            lines.append(f"| {row.name} | {' | '.join(shown)} |")
        lines.append("")
    return "\n".join([*lines, END])


def _joined(said: set[str]) -> str:
    """Return one mark of those of several films: what is kept of one may be told of another, whose
    codec does not go there.
    """
    order = (SILENT, KEPT, ENCODED, BAKED, TRACK, REFUSED, TOLD)
    return "/".join(each for each in order if each in said) or "-"


def on_page() -> str:
    """Return the tables that stand in docs/converting.md."""
    text = PAGE.read_text()
    return text[text.index(BEGIN) : text.index(END) + len(END)]


def marks(found: list[Cell]) -> Iterator[tuple[Cell, Row, str]]:
    """Return the mark of each row for each conversion."""
    for cell in found:
        for row in ROWS:
            yield cell, row, mark(row, cell.before, cell.after, cell.lost)


if __name__ == "__main__":
    made = cells()
    print("\n".join(silent(made)))
    if "--write" in sys.argv:
        PAGE.write_text(PAGE.read_text().replace(on_page(), tables(made)))
