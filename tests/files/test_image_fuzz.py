"""Damaged images are an error of those that are documented, and nothing is left of them."""

from __future__ import annotations

import pytest
import suite
from image_fuzz import KNOWN, MEDIA, attacks, decode_all


@pytest.mark.slow
@pytest.mark.sweep
@pytest.mark.parametrize("as_stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", KNOWN)
def test_damaged_image_is_an_error_or_a_picture(name: str, as_stream: bool) -> None:
    every = list(attacks(name, 60, suite.SEED))
    for data in suite.part(every, 0.03, f"{name} {as_stream}"):
        decode_all(name, data, as_stream)
    assert decode_all(name, MEDIA[name], as_stream)
