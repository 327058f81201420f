"""The tree of decision 2 in the specification's summary."""

from __future__ import annotations

import pickle

import pytest

from ffwebcodecs import errors


@pytest.mark.parametrize(
    ("name", "bases"),
    [
        ("InvalidArgumentError", (TypeError, ValueError)),
        ("InvalidStateError", (RuntimeError,)),
        ("NotSupportedError", ()),
        ("DataError", (ValueError,)),
        ("EncodingError", (RuntimeError,)),
        ("OperationError", (RuntimeError,)),
        ("AbortError", ()),
        ("QuotaExceededError", ()),
        ("FramePoolExhaustedError", (errors.QuotaExceededError,)),
        ("DataCloneError", ()),
        ("FFmpegLoadError", (ImportError,)),
    ],
)
def test_tree(name, bases):
    kind = getattr(errors, name)
    assert issubclass(kind, (errors.WebCodecsError, Exception))
    assert all(issubclass(kind, base) for base in bases)
    error = kind("what happened", code=-22)
    assert str(error) == "what happened"
    assert error.code == -22
    assert kind("x").code is None
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.args, again.code) == (error.args, -22)


def test_encoding_error_keeps_the_timestamp():
    error = errors.EncodingError("x", code=-1, timestamp=40)
    assert (error.timestamp, error.code) == (40, -1)
    assert errors.EncodingError("x").timestamp is None


def test_every_public_name_is_listed():
    named = {n for n, v in vars(errors).items() if isinstance(v, type)}
    assert named == set(errors.__all__)
