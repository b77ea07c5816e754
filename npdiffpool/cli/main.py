"""DiffPool, hierarchical graph classification, from scratch in NumPy.

For example:
  npdiffpool demo                                what pooling is for, in half a minute
  npdiffpool train MUTAG                         188 molecules, which are bundled
  npdiffpool train ENZYMES --epochs 50 --out enzymes
  npdiffpool predict enzymes/model.npz ENZYMES > predictions.csv
  npdiffpool cv PROTEINS --protocol fair --jobs 2
  npdiffpool verify mymodule:mylayer             the laws, for your own layer

Run npdiffpool COMMAND --help for the options of a command. Results go to standard
output, progress to standard error. The exit status is 0; 1 if verify finds a law that
fails; 2 with one line on standard error that names what is wrong; 130 after Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Sequence

from npdiffpool._support.interrupts import handle_interrupts_again
from npdiffpool._support.process import VARIABLES, can_limit_threads, has_chosen_threads
from npdiffpool._support.progress import (
    coloured,
    printable,
    reason_of,
    warnings_in_one_line,
)
from npdiffpool.cli import (
    cross_validate,
    datasets,
    demo,
    predict,
    report,
    train,
    verify,
)
from npdiffpool.cli.parser import Command, build_parser, with_options

COMMANDS: dict[str, Command] = {
    "demo": demo,
    "train": train,
    "cv": cross_validate,
    "predict": predict,
    "report": report,
    "datasets": datasets,
    "verify": verify,
}
# Commands that do more than print: a closed pipe stops them with an error.
WORK = train.run, cross_validate.run, demo.run, verify.run


def console() -> None:
    """Run the command line; each of its threads has one BLAS thread.

    Most graphs are small: a second BLAS thread gains little, and on a busy machine
    makes a step up to ten times slower. A BLAS reads its number of threads when NumPy
    is imported, which has happened, so the process restarts itself once. That is not
    necessary with threadpoolctl (`npdiffpool._support.process`), or if the user has
    chosen a number by an environment variable.
    """
    if os.name == "posix" and not has_chosen_threads() and not can_limit_threads():
        os.environ.update(dict.fromkeys(VARIABLES, "1"))
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    sys.exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; by default those of the process.
    """
    if hasattr(sys.stdout, "reconfigure"):  # a terminal may lack characters
        sys.stdout.reconfigure(errors="backslashreplace")
    status, run, is_done = None, None, False
    try:
        handle_interrupts_again()
        with warnings_in_one_line(with_options):
            arguments = build_parser(__doc__, COMMANDS).parse_args(argv)
            run = arguments.run
            status, is_done = run(arguments), True
        if sys.stdout is not None:  # None if it is closed
            sys.stdout.flush()
    except BrokenPipeError as stop:  # the reader, such as head, has exited
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if run in WORK and not is_done:
            _print_error(with_options(reason_of(stop)))
            return 2
    except (ValueError, OSError, MemoryError) as error:
        _print_error(with_options(reason_of(error, with_path=True)))
        return 2
    except KeyboardInterrupt as stop:
        _print_error(str(stop) or "interrupted")
        return 130
    return status or 0


def _print_error(text: str) -> None:
    name = coloured("npdiffpool:", "red", sys.stderr)
    with suppress(OSError):  # standard error may be closed as well
        print(f"{name} {printable(text)}", file=sys.stderr)
