"""DLPack capsules over memory that has an address and an owner, which numpy cannot make: a GPU's.

Laid out as DLPack's header ``dlpack.h`` says, 1.0 and what was before. What a capsule keeps alive
stands in a table until the consumer calls the deleter, on any thread, or until the capsule goes
without a consumer. The deleter is ``dict.pop``.
"""

from __future__ import annotations

import ctypes
from typing import Any

from ..._ffi import keep_for_ever

_READ_ONLY = 1
_UNSIGNED = 1  # kDLUInt


class _DLDevice(ctypes.Structure):
    _fields_ = (("kind", ctypes.c_int32), ("number", ctypes.c_int32))


class _DLDataType(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16))


class _DLTensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device", _DLDevice),
        ("ndim", ctypes.c_int32),
        ("dtype", _DLDataType),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


class _DLManagedTensor(ctypes.Structure):
    _fields_ = (("tensor", _DLTensor), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p))


class _DLManagedTensorVersioned(ctypes.Structure):
    _fields_ = (
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("tensor", _DLTensor),
    )


_NAMES = {False: b"dltensor", True: b"dltensor_versioned"}
_kept: dict[int, Any] = {}
_functions: list[Any] = []  # the deleter, what ends a capsule, and what makes one


def _prepare() -> list[Any]:
    if not _functions:
        api = ctypes.pythonapi
        make = ctypes.PYFUNCTYPE(
            ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p
        )(("PyCapsule_New", api))
        is_valid = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p)(
            ("PyCapsule_IsValid", api)
        )
        pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
            ("PyCapsule_GetPointer", api)
        )
        names, pop = tuple(_NAMES.values()), _kept.pop

        def end(capsule: int) -> None:
            # A capsule that was consumed has another name.
            for name in names:
                if is_valid(capsule, name):
                    pop(pointer(capsule, name), None)

        deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(_kept.pop)
        ending = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(end)
        found = [deleter, ending, make]
        keep_for_ever(found)
        keep_for_ever(_kept)
        _functions[:] = found
    return _functions


def capsule(
    address: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    item_bytes: int,
    device: tuple[int, int],
    owner: object,
    *,
    versioned: bool,
) -> Any:
    """Return a capsule over unsigned integers.

    Parameters
    ----------
    address : int
        Of the first one.
    shape, strides : tuple of int
        Strides in items.
    item_bytes : int
    device : (int, int)
        Kind and number, as DLPack counts them.
    owner : object
        Kept until the consumer is done.
    versioned : bool
        Make one of DLPack 1.0, which says that the memory is read-only; else the older kind, which
        cannot say that.
    """
    deleter, ending, make = _prepare()
    rank = len(shape)
    sizes, steps = (ctypes.c_int64 * rank)(*shape), (ctypes.c_int64 * rank)(*strides)
    managed = _DLManagedTensorVersioned() if versioned else _DLManagedTensor()
    tensor = managed.tensor
    tensor.data = address
    tensor.device = _DLDevice(*device)
    tensor.ndim = rank
    tensor.dtype = _DLDataType(_UNSIGNED, 8 * item_bytes, 1)
    tensor.shape = ctypes.cast(sizes, ctypes.POINTER(ctypes.c_int64))
    tensor.strides = ctypes.cast(steps, ctypes.POINTER(ctypes.c_int64))
    managed.deleter = ctypes.cast(deleter, ctypes.c_void_p).value
    if isinstance(managed, _DLManagedTensorVersioned):
        managed.major, managed.flags = 1, _READ_ONLY
    place = ctypes.addressof(managed)
    _kept[place] = managed, sizes, steps, owner
    try:
        return make(place, _NAMES[versioned], ctypes.cast(ending, ctypes.c_void_p))
    except BaseException:
        _kept.pop(place, None)
        raise
