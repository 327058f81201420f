"""What the text of a playlist names is found as FFmpeg finds it."""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.files import playlist_text


@pytest.mark.parametrize(
    ("line", "want"),
    [
        # The examples of av_get_token's documentation and of concat's: quotes and backslashes.
        (b"file a.ts", "a.ts"),
        (b"  file\ta.ts ", "a.ts"),
        (b"file 'a b.ts'", "a b.ts"),
        (b"file a\\ b.ts", "a b.ts"),
        (b"file 'a'\\''b.ts'", "a'b.ts"),
        (b"file /e'tc'/x", "/etc/x"),
        (b"file '..'/x", "../x"),
        (b"file 'unfinished", "unfinished"),
        (b"file", ""),
        (b"option format tty", ""),
    ],
)
def test_files_of_a_script(line: bytes, want: str) -> None:
    for end in (b"\n", b"\r", b"\r\n", b"\0", b""):
        found = playlist_text.concat_files(b"ffconcat version 1.0\n# file no\n" + line + end)
        assert list(found) == [want]


def test_names_in_hls() -> None:
    text = (
        b'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="k\\"1",IV=0\n#EXT-X-MAP:URI=m1,BYTERANGE=5\r'
        b'#EXT-X-MEDIA:TYPE=AUDIO,URI="a.m3u8"\n#EXT-X-SESSION-DATA:URI="no"\n#comment\n b.ts \n\nc'
    )
    assert list(playlist_text.hls_names(text)) == ['k"1', "m1", "a.m3u8", "b.ts", "c"]
    assert playlist_text.hls_lists(text) == 1


@pytest.mark.parametrize(
    ("name", "absolute", "climbs"),
    [
        ("a/b.ts", False, False),
        ("a..b/..c.ts", False, False),
        ("./a", False, False),
        ("../a", False, True),
        ("a/..", False, True),
        ("a\\..\\b", False, True),
        (".$RepresentationID$./a", False, True),
        ("$Number%05d$.m4s", False, False),
        ("/a", True, False),
        ("\\a", True, False),
        ("file:a", True, False),
        ("subfile,,a", True, False),
        ("a/b:c", False, False),
    ],
)
def test_relative_names(name: str, absolute: bool, climbs: bool) -> None:
    assert playlist_text.is_absolute(name) == absolute
    assert playlist_text.leaves(name) == climbs


def test_a_live_manifest_says_so() -> None:
    assert playlist_text.dash_is_live(b'<MPD type="dynamic"/>')
    assert not playlist_text.dash_is_live(b'<MPD type="static"/>')
    assert not playlist_text.dash_is_live(b"<MPD/>")
