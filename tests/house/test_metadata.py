"""What the project says of itself for an index, once in each place and the same everywhere."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import ffi_helpers
import pytest

import ffwebcodecs

tomllib = pytest.importorskip("tomllib", reason="Python 3.11 reads TOML")
ROOT = ffi_helpers.ROOT
versions: Any = ffi_helpers.build_script("versions", "tools/release")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
META = PROJECT["project"]
PACKAGING = (ROOT / "docs" / "packaging.md").read_text(encoding="utf-8")
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
CLASSIFIERS = set(META["classifiers"])


def test_the_version_is_said_once_and_read_from_there() -> None:
    assert "version" in META["dynamic"]
    assert "version" not in META
    where = PROJECT["tool"]["setuptools"]["dynamic"]["version"]["attr"]
    assert where == "ffwebcodecs.__version__"
    assert versions.State().version == ffwebcodecs.__version__


def test_changelog_and_citation_agree_with_the_version() -> None:
    versions.State().check()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give the three files, with a changelog that has something to release."""
    for path in (versions.INIT, versions.CITATION):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    unreleased = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- this\n\n"
    text = f"{unreleased}## [0.0.1] - 2020-02-03\n\n- that\n"
    (tmp_path / versions.CHANGELOG).write_text(text, encoding="utf-8")
    citation = versions.DATE_IN_CITATION.sub("", CITATION)
    (tmp_path / versions.CITATION).write_text(citation, encoding="utf-8")
    return tmp_path


def test_cutting_a_version_dates_what_was_unreleased(project: Path) -> None:
    versions.State(project).check()
    with pytest.raises(versions.VersionError, match="make cut"):
        versions.State(project).check_cut(f"v{ffwebcodecs.__version__}")
    versions.cut(project, "7.8.9", "2031-05-06")
    state = versions.State(project)
    assert (state.version, state.cited) == ("7.8.9", "7.8.9")
    assert (state.date, state.cited_date) == ("2031-05-06", "2031-05-06")
    assert state.unreleased == ""
    state.check_cut("v7.8.9")
    text = (project / versions.CHANGELOG).read_text(encoding="utf-8")
    assert "## [7.8.9] - 2031-05-06\n\n### Added\n\n- this\n\n## [0.0.1]" in text
    with pytest.raises(versions.VersionError, match=r"tag is v7\.8\.8"):
        state.check_cut("v7.8.8")


@pytest.mark.parametrize(
    ("version", "date", "message"),
    [
        ("7.8", "2031-05-06", "7.8"),
        ("0.0.1", "2031-05-06", "of 2020-02-03"),
        ("0.0.0", "2031-05-06", "0.0.0 is not newer"),
        ("7.8.9", "6 May", "6 May"),
    ],
)
def test_a_version_that_cannot_be_cut_changes_nothing(
    project: Path, version: str, date: str, message: str
) -> None:
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    with pytest.raises((versions.VersionError, ValueError), match=message):
        versions.cut(project, version, date)
    assert before == {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}


def test_contradictions_between_the_files_are_found(project: Path) -> None:
    for path, old, new in (
        (versions.CITATION, f"version: {ffwebcodecs.__version__}", "version: 0.0.7"),
        (versions.CITATION, "license: MIT", 'license: MIT\ndate-released: "2031-05-06"'),
        (versions.CHANGELOG, "[0.0.1]", "[99.0.0]"),
        (versions.CHANGELOG, "### Added\n\n- this\n", ""),
    ):
        text = (project / path).read_text(encoding="utf-8")
        assert old in text
        (project / path).write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(versions.VersionError):
            versions.State(project).check()
        (project / path).write_text(text, encoding="utf-8")


def test_the_pythons_in_the_metadata_are_those_that_were_tried() -> None:
    told = {name for name in CLASSIFIERS if re.search(r":: 3\.\d+$", name)}
    tried = {
        kind: set(re.findall(rf"^\| Python (3\.\d+), {kind} \| ok \|", PACKAGING, re.MULTILINE))
        for kind in ("pure wheel", "API")
    }
    assert told == {
        f"Programming Language :: Python :: {version}"
        for version in tried["pure wheel"] & tried["API"]
    }
    lowest = min(told, key=lambda name: int(name.rpartition(".")[2]))
    assert META["requires-python"] == f">={lowest.rpartition(' ')[2]}"


def test_what_was_not_tried_is_not_in_the_metadata() -> None:
    untried = PACKAGING.partition("## Not tried")[2]
    for system, classifier in (("macOS", "MacOS"), ("Windows", "Microsoft")):
        assert (system in untried) is not any(classifier in name for name in CLASSIFIERS)
    # a part of the suite ran without a GIL, on a Python that cffi does not support
    assert "has not been tried" in PACKAGING.partition("## Free-threaded Python")[2]
    assert not [name for name in CLASSIFIERS if "Free Threading" in name or "PyPy" in name]
    assert "Typing :: Typed" in CLASSIFIERS
    assert (ROOT / "ffwebcodecs" / "py.typed").is_file()


def test_all_addresses_are_below_one_place() -> None:
    urls = META["urls"]
    assert set(urls) == {"Homepage", "Documentation", "Source", "Changelog", "Issues"}
    home = urls["Homepage"]
    assert all(url == home or url.startswith(f"{home}/") for url in urls.values())
    assert f'repository-code: "{home}"' in CITATION
    branch = f"{home}/blob/main/"
    assert (ROOT / urls["Changelog"].removeprefix(branch)).is_file()


def test_the_citation_has_what_its_format_asks_for() -> None:
    yaml = pytest.importorskip("yaml")
    cited = yaml.safe_load(CITATION)
    # the required keys of CFF 1.2.0, and values that it takes from lists
    assert {"cff-version", "message", "title", "authors"} <= set(cited)
    assert cited["cff-version"] == "1.2.0"
    assert cited["type"] == "software"
    assert cited["license"] == META["license"]
    assert str(cited["version"]) == ffwebcodecs.__version__
    assert all(author["name"] for author in cited["authors"])


def test_the_licence_is_in_the_sources_and_named_by_spdx() -> None:
    assert META["license"] == "MIT"
    for name in META["license-files"]:
        assert (ROOT / name).read_text(encoding="utf-8").startswith("MIT License")
