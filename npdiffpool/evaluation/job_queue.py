"""A queue that has jobs run by any executor, and keeps what they give at once."""

from __future__ import annotations

from collections import deque
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    as_completed,
    wait,
)
from typing import Any, Iterable, Iterator, NamedTuple

from npdiffpool.evaluation.job_folder import Folder, Row
from npdiffpool.evaluation.jobs import Job, Work, run_job


class JobError(ValueError):
    """Say which training failed, and why."""


class WorkerError(ChildProcessError):
    """Say that what ran trainings died, and which those may have been."""


class Progress(NamedTuple):
    """Say how far an evaluation is.

    Attributes
    ----------
    done, total : int
        Jobs, a training each.
    resumed : int
        Of the `done`, those that an earlier evaluation had done.
    job : Job or None
        The latest; None at the beginning.
    row : dict or None
        What it gave.
    """

    done: int
    total: int
    resumed: int
    job: Job | None
    row: Row | None


class Queue:
    """Run jobs, those added while it is iterated over too, and keep what they give."""

    def __init__(
        self, work: Work, kept: Folder, executor: Executor | None, on_done: Any
    ) -> None:
        self.work, self.kept, self.executor = work, kept, executor
        self.on_done, self.total, self.done, self.resumed = on_done, 0, 0, 0
        self.ready: deque[tuple[Job, Row]] = deque()
        self.jobs: deque[Job] = deque()
        self.waiting: dict[Future[Any], Job] = {}

    def add(self, job: Job) -> None:
        """Have a job run, unless its result is there."""
        known = self.kept.row(job.name)
        if known is not None:
            self.resumed += 1
            self.ready.append((job, known))
        elif self.executor is None:
            self.jobs.append(job)
        else:
            self.waiting[self.executor.submit(run_job, *self.work.arguments(job))] = job

    def __iter__(self) -> Iterator[tuple[Job, Row]]:
        try:
            self._tell(None, None)
            while self.ready or self.jobs or self.waiting:
                if not self.ready:
                    self._next()
                job, row = self.ready.popleft()
                self.done += 1
                self._tell(job, row)
                yield job, row
        finally:
            under_way = [future for future in self.waiting if not future.cancel()]
            for future in as_completed(under_way):
                self._keep([future])

    def _tell(self, job: Job | None, row: Row | None) -> None:
        self.on_done(Progress(self.done, self.total, self.resumed, job, row))

    def _next(self) -> None:
        """Have at least one more result ready, or raise what went wrong."""
        if self.jobs:
            job = self.jobs.popleft()
            try:
                result = run_job(*self.work.arguments(job))
            except ValueError as error:
                raise JobError(f"{job}: {error}") from error
            self._write(job, *result)
            return
        done, _ = wait(self.waiting, return_when=FIRST_COMPLETED)
        failed = self._keep(done)
        if failed:
            raise self._explain(failed) from failed[0][1]

    def _explain(self, failed: list[tuple[Job, Any]]) -> Exception:
        job, error = failed[0]
        if isinstance(error, CancelledError):
            return WorkerError(f"{job} was cancelled by what runs it")
        if not isinstance(error, BrokenExecutor):
            kind = "" if isinstance(error, ValueError) else f"{type(error).__name__} "
            return JobError(f"{job}: {kind}{error}")
        # All that wait fail with it; a pool takes them in their order.
        lost = [*(job for job, _ in failed), *self.waiting.values()]
        count = getattr(self.executor, "_max_workers", None)
        names = " or ".join(map(str, lost[:count]))
        return WorkerError(f"a worker died in {names} (too little memory?)")

    def _keep(self, done: Iterable[Future[Any]]) -> list[tuple[Job, Any]]:
        """Keep the results of those that have one; return the other jobs, and why."""
        failed: list[tuple[Job, Any]] = []
        for future in [future for future in self.waiting if future in done]:
            job = self.waiting[future]
            error = CancelledError() if future.cancelled() else future.exception()
            if error is None:
                self._write(job, *future.result())
            else:
                failed.append((job, error))
            del self.waiting[future]  # not before it is written: Ctrl-C may come
        return failed

    def _write(self, job: Job, row: Row, seconds: float) -> None:
        self.kept.keep(job.name, row, seconds)
        self.ready.append((job, row))
