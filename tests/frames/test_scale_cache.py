"""Conversions are kept per thread, bounded, and freed; errors write nothing."""

from __future__ import annotations

import gc
import itertools
import threading

import numpy as np
import pytest
from scale_caches import cached_contexts, clear_cache
from scale_reference import FILL, Pixels, errors, image, to_rgb

from ffwebcodecs import _ffi
from ffwebcodecs._av import ledger
from ffwebcodecs._av.scale import cache
from ffwebcodecs.errors import NotSupportedError


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    clear_cache()
    gc.collect()


def convert(source: str, target: str, width: int, height: int) -> Pixels:
    pixels = Pixels(source, width, height).fill("random")
    out = Pixels(target, width, height)
    cache.convert(image(pixels), image(out))
    return out


def test_a_second_conversion_makes_no_context() -> None:
    convert("yuv420p", "rgba", 64, 48)
    count = cached_contexts()
    assert count == 1
    convert("yuv420p", "rgba", 64, 48)
    assert cached_contexts() == count


def test_tags_are_part_of_the_key() -> None:
    pixels = Pixels("yuv420p", 64, 48).fill("random")
    out = Pixels("rgba", 64, 48)
    for _, matrix, full in itertools.product(range(2), ("bt709", "smpte170m"), (False, True)):
        cache.convert(image(pixels, matrix=matrix, full_range=full), image(out))
        assert errors(out.rgb(), to_rgb(pixels, matrix, full)).max() <= 2


def test_the_cache_is_bounded() -> None:
    for width in range(32, 32 + 40):
        convert("yuv420p10le", "rgba", width, 4)
    gc.collect()
    assert cached_contexts() <= 8 * 4


def test_a_cache_that_is_dropped_frees_every_context() -> None:
    convert("yuv420p", "rgba", 64, 48)
    convert("rgba", "nv12", 63, 47)
    assert cached_contexts() > 0
    clear_cache()
    assert cached_contexts() == 0


def test_cached_contexts_are_no_open_handles() -> None:
    convert("yuv420p10le", "rgba", 33, 17)
    assert cached_contexts() > 0
    assert ledger.live()["sws_context"] == 0


def test_contexts_go_with_their_thread() -> None:
    seen: list[int] = []

    def work() -> None:
        convert("nv12", "bgra", 65, 33)
        seen.append(cached_contexts())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    gc.collect()
    assert seen[0] > 0
    assert cached_contexts() == 0


def test_threads_do_not_disturb_each_other() -> None:
    wrong: list[str] = []

    def work(seed: int) -> None:
        for source in ("yuv420p", "nv12", "yuv444p10le", "yuv420p") * 5:
            pixels = Pixels(source, 65 + seed, 33).fill("random", seed)
            out = Pixels("rgba", 65 + seed, 33)
            cache.convert(image(pixels), image(out))
            if errors(out.rgb(), to_rgb(pixels, "bt709", False)).max() > 2:
                wrong.append(source)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_conversion_inside_a_conversion_has_a_plan_of_its_own() -> None:
    """A destructor may convert at any time: here one runs when the planes are read."""
    pixels = Pixels("yuv420p", 64, 8).fill("random")
    out, inner_out = Pixels("rgba", 64, 8), Pixels("rgba", 64, 8)
    inner = Pixels("yuv420p", 64, 8).fill("gradient")

    class Planes(list):  # type: ignore[type-arg]
        def __getitem__(self, index):  # type: ignore[no-untyped-def]
            if index == 1:
                cache.convert(image(inner), image(inner_out))
            return super().__getitem__(index)

    source = image(pixels)
    source.planes = Planes(source.planes)
    cache.convert(source, image(out))
    assert errors(out.rgb(), to_rgb(pixels, "bt709", False)).max() <= 2
    assert errors(inner_out.rgb(), to_rgb(inner, "bt709", False)).max() <= 2


def test_the_same_picture_gives_the_same_bytes() -> None:
    for source, target in (("yuv420p10le", "rgba"), ("yuv444p12le", "yuv420p"), ("rgba", "nv12")):
        first = convert(source, target, 67, 35)
        clear_cache()
        second = convert(source, target, 67, 35)
        for one, other in zip(first.memory, second.memory, strict=True):
            assert (one == other).all()


def test_an_unknown_format_is_not_supported_and_writes_nothing() -> None:
    pixels, out = Pixels("yuva420p", 4, 2).fill("random"), Pixels("rgba", 4, 2)
    source = image(pixels)
    source.pix_fmt = "yuva420p12le"
    if _ffi.avutil.av_get_pix_fmt(b"yuva420p12le") >= 0:
        pytest.skip("this FFmpeg has yuva420p12le")
    with pytest.raises(NotSupportedError, match="yuva420p12le 4x2 to rgba 4x2"):
        cache.convert(source, image(out))
    assert (out.memory[0] == FILL).all()


@pytest.mark.parametrize("name", ["vaapi", "no such format"])
def test_what_libswscale_cannot_read_is_not_supported(name: str) -> None:
    out = Pixels("rgba", 4, 2)
    source = image(out, array=np.zeros((2, 16), np.uint8), pix_fmt=name)
    with pytest.raises(NotSupportedError, match=f"{name} 4x2 to rgba 4x2"):
        cache.convert(source, image(out))
    assert (out.memory[0] == FILL).all()


@pytest.mark.parametrize("size", [(0, 4), (1 << 30, 1 << 30)])
def test_impossible_sizes_are_not_supported(size: tuple[int, int]) -> None:
    pixels = Pixels("yuv420p", 4, 4)
    source, target = image(pixels), image(pixels)
    source.width, source.height = size
    with pytest.raises(NotSupportedError, match=f"{size[0]}x{size[1]}"):
        cache.convert(source, target)


def test_a_failed_conversion_leaves_the_cache_usable() -> None:
    out = Pixels("rgba", 4, 2)
    bad = image(out, array=np.zeros((2, 16), np.uint8), pix_fmt="vaapi")
    with pytest.raises(NotSupportedError):
        cache.convert(bad, image(out))
    convert("yuv420p", "rgba", 64, 48)
    assert ledger.live()["sws_context"] == 0
