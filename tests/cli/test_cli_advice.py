"""What a message of the command line advises can be typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from cli_helpers import NAME, call
from clips import clip
from convert_helpers import made
from encode_helpers import need

pytestmark = pytest.mark.once
KEY = "76a6c65c5ea762046bd749a2e632ccbb"


def test_an_input_option_opens_what_is_refused_by_name(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = made("advised.ts", *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=1"))
    (tmp_path / "a b;.ts").write_bytes(source.read_bytes())
    script = tmp_path / "a.ffconcat"
    script.write_text("ffconcat version 1.0\nfile 'a b;.ts'\n")
    arguments = "remux", script, tmp_path / "a.mkv", "--playlists", "yes"
    assert call(*arguments) == 1
    advised = re.search(r"--input-option \S+", capfd.readouterr().err)
    assert advised
    assert call(*arguments, *shlex.split(advised[0])) == 0
    assert call("probe", script, "--playlists", "yes", "--input-option", "safe=0") == 0
    assert call("probe", clip(NAME), "--input-option", "nonsense=1") == 1


def test_a_key_is_given_as_the_error_says(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    need("libx264")
    film = made(
        "encrypted.mp4",
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=1", "-c:v", "libx264"),
        *("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", KEY),
        *("-encryption_kid", "a7e61c373e219033c21091fa607bf3b8"),
    )
    arguments = "transcode", film, tmp_path / "a.webm"
    assert call(*arguments) == 1
    said = capfd.readouterr().err
    assert "--input-option 'decryption_key=32 hexadecimal digits'" in said
    assert "input_options" not in said
    assert call(*arguments, "--input-option", f"decryption_key={KEY}") == 0


def test_what_is_lost_is_required_by_a_flag(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert call("remux", clip(NAME), tmp_path / "a.ivf", "--require-all") == 1
    assert "=True" not in capfd.readouterr().err
