"""The queue of all rows of the table: their order, their list, and running them.

By the fair protocol come first the rows that say most about pooling, each on all data
sets, then the other rows; then, by the paper's protocol, the rows of the paper.
"""

from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import product

import estimate
from tablerows import ROWS

from npdiffpool.evaluation.job_queue import WorkerError

FIRST = "learned flat random structure-free graclus wl-kernel".split()
NAMES = "ENZYMES PROTEINS DD COLLAB REDDIT-BINARY MUTAG".split()  # MUTAG has all rows
OF_PAPER = """learned no-link graclus set2set sortpool flat s2v-flat s2v s2v-two-levels
wl-kernel""".split()
OF_GRID = "ENZYMES PROTEINS MUTAG".split()  # elsewhere 0.1 is too many clusters
NAMES_OF_PAPER = "ENZYMES DD COLLAB PROTEINS".split()


def queue():
    """Return the rows in their order, each as (data set, row, protocol)."""
    rows = [*FIRST, *(row for row in ROWS if row not in FIRST)]
    fair = [
        (name, row, "fair")
        for row, name in product(rows, NAMES)
        if row != "grid" or name in OF_GRID
    ]
    paper = product(OF_PAPER, NAMES_OF_PAPER)
    return [*fair, *((name, row, "paper") for row, name in paper)]


def listing(entries, is_done):
    """Return the lines of a list: what has been run, and estimates for the rest."""
    hours, lines = [], []
    for entry in entries:
        status = "done"
        if not is_done(*entry):
            hours.append(sum(map(sum, estimate.stages_of(*entry))) / 3600)
            status = f"missing, {hours[-1]:.2f} core hours"
        lines.append("{:<14} {:<14} {:<6} ".format(*entry) + status)
    total = f"{len(hours)} of {len(lines)} rows are missing"
    how = "estimated as in estimate.py, with one run per fold"
    return [*lines, f"{total}, {sum(hours):.1f} core hours ({how})"]


def outcomes(entries, run, executor, at_once):
    """Call `run` with each entry; yield it and None or its error as soon as it is done.

    Some entries are run at once, so that the jobs of one use the workers that the last
    jobs of another leave idle. After Ctrl-C or the death of a worker process, waiting
    jobs are cancelled, and running jobs are finished and saved (dropped on a cluster).
    """
    if executor is None:
        for entry in entries:
            yield entry, _error_of(run, entry)
        return
    with ThreadPoolExecutor(at_once) as threads:
        futures = {threads.submit(_error_of, run, entry): entry for entry in entries}
        try:
            for future in as_completed(futures):
                if isinstance(future.result(), WorkerError):
                    raise future.result()
                yield futures[future], future.result()
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            _cancel_jobs(executor)
            raise


def _cancel_jobs(executor):
    try:
        executor.shutdown(wait=False, cancel_futures=True)
    except TypeError:  # dask's executor has no such option: it always cancels
        executor.shutdown(wait=False)


def _error_of(run, entry):
    try:
        run(*entry)
    except Exception as error:
        return error
    return None
