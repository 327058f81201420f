"""Other primaries and linear light, against the published numbers (spec 1.6, rule c)."""

from __future__ import annotations

import numpy as np
import pytest
from scale_reference import Pixels, image, to_rgb

from ffwebcodecs._av.scale.cache import convert

pytestmark = pytest.mark.divided

XY = {
    "bt709": ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)),
    "bt470bg": ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    "smpte432": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}


def to_xyz(name: str) -> np.ndarray:
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in XY[name]]).T
    white = np.array([0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])
    return columns * np.linalg.solve(columns, white)


def exact(rgb: np.ndarray, source: str, target: str, linear: bool = False) -> np.ndarray:
    code = rgb / 255
    light = (
        code if linear else np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    )
    light = light @ (np.linalg.inv(to_xyz(target)) @ to_xyz(source)).T
    light = np.clip(light, 0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


PAIRS = [(a, b) for a in XY for b in ("bt709", "smpte432") if a != b]


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.parametrize("packed", ["rgba", "bgr24", "rgb0"])
def test_primaries_are_converted_in_linear_light(source: str, target: str, packed: str) -> None:
    pixels = Pixels("rgba", 67, 21, 4).fill("random")
    out = Pixels(packed, 67, 21, 5)
    convert(image(pixels, primaries=source), image(out, primaries=target))
    wanted = exact(pixels.rgb(), source, target)
    assert np.abs(out.rgb() - wanted).max() < 0.6
    assert out.padding_is_untouched()
    if out.shape.alpha:
        assert (out.alpha() == pixels.alpha()).all()


@pytest.mark.parametrize("source", ["bt2020", "smpte432", "bt470bg"])
def test_yuv_of_other_primaries_goes_through_rounded_rgb(source: str) -> None:
    pixels = Pixels("yuv420p", 64, 32).fill("gradient")
    out = Pixels("rgba", 64, 32)
    convert(image(pixels, primaries=source, full_range=True), image(out, primaries="bt709"))
    rgb = to_rgb(pixels, "bt709", True)
    low, high = (exact(np.clip(rgb + step, 0, 255), source, "bt709") for step in (-1, 1))
    # One step of the rounded RGB may be many where a colour is cut off: compare where it is not.
    steady = (np.abs(high - low) < 8).all(-1)
    assert steady.mean() > 0.5
    assert np.abs(out.rgb() - exact(rgb, source, "bt709"))[steady].max() <= 3


@pytest.mark.parametrize("name", [None, "smpte170m"])
def test_smpte170m_and_unknown_primaries_count_as_bt709(name: str | None) -> None:
    pixels = Pixels("rgba", 16, 4).fill("random")
    out = Pixels("rgba", 16, 4)
    convert(image(pixels, primaries=name), image(out, primaries="bt709"))
    assert (out.rgb() == pixels.rgb()).all()


@pytest.mark.parametrize("transfer", ["bt709", "smpte170m", "iec61966-2-1", None, "pq"])
def test_equal_primaries_skip_the_step(transfer: str | None) -> None:
    pixels = Pixels("rgba", 16, 4).fill("random")
    out = Pixels("rgba", 16, 4)
    convert(
        image(pixels, primaries="smpte432", transfer=transfer), image(out, primaries="smpte432")
    )
    assert (out.rgb() == pixels.rgb()).all()


@pytest.mark.parametrize("target", ["bt709", "smpte432"])
def test_linear_light_is_encoded(target: str) -> None:
    pixels = Pixels("rgba", 64, 8).fill("random")
    out = Pixels("rgba", 64, 8)
    convert(
        image(pixels, primaries="bt709", transfer="linear"),
        image(out, primaries=target, transfer="iec61966-2-1"),
    )
    assert np.abs(out.rgb() - exact(pixels.rgb(), "bt709", target, linear=True)).max() < 0.6


@pytest.mark.slow
def test_a_4k_picture_needs_little_memory() -> None:
    import tracemalloc

    pixels = Pixels("rgba", 3840, 1080).fill("gradient")
    out = Pixels("rgba", 3840, 1080)
    source, target = image(pixels, primaries="bt2020"), image(out, primaries="bt709")
    tracemalloc.start()  # numpy tells it about its arrays
    convert(source, target)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
