"""What `_record` makes of a class is what `dataclasses` makes of it."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from ffwebcodecs import AudioDecoderConfig, StreamDescription, VideoDecoderConfig, _record


def build(decorator: Callable[..., Any], field: Callable[..., Any], **how: bool) -> type:
    @decorator(frozen=True, **how)
    class Clip:
        name: str
        size: int = 3
        hidden: object = field(default=None, compare=False, repr=False)
        tags: dict[str, str] = field(default_factory=dict, hash=False)

    return Clip


@pytest.fixture(params=[{}, {"kw_only": True}], ids=["by place", "by name"])
def both(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """The class as ours and as the real one."""
    ours = build(_record.dataclass, _record.field, **request.param)
    return ours, build(dataclasses.dataclass, dataclasses.field, **request.param)


def test_text_signature_hash_and_equality_are_a_dataclasss(both: tuple[Any, Any]) -> None:
    ours, real = both
    assert repr(ours(name="a", hidden=2)) == repr(real(name="a", hidden=2))
    assert str(inspect.signature(ours)) == str(inspect.signature(real))
    assert ours.__match_args__ == real.__match_args__
    assert hash(ours(name="a", tags={"x": "y"})) == hash(real(name="a"))
    assert ours(name="a", hidden=1) == ours(name="a", hidden=2)
    assert ours(name="a") != ours(name="a", tags={"x": "y"})
    assert ours(name="a") != real(name="a")
    nan = float("nan")
    assert ours(name=nan) == ours(name=nan)  # as tuples compare
    assert ours(name="a").tags is not ours(name="a").tags


def test_what_dataclasses_ask_of_it_is_there(both: tuple[Any, Any]) -> None:
    ours, real = both
    assert dataclasses.is_dataclass(ours)
    assert dataclasses.asdict(ours(name="a")) == dataclasses.asdict(real(name="a"))
    assert dataclasses.astuple(ours(name="a")) == ("a", 3, None, {})
    assert dataclasses.replace(ours(name="a"), size=4) == ours(name="a", size=4)
    assert _record.replace(ours(name="a"), size=4) == ours(name="a", size=4)
    for mine, theirs in zip(dataclasses.fields(ours), dataclasses.fields(real), strict=True):
        for each in ("name", "type", "default", "init", "repr", "hash", "compare", "kw_only"):
            assert getattr(mine, each) == getattr(theirs, each)
    for wrong in (ours, lambda: ours(name="a", other=1)):
        with pytest.raises(TypeError):
            wrong()


def test_members_cannot_be_set_or_deleted(both: tuple[Any, Any]) -> None:
    one = both[0](name="a")
    for wrong in (
        lambda: setattr(one, "name", "b"),
        lambda: setattr(one, "other", "b"),
        lambda: delattr(one, "name"),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError):
            wrong()


def test_a_dataclass_may_inherit_from_it() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Mine(VideoDecoderConfig):
        note: str = ""

    mine = Mine(codec="vp8", note="x")
    assert _record.replace(mine, threads=2).note == "x"
    assert [each.name for each in dataclasses.fields(Mine)][-1] == "note"
    assert mine == Mine(codec="vp8", note="x")
    assert list(_record.defaults(Mine))[-1] == "note"

    class Plain(VideoDecoderConfig):
        pass

    assert dataclasses.replace(Plain(codec="vp8"), threads=2).threads == 2
    assert type(_record.replace(Plain(codec="vp8"), threads=2)) is Plain


@pytest.mark.parametrize(
    "made",
    [
        VideoDecoderConfig(codec="vp8", threads=1),
        AudioDecoderConfig(codec="opus", sample_rate=48000, number_of_channels=2),
    ],
    ids=lambda made: type(made).__name__,
)
def test_configurations_can_be_copied_and_pickled(made: Any) -> None:
    for other in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert other == made
        assert type(other) is type(made)
    assert type(made).__init__.__qualname__ == f"{type(made).__name__}.__init__"


def test_a_text_of_its_own_stays() -> None:
    assert "StreamDescription" in StreamDescription.__repr__.__qualname__
