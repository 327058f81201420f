"""Streams of two encoders: where one may follow the other, and what is said again there."""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.codecs import families
from ffwebcodecs._spec.codecs.splice import Splicing, joined


def splicing(codec: str) -> Splicing:
    found = families.of_codec(codec).SPLICING
    assert found is not None
    return found


SPS, PPS, AUD, SEI, IDR, SLICE = b"\x67sps", b"\x68pps", b"\x09\xf0", b"\x06sei", b"\x65i", b"\x41p"


def test_only_idr_pictures_of_h264_follow_any_picture() -> None:
    avc = splicing("h264")
    assert avc.begins_anew([AUD, SPS, PPS, IDR])
    assert not avc.begins_anew([AUD, SPS, PPS, SEI, SLICE])
    assert not avc.begins_anew([SEI])


# nal_unit_type of H.265, table 7-1, in the six bits behind the first.
@pytest.mark.parametrize(
    ("kind", "anew"), [(1, False), (9, False), (16, True), (19, True), (20, True), (21, True)]
)
def test_all_key_pictures_of_hevc_follow_any_picture(kind: int, anew: bool) -> None:
    assert splicing("hevc").begins_anew([b"\x46\x01", bytes((kind << 1, 1, 0x80))]) == anew


def test_a_cra_picture_becomes_a_bla_one_without_leading_pictures() -> None:
    cra, sei = bytes((21 << 1, 1, 0xAF)), bytes((39 << 1, 1, 5))
    assert splicing("hevc").cut_before([sei, cra]) == [sei, bytes((18 << 1, 1, 0xAF))]
    assert splicing("h264").cut_before([SPS, IDR]) == [SPS, IDR]


def test_sets_are_said_once_behind_the_delimiter() -> None:
    avc = splicing("h264")
    assert avc.with_sets([AUD, SEI, IDR], [SPS, PPS]) == [AUD, SPS, PPS, SEI, IDR]
    assert avc.with_sets([SPS, SEI, IDR], [SPS, PPS]) == [SPS, PPS, SEI, IDR]
    assert avc.with_sets([SPS, PPS, IDR], [SPS, PPS]) == [SPS, PPS, IDR]
    assert avc.only_sets([PPS, SEI, SPS]) == [SPS, PPS]


def test_units_are_joined_with_lengths_or_start_codes() -> None:
    assert joined([SPS, IDR], 4) == b"\0\0\0\4" + SPS + b"\0\0\0\2" + IDR
    assert joined([SPS, IDR], None) == b"\0\0\0\1" + SPS + b"\0\0\0\1" + IDR


def test_units_of_other_layers_are_told() -> None:
    hevc, avc = splicing("hevc"), splicing("h264")
    assert hevc.belongs(bytes((1 << 1, 1)))
    assert not hevc.belongs(bytes((1 << 1, 1 << 3 | 1)))
    assert avc.belongs(IDR)
    assert not avc.belongs(b"\x74mvc")
