"""The engines: Hypothesis draws inputs, atheris is guided by branch coverage."""

import sys
import time
import traceback
from pathlib import Path

from .guard import limit_memory, watchdog
from .mutations import mutate_by_seed
from .seeds import CORPUS, inputs, warm_up
from .targets import MAX_BYTES, TARGETS

MEMORY = 1 << 30  # bytes, besides those used after the imports
HANG = 120  # seconds; then the process is ended, if Python could not stop the input


class Run:
    """One run of a fuzzer: counts the inputs and saves the findings."""

    def __init__(self, target, out):
        self.target, self.out, self.count, self.found = target, out, 0, {}

    def __call__(self, data):
        """Try one input."""
        self.count += 1
        try:
            with watchdog(HANG):
                TARGETS[self.target](data)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._save(data, error)

    def _save(self, data, error):
        frames = traceback.extract_tb(error.__traceback__)
        inside = [f for f in frames if "npdiffpool" in Path(f.filename).parts]
        place = [f"{Path(f.filename).stem}-{f.lineno}" for f in (inside or frames)[-1:]]
        name = "-".join([type(error).__name__, *place])
        if name not in self.found:
            self.found[name] = data
            self.out.mkdir(parents=True, exist_ok=True)
            (self.out / f"{self.target}-{name}").write_bytes(data)
            print(f"FOUND {name}: {error!r:.300}", flush=True)
            traceback.print_exception(error, limit=-4, file=sys.stdout)


def by_hypothesis(run, seconds):
    """Draw inputs of the corpus and mutations until the time is up."""
    from hypothesis import HealthCheck, given, seed, settings
    from hypothesis import strategies as st

    corpus = [*inputs(run.target).values()]
    seeds = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=4)
    files = st.tuples(st.sampled_from(corpus), seeds) | st.binary(max_size=200)

    @settings(max_examples=500, database=None, deadline=None,
              suppress_health_check=[*HealthCheck])  # fmt: skip
    @given(files)
    def search(file):
        if time.monotonic() < stop:
            run(file if isinstance(file, bytes) else mutated(run.target, *file))

    stop, number = time.monotonic() + seconds, time.time_ns()
    while time.monotonic() < stop:
        number += 1
        seed(number)(search)()


def mutated(target, data, seeds):
    """Apply the mutations that some seeds choose, one after another."""
    for seed in seeds:
        data = mutate_by_seed(target, data, seed)
    return data[:MAX_BYTES]


def by_atheris(run, seconds):
    """Run libFuzzer, which is guided by branch coverage and prints it."""
    import atheris

    def mutator(data, max_size, seed):
        if seed % 4 == 0:
            return atheris.Mutate(data, max_size)
        return mutate_by_seed(run.target, data, seed)[:max_size]

    limits = [f"-max_total_time={seconds:.0f}", f"-max_len={MAX_BYTES}", "-timeout=0"]
    more = ["-rss_limit_mb=0", "-print_final_stats=1"]
    scratch = run.out / "corpus" / run.target
    scratch.mkdir(parents=True, exist_ok=True)
    arguments = [sys.argv[0], *limits, *more, str(scratch), str(CORPUS / run.target)]
    atheris.Setup(arguments, run, custom_mutator=mutator)
    atheris.Fuzz()


ENGINES = {"hypothesis": by_hypothesis, "atheris": by_atheris}


def fuzz(target, engine, minutes, out):
    """Fuzz one target; return 1 if there was a finding, otherwise 0."""
    run = Run(target, out)
    warm_up(target)
    limit_memory(MEMORY)
    start = time.monotonic()
    try:
        ENGINES[engine](run, 60 * minutes)
    finally:  # libFuzzer exits the process itself
        used = (time.monotonic() - start) / 60
        counts = f"{run.count} executions in {used:.1f} minutes"
        print(f"{target} by {engine}: {counts}, {len(run.found)} findings", flush=True)
    return int(bool(run.found))
