"""cffi makes no type later than when FFmpeg is loaded."""

from __future__ import annotations

import re

from clips import ROOT

from ffwebcodecs._ffi import _settle

# What is given to cffi, or to the helpers of `_av.atomic` that give it on.
GIVEN = re.compile(
    r"ffi\.(?:new|cast|typeof|sizeof|from_buffer|callback)\(\s*\"([^\"]+)\""
    r"|\"((?:struct )?\w+ \*(?:\*|\[1\]))\""
)
STRUCTS = "AVFrame", "AVCodec", "AVChapter", "AVChapter *", "AVChannelLayout *"
WITH_THE_STRUCTS = {*STRUCTS, "int32_t"}
BEFORE = {"_checks.py", "_selftest.py", "_selfuse.py", "_open.py"}  # they run while it is loaded


def test_every_type_that_the_code_names_is_made_at_load() -> None:
    named = {
        match[1] or match[2]
        for path in (ROOT / "ffwebcodecs").rglob("*.py")
        if path.name not in BEFORE
        for match in GIVEN.finditer(path.read_text(encoding="utf-8"))
    }
    assert len(named) > 25
    assert named - WITH_THE_STRUCTS <= set(_settle.TYPES)
