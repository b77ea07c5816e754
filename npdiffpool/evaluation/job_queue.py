"""A queue that runs jobs, here or on an executor, and saves each result at once."""

from __future__ import annotations

from concurrent import futures
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Callable, Iterable, NamedTuple

from npdiffpool._support.types import Json
from npdiffpool.evaluation.job_folder import JobFolder
from npdiffpool.evaluation.jobs import Job, Plan, run_job


class JobError(ValueError):
    """A training run failed; the message names its job and the reason."""


class WorkerError(ChildProcessError):
    """A worker died; the message names the jobs that it may have been running."""


class Progress(NamedTuple):
    """The progress of an evaluation.

    Attributes
    ----------
    done, total : int
        Numbers of jobs; each is one training run.
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


@dataclass
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

    plan: Plan
    folder: JobFolder
    executor: Executor | None
    on_done: Callable[[Progress], None]
    results: dict[Job, Json] = field(default_factory=dict, init=False)
    resumed: int = field(default=0, init=False)
    reported: int = field(default=0, init=False)

    def run(self, jobs: Iterable[Job]) -> dict[Job, Json]:
        """Run jobs and return the results of all jobs so far.

        After any exception, such as Ctrl-C, waiting jobs are cancelled, and running
        jobs are finished and saved before the exception is raised.

        Raises
        ------
        JobError
            If a training run fails.
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
        done: SimpleQueue[Future[Any]] = SimpleQueue()  # cancelled ones too
        try:
            for job in jobs:
                future = executor.submit(run_job, *self.plan.arguments(job))
                pending[future] = job
                future.add_done_callback(done.put)
            while pending:
                done.get()
                self._save_finished(pending)
                for future, job in pending.items():
                    if future.done() and (error := _error_of(future)):
                        raise self._explain(job, error, [*pending.values()]) from error
                self._report()
        except futures.BrokenExecutor as error:  # raised by submit
            raise WorkerError(f"a worker died before {job} (out of memory?)") from error
        finally:
            running = [future for future in pending if not future.cancel()]
            for _ in futures.as_completed(running):
                self._save_finished(pending)

    def _save_finished(self, pending: dict[Future[Any], Job]) -> None:
        """Save results that are available and remove their jobs from `pending`."""
        for future in [future for future in pending if future.done()]:
            if _error_of(future) is None:
                self._save(pending[future], *future.result())
                del pending[future]  # last: Ctrl-C may have interrupted the saving

    def _save(self, job: Job, result: Json, seconds: float) -> None:
        self.folder.save_result(job.name, result, seconds)
        self.results[job] = result

    def _report(self) -> None:
        """Call `on_done` for each new result."""
        for job, result in [*self.results.items()][self.reported :]:
            self.reported += 1
            done = self.reported, self.plan.n_jobs, self.resumed
            self.on_done(Progress(*done, job, result))

    def _explain(self, job: Job, error: BaseException, pending: list[Job]) -> Exception:
        """Return an exception that names the job that failed.

        If a worker died, no pending job has a result. The first of them, one per
        worker, may have been running.
        """
        if isinstance(error, futures.CancelledError):
            return WorkerError(f"{job} was cancelled by its executor")
        if isinstance(error, futures.BrokenExecutor):
            n_workers = getattr(self.executor, "_max_workers", None)
            names = " or ".join(map(str, pending[:n_workers]))
            return WorkerError(f"a worker died in {names} (out of memory?)")
        kind = "" if isinstance(error, ValueError) else f"{type(error).__name__} "
        return JobError(f"{job}: {kind}{error}")


def _error_of(future: Future[Any]) -> BaseException | None:
    """Return the exception of a finished future, or None if it has a result."""
    return futures.CancelledError() if future.cancelled() else future.exception()
