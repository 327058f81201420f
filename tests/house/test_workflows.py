"""The workflows are YAML of the form that they must have, and call what there is.

They run elsewhere: what is seen here is that they can be read, and that they agree with the rest.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
STEP = {"name", "id", "if", "uses", "with", "run", "env", "shell", "working-directory"}
JOB = {"name", "needs", "runs-on", "timeout-minutes", "steps", "strategy", "continue-on-error"}
JOB |= {"environment", "permissions", "env", "if"}


def read(path: Path) -> dict[str, Any]:
    """Return a workflow; YAML reads the key `on` as true."""
    loaded: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {("on" if key is True else key): value for key, value in loaded.items()}


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_workflow_has_the_form_that_it_must_have(path: Path) -> None:
    workflow = read(path)
    assert {"name", "on", "permissions", "jobs"} <= set(workflow)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert set(job) <= JOB, name
        assert isinstance(job["timeout-minutes"], int)
        needs = job.get("needs", [])
        assert set([needs] if isinstance(needs, str) else needs) <= set(workflow["jobs"])
    for step in steps(workflow):
        assert set(step) <= STEP
        assert ("run" in step) is not ("uses" in step)
        assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|release/v\d+)", step.get("uses", "a/b@v1"))
        # what somebody else names (a branch, a title) must not become a part of a command
        assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_a_workflow_runs_is_there(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for step in steps(read(path)):
        command = step.get("run", "")
        for target in re.findall(r"\bmake ([a-z-]+)", command):
            assert target in targets
        for folder in re.findall(r"(?:^|\s)((?:tests|tools|\.ci)/[\w/.-]+)", command):
            assert (ROOT / folder).exists()
        assert step.get("env", {}).get("FFWEBCODECS_BUILD", "abi") in ("auto", "api", "abi", "pump")
        assert step.get("env", {}).get("FFWEBCODECS_FFI", "abi") in ("auto", "api", "abi")


def test_every_python_of_the_metadata_is_run() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    told = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', pyproject)
    assert read(FILES[0])["jobs"]["pythons"]["strategy"]["matrix"]["python"] == told


def test_only_the_upload_may_prove_who_it_is_and_it_waits_for_the_files() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    assert [name for name, job in jobs.items() if "permissions" in job] == ["publish"]
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert jobs["publish"]["needs"] == "make"
    assert jobs["publish"]["environment"] == "release"
    assert any(
        'make release ARGS="--tag $GITHUB_REF_NAME"' in s.get("run", "")
        for s in steps({"jobs": jobs})
    )
    assert not [step for step in jobs["publish"]["steps"] if "run" in step]
