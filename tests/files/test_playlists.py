"""A video is data: what names other files is refused or confined, as docs/security.md has it."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from clips import clip
from playlist_helpers import (
    INSIDE,
    SCRIPTS,
    SDP,
    concat,
    dash,
    hls,
    make_folder,
    master,
    need_format,
    size,
    write,
)

import ffwebcodecs
from ffwebcodecs import Demuxer, EncodingError, NotSupportedError
from ffwebcodecs._av.files import dash as dash_demuxer
from ffwebcodecs._av.files.input import Preparation
from ffwebcodecs._av.files.opening import DEFAULT
from ffwebcodecs._av.files.source import InputFile
from ffwebcodecs._av.files.stream import new_context, open_stream
from ffwebcodecs._ffi import avformat

KINDS = list(SCRIPTS)
SIZE = 160, 120
WEBCODECS_ERRORS = (ffwebcodecs.WebCodecsError, OSError)


def media(kind: str) -> str:
    """Return the name of the clip that a playlist of this kind can have."""
    return "inside.mp4" if kind == "dash" else "inside.ts"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path)


def ask(kind: str, folder: Path, name: str, **options: Any) -> tuple[int, int]:
    return size(write(folder, kind, SCRIPTS[kind](name)), **options)


# --- nothing is opened unasked --------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"playlists": True}, {"named": True}], ids=str)
@pytest.mark.parametrize("kind", [*KINDS, "sdp"])
def test_bytes_and_file_objects_are_never_playlists(
    folder: Path, kind: str, options: dict[str, Any]
) -> None:
    need_format(kind)
    name = str(folder / media(kind))
    text = (SDP if kind == "sdp" else SCRIPTS[kind](name)).encode()
    given = {"format": kind} if options.get("named") else options
    # Since FFmpeg 6.1 HLS is known by its name only, and these have none.
    unknown = (EncodingError,) if kind == "hls" and "format" not in given else ()
    for source in (text, bytearray(text), io.BytesIO(text)):
        with pytest.raises((NotSupportedError, *unknown), match=f"{kind}|Invalid data"):
            Demuxer(source, **given)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="descriptors have no names here")
def test_a_script_does_not_reach_open_descriptors(tmp_path: Path) -> None:
    with open(clip("h264-bframes.mp4"), "rb") as file, Demuxer(file.read()) as other:
        known = [file.fileno()]
        if other._core._source.name.startswith("/proc/self/fd/"):
            known.append(int(other._core._source.name.rpartition("/")[2]))
        for number in {*known, *range(3, 40)}:
            for name in (str(number), f"/proc/self/fd/{number}", f"../fd/{number}"):
                with pytest.raises(NotSupportedError):
                    Demuxer(concat(name).encode(), playlists=True)
                path = write(tmp_path, "concat", concat(name))
                with pytest.raises(WEBCODECS_ERRORS):
                    Demuxer(path, playlists=True)
                path = write(tmp_path, "hls", hls(name))
                with pytest.raises(WEBCODECS_ERRORS):
                    Demuxer(path, playlists=True)
        link = tmp_path / "link.mp4"
        link.symlink_to(f"/proc/self/fd/{file.fileno()}")
        with pytest.raises(NotSupportedError, match="is not in its folder"):
            Demuxer(write(tmp_path, "concat", concat("link.mp4")), playlists=True)


@pytest.mark.parametrize("suffix", [None, ".mp4"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_path_is_refused_with_the_way_to_allow_it(
    folder: Path, kind: str, suffix: str | None
) -> None:
    need_format(kind)
    path = write(folder, kind, SCRIPTS[kind](media(kind)))
    if suffix:
        path = path.rename(path.with_suffix(suffix))
    for options in ({}, {"playlists": False}, {"playlists": "same-host"}):
        with pytest.raises((NotSupportedError, EncodingError)) as caught:
            Demuxer(path, **options)
        if suffix and kind == "hls" and isinstance(caught.value, EncodingError):
            continue  # since FFmpeg 6.1 it is known by its suffix only
        assert isinstance(caught.value, NotSupportedError)
        assert f"format {kind}" in str(caught.value)
        if options.get("playlists") is not False:
            assert "playlists=True" in str(caught.value)
            assert f"format={kind!r}" in str(caught.value)
    with pytest.raises(NotSupportedError, match="playlists=False"):
        Demuxer(path, playlists=False, format=kind)


def test_what_cannot_be_confined_wants_its_protocols_named(tmp_path: Path) -> None:
    need_format("sdp")
    path = tmp_path / "a.sdp"
    path.write_text(SDP, encoding="ascii", newline="")
    for options in ({}, {"playlists": True}, {"format": "sdp"}):
        with pytest.raises(NotSupportedError, match="sdp"):
            Demuxer(path, **options)


def test_a_pattern_of_pictures_is_asked_for(tmp_path: Path) -> None:
    with ffwebcodecs.VideoFrame(
        bytes(12), format="RGB", coded_width=2, coded_height=2, timestamp=0
    ) as frame:
        for number in range(3):
            frame.save(tmp_path / f"a{number}.png")
    pattern = tmp_path / "a%d.png"
    with pytest.raises(NotSupportedError, match="format='image2'"):
        Demuxer(pattern)
    for options in ({"format": "image2"}, {"playlists": True}):
        with Demuxer(pattern, **options) as demuxer:
            assert len(list(demuxer.chunks())) == 3
    with Demuxer(tmp_path / "a1.png") as demuxer:
        assert len(list(demuxer.chunks())) == 1
    with pytest.raises(NotSupportedError, match="image2"):
        Demuxer((tmp_path / "a1.png").read_bytes(), format="image2")


# --- what is allowed, and no more ------------------------------------------------------------


@pytest.mark.parametrize("options", [{"playlists": True}, {"named": True}], ids=str)
@pytest.mark.parametrize("place", ["{}", "below/{}", "inner-link-{}"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_local_playlist_names_what_is_beside_it_or_below(
    folder: Path, kind: str, place: str, options: dict[str, Any]
) -> None:
    need_format(kind)
    name = place.format(media(kind))
    if name.startswith("inner-link"):
        (folder / name).symlink_to(folder / "below" / media(kind))
    given = {"format": kind} if options.get("named") else options
    assert ask(kind, folder, name, **given) == SIZE


def test_a_relative_path_and_a_file_url_are_local(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(folder, "hls", hls("inside.ts"))
    assert size(f"file://{path}", playlists=True) == SIZE
    monkeypatch.chdir(folder)
    assert size(path.name, playlists=True) == SIZE
    path.write_text(hls("../outside.ts"), encoding="ascii")
    for name in (path.name, f"file:{path}", f"file://{path}"):
        with pytest.raises(WEBCODECS_ERRORS):
            size(name, playlists=True)


FORBIDDEN = [
    "{outer}/outside{suffix}",
    "../outside{suffix}",
    "below/../../outside{suffix}",
    "link{suffix}",
    "folder/outside{suffix}",
    "file:{outer}/outside{suffix}",
    "file://{outer}/outside{suffix}",
    "/proc/self/root{outer}/outside{suffix}",
    "/proc/self/cwd/outside{suffix}",
    "concat:../outside{suffix}",
    "subfile,,start,0,end,0,,:{outer}/outside{suffix}",
    "async:{outer}/outside{suffix}",
    "cache:{outer}/outside{suffix}",
    "crypto:{outer}/outside{suffix}",
    "crypto+file:{outer}/outside{suffix}",
    "pipe:0",
    "fd:0",
    "http://127.0.0.1:9/outside{suffix}",
    "tcp://127.0.0.1:9",
    "{inner}/inside{suffix}",
]


@pytest.mark.parametrize("name", FORBIDDEN)
@pytest.mark.parametrize("kind", KINDS)
def test_a_local_playlist_names_nothing_else(folder: Path, kind: str, name: str) -> None:
    need_format(kind)
    suffix = Path(media(kind)).suffix
    outer = folder.parent
    (folder / f"link{suffix}").symlink_to(outer / f"outside{suffix}")
    (folder / "folder").symlink_to(outer)
    text = name.format(outer=outer, inner=folder, suffix=suffix)
    with pytest.raises(NotSupportedError, match=r"docs/security\.md"):
        ask(kind, folder, text, playlists=True)


@pytest.mark.parametrize("name", ["/etc/hostname", "../outside.ts", "file:key", "link.ts"])
@pytest.mark.parametrize("tag", ['KEY:METHOD=AES-128,URI="{}"', 'MAP:URI="{}"'])
def test_keys_and_headers_of_segments_are_files_too(folder: Path, tag: str, name: str) -> None:
    (folder / "link.ts").symlink_to(folder.parent / "outside.ts")
    text = hls("inside.ts", before=f"#EXT-X-{tag.format(name)}\n")
    with pytest.raises(NotSupportedError, match=r"docs/security\.md"):
        size(write(folder, "hls", text), playlists=True)


@pytest.mark.parametrize(
    "text",
    [
        dash("$RepresentationID$outside.mp4", identifier="../"),
        dash(".$RepresentationID$/outside.mp4", identifier="."),
        dash("$RepresentationID$/outside.mp4", identifier=".."),
        dash("outside.mp4", base="<BaseURL>../</BaseURL>"),
        dash("outside.mp4", base="<BaseURL>/tmp/</BaseURL>"),
        dash("outside.mp4", base="<BaseURL>file:///tmp/</BaseURL>"),
        dash("outside.mp4", base="<BaseURL>.<!-- -->./</BaseURL>"),
        dash("outside.mp4", base="<BaseURL><![CDATA[../]]></BaseURL>"),
        dash("&#46;&#46;/outside.mp4"),
        dash("&x;outside.mp4").replace("<MPD", '<!DOCTYPE MPD [<!ENTITY x "../">]><MPD'),
    ],
)
def test_a_manifest_makes_no_names_that_climb_out(folder: Path, text: str) -> None:
    need_format("dash")
    with pytest.raises(NotSupportedError, match=r"docs/security\.md"):
        size(write(folder, "dash", text), playlists=True)


def test_a_link_made_after_a_manifest_was_looked_at_is_not_followed(folder: Path) -> None:
    need_format("dash")
    (folder / "unnamed.mp4").symlink_to(folder.parent / "outside.mp4")
    path = write(folder, "dash", dash("inside.mp4"))
    if dash_demuxer.asks():
        assert size(path, playlists=True) == SIZE
    else:  # it cannot be told which of the files it opens
        with pytest.raises(NotSupportedError, match=r"unnamed\.mp4"):
            size(path, playlists=True)


@pytest.mark.parametrize("line", ["option format tty", "  option\tprobesize 2", "option"])
def test_a_script_sets_no_options(folder: Path, line: str) -> None:
    path = write(folder, "concat", f"{concat('inside.ts')}{line}\n")
    with pytest.raises(NotSupportedError, match="sets options"):
        Demuxer(path, playlists=True)


@pytest.mark.parametrize("kind", ["hls", "concat"])
def test_a_text_beside_a_playlist_is_not_shown(folder: Path, kind: str) -> None:
    (folder / "secret.ts").write_text("not for you\n" * 100, encoding="ascii")
    with pytest.raises(WEBCODECS_ERRORS):
        ask(kind, folder, "secret.ts", playlists=True)


def test_options_widen_what_a_playlist_may_name(folder: Path) -> None:
    outside = folder.parent / "outside.ts"
    widened = {"protocol_whitelist": "file,crypto"}
    assert ask("hls", folder, str(outside), playlists=True, options=widened) == SIZE
    path = write(folder, "concat", concat(str(outside)))
    with pytest.raises(WEBCODECS_ERRORS):
        size(path, playlists=True, options=widened)  # FFmpeg's own safe=1
    assert size(path, playlists=True, options={**widened, "safe": 0}) == SIZE


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.parametrize("kind", ["hls", "concat"])
def test_a_pipe_beside_a_playlist_is_not_waited_for(folder: Path, kind: str) -> None:
    os.mkfifo(folder / "pipe.ts")
    with pytest.raises(NotSupportedError, match="no regular file"):
        ask(kind, folder, "pipe.ts", playlists=True)


# --- what names itself -----------------------------------------------------------------------


@pytest.mark.parametrize("safe", [True, False])
def test_a_script_that_names_itself_does_not_overflow_the_stack(folder: Path, safe: bool) -> None:
    path = write(folder, "concat", concat("list.ffconcat"))
    options = {} if safe else {"protocol_whitelist": "file", "safe": 0}
    caught: list[BaseException] = []

    def child() -> None:
        try:
            Demuxer(path, playlists=True, options=options)
        except NotSupportedError as error:
            caught.append(error)

    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=child)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    assert "is a playlist itself" in str(caught[0])


@pytest.mark.parametrize("inner", KINDS)
@pytest.mark.parametrize("outer", ["concat", "hls"])
def test_playlists_do_not_nest(folder: Path, outer: str, inner: str) -> None:
    need_format(inner)
    name = "nested.ts" if outer == "hls" else "nested.mp4"
    (folder / name).write_text(SCRIPTS[inner](media(inner)), encoding="ascii")
    with pytest.raises(WEBCODECS_ERRORS):
        ask(outer, folder, name, playlists=True)


def test_a_master_playlist_that_names_itself_is_refused(folder: Path) -> None:
    path = write(folder, "hls", master("list.m3u8", "list.m3u8"))
    with pytest.raises(NotSupportedError, match="names playlists again"):
        Demuxer(path, playlists=True)
    padded = "#EXTM3U\n" + "#\n" * 50000 + master("list.m3u8").partition("\n")[2]
    path.write_text(padded, encoding="ascii")
    with pytest.raises(NotSupportedError, match="names playlists again"):
        Demuxer(path, playlists=True)


def test_a_master_playlist_names_a_bounded_number_of_others(folder: Path) -> None:
    (folder / "one.m3u8").write_text(hls("inside.ts"), encoding="ascii")
    assert size(write(folder, "hls", master("one.m3u8")), playlists=True) == SIZE
    with pytest.raises(NotSupportedError, match="1000"):
        Demuxer(write(folder, "hls", master(*["one.m3u8"] * 1001)), playlists=True)


def test_a_playlist_has_a_bounded_length(folder: Path) -> None:
    with pytest.raises(NotSupportedError, match="8388608"):
        Demuxer(write(folder, "hls", hls("inside.ts") + "#\n" * (4 << 20)), playlists=True)


# --- every way to read -----------------------------------------------------------------------


def test_every_reader_asks(folder: Path, tmp_path: Path) -> None:
    path = write(folder, "hls", hls("inside.ts"))
    for refused in (
        lambda: list(ffwebcodecs.read_frames(path)),
        lambda: ffwebcodecs.remux(path, tmp_path / "a.mkv"),
        lambda: ffwebcodecs.transcode(path, tmp_path / "a.mkv"),
    ):
        with pytest.raises(NotSupportedError, match="playlists=True"):
            refused()
    want = sum(1 for _ in ffwebcodecs.read_frames(clip(INSIDE)))
    frames = ffwebcodecs.read_frames(path, playlists=True)
    assert sum(frame.close() is None for frame in frames) == want
    assert ffwebcodecs.remux(path, tmp_path / "a.mkv", playlists=True).frames_written == want
    result = ffwebcodecs.remux(path, tmp_path / "b.mkv", input_format="hls")
    assert result.frames_written == want


def lengths(source: Any, **options: Any) -> list[int]:
    """Return the sizes of all chunks."""
    with Demuxer(source, **options) as demuxer:
        return [chunk.byte_length for chunk in demuxer.chunks()]


def test_reading_goes_on_with_the_next_file(folder: Path) -> None:
    want = lengths(clip(INSIDE))
    assert lengths(write(folder, "hls", hls("inside.ts", "below/inside.ts")), playlists=True) == (
        want * 2
    )


def test_a_refusal_in_the_middle_is_an_error_not_an_end(folder: Path) -> None:
    (folder / "link.ts").symlink_to(folder.parent / "outside.ts")
    path = write(folder, "hls", hls("inside.ts", "link.ts", "inside.ts"))
    with pytest.raises(NotSupportedError, match=r"link\.ts"):  # opening may read as far as that
        lengths(path, playlists=True)


@pytest.mark.parametrize("kind", ["concat", "mp4"])
def test_a_stream_that_is_open_already_is_judged_before(folder: Path, kind: str) -> None:
    path = clip("h264-bframes.mp4") if kind == "mp4" else write(folder, kind, concat("inside.ts"))
    source = InputFile(path)
    file, code = open_stream(source.url)
    assert code == 0
    box = new_context(file)
    prepared = Preparation(source, DEFAULT, box[0])
    if kind == "concat":
        with pytest.raises(NotSupportedError, match="concat"):
            prepared.confinement.judge(box[0], prepared.options)
        return
    assert prepared.confinement.judge(box[0], prepared.options) == 0
    url, options = source.url, prepared.options
    prepared.check(avformat.avformat_open_input(box, url, prepared.format, options))
    assert not prepared.confinement._rule
    assert box[0].nb_streams > 0


def test_what_is_no_playlist_is_not_hindered(folder: Path) -> None:
    for name in ("h264-bframes.mp4", "h264-bframes.mkv", "h264.avi", "h264-bframes.h264"):
        path = clip(name)
        want = lengths(path, playlists=True)
        for source in (path, path.read_bytes(), io.BytesIO(path.read_bytes())):
            assert lengths(source, playlists=False) == want
    with pytest.raises(EncodingError):
        Demuxer(b"#EXTM3U but nothing that follows")
