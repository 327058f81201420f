"""The command line: ``ffwebcodecs COMMAND ...``, also ``python -m ffwebcodecs``.

Each command is a module with `HELP`, `add_arguments(parser)` and `run(options) -> exit status`. It
imports what costs time (numpy, FFmpeg) when it runs, so that ``--help`` answers at once; threads of
its own ask `options.interrupt` whether they are to stop.

Exit status: 0 done, also where an output lacks something and standard error says what (with
``--require-all`` that is 1); 1 the work failed, of several files one at least, and standard error
says why; 2 the command line is wrong; 130 interrupted by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP: no
unfinished file is left then.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

import ffwebcodecs

from ..errors import WebCodecsError
from . import check, convert, frames, images, index, info, probe, remux, sheet, transcode
from ._interrupt import Interrupt
from ._lines import OutputError, complain, finish, open_missing, silence
from ._output import CommandError, UsageError
from ._spelling import as_typed

_COMMANDS = {
    "info": info,
    "probe": probe,
    "check": check,
    "index": index,
    "transcode": transcode,
    "remux": remux,
    "frames": frames,
    "images": images,
    "sheet": sheet,
    "convert": convert,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; default: those of the process.
    """
    if argv is None:
        open_missing()
    interrupt = Interrupt()
    try:
        try:
            options = _parser().parse_args(_joined(sys.argv[1:] if argv is None else argv))
            with interrupt as options.interrupt:
                status: int = options.run(options)
                options.interrupt.check()
            finish()
            return status
        except SystemExit as done:  # argparse has said what there is to say
            finish()
            return done.code if isinstance(done.code, int) else 2
    except UsageError as error:
        complain(f"{error}\ntry 'ffwebcodecs {options.command} --help'")
        return 2
    except BrokenPipeError:
        # Whoever read our output has left. What is still buffered must not fail once more at exit.
        silence(sys.stdout)
        return 1
    except KeyboardInterrupt:
        if argv is None and threading.current_thread() is threading.main_thread():
            # The program ends: a second Ctrl-C does not matter, and would change the status.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        return interrupt.status
    except MemoryError as error:
        complain(str(error) or "out of memory")
        return 1
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return 1
    except (WebCodecsError, CommandError, OutputError) as error:
        complain(as_typed(str(error)))
        return 1
    finally:
        interrupt.__exit__(None, None, None)  # if a signal came on the way in


def _joined(arguments: Sequence[str]) -> list[str]:
    """Return ``--size -1x360`` as one word: argparse takes the second for an option. So it does in
    ``--indices -1,5``. ``--alpha`` alone is ``--alpha=keep``: argparse would take IN for its value.
    """
    words: list[str] = []
    for word in arguments:
        before = words[-1] if words else ""
        if (before == "--size" and word.startswith("-1x")) or (
            before == "--indices" and word[:1] == "-" and word[1:2].isdigit()
        ):
            words[-1] += f"={word}"
        elif before == "--alpha=keep" and word in ("keep", "discard"):
            words[-1] = f"--alpha={word}"
        else:
            words.append("--alpha=keep" if word == "--alpha" else word)
    return words


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ffwebcodecs",
        description="Look at, take apart and convert video, with the FFmpeg that is installed.",
        epilog="'ffwebcodecs COMMAND --help' says more about a command.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action="version", version=f"ffwebcodecs {ffwebcodecs.__version__}"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in _COMMANDS.items():
        command = commands.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser
