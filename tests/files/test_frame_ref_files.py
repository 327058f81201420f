"""Opening references: few files stay open, each is scanned once, and a changed one is refused."""

from __future__ import annotations

import gc
import os
import random
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bar_clips import BY_NAME, FRAMES
from barcodes import see
from clips import clip
from handles import live_handles
from interpreters import frees_at_once

from ffwebcodecs import (
    DataError,
    EncodingError,
    FrameRef,
    InvalidArgumentError,
    Video,
    VideoIndex,
)
from ffwebcodecs._av.files.demux import DemuxerCore
from ffwebcodecs._av.files.scan import scan
from ffwebcodecs._spec.files.packet_table import PacketTable
from ffwebcodecs.files import _video_opening
from ffwebcodecs.files._open_videos import MAX_BYTES, MAX_OPEN, VIDEOS


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    yield
    FrameRef.set_cache(MAX_OPEN, MAX_BYTES)
    assert not VIDEOS._entries
    assert len(VIDEOS._indices) == 0


def copies(folder: Path, count: int, name: str = "closed.mp4") -> list[FrameRef]:
    """Return references to all frames of so many files with the same frames."""
    refs = []
    for number in range(count):
        path = folder / f"{number}{Path(name).suffix}"
        shutil.copy(BY_NAME[name].path(), path)
        with Video(path, threads=1) as video:
            refs.append(video.ref)
    return refs


def opened(folder: Path) -> list[str]:
    """Return which files of a folder this process has open, one for each descriptor."""
    found = []
    for each in Path("/proc/self/fd").iterdir():
        try:
            name = os.readlink(each)
        except OSError:
            continue
        if name.startswith(str(folder)):
            found.append(Path(name).stem)
    return sorted(found)


def code(ref: FrameRef) -> int:
    return see(ref.open()).code


needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no /proc")


@needs_proc
@frees_at_once
def test_those_used_last_stay_open(tmp_path: Path) -> None:
    refs = copies(tmp_path, 6)
    FrameRef.set_cache(max_open=3)
    assert opened(tmp_path) == []
    for number in (0, 1, 2, 0, 3, 4):
        assert code(refs[number][number]) == number
        assert len(opened(tmp_path)) <= 3
    assert opened(tmp_path) == ["0", "3", "4"]
    FrameRef.set_cache(max_open=1)
    assert opened(tmp_path) == []
    for number in range(6):
        code(refs[number][3])
        assert opened(tmp_path) == [str(number)]
    FrameRef.clear_cache()
    assert opened(tmp_path) == []
    assert not live_handles()


@needs_proc
@frees_at_once
def test_a_video_in_use_is_not_closed_under_its_user(tmp_path: Path) -> None:
    refs = copies(tmp_path, 3)
    FrameRef.set_cache(max_open=1)
    frames = refs[0][10:60:7].frames()
    found = [see(next(frames)).code]
    for other in refs[1:]:
        code(other[5])
    assert opened(tmp_path) == ["0", "2"]
    FrameRef.clear_cache()
    found += [see(frame).code for frame in frames]
    assert found == list(range(10, 60, 7))
    assert opened(tmp_path) == []

    frames = refs[0].frames()
    see(next(frames))
    FrameRef.clear_cache()
    del frames  # dropped in the middle
    assert opened(tmp_path) == []


def test_few_files_in_any_order_are_opened_once(tmp_path: Path) -> None:
    refs = copies(tmp_path, 4, "open.ts")
    dice = random.Random(4)
    videos = set()
    for _ in range(30):
        ref = refs[dice.randrange(4)]
        number = dice.randrange(FRAMES)
        assert code(ref[number]) == number
        videos.add(VIDEOS.video(ref._source))
    assert len(videos) == 4
    assert sum(video.stats.cache_hits for video in videos) > 2


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[DemuxerCore]:
    """Count what reads all packets of a file."""
    found: list[DemuxerCore] = []

    def counted(demuxer: DemuxerCore) -> PacketTable:
        found.append(demuxer)
        return scan(demuxer)

    monkeypatch.setattr(_video_opening, "scan", counted)
    return found


def test_each_file_is_scanned_once(tmp_path: Path, scans: list[DemuxerCore]) -> None:
    refs = copies(tmp_path, 3)
    FrameRef.set_cache(max_open=1)
    gc.collect()  # the videos, which lend their indices
    scans.clear()
    indices = []
    for number in range(6):
        code(refs[number % 3][7])
        indices.append(VIDEOS.index(refs[number % 3]._source))
    assert len(scans) == 3
    assert indices[:3] == indices[3:]
    # Of a file that is not open the index is packed; its times are known.
    assert len(VIDEOS._indices._whole) == 1
    os.remove(refs[0].source)
    assert refs[0][3].timestamp == int(indices[0].timestamps[3])
    assert VIDEOS.index(refs[0]._source) is VIDEOS.index(refs[0]._source)


def test_indices_of_closed_videos_take_an_eighth(tmp_path: Path, scans: list[DemuxerCore]) -> None:
    refs = copies(tmp_path, 5)
    FrameRef.set_cache(max_open=1, max_bytes=8 * 4000)
    gc.collect()
    scans.clear()
    for number in range(5):
        code(refs[number][0])
    assert len(scans) == 5
    for number, scanned in ((3, 5), (4, 5), (2, 5), (0, 6), (4, 6), (2, 6), (3, 7)):
        code(refs[number][0])
        packed = [size for _, size, _ in VIDEOS._indices._packed.values()]
        assert len(packed) == 2  # of 75 packets each
        assert sum(packed) <= 4000
        assert len(scans) == scanned


def test_a_saved_index_saves_the_scan(tmp_path: Path) -> None:
    path, saved = tmp_path / "clip.mp4", tmp_path / "clip.index"
    shutil.copy(BY_NAME["closed.mp4"].path(), path)
    with Video(path) as video:
        video.index.save(saved)
        ref = video.ref[9]
    del video
    gc.collect()
    assert code(ref) == 9
    assert VIDEOS.index(ref._source)._saved == str(saved)

    # What is there instead may be anything: then the file is scanned.
    other = VideoIndex(BY_NAME["open.ts"].path())
    for break_it in (
        lambda: saved.write_bytes(b"something else"),
        lambda: saved.write_bytes(saved.read_bytes()[:100]),
        lambda: other.save(saved),
        lambda: saved.rename(tmp_path / "elsewhere"),
        saved.mkdir,
    ):
        break_it()
        FrameRef.clear_cache()
        assert code(ref) == 9
        assert VIDEOS.index(ref._source)._saved is None


def test_an_index_that_somebody_has_saves_the_scan(tmp_path: Path) -> None:
    with Video(BY_NAME["closed.mp4"].path()) as video:
        assert code(video.ref[9]) == 9
        assert VIDEOS.index(video.ref._source) is video.index


def test_a_changed_file_is_refused_with_the_reason(tmp_path: Path) -> None:
    (whole,) = copies(tmp_path, 1)
    path, ref = Path(whole.source), whole[5]
    data = path.read_bytes()
    changed = os.stat(path).st_mtime_ns
    for opened_before in (False, True):
        FrameRef.clear_cache()
        if opened_before:
            assert code(ref) == 5
        path.write_bytes(data + b"\0")
        with pytest.raises(DataError, match=f"it has {len(data) + 1} bytes, that had {len(data)}"):
            ref.open()
        assert not live_handles()
        wrong = bytearray(data)
        wrong[-9] ^= 1
        path.write_bytes(wrong)
        with pytest.raises(DataError, match=r"first or last 64 KiB.*make the reference again"):
            whole[:2].read()
        path.write_bytes(data)
        os.utime(path, ns=(changed, changed + 1))
        with pytest.raises(DataError, match="it was changed since"):
            next(whole.frames())
        path.unlink()
        with pytest.raises(FileNotFoundError):
            ref.open()
        path.mkdir()
        with pytest.raises((DataError, OSError)):
            ref.open()
        path.rmdir()
        os.mkfifo(path)
        with pytest.raises(DataError, match="it is a pipe or a device"):
            ref.open()
        path.unlink()
        path.write_bytes(data)
        os.utime(path, ns=(changed, changed))
        assert code(ref) == 5  # another file, and the same one


@frees_at_once
def test_a_file_that_is_replaced_by_an_equal_one_is_opened_anew(tmp_path: Path) -> None:
    (whole,) = copies(tmp_path, 1)
    path = Path(whole.source)
    assert code(whole[5]) == 5
    before = VIDEOS.video(whole._source)
    again = tmp_path / "again"
    shutil.copy2(path, again)
    os.chmod(path, 0o600)  # its face is another one, the file is the same
    assert VIDEOS.video(whole._source) is before
    os.replace(again, path)
    assert code(whole[6]) == 6
    assert VIDEOS.video(whole._source) is not before
    del before
    assert live_handles()["format_context"] == 1


def test_a_time_counts_where_the_reference_was_made_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (whole,) = copies(tmp_path, 1)
    path = Path(whole.source)
    os.utime(path, ns=(1, 1))
    with pytest.raises(DataError, match="it was changed since"):
        whole[5].open()
    monkeypatch.setattr("platform.node", lambda: "another machine")
    assert code(whole[5]) == 5


def test_a_stale_reference_leaves_the_file_open_for_fresh_ones(tmp_path: Path) -> None:
    (stale,) = copies(tmp_path, 1)
    os.utime(stale.source, ns=(1, 1))
    with Video(stale.source) as video:
        fresh = video.ref
    assert stale == fresh
    code(fresh[1])
    before = VIDEOS.video(fresh._source)
    with pytest.raises(DataError):
        stale[1].open()
    assert VIDEOS.video(fresh._source) is before


def test_a_change_in_the_middle_is_an_error_and_no_other_frame(tmp_path: Path) -> None:
    """Of a large file the middle is not looked at; packets that differ in size are found."""
    path = tmp_path / "clip.ts"
    data = clip("h264-bframes.ts").read_bytes()
    whole = data * (1 + (200 << 10) // len(data))
    path.write_bytes(whole)
    with Video(path) as video:
        refs, count = list(video.ref), len(video)
        place = int(video.index._table.position[video.index._table.shown[count // 2]])
    changed = os.stat(path).st_mtime_ns
    wrong = bytearray(whole)
    step = 188 * 40
    wrong[place : place + step] = wrong[place + step : place + 2 * step]
    path.write_bytes(wrong)
    os.utime(path, ns=(changed, changed))
    with pytest.raises((EncodingError, DataError)):
        refs[count // 2].open().close()


def test_errors_leave_the_others_alone(tmp_path: Path) -> None:
    good, bad = copies(tmp_path, 2)
    assert code(good[3]) == 3
    video = VIDEOS.video(good._source)
    os.remove(bad.source)
    for _ in range(20):
        with pytest.raises(FileNotFoundError):
            bad[3].open()
    with pytest.raises(InvalidArgumentError):
        good[3].read("none")
    assert VIDEOS.video(good._source) is video
    assert len(VIDEOS._entries) == 1


def test_a_damaged_frame_is_named_and_the_file_stays_open(tmp_path: Path) -> None:
    whole = BY_NAME["vp9.webm"].path()
    with Video(whole) as video:
        table = video.index._table
        bad = int(table.keys[1]) + 3
        at, size = int(table.position[bad]), int(table.size[bad])
        first = int(table.shown.searchsorted(bad))
    data = bytearray(whole.read_bytes())
    data[at + 8 : at + size] = bytes(size - 8)  # behind the header of the block
    path = tmp_path / "clip.webm"
    path.write_bytes(data)
    with Video(path) as video:
        ref = video.ref
    for _ in range(2):
        assert code(ref[3]) == 3
        before = VIDEOS.video(ref._source)
        with pytest.raises(EncodingError, match=f"frame {first} at"):
            ref[first].open()
        frames = ref[first - 1 :].frames()
        assert see(next(frames)).code == first - 1
        with pytest.raises(EncodingError, match=f"frame {first} at"):
            next(frames)
        assert VIDEOS.video(ref._source) is before


def test_pictures_and_indices_stay_within_their_bytes(tmp_path: Path) -> None:
    refs = copies(tmp_path, 5)
    most = 120_000  # 19 pictures of 64x64
    FrameRef.set_cache(max_bytes=most)
    dice = random.Random(7)
    for _ in range(25):
        number = dice.randrange(FRAMES)
        assert code(dice.choice(refs)[number]) == number
        stores = [each.video._core.store for each in VIDEOS._entries.values() if each.video]
        assert VIDEOS._indices._memory_held() + sum(store.held[1] for store in stores) <= most
    FrameRef.set_cache(max_bytes=1)
    for number in range(9):
        assert code(refs[number % 2][number * 5]) == number * 5
        assert len(VIDEOS._indices) == 1


def test_bounds_are_checked() -> None:
    for wrong in (0, -1, "3", 1.5):
        with pytest.raises(InvalidArgumentError, match="max_open"):
            FrameRef.set_cache(max_open=wrong)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgumentError, match="max_bytes"):
            FrameRef.set_cache(max_open=3, max_bytes=wrong)  # type: ignore[arg-type]
    assert (VIDEOS.max_open, VIDEOS.max_bytes) == (MAX_OPEN, MAX_BYTES)
    FrameRef.set_cache(max_open=3)
    FrameRef.set_cache(max_bytes=1000)
    assert (VIDEOS.max_open, VIDEOS.max_bytes) == (3, 1000)


@pytest.mark.divided
@pytest.mark.parametrize("max_open", [1, 3])
def test_threads_share_what_is_open(max_open: int, tmp_path: Path) -> None:
    refs = copies(tmp_path, 4)
    FrameRef.set_cache(max_open=max_open)
    begin = threading.Barrier(6)

    def work(seed: int) -> int:
        dice = random.Random(seed)
        begin.wait(30)
        for turn in range(8):
            ref, number = dice.choice(refs), dice.randrange(FRAMES - 9)
            if turn % 5 == 4:
                found = [see(each).code for each in ref[number : number + 9 : 2].frames()]
                assert found == list(range(number, number + 9, 2))
            elif turn == 7 and seed == 5:
                FrameRef.clear_cache()
            else:
                assert code(ref[number]) == number
        return seed

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, range(6))) == list(range(6))
    gc.collect()
    assert len(VIDEOS._entries) <= max_open
    assert live_handles().get("format_context", 0) <= max_open


def test_a_file_that_several_threads_want_is_opened_once(tmp_path: Path) -> None:
    (whole,) = copies(tmp_path, 1)
    begin = threading.Barrier(5)

    def work(number: int) -> int:
        begin.wait(30)
        code(whole[number])
        return id(VIDEOS.video(whole._source))

    with ThreadPoolExecutor(5) as pool:
        assert len(set(pool.map(work, range(5)))) == 1
