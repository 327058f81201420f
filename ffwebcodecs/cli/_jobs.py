"""Many files through one command: names of outputs, several at once, each failing alone."""

from __future__ import annotations

import argparse
import os
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

import ffwebcodecs

from ..files._waits import stop_waiting
from ._input import is_regular
from ._lines import complain
from ._output import (
    CommandError,
    UsageError,
    add_skip_existing,
    check_output,
    exists,
    is_standard_output,
    make_parent,
    output_name,
    refuse_existing,
)
from ._spelling import as_typed
from ._tally import FileTally, Outcome
from ._values import parse_count

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from ._interrupt import Interrupt

    # Makes one file: (input, output, threads, on_progress) -> what it did.
    Convert = Callable[
        [str, Any, int | None, Callable[[object], object]], ffwebcodecs.TranscodeResult
    ]
    # About how many frames there will be, None if nobody knows.
    Estimate = Callable[[str], int | None]

_current = threading.local()


class Job:
    """One input and its output."""

    __slots__ = ("source", "target")

    def __init__(self, source: str, target: str) -> None:
        self.source = source
        self.target = target


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Add ``IN... OUT`` and ``--jobs``."""
    parser.add_argument(
        "inputs", metavar="IN", nargs="+", help="files, URLs, or - for standard input"
    )
    parser.add_argument(
        "output",
        metavar="OUT",
        help="its suffix says the container; {stem}: the input's name; - is standard output",
    )
    parser.add_argument(
        "--jobs", metavar="N", type=parse_count, default=1, help="files at once, default 1"
    )
    add_skip_existing(parser)


def plan(inputs: list[str], pattern: str) -> list[Job]:
    """Return the jobs; ``{stem}`` in `pattern` is an input's name without folder and suffix."""
    check_output(pattern)
    if os.path.isdir(pattern) or not os.path.basename(pattern):
        raise UsageError(
            f"OUT is the folder {pattern!r}; write a file's name, such as "
            f"{os.path.join(pattern, '{stem}.mp4')}"
        )
    if len(inputs) > 1 and "{stem}" not in pattern:
        raise UsageError(
            f"{len(inputs)} inputs need {{stem}} in the output's name, such as "
            f"{{stem}}{os.path.splitext(pattern)[1] or '.mp4'}; got {pattern!r}"
        )
    jobs = []
    taken: dict[str, str] = {}
    for source in inputs:
        name = "stdin" if source == "-" else os.path.basename(source)
        stem = os.path.splitext(name)[0]
        target = pattern.replace("{stem}", stem)
        key = os.path.realpath(target)
        if key in taken:
            raise UsageError(f"{taken[key]} and {source} would both become {target}")
        taken[key] = source
        jobs.append(Job(source, target))
    return jobs


def run_jobs(
    options: argparse.Namespace, convert: Convert, estimate: Estimate = lambda source: None
) -> int:
    """Do all of the work and return the exit status."""
    if options.skip_existing and options.force:
        raise UsageError("--skip-existing and --force exclude each other")
    jobs = plan(options.inputs, options.output)
    if options.output == "-" and options.format is None:
        raise UsageError("standard output needs --format: mkv, mpegts ...")
    tally = FileTally(len(jobs), options.quiet, aside=is_standard_output(options.output))
    sources = {os.path.realpath(job.source): job.source for job in jobs}
    workers = min(options.jobs, len(jobs))
    threads = None if workers == 1 else max(1, _cores() // workers)
    interrupt: Interrupt = options.interrupt

    def work(job: Job) -> Outcome:
        interrupt.check()
        _current.name = job.source if len(jobs) > 1 else None
        other = sources.get(os.path.realpath(job.target))
        if other is not None and other != job.source:
            raise CommandError(f"{job.target} is an input as well")
        if options.skip_existing and exists(job.target):
            return Outcome("skipped", f"{job.target} exists")
        refuse_existing(job.target, options.force)
        if not (job.source == "-" or "://" in job.source or os.path.exists(job.source)):
            raise FileNotFoundError(2, "No such file or directory", job.source)
        make_parent(job.target)
        # It opens the input once more, which only files stand.
        asks = tally.draws and is_regular(job.source)
        with tally.progress(job.source, estimate(job.source) if asks else None) as progress:

            def step(done: object) -> None:
                interrupt.check()
                if isinstance(done, ffwebcodecs.TranscodeProgress) and not done.frames:
                    whole = None if done.duration is None else done.duration // 1_000_000
                    progress.hear(done.timestamp // 1_000_000, whole)
                elif isinstance(done, ffwebcodecs.TranscodeProgress):
                    progress.reach(done.frames)
                else:
                    progress.step()

            result = convert(job.source, output_name(job.target), threads, step)
        interrupt.check()
        if not (result.frames_written or result.copied_streams or result.encoded_streams):
            raise CommandError(f"{job.source}: no frame in this range")
        return Outcome("incomplete" if lacks(result) else "done", _summary(job, result))

    with plain_warnings(), tally:
        if workers == 1:
            for job in jobs:
                tally.take(job.source, work, job)
        else:
            _at_once(jobs, work, workers, tally, interrupt)
    return tally.end()


def lacks(result: ffwebcodecs.TranscodeResult) -> bool:
    """Whether an output is not all that its input was."""
    return bool(result.lost or result.skipped_chunks or result.concealed_frames or result.shortfall)


def _at_once(
    jobs: list[Job],
    work: Callable[[Job], Outcome],
    workers: int,
    tally: FileTally,
    interrupt: Interrupt,
) -> None:
    """Threads are enough: FFmpeg's work runs without the GIL."""
    from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

    pool = ThreadPoolExecutor(workers)
    try:
        futures = {pool.submit(work, job): job for job in jobs}
        waiting = set(futures)
        while waiting:
            # Now and then: Ctrl-C that comes just before the wait begins does not end it.
            done, waiting = wait(waiting, timeout=0.25, return_when=FIRST_COMPLETED)
            for future in done:
                tally.take(futures[future].source, future.result)
            interrupt.check()
    except BaseException:
        interrupt.ask()  # the others end at their next frame, and leave no file
        raise
    finally:
        end_pool(pool, futures, interrupt)


def end_pool(
    pool: ThreadPoolExecutor, futures: Iterable[Future[Any]], interrupt: Interrupt
) -> None:
    """Wait for what has begun; after Ctrl-C, end what that waits for."""
    from concurrent.futures import wait

    pool.shutdown(wait=False, cancel_futures=True)
    left = {future for future in futures if not future.done()}
    while left:
        if interrupt.asked:
            stop_waiting()
        left = wait(left, timeout=0.1).not_done
    pool.shutdown()


def _summary(job: Job, result: ffwebcodecs.TranscodeResult) -> str:
    count = result.frames_written
    if not count:
        return f"{job.target}: {', '.join([*result.encoded_streams, *result.copied_streams])}"
    rate = count / result.seconds if result.seconds > 0 else 0.0
    made = f"{result.codec} by {result.encoder}, " if result.encoder else ""
    less = ", incomplete" if lacks(result) else ""
    return f"{job.target}: {count} frame{'s' * (count != 1)}, {made}{rate:.0f} frames/s{less}"


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def estimate_frames(
    path: str, start: int | None, stop: int | None, rate: float | None, **input: Any
) -> int | None:
    """Return about how many frames a conversion will write, None if the file does not say; `input`
    are parameters of `Demuxer`."""
    try:
        with ffwebcodecs.Demuxer(path, **input) as demuxer:
            count, duration = demuxer.frame_count, demuxer.duration
            own = demuxer.frame_rate
    except (ffwebcodecs.WebCodecsError, OSError):
        return None  # the conversion will say why
    if start is None and stop is None and rate is None and count:
        return count
    rate = rate or own
    if not rate or duration is None:
        return None
    end = duration if stop is None else min(stop, duration)
    return max(1, round((end - (start or 0)) / 1_000_000 * rate))


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show the library's warnings as plain lines, each of them, from whatever thread."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if not issubclass(category, UserWarning):
            usual(message, category, filename, lineno, file, line)
            return
        text = as_typed(str(message))
        name = getattr(_current, "name", None)
        complain(text if name is None or name in text else f"{name}: {text}")

    usual: Any = warnings.showwarning
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield


def merged(preset: str | None, pairs: Iterable[tuple[str, str]]) -> dict[str, str] | None:
    """Return the encoder's options of ``--preset`` and ``--option``."""
    chosen = {} if preset is None else {"preset": preset}
    chosen.update(pairs)
    return chosen or None
