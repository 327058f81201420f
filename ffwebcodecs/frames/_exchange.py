"""Pixels for other libraries: what numpy's ``__array__`` and DLPack ask for, and what they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._spec.numbers import show
from ..errors import InvalidArgumentError, NotSupportedError

if TYPE_CHECKING:
    import numpy.typing as npt

CPU = (1, 0)  # kDLCPU, which has no number
_IN_MEMORY = (1, 3)  # and kDLCUDAHost: pinned, but memory like any other


def as_array(array: npt.NDArray[Any], dtype: Any, copy: bool | None) -> npt.NDArray[Any]:
    """Return `array`, which shows somebody's memory, as numpy's protocol asks for it."""
    if dtype is None or np.dtype(dtype) == array.dtype:
        return array.copy() if copy else array
    if copy is not None and not copy:
        raise InvalidArgumentError(
            f"a copy is needed to make {np.dtype(dtype)} of {array.dtype}, and copy=False"
        )
    return array.astype(dtype)


def as_new_array(array: npt.NDArray[Any], dtype: Any) -> npt.NDArray[Any]:
    """Return `array`, which is nobody's yet, as numpy's protocol asks for it."""
    return array if dtype is None else array.astype(dtype, copy=False)


def refuse_no_copy(copy: bool | None, what: str) -> None:
    """Raise InvalidArgumentError, a ValueError, if a copy is not allowed that is always made."""
    if copy is not None and not copy:
        raise InvalidArgumentError(f"{what} is an array by a copy only, and copy=False; see planes")


def is_versioned(max_version: Any) -> bool:
    """Return whether the consumer knows DLPack 1.0, which can say that memory is read-only."""
    if max_version is None:
        return False
    try:
        major, _ = max_version
        return bool(major >= 1)
    except (TypeError, ValueError):
        raise InvalidArgumentError(
            f"max_version must be two integers, or None, got {show(max_version)}"
        ) from None


def dlpack(
    array: npt.NDArray[Any], stream: Any, max_version: Any, dl_device: Any, copy: bool | None
) -> Any:
    """Return a capsule over the memory of a read-only array, or over a copy of it."""
    versioned = is_versioned(max_version)
    if stream not in (None, -1):
        raise BufferError(f"this lies in memory, where there is no stream: {show(stream)}")
    if dl_device is not None and tuple(dl_device) != CPU:
        raise BufferError(f"this lies in memory; it is not moved to device {show(dl_device)}")
    if versioned:
        exporter: Any = array.__dlpack__
        try:
            return exporter(max_version=(1, 0), copy=copy)
        except TypeError:
            pass  # numpy before 2.1 knows the older kind of capsule only
    if copy is not None and not copy:
        raise BufferError(
            "this memory is read-only, which only DLPack 1.0 can say (max_version=(1, 0), and "
            "numpy 2.1 or newer): a copy is needed, and copy=False"
        )
    return array.copy().__dlpack__()


def array_of(thing: Any) -> npt.NDArray[Any]:
    """Return an array of what is one, or what can be seen as one."""
    if hasattr(thing, "__dlpack__") and not hasattr(thing, "__array__"):
        return shared_array(thing)
    return np.asarray(thing)


def shared_array(tensor: Any) -> npt.NDArray[Any]:
    """Return an array over the memory of what has ``__dlpack__``.

    Raises
    ------
    InvalidArgumentError
        It has none, or does not give its memory away.
    NotSupportedError
        It lies on a device.
    """
    where = getattr(tensor, "__dlpack_device__", None)
    if where is None or not hasattr(tensor, "__dlpack__"):
        raise InvalidArgumentError(
            f"{type(tensor).__name__} has no __dlpack__: it is no tensor or array"
        )
    kind, number = where()
    if int(kind) not in _IN_MEMORY:
        raise NotSupportedError(
            f"the tensor lies on device ({int(kind)}, {int(number)}) of DLPack's; only memory can "
            "be shown as a frame: copy it there first (tensor.cpu())"
        )
    try:
        return np.from_dlpack(_InMemory(tensor) if int(kind) != CPU[0] else tensor)
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(tensor, np.ndarray):  # numpy before 2.1 gives no read-only ones
            return tensor
        raise InvalidArgumentError(
            f"{type(tensor).__name__} does not give its memory: {error}"
        ) from error


class _InMemory:
    """A tensor in pinned memory, for numpy, which is told that it is memory."""

    def __init__(self, tensor: Any) -> None:
        self._tensor = tensor

    def __dlpack_device__(self) -> tuple[int, int]:
        return CPU

    def __dlpack__(self, **options: Any) -> Any:
        options.pop("dl_device", None)
        return self._tensor.__dlpack__(**options)


def bytes_of(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return an array's memory from its first byte to its last one as bytes; it keeps `array`."""
    if array.flags.c_contiguous:
        return array.reshape(-1).view(np.uint8)
    steps = zip(array.shape, array.strides, strict=True)
    span = sum((count - 1) * stride for count, stride in steps) + array.itemsize
    return np.asarray(_Span(array, span))


class _Span:
    """So many bytes from the first one of an array on, gaps and all; numpy keeps it."""

    def __init__(self, array: npt.NDArray[Any], span: int) -> None:
        self._array = array
        self.__array_interface__ = {
            "version": 3,
            "data": (array.__array_interface__["data"][0], not array.flags.writeable),
            "shape": (span,),
            "typestr": "|u1",
        }


def lies_apart(array: npt.NDArray[Any]) -> bool:
    """Return whether no two elements lie at one place; strides that mesh count as such."""
    reach = array.itemsize
    for stride, count in sorted(
        (abs(stride), count)
        for stride, count in zip(array.strides, array.shape, strict=True)
        if count > 1
    ):
        if stride < reach:
            return array.size == 0
        reach += stride * (count - 1)
    return True
