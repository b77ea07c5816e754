"""A queue that runs jobs, here or on an executor, and saves each result at once."""

from __future__ import annotations

from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    as_completed,
    wait,
)
from typing import Any, Callable, Collection, Iterable, NamedTuple

from npdiffpool._support.types import Json
from npdiffpool.evaluation.job_folder import JobFolder
from npdiffpool.evaluation.jobs import Job, Plan, run_job

Failure = tuple[Job, BaseException]


class JobError(ValueError):
    """A training failed; the message names its job and the reason."""


class WorkerError(ChildProcessError):
    """A worker died; the message names the jobs that it may have been running."""


class Progress(NamedTuple):
    """The progress of an evaluation.

    Attributes
    ----------
    done, total : int
        Numbers of jobs; each is one training.
    resumed : int
        The number of jobs whose results an earlier evaluation had saved.
    job : Job or None
        The latest job; None at the beginning.
    row : dict or None
        Its result.
    """

    done: int
    total: int
    resumed: int
    job: Job | None
    row: Json | None


class JobQueue:
    """Runs jobs without a saved result and saves their results.

    Parameters
    ----------
    plan : Plan
    folder : JobFolder
    executor : concurrent.futures.Executor or None
        None runs the jobs in this process, one after the other.
    on_done : callable
        Called with a `Progress` before the first job and after each.
    """

    def __init__(
        self,
        plan: Plan,
        folder: JobFolder,
        executor: Executor | None,
        on_done: Callable[[Progress], None],
    ) -> None:
        self.plan, self.folder, self.executor = plan, folder, executor
        self.on_done = on_done
        self.results: dict[Job, Json] = {}
        self.resumed = self.reported = 0

    def run(self, jobs: Iterable[Job]) -> dict[Job, Json]:
        """Run jobs and return the results of all jobs so far.

        Raises
        ------
        JobError
            If a training fails. Jobs that are running are finished and saved first,
            jobs that wait are cancelled; so it is at any other exception.
        WorkerError
            If a worker of the executor dies.
        """
        missing = self._load(jobs)
        if self.executor is None:
            self._run_here(missing)
        else:
            self._run_on(self.executor, missing)
        return self.results

    def _load(self, jobs: Iterable[Job]) -> list[Job]:
        """Load the saved results; return the jobs that have none."""
        is_first, missing = not self.results, []
        for job in jobs:
            result = self.folder.read_result(job.name)
            if result is None:
                missing.append(job)
            else:
                self.results[job] = result
                self.resumed += 1
        if is_first:
            self.on_done(Progress(0, self.plan.n_jobs, self.resumed, None, None))
        self._report()
        return missing

    def _run_here(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            try:
                result = run_job(*self.plan.arguments(job))
            except ValueError as error:
                raise JobError(f"{job}: {error}") from error
            self._save(job, *result)
            self._report()

    def _run_on(self, executor: Executor, jobs: Iterable[Job]) -> None:
        pending: dict[Future[Any], Job] = {}
        try:
            for job in jobs:
                pending[executor.submit(run_job, *self.plan.arguments(job))] = job
            while pending:
                finished, _ = wait(pending, return_when=FIRST_COMPLETED)
                failures = self._collect(pending, finished)
                if failures:
                    lost = [job for job, _ in failures] + [*pending.values()]
                    error = failures[0][1]
                    raise _explain(error, lost, executor) from error
                self._report()
        except BrokenExecutor as error:  # raised by submit
            raise WorkerError(f"a worker died before {job} (out of memory?)") from error
        finally:
            running = [future for future in pending if not future.cancel()]
            for future in as_completed(running):
                self._collect(pending, [future])

    def _collect(
        self, pending: dict[Future[Any], Job], finished: Collection[Future[Any]]
    ) -> list[Failure]:
        """Save the results of finished jobs; return the failures in order."""
        failures: list[Failure] = []
        for future in [future for future in pending if future in finished]:
            job = pending[future]
            error = CancelledError() if future.cancelled() else future.exception()
            if error is None:
                self._save(job, *future.result())
            else:
                failures.append((job, error))
            del pending[future]  # last: Ctrl-C may have interrupted the saving
        return failures

    def _save(self, job: Job, result: Json, seconds: float) -> None:
        self.folder.save_result(job.name, result, seconds)
        self.results[job] = result

    def _report(self) -> None:
        """Call `on_done` for each new result."""
        for job, result in [*self.results.items()][self.reported :]:
            self.reported += 1
            done = self.reported, self.plan.n_jobs, self.resumed
            self.on_done(Progress(*done, job, result))


def _explain(error: BaseException, lost: list[Job], executor: Executor) -> Exception:
    """Return an exception that names the job that failed.

    If a worker died, all jobs on the executor are lost. The first of them, one per
    worker, may have been running.
    """
    if isinstance(error, CancelledError):
        return WorkerError(f"{lost[0]} was cancelled by its executor")
    if isinstance(error, BrokenExecutor):
        count = getattr(executor, "_max_workers", None)
        names = " or ".join(map(str, lost[:count]))
        return WorkerError(f"a worker died in {names} (out of memory?)")
    kind = "" if isinstance(error, ValueError) else f"{type(error).__name__} "
    return JobError(f"{lost[0]}: {kind}{error}")
