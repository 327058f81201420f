"""One conversion on many cores or machines: ``--workers``, ``--scheduler`` and their like."""

from __future__ import annotations

import argparse
import importlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ._output import CommandError, UsageError
from ._values import parse_count, parse_seconds

_SCHEMES = ("", "tcp", "tls", "ws", "wss")
_PATIENCE = 10  # seconds for a scheduler to answer


def add_parts(parser: argparse.ArgumentParser) -> None:
    """Add what says where the parts of a film are encoded."""
    parser.add_argument(
        "--workers",
        metavar="N",
        type=parse_count,
        help="encode parts of each file in N processes at once; with --quantizer, or the "
        "encoder's usual quality",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="encode parts on the workers of a Dask cluster, which see the input under the same "
        "name: tcp://host:8786",
    )
    parser.add_argument(
        "--part-seconds",
        metavar="S",
        type=parse_seconds,
        help="of such parts, about: default 20",
    )
    parser.add_argument(
        "--split-bitrate",
        action="store_true",
        help="let each part reach --bitrate by itself, which spends it less well",
    )


@contextmanager
def parts_arguments(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Give what `transcode` takes of it, while that is there; raise UsageError for what does not
    go together.
    """
    workers, scheduler = options.workers, options.scheduler
    if workers is None and scheduler is None:
        for name in ("part_seconds", "split_bitrate"):
            if getattr(options, name):
                flag = f"--{name.replace('_', '-')}"
                raise UsageError(f"{flag} needs --workers or --scheduler")
        yield {}
        return
    if workers is not None and scheduler is not None:
        raise UsageError("--workers and --scheduler exclude each other")
    if options.jobs > 1:
        flag = "--workers" if scheduler is None else "--scheduler"
        raise UsageError(f"{flag} and --jobs exclude each other: one file at a time, in parts")
    if options.bitrate is not None and not options.split_bitrate:
        flag = "--workers" if scheduler is None else "--scheduler"
        raise UsageError(
            f"--bitrate needs --split-bitrate with {flag}: each part reaches it by itself; "
            "--quantizer is the same in parts"
        )
    given = {"split_bitrate": options.split_bitrate}
    if options.part_seconds is not None:
        given["part_seconds"] = options.part_seconds
    if scheduler is None:
        yield {**given, "executor": workers}
        return
    with _connected(scheduler) as client:
        yield {**given, "executor": client.get_executor()}


def _connected(address: str) -> Any:
    """Return the client of a Dask cluster, which its end closes."""
    scheme = address.rpartition("://")[0]
    if scheme not in _SCHEMES:
        raise UsageError(f"--scheduler {address}: write tcp://HOST:PORT, or tls://HOST:PORT")
    try:
        dask: Any = importlib.import_module("distributed")
    except ImportError:
        raise CommandError("--scheduler needs Dask: pip install 'ffwebcodecs[dask]'") from None
    # It logs each part that is cancelled as an error, with a traceback.
    for name in ("tornado.application", "distributed"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        return dask.Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:  # nobody is there; it is no address
        raise CommandError(f"--scheduler {address}: {error}") from error
