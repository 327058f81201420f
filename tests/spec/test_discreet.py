"""Messages show no password and no token."""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.discreet import discreet

SHOWN = [
    ("http://user:secret@host/x", "http://user:***@host/x"),
    ("'rtsp://user:p@ss:word@host:554/x'", "'rtsp://user:***@host:554/x'"),
    ("https://ghp_token@host", "https://***@host"),
    ("cannot open 'https://h/x?token=abc&n=1': no", "cannot open 'https://h/x?token=***&n=1': no"),
    ("https://h/x?X-Amz-Signature=ab&X-Amz-Date=1", "https://h/x?X-Amz-Signature=***&X-Amz-Date=1"),
    ("hls+http://u:p@h/a then ftp://v:q@h/b", "hls+http://u:***@h/a then ftp://v:***@h/b"),
    ("http://h/x?token=abc: no", "http://h/x?token=***: no"),
    ("http://h/x?token='abc'&n='1'", "http://h/x?token='***'&n='1'"),
    ("http://h/x;jsessionid=ab#access_token=cd", "http://h/x;jsessionid=***#access_token=***"),
    ("http://h/x?jwt=a.b.c&codec=vp9&side=2", "http://h/x?jwt=***&codec=vp9&side=2"),
    ("srt://h:1?streamid=publish:live/ab&mode=caller", "srt://h:1?streamid=***&mode=caller"),
    ("http://host/a@b:c", "http://host/a@b:c"),
    ("http://host/x?n=1#a@b", "http://host/x?n=1#a@b"),
    ("C:/films/user:secret@host.mp4", "C:/films/user:secret@host.mp4"),
    ("film?token=abc.mp4", "film?token=abc.mp4"),
]


@pytest.mark.parametrize(("text", "shown"), SHOWN)
def test_texts_without_secrets(text: str, shown: str) -> None:
    assert discreet(text) == shown
    assert discreet(shown) == shown
