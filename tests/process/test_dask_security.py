"""The certificates of docs/security.md keep strangers away from a scheduler."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import recipes
from clips import ROOT

distributed = pytest.importorskip("distributed", reason="tools/install.sh fetches it")
dask_config = pytest.importorskip("dask.config")

pytestmark = [pytest.mark.slow, pytest.mark.once]

PAGE = ROOT / "docs" / "security.md"
TITLE = "Schedulers and workers"


def certified(folder: Path) -> Path:
    """Make an authority and a certificate, as the page says."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl program is not on PATH")
    (commands,) = recipes.pieces(PAGE, "bash")[TITLE]
    subprocess.run(["sh", "-ec", commands], cwd=folder, check=True, capture_output=True)
    return folder


def security_of(folder: Path) -> Any:
    files = {
        f"tls_{role}_{kind}": str(folder / f"{kind}.pem")
        for role in ("client", "scheduler", "worker")
        for kind in ("cert", "key")
    }
    ca = str(folder / "ca.pem")
    return distributed.Security(tls_ca_file=ca, require_encryption=True, **files)


def flat(configuration: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Return a nested configuration by dotted names, which replaces nothing else when it is set."""
    found: dict[str, Any] = {}
    for name, value in configuration.items():
        is_leaf = not isinstance(value, dict)
        found |= {before + name: value} if is_leaf else flat(value, f"{before}{name}.")
    return found


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certified(tmp_path_factory.mktemp("farm"))


@pytest.fixture(scope="module")
def address(farm: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with distributed.LocalCluster(
        n_workers=1,
        processes=False,
        protocol="tls",
        security=security_of(farm),
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address="127.0.0.1:0",
        local_directory=tmp_path_factory.mktemp("dask"),
        silence_logs=logging.CRITICAL,
    ) as cluster:
        yield cluster.scheduler_address


def test_the_piece_of_the_page_runs(farm: Path) -> None:
    (code,) = recipes.pieces(PAGE)[TITLE]
    assert recipes.run(code, farm) == ["tls 1"]


def test_a_certificate_of_the_authority_is_let_in_by_configuration(
    farm: Path, address: str
) -> None:
    names = re.findall(r"`(DASK_\w+)(?:=(\S+?))?`", PAGE.read_text(encoding="utf-8"))
    assert len(names) == 3
    (ca, ca_file), (cert, _), (encryption, yes) = names
    key = re.sub("CERT$", "KEY", cert)
    environment = {ca: str(farm / ca_file), cert: str(farm / "cert.pem")}
    environment |= {key: str(farm / "key.pem"), encryption: yes}
    with (
        dask_config.set(flat(dask_config.collect_env(environment))),
        distributed.Client(address, timeout=20) as client,
    ):
        assert client.submit(abs, -1).result() == 1


def test_who_has_no_certificate_or_another_ones_is_not_let_in(
    farm: Path, address: str, tmp_path: Path
) -> None:
    assert address.startswith("tls://")
    with pytest.raises(OSError):
        distributed.Client(address.replace("tls://", "tcp://"), timeout=1)
    strange = security_of(certified(tmp_path))
    strange.tls_ca_file = os.fspath(farm / "ca.pem")  # it trusts the farm, which does not trust it
    with pytest.raises(OSError):
        distributed.Client(address, security=strange, timeout=1)
