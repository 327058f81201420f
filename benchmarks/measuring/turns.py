"""Programs take turns: each is one process, and measures once a round when it is asked to."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import IO, NamedTuple

from .places import Command


class Measured(NamedTuple):
    frames: int
    seconds: float
    cpu: float
    peak: int  # KiB


Rounds = dict[str, list[Measured]]


def order(names: list[str], turn: int) -> list[str]:
    """Return whose turn it is in a round: who begins changes."""
    first = turn % len(names)
    return names[first:] + names[:first]


class _Process:
    """A program that waits for its turns."""

    def __init__(self, name: str, command: Command, core: int | None) -> None:
        self._name = name
        self._errors: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in close()
        pinned = ["taskset", "-c", str(core)] if core is not None else []
        self._process = subprocess.Popen(
            [*pinned, *command.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, "FFWEBCODECS_BENCH_SERVED": "1", **command.environment},
        )

    def measure(self, turn: int) -> Measured:
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(f"{turn}\n")
            process.stdin.flush()
            return Measured(**json.loads(process.stdout.readline()))
        except (OSError, ValueError):
            process.wait(10)
            self._errors.seek(0)
            text = self._errors.read()[-3000:]
            raise SystemExit(f"{self._name} failed: {process.args}\n{text}") from None

    def close(self) -> None:
        if self._process.stdin is not None:
            try:
                self._process.stdin.close()
            except OSError:
                pass
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()


def in_turn(commands: Mapping[str, Command], rounds: int, core: int | None = None) -> Rounds:
    """Measure with all programs, one after the other, `rounds` times; all keep to `core` if it is
    given. The most memory is that of the last round.
    """
    results: Rounds = {name: [] for name in commands}
    with ExitStack() as stack:
        processes = {}
        for name, command in commands.items():
            processes[name] = _Process(name, command, core)
            stack.callback(processes[name].close)
        for turn in range(rounds):
            for name in order(list(commands), turn):
                results[name].append(processes[name].measure(turn))
    return results


def fresh(commands: Mapping[str, Command], rounds: int) -> Rounds:
    """As `in_turn`, but with a new process each time."""
    results: Rounds = {name: [] for name in commands}
    for turn in range(rounds):
        for name in order(list(commands), turn):
            command = commands[name]
            environment = {
                **os.environ,
                "FFWEBCODECS_BENCH_ROUND": str(turn),
                **command.environment,
                "FFWEBCODECS_BENCH_STARTED": repr(time.monotonic()),
            }
            done = subprocess.run(
                command.arguments, capture_output=True, text=True, env=environment
            )
            if done.returncode:
                raise SystemExit(f"{name} failed: {' '.join(command.arguments)}\n{done.stderr}")
            found = {"peak": 0, **json.loads(done.stdout.splitlines()[-1])}
            results[name].append(Measured(**found))
    return results
