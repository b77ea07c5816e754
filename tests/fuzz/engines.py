"""The engines: Hypothesis draws inputs, atheris is led by the branches they reach."""

import sys
import time
import traceback
from pathlib import Path

from .guard import limit_memory, watchdog
from .mutations import of_seed
from .seeds import CORPUS, inputs, warm_up
from .targets import MOST, TARGETS

MEMORY = 1 << 30  # bytes above what Python and its libraries take
HANG = 120  # seconds after which a process that Python cannot stop is ended


class Run:
    """Try inputs, count them, and keep what they find."""

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
            self._keep(data, error)

    def _keep(self, data, error):
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
    """Draw an input of the corpus and how it is changed, until time is up."""
    from hypothesis import HealthCheck, given, seed, settings
    from hypothesis import strategies as st

    known = [*inputs(run.target).values()]
    changes = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=4)
    files = st.tuples(st.sampled_from(known), changes) | st.binary(max_size=200)

    @settings(max_examples=500, database=None, deadline=None,
              suppress_health_check=[*HealthCheck])  # fmt: skip
    @given(files)
    def search(given):
        if time.monotonic() < stop:
            run(given if isinstance(given, bytes) else changed(run.target, *given))

    stop, number = time.monotonic() + seconds, time.time_ns()
    while time.monotonic() < stop:
        number += 1
        seed(number)(search)()


def changed(target, data, seeds):
    """Change an input as some numbers say, one after another."""
    for number in seeds:
        data = of_seed(target, data, number)
    return data[:MOST]


def by_atheris(run, seconds):
    """Let libFuzzer choose by the branches reached; it prints its coverage."""
    import atheris

    def mutated(data, max_size, number):
        if number % 4 == 0:
            return atheris.Mutate(data, max_size)
        return of_seed(run.target, data, number)[:max_size]

    limits = [f"-max_total_time={seconds:.0f}", f"-max_len={MOST}", "-timeout=0"]
    more = ["-rss_limit_mb=0", "-print_final_stats=1"]
    scratch = run.out / "corpus" / run.target
    scratch.mkdir(parents=True, exist_ok=True)
    arguments = [sys.argv[0], *limits, *more, str(scratch), str(CORPUS / run.target)]
    atheris.Setup(arguments, run, custom_mutator=mutated)
    atheris.Fuzz()


ENGINES = {"hypothesis": by_hypothesis, "atheris": by_atheris}


def fuzz(target, engine, minutes, out):
    """Fuzz one target; return 1 if anything was found."""
    run = Run(target, out)
    warm_up(target)
    limit_memory(MEMORY)
    start = time.monotonic()
    try:
        ENGINES[engine](run, 60 * minutes)
    finally:  # libFuzzer ends by an exit of its own
        took = (time.monotonic() - start) / 60
        counts = f"{run.count} executions in {took:.1f} minutes"
        print(f"{target} by {engine}: {counts}, {len(run.found)} findings", flush=True)
    return int(bool(run.found))
