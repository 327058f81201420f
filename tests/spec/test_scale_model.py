"""The model of a farm, benchmarks/scale.py, calculates what can be calculated by hand."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from itertools import pairwise
from typing import Any

import pytest
from clips import ROOT

spec = importlib.util.spec_from_file_location("scale_model", ROOT / "benchmarks" / "scale.py")
assert spec is not None and spec.loader is not None
scale: Any = importlib.util.module_from_spec(spec)
sys.modules["scale_model"] = scale  # where its classes look for what their annotations name
spec.loader.exec_module(scale)


def farm(**changes: Any) -> Any:
    """Return a farm of round numbers: 9 s of a core, 1 s of the storage, nothing else."""
    usual = {
        "clips": 3600,
        "frames": 90,
        "clip_bytes": 1e9,
        "hits": 0,
        "work": 0.04,
        "result_bytes": 0,
        "decode": 0.06,
        "send": "reference",
        "cost": scale.Cost(2e6, 0.01, 0.02),
        "cores": 4,
        "link": 1e12,
        "storage": 1e9,
        "collector": 1e9,
        "task": 0,
    }
    return scale.Farm(**{**usual, **changes})


def test_one_worker_waits_for_nobody() -> None:
    # 9 s on the core, a millisecond on the link, 1 s of storage
    demand = scale.demand_of(farm())
    assert demand.own == pytest.approx(9.001)
    assert scale.throughput(demand, 1) == pytest.approx([1 / 10.001])


def test_two_workers_meet_at_the_storage_as_calculated_by_hand() -> None:
    demand = scale.Demand(own=9, shared={"storage": 1}, moved=0)
    # one is there for 1 of 10 s, so the other finds it there with that chance
    assert scale.throughput(demand, 2) == pytest.approx([1 / 10, 2 / (9 + 1.1)])


def test_the_storage_is_full_where_the_lines_meet() -> None:
    it = farm(link=1e15)
    full = scale.saturation_of(it, scale.demand_of(it))
    assert full == ("storage", 11, pytest.approx(1))  # 10.000001 s of a clip, 1 s of them shared
    assert scale.throughput(scale.demand_of(it), 400)[-1] == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize(
    ("change", "what", "rate"),
    [
        ({"storage": 1e7}, "storage", 0.01),  # 1 GB at 10 MB/s
        ({"storage": 1e7, "hits": 0.9}, "storage", 0.1),  # nine of ten clips are not asked for
        ({"task": 2}, "scheduler", 0.5),
        ({"result_bytes": 1e8}, "collector", 1 / 9),  # 90 frames of 0.1 GB at 1 GB/s
        ({"send": "pickle", "storage": 1e12}, "sender's core", 1 / 6.3),  # 90 * (0.06 + 0.01) s
        ({"send": "chunk", "storage": 1e12}, "sender's core", 1 / 0.9),  # which decodes nothing
        ({"send": "pickle", "storage": 1e12, "link": 1e7}, "sender's link", 1 / 18),
    ],
)
def test_what_is_full_first_is_what_a_clip_asks_most_of(
    change: dict[str, Any], what: str, rate: float
) -> None:
    it = farm(**change)
    full = scale.saturation_of(it, scale.demand_of(it))
    assert (full.what, full.rate) == (what, pytest.approx(rate))


def test_links_of_machines_need_so_many_machines() -> None:
    # 1 clip/s of 1 GB, 0.1 GB/s a machine: ten machines of 4 cores, of the last one a core
    it = farm(link=1e8)
    demand = scale.demand_of(it)
    assert scale.saturation_of(it, demand).workers == max(9 * 4 + 1, 9 + 10 + 1)
    assert scale.link_rate(it, demand, 4) == pytest.approx(0.1)
    assert scale.link_rate(it, demand, 5) == pytest.approx(0.2)
    # a clip takes 20 s of a worker, of which the link is busy 10: two cores fill it
    assert scale.full_cores(it, demand) == pytest.approx(2)


@pytest.mark.parametrize("send", list(scale.ROWS))
def test_more_workers_are_never_slower_and_never_above_the_bound(send: str) -> None:
    it = farm(send=send, task=0.003, result_bytes=1e5)
    rows = scale.table_of(it, 4096)
    rates = [row["clips_per_second"] for row in rows]
    assert [row["workers"] for row in rows] == [1, 4, 16, 64, 256, 1024, 4096]
    rounding = 1 + 1e-9
    assert all(fewer <= more * rounding for fewer, more in pairwise(rates))
    assert rates[-1] <= scale.saturation_of(it, scale.demand_of(it)).rate * rounding
    assert all(0 < row["busy"] <= rounding for row in rows)
    hours = [row["hours"] for row in rows]
    assert hours == pytest.approx([3600 / rate / 3600 for rate in rates])


def test_figures_are_read_from_the_measured_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    page = tmp_path / "scaling.md"
    page.write_text(
        f"""| frame, pickled out of band | 9 | 9 | 9 | 9 |
{scale.BEGIN}
|  | bytes | µs to pack | µs to open | µs over a pipe |
|---|---|---|---|---|
| reference, frames in order | 300 | 10 | 5,000 | 5,100 |
| frame, pickled out of band | 3,110,400 | 100 | 50.5 | 1,000 |

| | µs |
|---|---|
| task of Dask, two workers | 300 |
{scale.END}
""",
        encoding="utf-8",
    )
    monkeypatch.setattr(scale, "PAGE", page)
    scale.main("--json", "--send", "pickle", "--result-bytes", "0", "--link-gbit", "1e9")
    demand = json.loads(capsys.readouterr().out)["demand"]
    assert demand["own"] == pytest.approx(300 * 50.5e-6)
    assert demand["shared"]["sender's core"] == pytest.approx(300 * 5100e-6)
    assert demand["shared"]["scheduler"] == pytest.approx(300e-6)
    with pytest.raises(SystemExit, match=r"has no row 'JPEG': make bench ARGS=.--only travel"):
        scale.main("--send", "jpeg")


def test_it_says_where_a_million_clips_saturate(capsys: pytest.CaptureFixture[str]) -> None:
    assert scale.main("--decode-us", "5000", "--task-us", "300") == 0
    text = capsys.readouterr().out
    # 10 MB a clip at 40 Gbit/s: 500 a second; 1.5 s of a core, and some milliseconds of the rest
    assert "500 clips/s from 756 workers on: storage full.\n" in text
    assert text.startswith("1,000,000 clips of 300 frames and 10.0 MB:\n")


def test_the_page_shows_what_the_model_says_of_the_measured_figures() -> None:
    page = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    shown = re.findall(
        r"^\$ python benchmarks/scale\.py(.*)\n((?:(?!```).+\n)+)", page, re.MULTILINE
    )
    assert [arguments.split() for arguments, _ in shown] == [list(each) for each in scale.SHOWN]
    for arguments, text in shown:
        assert text.rstrip("\n") == scale.report_of(scale.parser_of().parse_args(arguments.split()))
