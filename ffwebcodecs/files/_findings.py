"""From what a file states, what its packets say and what its decoder gave to findings.

One function a kind of finding; each yields nothing where there is nothing to say. They are listed
in docs/time.md, with what is an error and what a note.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .._spec.files.packet_table import CORRUPT, DISCARD, PacketTable
from .check_result import CheckResult, Finding

if TYPE_CHECKING:
    import numpy.typing as npt

    from .._spec.frames.color import ColorMembers
    from ._decoded import Decoded

    Mask = npt.NDArray[np.bool_]

_MOST_GAPS = 20  # more of them are a variable rate
_USUAL = 0.05  # and so are more than this part of all
_LATE = 200_000  # microseconds between the end that is stated and the one that comes
_MEMBERS = ("primaries", "transfer", "matrix", "full_range")


def findings(table: PacketTable, said: ColorMembers, decoded: Decoded) -> CheckResult:
    """Return all findings, errors first; `said` is what the file says of its colours."""
    report = _Report(table, said, decoded)
    found = [each for kind in report.kinds() for each in kind]
    return CheckResult(sorted(found, key=lambda each: each.severity != "error"))


class _Report:
    def __init__(self, table: PacketTable, said: ColorMembers, decoded: Decoded) -> None:
        self.table, self.said, self.decoded, self.stated = table, said, decoded, decoded.stated
        self.shown, self.times, self.durations = table.shown, table.timestamps, table.durations
        self.numbers = np.arange(len(table))
        keys = table.keys
        self.first_key = int(keys[0]) if len(keys) else 0
        self.is_leading = self._leading()

    def kinds(self) -> Iterator[Iterator[Finding]]:
        yield self.frame_count()
        yield self.ends_early()
        yield self.between_keys()
        yield self.undecodable()
        yield self.damaged()
        yield self.repeated_times()
        yield self.missing_times()
        yield self.times_go_back()
        yield self.key_frames()
        yield self.open_groups()
        yield self.hidden_frames()
        yield self.edit_list()
        yield self.pace()
        yield self.offsets()
        yield self.sizes()
        yield self.colors()

    def _leading(self) -> Mask:
        """Return which packets are shown before the key packet ahead of them."""
        table, keys = self.table, self.table.keys
        found = np.zeros(len(table), np.bool_)
        if len(keys):
            after = self.numbers[self.first_key :]
            ahead = keys[np.searchsorted(keys, after, side="right") - 1]
            times = table.presentation
            same = np.searchsorted(table.parts, after, side="right") == np.searchsorted(
                table.parts, ahead, side="right"
            )
            found[self.first_key :] = (times[after] < times[ahead]) & same
        return found

    # ---- errors

    def frame_count(self) -> Iterator[Finding]:
        counted, stated = len(self.shown), self.stated.frames if self.stated else None
        says = "the file states no number" if stated is None else f"the file states {stated}"
        more = len(self.table) - counted
        rest = f" and {more} that {'is' if more == 1 else 'are'} not shown" if more else ""
        yield note(
            "frame-count",
            f"{_frames(counted)}{rest} counted, {says}",
            counted=counted,
            stated=stated,
            packets=len(self.table),
        )
        if not counted:
            yield error("no-frames", "there is no frame in it", packets=len(self.table))

    def ends_early(self) -> Iterator[Finding]:
        stated, decoded = self.stated, self.decoded
        parts, numbers = [], dict[str, Any](counted=len(self.table))
        if decoded.read_error is not None:
            parts.append(f"reading it ends with an error: {decoded.read_error}")
            numbers["reason"] = decoded.read_error
        if stated is not None and len(self.shown):
            stop = max(self._stop(), decoded.stop or 0)
            late = stated.stop is not None and stated.stop - stop > max(_LATE, 2 * self._step())
            fewer = stated.frames is not None and self._accounted() < stated.frames
            if fewer and not (stated.counts_chunks and decoded.shortfall is None):
                parts.append(f"{stated.frames} frames are stated, {len(self.table)} come")
                numbers["stated"] = stated.frames
            if stated.stop is not None and late:
                parts.append(f"{_seconds(stated.stop)} are stated, it ends at {_seconds(stop)}")
                numbers |= {"stated_stop": stated.stop, "stop": stop}
        if not parts and decoded.shortfall is not None:
            parts.append(decoded.shortfall.rpartition(" ends early: ")[2])
        if parts:
            yield error("ends-early", f"the file ends early: {'; '.join(parts)}", **numbers)

    def _accounted(self) -> int:
        """Return how many frames of the usual length the packets stand for: AVI counts those that
        are repeated, of which no packet comes.
        """
        step = self._step()
        spanned = round((self._stop() - int(self.times[0])) / step) if step else 0
        return max(len(self.table), spanned)

    def between_keys(self) -> Iterator[Finding]:
        before = self.first_key
        if not len(self.table.keys) and len(self.table):
            yield note("no-key-frame", "no packet is marked as a key frame: there are no seeks")
        if not before:
            return
        lost = self._places(self.numbers < before)
        yield self._about(
            "starts-between-key-frames",
            lost,
            f"the file starts between key frames: {_frames(before)} before the first one",
            packets=before,
        )

    def undecodable(self) -> Iterator[Finding]:
        decoded = self.decoded
        lost = ~decoded.came & (self.numbers >= self.first_key)
        # The pictures before the first key frame's own refer to what is not in the file. Standards
        # call for passing over them.
        first = lost & self.is_leading & (self.numbers < self._second_key())
        if first.any() and not any(first[number] for number in decoded.errors):
            yield note(
                "leading-pictures",
                f"{_frames(int(first.sum()))} at the start {_refer(int(first.sum()))} "
                "to pictures that are not in the file",
                packets=int(first.sum()),
            )
            lost &= ~first
        for start, stop in _runs(lost[self.shown]):
            reason = self._reason(start, stop)
            yield self._range(
                "undecodable",
                start,
                stop,
                f"{self._where(start, stop)} cannot be decoded{': ' if reason else ''}{reason}",
                reason=reason or None,
            )

    def _second_key(self) -> int:
        keys = self.table.keys
        return int(keys[1]) if len(keys) > 1 else len(self.table)

    def _reason(self, start: int, stop: int) -> str:
        """Return what the decoder said of a range of frames, or of what they are built on."""
        errors = self.decoded.errors
        if not errors:
            return ""
        numbers = self.shown[start:stop]
        known = np.array(sorted(errors))
        at = int(np.searchsorted(known, int(numbers.max()), side="right")) - 1
        return errors[int(known[at])] if at >= 0 else ""

    def damaged(self) -> Iterator[Finding]:
        corrupt = self.table.flags & CORRUPT != 0
        patched = self.decoded.patched
        for start, stop in _runs(((patched | corrupt) & self.decoded.came)[self.shown]):
            said = bool(corrupt[self.shown[start:stop]].any())
            who = "the container says" if said else "the decoder made up a part of it"
            are = "is" if stop - start == 1 else "are"
            yield self._range(
                "damaged", start, stop, f"{self._where(start, stop)} {are} damaged: {who}"
            )

    def repeated_times(self) -> Iterator[Finding]:
        repeated = np.flatnonzero(np.diff(self.times) == 0) + 1
        if len(repeated):
            yield error(
                "repeated-times",
                f"{_frames(len(repeated))} with the time of the one before: {_list(repeated)}",
                frames=repeated[:_MOST_GAPS].tolist(),
                count=len(repeated),
            )

    def missing_times(self) -> Iterator[Finding]:
        if self.stated is not None and not self.stated.has_times:
            yield note(
                "no-times",
                "its format stores no times: they are counted from "
                f"{self.stated.rate or 25:.6g} frames/s",
                rate=self.stated.rate,
            )
            return
        missing = np.flatnonzero(self.table.unstamped[self.shown])
        if len(missing):
            yield error(
                "missing-times",
                f"{_frames(len(missing))} without a time: {_list(missing)}",
                frames=missing[:_MOST_GAPS].tolist(),
                count=len(missing),
            )

    def times_go_back(self) -> Iterator[Finding]:
        for number in self.table.parts[1:].tolist():
            at = int(np.flatnonzero(self.shown >= number)[0]) if len(self.shown) else 0
            before = int(self.times[at - 1]) if at else 0
            yield self._range(
                "times-go-back",
                at,
                at + 1,
                f"time goes back at frame {at}, from {_seconds(before)} to "
                f"{_seconds(int(self.times[at]))}",
                before=before,
            )

    # ---- notes

    def key_frames(self) -> Iterator[Finding]:
        places = np.flatnonzero(self.table.key_frames)
        if not len(places):
            return
        ends = np.append(places, len(self.shown))
        lengths = np.diff(ends)
        spans = np.diff(np.append(self.times[places], self._stop()))
        low, middle, high = _spread(lengths)
        yield note(
            "key-frames",
            f"{len(places)} key frame{'s' * (len(places) > 1)}, "
            f"every {_range_of(low, middle, high)} frame{'s' * (high > 1)}, "
            f"at most {_seconds(int(spans.max()))}",
            count=len(places),
            frames={"min": low, "median": middle, "max": high},
            longest=int(spans.max()),
        )

    def open_groups(self) -> Iterator[Finding]:
        keys = self.table.keys
        leading = np.flatnonzero(self.is_leading & (self.table.flags & DISCARD == 0))
        groups = np.unique(np.searchsorted(keys, leading, side="right") - 1)
        if len(groups):
            yield note(
                "open-gop",
                f"{len(groups)} of {len(keys)} groups of pictures are open: pictures are shown "
                "before the key frame ahead of them in the file",
                open=len(groups),
                groups=len(keys),
            )

    def hidden_frames(self) -> Iterator[Finding]:
        hidden = int(np.count_nonzero(self.table.flags & DISCARD))
        if hidden:
            yield note(
                "hidden-frames",
                f"{_frames(hidden)} of the file {'is' if hidden == 1 else 'are'} hidden by its "
                "edit list",
                packets=hidden,
            )

    def edit_list(self) -> Iterator[Finding]:
        edits = self.stated.edits if self.stated else []
        if not edits:
            return
        parts = [
            f"{_seconds(length)} of nothing"
            if begin is None
            else f"from {_seconds(begin)} on" + (f" for {_seconds(length)}" if length else "")
            for length, begin in edits[:4]
        ]
        rest = f", and {len(edits) - 4} more" if len(edits) > 4 else ""
        yield note(
            "edit-list",
            f"the edit list shows the track {', then '.join(parts)}{rest}",
            edits=[{"duration": length, "media_time": begin} for length, begin in edits],
        )

    def pace(self) -> Iterator[Finding]:
        """Yield gaps, or that the rate varies."""
        steps = np.diff(self.times)
        steps = steps[steps > 0]
        if len(steps) < 2:
            return
        low, middle, high = _spread(steps)
        number, size = self.table.time_base
        # Times are rounded to ticks, and again to microseconds.
        close = max(2 * number * 1_000_000 // size, 2)
        gaps = np.flatnonzero(np.diff(self.times) > 1.5 * middle + close).tolist()
        holes = [frame for frame in gaps if self._skipped(frame)]
        yield from map(self._hole, holes)
        uneven = int(np.count_nonzero(np.abs(steps - middle) > close)) - len(holes)
        gaps = [frame for frame in gaps if frame not in holes]
        few = len(gaps) <= min(_MOST_GAPS, max(1, _USUAL * len(steps)))
        if uneven == len(gaps) and few:
            yield from map(self._gap, gaps)
        elif uneven:
            yield note(
                "variable-rate",
                f"the rate varies: from frame to frame {low / 1000:.6g}, {middle / 1000:.6g}, "
                f"{high / 1000:.6g} ms (shortest, middle, longest)",
                min=low,
                median=middle,
                max=high,
            )

    def _gap(self, frame: int) -> Finding:
        step = int(self.times[frame + 1] - self.times[frame])
        return self._range(
            "gap",
            frame,
            frame + 1,
            f"frame {frame} stays for {_seconds(step)}, from {_seconds(int(self.times[frame]))} "
            f"on; others for {self._step() / 1000:.6g} ms",
            duration=step,
            severity="note",
        )

    def _hole(self, frame: int) -> Finding:
        step = int(self.times[frame + 1] - self.times[frame])
        skipped = self._skipped(frame)
        return self._range(
            "missing-frames",
            frame,
            frame + 1,
            f"frames are missing behind frame {frame}, which is shown for {_seconds(step)}: "
            f"{skipped} bytes of the file make no sense there",
            duration=step,
            bytes=skipped,
        )

    def _skipped(self, frame: int) -> int:
        """Return how many bytes between a frame and the next one belong to no packet."""
        here, there = sorted(self.shown[frame : frame + 2].tolist())
        return max((n for at, n in self.decoded.holes.items() if here < at <= there), default=0)

    def offsets(self) -> Iterator[Finding]:
        if not len(self.times):
            return
        start = int(self.times[0])
        if start:
            yield note("start-offset", f"the first frame is at {_seconds(start)}", start=start)
        sound = self.stated.audio_start if self.stated else None
        if sound is not None and abs(sound - start) >= 1000:
            side = "after" if sound > start else "before"
            yield note(
                "audio-offset",
                f"sound starts {_seconds(abs(sound - start))} {side} the first frame",
                offset=sound - start,
                audio_start=sound,
            )

    def sizes(self) -> Iterator[Finding]:
        sizes = self.decoded.sizes
        if len(sizes) > 1:
            shown = ", then ".join(f"{width}x{height}" for width, height in sizes)
            yield note(
                "size-changes",
                f"the size of the pictures changes: {shown}",
                sizes=[list(size) for size in sizes],
            )

    def colors(self) -> Iterator[Finding]:
        said, color = self.said, self.decoded.color
        stated = dict(zip(_MEMBERS, said, strict=True))
        assumed = {}
        if color is not None:
            assumed = {
                name: value
                for name, mine, value in zip(_MEMBERS, said, color, strict=True)
                if mine is None and value is not None
            }
        texts = [_colors(stated), f"assumed: {_colors(assumed)}" if assumed else ""]
        yield note(
            "color-guessed" if assumed else "color-stated",
            f"colours: {'; '.join(text for text in texts if text)}",
            stated=stated,
            assumed=assumed,
        )

    # ---- ranges

    def _places(self, packets: Mask) -> tuple[int, int] | None:
        """Return the range of frames that some packets are."""
        places = np.flatnonzero(packets[self.shown])
        return (int(places[0]), int(places[-1]) + 1) if len(places) else None

    def _about(
        self, kind: str, place: tuple[int, int] | None, message: str, **details: Any
    ) -> Finding:
        if place is None:
            return error(kind, message, **details)
        return self._range(kind, *place, message, **details)

    def _range(
        self,
        kind: str,
        start: int,
        stop: int,
        message: str,
        severity: str = "error",
        **details: Any,
    ) -> Finding:
        end = int(self.times[stop - 1] + self.durations[stop - 1])
        return Finding(kind, severity, message, start, stop, int(self.times[start]), end, details)

    def _where(self, start: int, stop: int) -> str:
        begin = int(self.times[start])
        end = int(self.times[stop - 1] + self.durations[stop - 1])
        frames = f"frame {start}" if stop - start == 1 else f"frames {start} to {stop - 1}"
        return f"{frames} ({_seconds(begin)} to {_seconds(end)})"

    def _stop(self) -> int:
        return int((self.times + self.durations).max()) if len(self.times) else 0

    def _step(self) -> int:
        return self.table.usual_step


def error(kind: str, message: str, **details: Any) -> Finding:
    """Return a finding about the whole file that is an error."""
    return Finding(kind, "error", message, details=details)


def note(kind: str, message: str, **details: Any) -> Finding:
    """Return a finding about the whole file that is none."""
    return Finding(kind, "note", message, details=details)


def _runs(mask: Mask) -> list[tuple[int, int]]:
    """Return the ranges in which a mask is true."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _spread(values: npt.NDArray[np.int64]) -> tuple[int, int, int]:
    middle = int(np.partition(values, len(values) // 2)[len(values) // 2])
    return int(values.min()), middle, int(values.max())


def _range_of(low: int, middle: int, high: int) -> str:
    return str(low) if low == high else f"{low}, {middle}, {high} (least, middle, most)"


def _frames(count: int) -> str:
    return f"{count} frame" if count == 1 else f"{count} frames"


def _refer(count: int) -> str:
    return "refers" if count == 1 else "refer"


def _list(numbers: npt.NDArray[np.int64]) -> str:
    shown = ", ".join(map(str, numbers[:5].tolist()))
    return f"{shown}, ..." if len(numbers) > 5 else shown


def _seconds(microseconds: int) -> str:
    return f"{microseconds / 1_000_000:.3f} s"


def _colors(members: dict[str, Any]) -> str:
    parts = []
    for name, value in members.items():
        if name == "full_range":
            parts += [] if value is None else ["full range" if value else "limited range"]
        else:
            parts += [] if value is None else [f"{name} {value}"]
    return ", ".join(parts) or "nothing is stated"
