"""Callbacks are plain functions: what an async one returns would be awaited by nobody."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from ffwebcodecs import AudioEncoder, InvalidArgumentError, VideoDecoder, VideoEncoder, VideoFrame


async def coroutine(*_: object) -> None: ...


async def generator(*_: object) -> Any:
    yield


class Asynchronous:
    """An object that is called like a coroutine function."""

    async def __call__(self, *_: object) -> None: ...

    async def method(self, *_: object) -> None: ...


def partial_of(function: Callable[..., Any]) -> Callable[..., Any]:
    return partial(partial(function), 1)


ASYNC = [
    coroutine,
    generator,
    Asynchronous(),
    Asynchronous().method,
    partial_of(coroutine),
    partial_of(Asynchronous().method),
]


@pytest.mark.parametrize("callback", ASYNC)
@pytest.mark.parametrize("codec", [AudioEncoder, VideoDecoder, VideoEncoder])
def test_async_callbacks_are_refused(codec: Any, callback: Callable[..., Any]) -> None:
    with pytest.raises(InvalidArgumentError, match=r"output is .* async function"):
        codec(callback, print)
    with pytest.raises(InvalidArgumentError, match=r"error is .* async function"):
        codec(print, callback)


def test_plain_callables_of_every_kind_are_taken() -> None:
    class Plain:
        def __call__(self, *_: object) -> None: ...

        @classmethod
        def of_class(cls, *_: object) -> None: ...

    for callback in (
        print,
        [].append,
        Plain(),
        Plain.of_class,
        partial_of(print),
        VideoFrame,
    ):
        VideoDecoder(callback, callback).close()
