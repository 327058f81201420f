"""Every test ends with no native object left; the header says what was really under test."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Generator, Iterator

import pytest
import suite
from handles import live_handles

import ffwebcodecs


def pytest_configure(config: pytest.Config) -> None:
    wanted = os.environ.get("FFWEBCODECS_FFI", "auto")
    mode = ffwebcodecs.ffmpeg_info().mode
    if wanted in ("api", "abi") and mode != wanted:
        raise pytest.UsageError(f"FFWEBCODECS_FFI={wanted}, but ffwebcodecs loaded in {mode} mode")


def pytest_report_header() -> list[str]:
    info = ffwebcodecs.ffmpeg_info()
    lines = [f"ffwebcodecs: {info.mode} mode ({info.reason}), FFmpeg {info.release}"]
    lines += [f"  {name}: {path}" for name, (path, _) in sorted(info.libraries.items())]
    return [*lines, f"suite: {suite.description()}"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if suite.is_once(item.path):
            item.add_marker("once")
        if suite.is_of_house(item.path):
            item.add_marker("house")
    left = suite.other_half(items)
    if left:
        config.hook.pytest_deselected(items=[item for item in items if item in left])
        items[:] = [item for item in items if item not in left]


def pytest_collection_finish() -> None:
    # Thousands of items stay until the end: collections need not look through them each time.
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def collections_are_short() -> None:
    # So do what modules and reports of tests leave: 0.2 s a collection by the end of a run.
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and item.get_closest_marker("sweep"):
        report.sections.append(("sweep", suite.description()))
    return report


@pytest.fixture(autouse=True)
def no_native_object_is_left() -> Iterator[None]:
    yield
    # Most tests leave nothing, and a collection costs more than most tests.
    if not live_handles():
        return
    gc.collect()
    # A worker frees its codec context itself, a moment after close() has returned.
    deadline = time.monotonic() + 0.5
    while live_handles() and time.monotonic() < deadline:
        time.sleep(0.001)
        gc.collect()  # an error's traceback and a worker that was just ending held each other
    left = live_handles()
    assert not left, f"native objects left open: {left}"
