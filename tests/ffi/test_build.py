"""The renderer of headers/: gates, field names, completed structs."""

from __future__ import annotations

from typing import Any

import ffi_helpers
import pytest

pytestmark = pytest.mark.once

ffi_build: Any = ffi_helpers.build_script("ffi_build")


@pytest.mark.parametrize(
    ("gate", "holds"),
    [
        ("avutil>=57", True),
        ("avutil<57", False),
        ("avutil>=57.28", True),
        ("avutil>=57.29", False),
        ("avutil<57.29", True),
        ("avutil>=57 avcodec<59", False),
        ("avutil>=57 avcodec<60", True),
        ("swscale>=1", False),
    ],
)
def test_a_gate_compares_major_and_minor(gate: str, holds: bool) -> None:
    versions = {"avutil": (57, 28), "avcodec": (59, 37)}
    assert ffi_build.gate_holds(gate, versions) is holds


@pytest.mark.parametrize("gate", ["avutil", "avutil=57", "libavutil>=57", "avutil>=x"])
def test_a_misspelt_gate_is_an_error(gate: str) -> None:
    with pytest.raises(ValueError, match="version gate"):
        ffi_build.gate_holds(gate, {"avutil": (57, 28)})


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("int width;", "width"),
        ("uint8_t *data[8];", "data"),
        ("AVBufferRef **extended_buf;", "extended_buf"),
        ("int (*get_buffer2)(struct AVCodecContext *s, AVFrame *frame, int flags);", "get_buffer2"),
    ],
)
def test_field_name(line: str, name: str) -> None:
    assert ffi_build.field_name(line) == name


def test_a_completed_struct_is_padded_to_its_recorded_size() -> None:
    layout = {"structs": {"S": {"size": 24, "fields": {"b": [16, 4], "a": [4, 4]}}}}
    text = ffi_build.complete_struct("S", "    int a;\n    int b;\n    ...;", layout)
    inner = "char _pad0[4]; int a; char _pad8[8]; int b; char _pad20[4];"
    assert " ".join(text.split()) == f"typedef struct S {{ {inner} }} S;"


def test_functions_of_every_library_are_rendered_apart_from_types() -> None:
    versions = {"avutil": (57, 28), "avcodec": (59, 37), "avformat": (59, 27)}
    types, functions = ffi_build.render("avformat", versions)
    assert "typedef struct AVStream" in types
    assert "av_read_frame" not in types
    assert "av_read_frame" in functions
    assert "//@" not in types + functions


@pytest.fixture
def no_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffi_build, "pkg_config", lambda flag, library: [])
    monkeypatch.setattr(ffi_build, "usual_folders", list)


@pytest.mark.usefixtures("no_headers")
def test_without_headers_no_extension_is_built(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FFWEBCODECS_BUILD", raising=False)
    assert ffi_build.api_extensions() == []
    assert "ABI mode will be used" in capsys.readouterr().err


@pytest.mark.usefixtures("no_headers")
def test_without_headers_the_wish_for_an_extension_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FFWEBCODECS_BUILD", "api")
    with pytest.raises(SystemExit, match="were not found"):
        ffi_build.api_extensions()


def test_an_unknown_build_mode_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FFWEBCODECS_BUILD", "fast")
    with pytest.raises(SystemExit, match="may be auto, api, abi, pump"):
        ffi_build.api_extensions()
