"""A file that is written as it is made: its fragments alone, and all of it together."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import clip
from fragment_helpers import FILM, Sink, both, boxes, decode_time, film, live, song, whole
from mux_helpers import Packet, all_packets, packets, pictures, probe

from ffwebcodecs import (
    Demuxer,
    EncodedVideoChunk,
    InvalidArgumentError,
    Muxer,
    NotSupportedError,
    SegmentInfo,
    read_audio,
)

LOST = "ignore:.*(cannot say that|cannot hold):UserWarning"
pytestmark = pytest.mark.filterwarnings(LOST)


def plain(found: list[Packet], known: bool = True) -> list[Any]:
    return [each._replace(duration=each.duration if known else None) for each in found]


# Each container, what it holds here, and whether its last duration is seen by ffprobe.
KINDS = [
    ("mp4", FILM, "aac.m4a"),
    ("mov", FILM, "alac.m4a"),
    ("mkv", FILM, "flac.flac"),
    ("webm", "vp9.webm", "opus.ogg"),
    ("ts", FILM, "mp2.mp2"),
    ("flv", FILM, "aac.m4a"),
    ("h264", FILM, None),
    ("ivf", "vp9.webm", None),
    ("adts", None, "aac.m4a"),
    ("mp3", None, "mp3.mp3"),
    ("ogg", None, "opus.ogg"),
    ("flac", None, "flac.flac"),
]


@pytest.mark.divided
@pytest.mark.parametrize(("format", "picture", "sound"), KINDS)
def test_all_together_is_the_file_that_is_written_at_once(
    format: str, picture: str | None, sound: str | None, tmp_path: Path
) -> None:
    if picture and sound:
        chunks = both(picture, sound)
    else:
        config, found = film(picture) if picture else song(sound or "")
        chunks = [(chunk, config) for chunk in found]
    given = live(chunks, format)
    path, other = tmp_path / f"live.{format}", tmp_path / f"whole.{format}"
    path.write_bytes(given.data)
    whole(chunks, other, format=format)
    media = [data for data, _ in given.segments]
    assert given.data.startswith(b"".join(media))  # behind them is MP4's index of the fragments
    all_found, all_wanted = all_packets(path), all_packets(other)
    assert all_found["video"] == all_wanted["video"]
    if sound:
        # FFmpeg's demuxer of MP4 passes over the first and the last duration in fragments.
        found, wanted = all_found["audio"], all_wanted["audio"]
        if format in ("mp4", "mov"):
            found, wanted = plain(found, False), plain(wanted, False)
        assert found == wanted
        if format != "mp3":  # whose delay only the end tells
            one, two = read_audio(path), read_audio(other)
            assert one.timestamp == two.timestamp
            np.testing.assert_array_equal(one.data, two.data)


def test_segments_of_mp4_are_what_players_want() -> None:
    given = live(both(), "mp4")
    assert [kind for kind, _ in boxes(given.segments[0][0])] == ["ftyp", "moov"]
    infos = given.infos
    kind = f'video/mp4; codecs="{film()[0].codec}, mp4a.40.2"'
    init = given.segments[0][1]
    assert init == SegmentInfo("init", 0, 0, 0, False, len(given.segments[0][0]), kind)
    # 45 pictures of 1/30 s in three groups; the sound goes on to the end of its 3 s.
    assert [(each.timestamp, each.duration, each.key) for each in infos[1:3]] == [
        (0, 500_000, True),
        (500_000, 500_000, True),
    ]
    assert (infos[3].timestamp, infos[3].key) == (1_000_000, True)
    assert sum(each.duration for each in infos) == 3_000_000
    assert [each.index for each in infos] == list(range(len(infos)))
    for data, info in given.segments[1:]:
        assert [name for name, _ in boxes(data)] == ["moof", "mdat"]
        assert info.byte_length == len(data)
        assert info.kind == "media"


def test_decoding_times_of_fragments_go_on_where_those_before_end() -> None:
    given = live(both(), "mp4")
    fragments = [data for data, _ in given.segments[1:4]]
    with Demuxer(io.BytesIO(given.data)) as demuxer:
        assert demuxer.audio_config.sample_rate == 44100
    scale = decode_time(fragments[1])  # 15 pictures are half a second
    assert [decode_time(each) for each in fragments] == [0, scale, 2 * scale]
    # Sound is counted in samples, from what its decoder needs first. What begins before the picture
    # that begins a fragment is in the one before: packets of 1024.
    assert [decode_time(each, 2) for each in fragments] == [
        0,
        1024 * -(-(22050 + 1024) // 1024),
        1024 * -(-(44100 + 1024) // 1024),
    ]


@pytest.mark.divided
@pytest.mark.parametrize("format", ["mp4", "mkv", "ts"])
def test_each_segment_plays_behind_the_first_one(format: str, tmp_path: Path) -> None:
    config, chunks = film()
    given = live(((chunk, config) for chunk in chunks), format)
    init, *media = (data for data, _ in given.segments)
    assert len(media) == 3
    whole_pictures = pictures(clip(FILM))
    for number, data in enumerate(media):
        path = tmp_path / f"{number}.{format}"
        path.write_bytes(init + data)
        assert pictures(path) == whole_pictures[15 * number : 15 * number + 15]
    if format == "mkv":
        assert all(data[:4] == bytes.fromhex("1F43B675") for data in media)  # a Cluster each


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, [(0, 500, 1), (500, 500, 1), (1000, 500, 1)]),
        (0.7, [(0, 1000, 1), (1000, 500, 1)]),
        (1.0, [(0, 1000, 1), (1000, 500, 1)]),
        (9.0, [(0, 1500, 1)]),
        # Within a group too; the next group begins a fragment in any case.
        (0.2, [(0, 200, 1), (200, 200, 0), (400, 100, 0), (500, 200, 1), (700, 200, 0)]),
    ],
)
def test_groups_are_gathered_or_cut(seconds: float | None, expected: list[Any]) -> None:
    config, chunks = film()
    given = live(((chunk, config) for chunk in chunks), "mp4", fragment_duration=seconds)
    found = [
        (round(each.timestamp, -3) // 1000, round(each.duration, -3) // 1000, each.key)
        for each in given.infos[1:]
    ]
    assert found[: len(expected)] == expected
    assert sum(each.duration for each in given.infos) == pytest.approx(1_500_000, abs=2)
    assert [len(given.parts), given.parts[-1][4:8]] == [len(given.segments) + 1, b"mfra"]


def test_sound_alone_is_cut_each_second_or_as_wanted() -> None:
    config, chunks = song("opus.ogg")
    packets = [(chunk, config) for chunk in chunks]
    for seconds, least in ((None, 1.0), (0.25, 0.25)):
        infos = live(packets, "webm", fragment_duration=seconds).infos[1:]
        assert all(each.key for each in infos)
        # Packets of 20 ms.
        assert all(least - 0.001 <= each.duration / 1e6 <= least + 0.02 for each in infos[1:-1])
        ends = [each.timestamp + each.duration for each in infos]
        assert ends[:-1] == [each.timestamp for each in infos[1:]]
        assert infos[0].mime_type == 'audio/webm; codecs="opus"'


@pytest.mark.parametrize("format", ["mp4", "mkv", "ts", "h264"])
def test_a_fragment_is_there_when_the_next_group_begins(format: str) -> None:
    config, chunks = film()
    sink = Sink()
    told = ["video"]
    with Muxer(sink, format=format, fragmented=True, tracks=told) as muxer:
        for number, chunk in enumerate(chunks):
            before = len(sink.parts)
            muxer.add_chunk(chunk, config)
            is_cut = chunk.type == "key" and number > 0
            assert (len(sink.parts) > before) == is_cut, number
        before = len(sink.parts)
        muxer.flush()
        assert len(sink.parts) == before + 1
        muxer.flush()  # nothing is left
        assert len(sink.parts) == before + 1


def test_sound_that_is_late_is_waited_for(tmp_path: Path) -> None:
    mixed = both()
    video = [each for each in mixed if isinstance(each[0], EncodedVideoChunk)]
    sound = [each for each in mixed if not isinstance(each[0], EncodedVideoChunk)]
    given = live([sound[0], *video, *sound[1:]], "mp4")
    assert given.data == live(mixed, "mp4").data


def test_a_track_that_stops_is_not_waited_for_for_ever() -> None:
    config, chunks = film()
    audio, packets = song("aac.m4a")
    sink = Sink()
    with Muxer(sink, format="ts", fragmented=True, tracks=["video", "audio"]) as muxer:
        muxer.add_chunk(packets[0], audio)
        muxer.add_chunk(packets[1], audio)
        for number in range(30):
            for chunk in chunks[:15]:
                moved = EncodedVideoChunk(
                    type=chunk.type,
                    timestamp=chunk.timestamp + number * 500_000,
                    duration=chunk.duration,
                    data=chunk.data,
                )
                muxer.add_chunk(moved, config)
        # 15 s of pictures: what is 10 s old is there.
        assert len(sink.parts) >= 7


def test_flush_gives_what_is_there_at_once() -> None:
    config, chunks = film()
    infos: list[SegmentInfo] = []
    options: dict[str, Any] = {"format": "mp4", "fragmented": True, "tracks": ["video"]}
    with Muxer(None, on_segment=lambda _, info: infos.append(info), **options) as muxer:
        muxer.flush()  # there is nothing to begin with
        assert infos == []
        for chunk in chunks[:20]:
            muxer.add_chunk(chunk, config)
        assert [each.kind for each in infos] == ["init", "media"]
        muxer.flush()
        # All of 20 pictures: five behind the second key frame.
        assert infos[-1].timestamp == 500_000
        for chunk in chunks[20:]:
            muxer.add_chunk(chunk, config)
    assert [each.key for each in infos[1:]] == [True, True, False, True]


def test_flush_of_a_file_that_is_written_at_once_does_nothing(tmp_path: Path) -> None:
    config, chunks = film()
    with Muxer(tmp_path / "a.mp4") as muxer:
        for chunk in chunks:
            muxer.add_chunk(chunk, config)
            muxer.flush()
    assert packets(tmp_path / "a.mp4") == packets(clip(FILM))


@pytest.mark.parametrize("format", ["avi", "gif", "wav", "webp"])
def test_what_is_no_stream_is_refused_before_anything_is_written(
    format: str, tmp_path: Path
) -> None:
    sink = Sink()
    with pytest.raises(NotSupportedError, match="cannot be written as it is made"):
        Muxer(sink, format=format, fragmented=True)
    path = tmp_path / f"a.{format}"
    with pytest.raises(NotSupportedError):
        Muxer(path, fragmented=True, atomic=False)
    assert sink.parts == []
    assert not path.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fragment_duration": 1.0}, "fragment_duration needs fragmented=True"),
        ({"on_segment": print}, "on_segment needs fragmented=True"),
        ({"fragmented": True, "on_segment": 5}, "on_segment must be a function"),
        ({"fragmented": True, "fragment_duration": 0}, "fragment_duration is 0"),
        ({"fragmented": True, "fragment_duration": -1.5}, "fragment_duration is -1.5"),
        ({"fragmented": True, "fragment_duration": float("nan")}, "fragment_duration"),
        ({"fragmented": True, "fragment_duration": "1"}, "fragment_duration"),
        ({"atomic": "no"}, "atomic"),
    ],
)
def test_wrong_arguments_are_refused(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        Muxer(tmp_path / "a.mp4", **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fragmented", [True, False])
def test_in_place_is_over_what_was_there(fragmented: bool, tmp_path: Path) -> None:
    config, chunks = film()
    path = tmp_path / "a.mkv"
    path.write_bytes(bytes(1 << 20))
    node = path.stat().st_ino
    sizes = []
    with Muxer(path, fragmented=fragmented, atomic=False, tracks=["video"]) as muxer:
        for chunk in chunks:
            muxer.add_chunk(chunk, config)
            sizes.append(path.stat().st_size)
    assert packets(path) == packets(whole(((c, config) for c in chunks), tmp_path / "b.mkv"))
    assert path.stat().st_ino == node
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.mkv", "b.mkv"]
    if fragmented:
        assert len(set(sizes)) >= 3  # a reader sees it grow


def test_what_fails_in_place_leaves_its_beginning(tmp_path: Path) -> None:
    config, chunks = film()
    path, other = tmp_path / "a.ts", tmp_path / "b.ts"
    for each, atomic in ((path, False), (other, True)):
        with pytest.raises(ZeroDivisionError), Muxer(each, fragmented=True, atomic=atomic) as muxer:
            for chunk in chunks:
                muxer.add_chunk(chunk, config)
            raise ZeroDivisionError
    assert 30 <= len(packets(path)) < 45
    assert not other.exists()


def test_a_path_appears_complete_and_its_segments_as_they_are_made(tmp_path: Path) -> None:
    config, chunks = film()
    path, seen = tmp_path / "a.mp4", []
    options: dict[str, Any] = {"fragmented": True, "on_segment": lambda data, _: seen.append(data)}
    with Muxer(path, **options) as muxer:
        for chunk in chunks:
            muxer.add_chunk(chunk, config)
        assert seen
        assert not path.exists()
    assert path.read_bytes().startswith(b"".join(seen))


@pytest.mark.skipif(os.name == "nt", reason="there are no such names")
def test_a_pipe_is_written_as_it_is_made(tmp_path: Path) -> None:
    config, chunks = film()
    reading, writing = os.pipe()
    got: list[bytes] = []

    def read() -> None:
        while block := os.read(reading, 1 << 16):
            got.append(block)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        name = f"/dev/fd/{writing}"
        with Muxer(name, format="ts", fragmented=True, tracks=["video"]) as muxer:
            os.close(writing)
            for chunk in chunks:
                muxer.add_chunk(chunk, config)
    finally:
        reader.join()
        os.close(reading)
    path = tmp_path / "a.ts"
    path.write_bytes(b"".join(got))
    assert len(packets(path)) == 45


def test_an_object_that_is_given_at_close_is_no_path(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="atomic=False is for paths"):
        Muxer(io.BytesIO(), format="mp4", atomic=False)
    with pytest.raises(InvalidArgumentError, match="NoneType"):
        Muxer(None, format="mp4", fragmented=True)


def test_a_large_fragment_has_the_sizes_that_its_boxes_say() -> None:
    # The table of its samples is larger than libavformat's buffer, in which it would be completed.
    config, chunks = film("vp9.webm")
    delta = min((bytes(chunk.data) for chunk in chunks if chunk.type == "delta"), key=len)
    sink = Sink()
    with Muxer(sink, format="mp4", fragmented=True, fragment_duration=3600) as muxer:
        muxer.add_chunk(chunks[0], config)
        for number in range(1, 20_000):
            time = 1000 * number
            muxer.add_chunk(EncodedVideoChunk(type="delta", timestamp=time, data=delta), config)
    found = boxes(b"".join(sink.parts))
    assert [name for name, _ in found] == ["ftyp", "moov", "moof", "mdat", "mfra"]
    assert len(found[2][1]) > 1 << 16


def test_tags_rotation_and_chapters(tmp_path: Path) -> None:
    config, chunks = film()
    from dataclasses import replace

    given = live(
        ((chunk, replace(config, rotation=90)) for chunk in chunks[:1]),
        "mp4",
        metadata={"title": "a film"},
    )
    path = tmp_path / "a.mp4"
    path.write_bytes(given.data)
    assert probe(path, "-show_format")["format"]["tags"]["title"] == "a film"
    with Demuxer(path) as demuxer:
        assert demuxer.video_config.rotation == 90
