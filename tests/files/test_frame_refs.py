"""References to frames: small values, which give the very frames that the Video gives."""

from __future__ import annotations

import contextlib
import copy
import io
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bar_clips import BY_NAME, FRAMES, STEP
from barcodes import see
from clips import clip
from loopback import DroppingServer

from ffwebcodecs import (
    DataError,
    Demuxer,
    EncodingError,
    FrameRef,
    InvalidArgumentError,
    NotSupportedError,
    Video,
    VideoColorSpace,
    VideoFrame,
    VideoIndex,
)

PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    yield
    FrameRef.clear_cache()


def pixels(frame: VideoFrame) -> bytes:
    with frame:
        return frame.to_ndarray("RGB").tobytes()


def sent(ref: FrameRef, protocol: int = 5) -> FrameRef:
    result: FrameRef = pickle.loads(pickle.dumps(ref, protocol))
    return result


CLIPS = "open.ts closed.mp4 mpeg2.mpg fragments.mp4 hevc-open.mkv jpeg.avi cut-open.mkv hls-ts.m3u8"


@pytest.mark.divided
@pytest.mark.parametrize("name", CLIPS.split())
def test_references_give_the_frames_of_the_video(name: str) -> None:
    made = BY_NAME[name]
    if not made.can_be_read:
        pytest.skip(f"this FFmpeg does not read {name}")
    with Video(made.path(), **made.options) as video:
        refs, order = list(video.ref), [*range(0, len(video), 7), *range(len(video) - 1, 0, -9)]
        wanted = [see(video[index]) for index in order]
        times = video.timestamps.tolist()
    assert [each.index for each in refs] == list(range(len(times)))
    assert [see(sent(refs[index]).open()) for index in order] == wanted
    assert [each.timestamp for each in refs] == times
    assert all(found.timestamp == times[at] for found, at in zip(wanted, order, strict=True))


def test_ranges_are_slices() -> None:
    with Video(BY_NAME["open.ts"].path()) as video:
        numbers = range(FRAMES)
        for chosen in (slice(3, 40, 5), slice(None, None, -1), slice(-4, None), slice(9, 9)):
            ref = sent(video.ref[chosen])
            assert ref.indices == numbers[chosen]
            assert len(ref) == len(numbers[chosen])
            assert bool(ref) is bool(numbers[chosen])
            assert [each.index for each in ref] == list(numbers[chosen])
            assert ref.timestamps.tolist() == video.timestamps[chosen].tolist()
            assert [see(each).code for each in ref.frames()] == list(numbers[chosen])
        assert video.ref[3:40:5][-1] == video.ref[38] == video.ref[3:40:5][4:][3]
        assert video.ref[10:][5:] == video.ref[15:]
        assert video.ref[-1].index == FRAMES - 1
        for wrong in (FRAMES, -FRAMES - 1):
            with pytest.raises(IndexError, match="out of range"):
                video.ref[wrong]
        with pytest.raises(InvalidArgumentError, match="integer"):
            video.ref["1"]  # type: ignore[call-overload]
        begin = int(video.timestamps[0])
        assert video.ref_at(begin + 7 * STEP + 1).index == 7
        assert video.ref_at(begin + 7 * STEP - 1, "nearest").index == 7
        with pytest.raises(InvalidArgumentError, match="no frame is shown"):
            video.ref_at(begin - 1)
        with pytest.raises(InvalidArgumentError, match="one of shown"):
            video.ref_at(begin, "near")


def test_one_frame_is_no_range_and_a_range_no_frame() -> None:
    with Video(BY_NAME["closed.mp4"].path()) as video:
        one, several = video.ref[4], video.ref[4:5]
    assert one
    assert one.indices == range(4, 5)
    assert several.index is None
    assert one != several
    for call in (len, iter, list):
        with pytest.raises(InvalidArgumentError, match="this is one to frame 4"):
            call(one)
    with pytest.raises(InvalidArgumentError, match="range of 1 frames"):
        several.open()
    with pytest.raises(InvalidArgumentError, match="range of 1 frames"):
        _ = several.timestamp
    assert [see(each).code for each in one.frames()] == [4]
    assert np.array([one, one], object).shape == (2,)


def test_arrays_are_those_of_the_video() -> None:
    options: dict[str, Any] = {"width": 40, "height": 30, "fit": "contain", "layout": "NCHW"}
    with Video(clip("h264-rotated.mp4"), upright=True) as video:
        several, one = sent(video.ref[3:20:4]), sent(video.ref[11])
        assert np.array_equal(several.read(**options), video.read(range(3, 20, 4), **options))
        whole = video.read([11])
        assert np.array_equal(one.read(), whole[0])
        out = np.empty_like(whole[0])
        assert np.shares_memory(one.read(out=out), out)
        assert np.array_equal(out, whole[0])
        assert sent(video.ref[5:5]).read(**options).shape == (0, 3, 30, 40)
    with pytest.raises(InvalidArgumentError, match="out must be an array"):
        one.read(out=[1])
    with pytest.raises(InvalidArgumentError, match="fit must be"):
        one.read(fit="all")
    with pytest.raises(TypeError, match="heigth"):
        one.read(heigth=3)  # type: ignore[call-arg]


def test_references_are_values() -> None:
    with Video(clip("vp8.webm")) as video, Video(clip("vp8.ivf")) as other:
        refs = list(video.ref)
        again, third = video.ref[3], other.ref[3]
        with Video(clip("vp8.webm"), threads=3, cache_bytes=0) as faster:
            assert faster.ref[3] == again
        with Video(clip("vp8.webm"), max_pixels=None) as unlimited:
            assert unlimited.ref[3] != again
    assert again == refs[3] != third
    assert hash(again) == hash(refs[3])
    assert len({*refs, again, third, sent(again)}) == len(refs) + 1
    assert again != 3
    assert copy.copy(again) == copy.deepcopy(again) == again
    assert video.ref[4:9] == sent(video.ref[4:9]) != video.ref[4:10]
    assert {video.ref[::2]: 1}[video.ref[::2]] == 1
    with pytest.raises(AttributeError):
        again.index = 4  # type: ignore[misc]


@pytest.mark.once
def test_a_list_of_references_is_small() -> None:
    with Video(clip("vp8.webm")) as video:
        refs = [video.ref[number % 45] for number in range(1000)]
        for protocol in PROTOCOLS:
            assert len(pickle.dumps(refs, protocol)) < (16 if protocol > 3 else 18) * 1000
        found = pickle.loads(pickle.dumps(refs))
    assert found == refs
    assert len({id(each._source) for each in found}) == 1
    assert found[0]._source is refs[0]._source


NAMES = {
    "plain": "n" * 190 + ".webm",
    "folders": f"{'a' * 60}/{'b' * 60}/{'c' * 60}.webm",
    "text": "日本" * 31 + ".webm",
    "bytes": os.fsdecode(b"\xff\xe9" * 90 + b".webm"),
    "some bytes": os.fsdecode(b"film \xe9t\xe9 2026" * 12 + b".webm"),
}


@pytest.mark.once
@pytest.mark.parametrize("kind", NAMES)
def test_a_pickle_takes_at_most_512_bytes_for_names_of_200(kind: str, tmp_path: Path) -> None:
    path = tmp_path / NAMES[kind]
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.write_bytes(clip("vp8.webm").read_bytes())
    except OSError as error:
        pytest.skip(f"this system has no such names: {error}")
    with Video(path, stream=0, upright=True) as video:
        video.index.save(f"{path.parent}/index")
        refs = [video.ref[44], video.ref[3:40:5]]
        wanted = pixels(video[44])
    more = len(os.fsencode(path)) - 200
    for ref in refs:
        for protocol in PROTOCOLS:
            assert len(pickle.dumps(ref, protocol)) <= 512 + max(0, more * 5 // 4), protocol
            assert sent(ref, protocol) == ref
    assert refs[0].source == str(path)
    assert pixels(sent(refs[0], 2).open()) == wanted
    assert pixels(sent(refs[0]).open()) == wanted
    assert "video" not in str(pickle.dumps(refs[0], 0)).replace("webm", "")


def test_what_changes_frames_travels() -> None:
    config = {"codec": "vp8", "coded_width": 160, "coded_height": 120}
    path = clip("vp8.webm")
    space = VideoColorSpace(matrix="bt709", full_range=True)
    with Video(
        path,
        config,
        color_space=space,
        options={"max_samples": 100, "probesize": 5000},
        format="matroska",
        threads=2,
        timeout=9,
        cache_bytes=1 << 20,
    ) as video:
        ref = sent(video.ref[7])
        with video[7] as mine, ref.open() as theirs:
            assert mine.color_space == theirs.color_space
            assert theirs.color_space.matrix == "bt709"
    with Video(path) as plain, plain[7] as frame:
        assert plain.ref[7] != ref
        assert frame.color_space.matrix != "bt709"


def test_sources_without_a_name_are_refused(tmp_path: Path) -> None:
    data = clip("vp8.webm").read_bytes()
    for source, kind in ((data, "a bytes"), (io.BytesIO(data), "a BytesIO")):
        with Video(source) as video:
            with pytest.raises(NotSupportedError, match=f"{kind} has no name.* write it to a file"):
                _ = video.ref
            with pytest.raises(NotSupportedError, match=kind):
                video.ref_at(0)
    with Video(clip("vp8.webm")) as video, open(clip("vp8.webm"), "rb") as file:
        with pytest.raises(TypeError, match=r"video\.ref\[\.\.\.\]"):
            pickle.dumps(video)
        if os.path.exists(f"/dev/fd/{file.fileno()}"):
            own = Video(f"/dev/fd/{file.fileno()}")
            with own, pytest.raises(NotSupportedError, match="this process's own"):
                _ = own.ref


def test_chunks_are_refused() -> None:
    with Demuxer(clip("vp8.webm")) as demuxer:
        chunks, config = list(demuxer.chunks()), demuxer.video_config
    video = Video.from_chunks(chunks, config)
    with video, pytest.raises(NotSupportedError, match="memory of this process"):
        _ = video.ref


def test_relative_names_become_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    path = clip("vp8.webm")
    monkeypatch.chdir(path.parent)
    with Video(path.name) as video:
        ref = video.ref[3]
    monkeypatch.chdir("/")
    assert ref.source == str(path)
    assert video.ref[3] == ref
    ref.open().close()
    with Video(path.as_uri()) as video:
        sent(video.ref[3]).open().close()


def test_a_closed_video_has_references() -> None:
    with Video(clip("vp8.webm")) as video:
        ref = video.ref[9]
    assert video.ref[9] == ref
    assert video.ref_at(300_000).index == 9
    ref.open().close()


def test_no_secret_is_shown() -> None:
    with contextlib.closing(DroppingServer(clip("vp8.webm").read_bytes())) as server:
        url = f"http://me:word@{server.place}/clip.webm?token=12345"
        with Video(url, options={"headers": "X-Secret: abcde\r\n"}) as video:
            ref = sent(video.ref[9])
            wanted = pixels(video[9])
        for shown in (repr(ref), repr(ref[:1] if ref.index is None else ref), str(ref)):
            assert "word" not in shown
            assert "12345" not in shown
            assert "abcde" not in shown
        assert ref.source == url
        assert len(pickle.dumps(ref, 2)) <= 512
        before = len(server.asked)
        assert pixels(ref.open()) == wanted
        assert all("X-Secret: abcde" in each for each in server.asked[before:])
    FrameRef.clear_cache()
    with pytest.raises(EncodingError, match=r"me:\*\*\*@.* refused") as refused:
        ref.open()
    assert "word" not in str(refused.value)


def test_a_connection_that_drops_does_no_harm_to_the_next_opening() -> None:
    data = clip("h264-bframes.ts").read_bytes()
    with contextlib.closing(DroppingServer(data)) as server:
        with Video(f"http://{server.place}/clip.ts") as video:
            refs, wanted = list(video.ref), [pixels(video[at]) for at in (40, 3, 20)]
        server._drops = len(server.asked) + 3
        found = []
        for at in (40, 3, 20) * 3:
            with contextlib.suppress(OSError, DataError, RuntimeError):
                found.append((at, pixels(refs[at].open())))
        assert [each for at, each in found][-3:] == wanted


def test_references_that_are_damaged_are_refused() -> None:
    with Video(clip("vp8.webm")) as video:
        ref = video.ref[3]
    make, (kind, packed, where) = ref.__reduce__()
    assert make(kind, packed, where) == ref
    for wrong in (
        (9, *packed[1:]),
        packed[:4],
        (),
        None,
        [packed],
        (1, 2, 3, 4, 5, 6, 7, 8),
        (*packed[:7], {}),
    ):
        with pytest.raises(DataError, match=r"version|damaged"):
            make(kind, wrong, where)
    for nowhere in (-1, "3", None, (1, "2"), (0, 3, 0), (-3, 2, 1), True, 3.0):
        with pytest.raises(DataError, match="is no frame"):
            make(kind, packed, nowhere)
    for beyond in (45, 10**30, (40, 50, 1), (0, 10**18, 1)):
        far = make(kind, packed, beyond)
        with pytest.raises(IndexError, match="out of range"):
            list(far.frames())
        with pytest.raises(IndexError, match="out of range"):
            far.read()
        with pytest.raises(IndexError):
            _ = far.timestamps


def test_a_pattern_of_names_is_a_source(tmp_path: Path) -> None:
    with Video(clip("vp8.webm")) as video:
        for number in range(3):
            with video[number] as frame:
                frame.save(tmp_path / f"{number}.png")
    with Video(tmp_path / "%d.png", format="image2") as video:
        ref = sent(video.ref[1])
        assert pixels(ref.open()) == pixels(video[1])


def test_the_index_says_where_it_is_saved(tmp_path: Path) -> None:
    path, saved = clip("h264-bframes.ts"), tmp_path / "clip.index"
    with Video(path) as video:
        plain = video.ref[3]
        assert plain._source.index is None
        video.index.save(saved)
        assert video.ref[3]._source.index == str(saved)
        assert plain == video.ref[3]
    with Video(path, index=saved) as video:
        assert sent(video.ref[3])._source.index == str(saved)
    with Video(path, index=VideoIndex.load(saved)) as video:
        assert sent(video.ref[3])._source.index == str(saved)
    assert pickle.loads(pickle.dumps(video.index)) == video.index
