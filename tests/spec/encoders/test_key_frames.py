"""Groups of pictures in a piece of a film are of one length, about the encoder's usual one."""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.encoders.key_frames import even_interval, names_interval, usual_interval


@pytest.mark.parametrize("usual", [2, 128, 161, 250])
def test_groups_are_about_as_long_as_usual_and_alike(usual: int) -> None:
    for frames in range(1, 12 * usual):
        interval = even_interval(frames, usual)
        if interval is None:
            assert frames <= usual
            continue
        groups = -(-frames // interval)
        rest = frames - (groups - 1) * interval
        assert frames > usual
        assert 2 / 3 <= interval / usual <= 3 / 2 + 1 / usual
        assert abs(groups - frames / usual) <= 0.5
        assert interval - rest < groups  # a division with a remainder leaves no less


def test_intervals_are_those_that_the_libraries_have_themselves() -> None:
    assert usual_interval("libvpx-vp9", 25) == 128
    assert usual_interval("libx264", 25) == 250
    # What SVT-AV1 1.4.1 and 4.1 do, by their key frames.
    svt = {24: 161, 29.97: 161, 30: 161, 50: 321, 60: 321, 100: 641}
    assert {rate: usual_interval("libsvtav1", rate) for rate in svt} == svt
    assert usual_interval("mpeg4", 25) is None


def test_options_of_the_caller_that_place_key_frames() -> None:
    for options in (
        *({"g": "30"}, {"keyint_min": "3"}, {"x264-params": "bframes=1:keyint=30"}),
        *({"x265-params": "min-keyint=2"}, {"svtav1-params": "keyint=60"}, {"intra-refresh": "1"}),
        *({"aom-params": "kf_max_dist=9"}, {"x264opts": "keyint=4"}),
    ):
        assert names_interval(options), options
    for options in ({}, {"bf": "3"}, {"x264-params": "bframes=1"}, {"preset": "g"}):
        assert not names_interval(options), options
