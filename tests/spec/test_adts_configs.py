"""AudioSpecificConfigs (ISO/IEC 14496-3, 1.6.2.1) of streams that have headers of ADTS."""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.codecs.aac import config_of_adts, parse_config


@pytest.mark.parametrize(
    ("profile", "rate", "channels", "expected"),
    [
        (1, 48000, 1, "1188"),
        (1, 44100, 2, "1210"),
        (128 + 1, 44100, 2, "1210"),  # MPEG-2's number of the same
        (-99, 44100, 8, "1238"),  # nobody has looked: LC
        (4, 48000, 2, "1310"),  # high efficiency: the core has half the rate
        (28, 44100, 2, "1388"),  # and one channel
        (0, 96000, 6, "0830"),
        (1, 44101, 2, ""),
        (1, 44100, 0, ""),
        (22, 44100, 2, ""),
    ],
)
def test_what_is_said(profile: int, rate: int, channels: int, expected: str) -> None:
    config = config_of_adts(profile, rate, channels)
    assert config.hex() == expected
    if config:
        assert parse_config(config).channels == (1 if profile == 28 else channels)
