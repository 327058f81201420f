"""Asks a reader for every frame of a bar code clip, and counts what is wrong."""

from __future__ import annotations

import bisect
import functools
import random
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import zip_longest
from typing import Any, NamedTuple

from bar_clips import BarClip
from barcodes import Seen, see

import ffwebcodecs
from ffwebcodecs import read_frames


class Score(NamedTuple):
    """Of `asked` frames so many were `wrong` (another picture or time), so many did not come."""

    asked: int
    wrong: int
    failed: int
    first: str = ""  # says what the first of them was

    def __str__(self) -> str:
        said = f"{self.wrong} wrong, {self.failed} failed of {self.asked}"
        return f"{said}: {self.first}" if self.first else said

    @property
    def good(self) -> bool:
        return not self.wrong and not self.failed


class Count:
    """Adds up a Score."""

    def __init__(self) -> None:
        self.asked = self.wrong = self.failed = 0
        self.first = ""

    def add(self, what: str, expected: Seen | None, found: Seen | Exception | None) -> None:
        """Count a frame; the picture and its time must be right."""
        self.tell(f"{what}, not {expected}", found == expected, found, isinstance(found, Seen))

    def tell(self, what: str, good: bool, found: object, came: bool = True) -> None:
        """Count something asked for; `found` is what came, or why nothing did."""
        self.asked += 1
        self.wrong += came and not good
        self.failed += not came
        if not (came and good) and not self.first:
            self.first = f"{what}: {found!r}"

    def score(self) -> Score:
        return Score(self.asked, self.wrong, self.failed, self.first)


def whole_part(clip: BarClip, frames: list[Seen]) -> list[Seen]:
    """Leave out damaged pictures, which may look different each time."""
    return frames[: len(clip.shown()) - clip.torn] if clip.torn else frames


def linear(clip: BarClip, **options: Any) -> tuple[list[Seen], Exception | None]:
    """Read a clip from its beginning; also return how it ended, if badly."""
    frames = []
    try:
        frames.extend(map(see, read_frames(clip.path(), **clip.options, **options)))
    except (ffwebcodecs.EncodingError, ffwebcodecs.NotSupportedError) as error:
        return frames, error
    return frames, None


def faults_of(clip: BarClip, frames: list[Seen]) -> list[str]:
    """Compare a linear read with the ffmpeg program's and with the clip's own times."""
    faults = []
    wanted, found = clip.shown(), [frame.code for frame in frames]
    if clip.torn:
        whole = min(len(wanted), len(found), len(wanted) - clip.torn)
        if len(found) < len(wanted) - clip.torn:
            faults.append(f"{len(found)} frames, not {len(wanted)} (the last {clip.torn} are torn)")
        wanted, found = wanted[:whole], found[:whole]
    if found != wanted:
        at = next(
            (i for i, p in enumerate(zip(found, wanted, strict=False)) if p[0] != p[1]), len(found)
        )
        faults.append(f"{len(found)} frames, not {len(wanted)}; the first other is frame {at}")
        return faults
    if not frames:
        return ["no frames"] if wanted else []
    first = frames[0]
    if clip.first is not None and abs(first.timestamp - clip.first) > clip.slack:
        faults.append(f"the first time is {first.timestamp}, not {clip.first}")
    for place, frame in enumerate(frames[: len(found)]):
        gone = clip.times(clip.place_of(place, frame.code)) - clip.times(
            clip.place_of(0, first.code)
        )
        if abs(frame.timestamp - first.timestamp - gone) > clip.slack:
            time = first.timestamp + gone
            faults.append(f"the time of frame {place} is {frame.timestamp}, not {time}")
            break
    return faults


def found_by(make: Callable[[], Any]) -> Seen | Exception | None:
    """Return the frame that `make` gives, none, or the error that it raises."""
    try:
        frame = make()
    except (ffwebcodecs.EncodingError, LookupError, OSError) as error:
        return error
    return None if frame is None else see(frame)


def by_start(clip: BarClip, frames: list[Seen], indices: Iterable[int], **options: Any) -> Score:
    """Ask for frames by their own times: ``read_frames(start=)`` gives the first of that time."""
    count = Count()
    for index in indices:
        time = frames[index].timestamp
        expected = next(frame for frame in frames if frame.timestamp == time)
        with closing(_frames_from(clip, time, **options)) as running:
            count.add(
                f"start={time} (frame {index})",
                expected,
                found_by(functools.partial(next, running, None)),
            )
    return count.score()


def _frames_from(clip: BarClip, start: int, **options: Any) -> Generator[Any, None, None]:
    # A generator also where opening the file raises.
    yield from read_frames(clip.path(), start=start, **{"threads": 1, **clip.options, **options})


def in_windows(
    clip: BarClip, frames: list[Seen], windows: Iterable[tuple[int, int]], **options: Any
) -> Score:
    """Ask for all frames from one to before another: no more and no fewer may come."""
    count = Count()
    for first, last in windows:
        start, stop = frames[first].timestamp, frames[last].timestamp
        expected = [frame for frame in frames if start <= frame.timestamp < stop]
        found: list[Seen | Exception | None] = []
        with closing(_frames_from(clip, start, stop=stop, **options)) as running:
            while (frame := found_by(functools.partial(next, running, None))) is not None:
                found.append(frame)
        for place, (wanted, got) in enumerate(zip_longest(expected, found)):
            count.add(f"frame {place} of {start} to {stop}", wanted, got)
    return count.score()


def by_chunk(clip: BarClip, frames: list[Seen], indices: Iterable[int]) -> Score:
    """Seek a Demuxer: the next chunk is a key chunk, and not later than the time."""
    count = Count()
    with ffwebcodecs.Demuxer(clip.path(), **clip.options) as demuxer:
        keys = [chunk.timestamp for chunk in demuxer.chunks(all=True) if chunk.type == "key"]
        earliest = min(keys, default=0)
        for index in indices if keys else ():
            time = frames[index].timestamp
            demuxer.seek(time)
            chunk = next(demuxer.chunks(), None)
            good = chunk is not None and chunk.type == "key"
            good = good and chunk.timestamp <= max(time, earliest)
            said = chunk and f"{chunk.type} at {chunk.timestamp}"
            count.tell(f"seek({time})", bool(good), said)
    return count.score()


def _mixed(clip: BarClip, count: int) -> list[int]:
    order = list(range(count))
    random.Random(f"{clip} {count}").shuffle(order)
    return order


def opened(clip: BarClip, **options: Any) -> Any:
    """Open a clip as a Video."""
    return ffwebcodecs.Video(clip.path(), **{"threads": 1, **clip.options, **options})


def one_by_one(video: Any, frames: list[Seen], indices: Iterable[int]) -> Score:
    """Ask a Video for frames by their number."""
    count = Count()
    for index in indices:
        found = found_by(functools.partial(video.__getitem__, index))
        count.add(f"video[{index}]", frames[index], found)
    return count.score()


def all_together(video: Any, frames: list[Seen], indices: Sequence[int], what: str) -> Score:
    """Ask a Video for several frames at once, by ``frames()``, a slice, or a reversed one."""
    count = Count()
    ways: dict[str, Callable[[], Any]] = {
        "frames": lambda: video.frames(indices),
        "frames_at": lambda: video.frames_at([frames[index].timestamp for index in indices]),
        "slice": lambda: iter(video[indices[0] : indices[-1] + 1]),
        "reversed": lambda: reversed(video[indices[-1] : indices[0] + 1]),
    }
    try:
        running = iter(ways[what]())
    except LookupError as error:  # it has fewer
        running = iter(())
        count.tell(what, False, error, False)
    following = functools.partial(next, running, None)
    for index in indices:
        count.add(f"{what}: frame {index}", frames[index], found_by(following))
    extra = found_by(following)
    if extra is not None:
        count.tell(f"{what}: one more", False, extra)
    return count.score()


def by_moment(video: Any, frames: list[Seen], indices: Iterable[int]) -> Score:
    """Ask a Video what is shown at a frame's time, and in the middle of it.

    Of frames with one time, the last is shown.
    """
    count = Count()
    times = [frame.timestamp for frame in frames]
    for index in indices:
        time = times[index]
        last = bisect.bisect_right(times, time) - 1
        end = times[last + 1] if last + 1 < len(times) else time + 1
        for moment in (time, (time + end) // 2):
            found = found_by(functools.partial(video.at, moment))
            count.add(f"video.at({moment})", frames[last], found)
    return count.score()


def all_ways(clip: BarClip, frames: list[Seen]) -> Iterator[tuple[str, Score]]:
    """Ask for every frame of a clip in every way."""
    all_of_them = frames
    frames = whole_part(clip, frames)
    forward = range(len(frames))
    mixed = _mixed(clip, len(frames))
    if not clip.jumps:
        yield "start", by_start(clip, frames, forward)
        yield "start, 2 threads", by_start(clip, frames, mixed[::5], threads=2)
        windows = [(index, min(index + 9, len(frames) - 1)) for index in forward[::7]]
        yield "range", in_windows(clip, frames, windows)
        yield "seek", by_chunk(clip, frames, mixed)
    if not hasattr(ffwebcodecs, "Video"):
        return
    with opened(clip) as video:
        yield "[i] forward", one_by_one(video, frames, forward)
    with opened(clip, cache_bytes=0) as video:
        count = Count()
        times = [frame.timestamp for frame in all_of_them]
        count.tell("timestamps", list(video.timestamps) == times, "others")
        count.tell("frames", len(video) == len(times), f"{len(video)}, not {len(times)}")
        yield "timestamps", count.score()
        yield "[i] backward", one_by_one(video, frames, forward[::-1])
        yield "[i] random", one_by_one(video, frames, mixed)
        yield "slice", all_together(video, frames, forward, "slice")
        yield "reversed", all_together(video, frames, forward[::-1], "reversed")
    with opened(clip, threads=2) as video:
        yield "frames", all_together(video, frames, mixed, "frames")
        if not clip.jumps:
            yield "at", by_moment(video, frames, mixed)
            if len({frame.timestamp for frame in frames}) == len(frames):
                yield "frames_at", all_together(video, frames, mixed, "frames_at")
    count = Count()
    for wanted in (mixed, forward[::-1], mixed[:5]):
        cost = cost_of(clip, wanted)
        count.tell(f"frames({len(wanted)} indices)", cost.is_good(clip), cost)
    yield "cost", count.score()


class Cost(NamedTuple):
    """What a Video did for frames that were asked for together, and the least that it takes."""

    pictures: int
    least_pictures: int
    seeks: int
    groups: int

    def is_good(self, clip: BarClip) -> bool:
        # FFmpeg finds no place in fragmented MP4 of a playlist, nor in WebP: they are opened anew.
        most_seeks = self.groups * (2 if clip.name in ("hls-fmp4.m3u8", "loop.webp") else 1)
        if clip.name.startswith("refresh") or clip.name == "h263.mkv":
            return True  # what the file calls key pictures are none, which only decoding tells
        if clip.name == "open.hevc" and ffwebcodecs.ffmpeg_info().release.startswith("9."):
            # After it was drained and flushed, this decoder once in a while keeps the first
            # picture of an open group back for ever: it is had from further back.
            return self.pictures <= self.least_pictures * 2
        return self.pictures <= self.least_pictures * 1.02 and self.seeks <= most_seeks


def cost_of(clip: BarClip, indices: Sequence[int]) -> Cost:
    """Ask a Video for frames together; the least is, for each group of pictures that is touched,
    all from its key packet to the last that is wanted.
    """
    with opened(clip) as video:
        table = video._core.engine.table
        last: dict[int, int] = {}
        for index in indices:
            key, number = int(table.starts[index]), int(table.shown[index])
            number = video._core.engine.last_for(number)  # with its second field
            last[key] = max(number, last.get(key, 0))
        before = video.stats
        for frame in video.frames(indices):
            frame.close()
        after = video.stats
    return Cost(
        after.pictures_decoded - before.pictures_decoded,
        sum(number - key + 1 for key, number in last.items()),
        after.seeks - before.seeks,
        len(last),
    )
