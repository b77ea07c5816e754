"""The queue of all rows of the table: their list, and running them."""

from concurrent.futures import ThreadPoolExecutor, as_completed

import estimate

from npdiffpool.evaluation.job_queue import WorkerError


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
