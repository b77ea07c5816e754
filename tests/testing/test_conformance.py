"""The kit on a pooling layer: verdicts, runnable counterexamples, error messages."""

import functools
import json
import re
import subprocess
import sys
from textwrap import dedent
from types import SimpleNamespace

import autograd.numpy as np
import numpy
import pytest
from autograd.extend import defvjp, primitive

from npdiffpool import paper
from npdiffpool.cli.main import main
from npdiffpool.testing import (
    LAWS,
    LawViolation,
    Pooled,
    check_pooling,
    conformance,
    parametrize_laws,
)
from npdiffpool.testing.law import Law
from npdiffpool.testing.laws.cases.pooling import step
from npdiffpool.testing.own.parts import pool_batch, pool_by_paper
from npdiffpool.testing.own.subjects import PAPER
from npdiffpool.testing.subjects import derive_vjp
from npdiffpool.testing.table import write_table

LAYER = dedent('''
    """A layer that drops the edges inside a cluster."""
    from types import SimpleNamespace

    import autograd.numpy as np
    from autograd.tracer import getval


    def pool(A, R, Z):
        E = np.exp(R - np.max(R, axis=1, keepdims=True))
        S = E / np.sum(E, axis=1, keepdims=True)
        A_pooled = np.dot(np.dot(S.T, A), S)
        A_pooled = A_pooled * (1 - np.eye(len(A_pooled)))
        return SimpleNamespace(A=A_pooled, X=np.dot(S.T, Z), S=S)


    def returns_tuple(A, R, Z):
        pooled = pool(A, R, Z)
        return pooled.A, pooled.X, pooled.S


    def detached(A, R, Z):
        pooled = pool(A, R, Z)
        S = getval(pooled.S)  # the gradient of X' by S is lost
        return SimpleNamespace(A=pooled.A, X=np.dot(S.T, Z), S=pooled.S)
    ''')


@pytest.fixture
def layer(tmp_path, monkeypatch):
    """Enter an empty folder with a module `forgetful`, which has a broken layer."""
    (tmp_path / "forgetful.py").write_text(LAYER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("forgetful", None)


def forgetful():
    from forgetful import pool

    return pool


def verdicts(results):
    return {result.law.id: result.verdict for result in results}


def test_every_law_about_one_graph_holds_for_the_paper():
    found = verdicts(conformance(pool_by_paper, examples=5))
    batched = {id: found.pop(id) for id in ("B1", "B2", "B3")}
    assert set(batched.values()) == {"not applicable"}
    assert len(found) == 41 and set(found.values()) == {"holds"}


def test_a_batched_form_is_an_argument_or_an_attribute():
    def pool(A, R, Z):
        return pool_by_paper(A, R, Z)

    as_argument = conformance(pool, pool_batch, laws=["B1", "B2"], examples=20)
    pool.batched = pool_batch
    as_attribute = conformance(pool, laws=["B1", "B2"], examples=20)
    assert verdicts(as_argument) == verdicts(as_attribute)
    assert verdicts(as_argument) == {"B1": "holds", "B2": "holds"}


def test_a_broken_layer_fails_the_laws_that_it_violates_and_no_others(layer):
    found = verdicts(conformance(forgetful(), examples=40))
    failing = {id for id, verdict in found.items() if verdict == "fails"}
    # D4, as the layer multiplies by a float64 identity.
    assert failing == {"C2", "C5", "C8", "C9", "C10", "C11", "D4"}
    assert {found[id] for id in ("L1", "E1", "B1")} == {"not applicable"}


def test_repeated_calls_give_the_same_results(layer):
    first, again = (conformance(forgetful(), laws=["C2"]) for _ in range(2))
    assert [result.script for result in first] == [result.script for result in again]


def test_the_counterexample_is_minimal(layer):
    (result,) = conformance(forgetful(), laws=["C2"])
    assert result.case["A"].shape == (1, 1) and result.case["R"].shape == (1, 1)
    assert result.reason.startswith("C2 fails on pool: Pooling keeps the total weight")


def test_the_script_of_a_counterexample_runs_and_fails(layer):
    (result,) = conformance(forgetful(), laws=["C2"])
    assert "from forgetful import pool\n" in result.script
    assert "npdiffpool" not in result.script
    command = [sys.executable, "-c", result.script]
    completed = subprocess.run(command, capture_output=True, text=True, cwd=layer)
    assert completed.returncode == 1 and "AssertionError" in completed.stderr


def test_the_script_of_a_wrong_gradient_runs_and_fails(layer):
    from forgetful import detached

    (result,) = conformance(detached, laws=["D1"])
    assert "from autograd import grad\n" in result.script
    command = [sys.executable, "-c", result.script]
    completed = subprocess.run(command, capture_output=True, text=True, cwd=layer)
    assert completed.returncode == 1 and "AssertionError" in completed.stderr


def test_a_layer_may_return_a_plain_tuple(layer):
    from forgetful import returns_tuple

    (result,) = conformance(returns_tuple, laws=["C2"])
    command = [sys.executable, "-c", result.script]
    completed = subprocess.run(command, capture_output=True, text=True, cwd=layer)
    assert completed.returncode == 1 and "AssertionError" in completed.stderr


def test_check_pooling_raises_with_the_law_and_the_script(layer):
    with pytest.raises(LawViolation, match=r"C2 fails on pool(.|\n)*import numpy"):
        check_pooling(forgetful(), laws=["C1", "C2"])
    check_pooling(forgetful(), laws=["A1", "C1"])


def test_check_pooling_tries_no_law_after_the_one_that_fails(monkeypatch):
    def pool(A, R, Z):
        pooled = pool_by_paper(A, R, Z)
        return pooled._replace(S=2 * pooled.S)

    tried, result = [], Law.result

    def watch(law, *arguments):
        tried.append(law.id)
        return result(law, *arguments)

    monkeypatch.setattr(Law, "result", watch)
    with pytest.raises(LawViolation, match="A1 fails on pool"):
        check_pooling(pool, laws=["A1", "A4", "C1"], examples=5)
    assert tried == ["A1"]


class Tensor:
    """An array of another library."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return numpy.array(self.values, dtype)


def test_tensors_are_rejected():
    def pool(A, R, Z):
        return SimpleNamespace(A=Tensor(A[:2, :2]), X=Tensor(Z[:2]), S=Tensor(R))

    with pytest.raises(ValueError, match=r"dense NumPy array of shape .* got Tensor"):
        conformance(pool)


def test_a_tuple_in_another_order_is_rejected():
    def pool(A, R, Z):
        pooled = pool_by_paper(A, R, Z)
        return pooled.X, pooled.A, pooled.S

    reason = "got (2, 4); a tuple is in the order A, X, S, link, entropy"
    with pytest.raises(ValueError, match=re.escape(reason)):
        conformance(pool)


@pytest.mark.parametrize(
    "loss, seen", [(np.ones(1), "(1,)"), (Tensor(0.0), "Tensor"), ("0", "str")]
)
def test_a_loss_of_another_shape_or_type_is_rejected(loss, seen):
    def pool(A, R, Z):
        return pool_by_paper(A, R, Z)._replace(link=loss)

    reason = f"must return link as a number or array of shape (); got {seen}"
    with pytest.raises(ValueError, match=re.escape(reason)):
        conformance(pool)


def in_reverse(As, Rs, Zs):
    """Pool a batch, with plain tuples as results, in the wrong order."""
    return [tuple(pooled)[:5] for pooled in pool_batch(As, Rs, Zs)][::-1]


def test_a_batched_form_may_return_plain_tuples():
    def batched(As, Rs, Zs):
        return in_reverse(As, Rs, Zs)[::-1]

    (result,) = conformance(pool_by_paper, batched, laws=["B3"], examples=20)
    assert result.verdict == "holds"
    (result,) = conformance(pool_by_paper, in_reverse, laws=["B3"], examples=20)
    assert result.verdict == "fails"
    with pytest.raises(AssertionError):
        exec(result.script, {})


def test_tensors_are_rejected_in_a_batch_too():
    def batched(As, Rs, Zs):
        return [p._replace(S=Tensor(p.S)) for p in pool_batch(As, Rs, Zs)]

    reason = r"^batched\(.*\) must return S as a dense .* \(3, 2\); got Tensor"
    with pytest.raises(ValueError, match=reason):
        conformance(pool_by_paper, batched)


def test_an_incoming_gradient_is_an_array_of_the_outputs_shape_and_dtype():
    def vjp(A, R, Z, output, G):
        value = numpy.asarray(getattr(pool_by_paper(A, R, Z), output))
        assert type(G) is numpy.ndarray, (output, G)
        assert (G.shape, G.dtype) == (value.shape, value.dtype), output
        return derive_vjp(pool_by_paper)(A, R, Z, output, G)

    laws = ["C15", "L8", "E6", "D1", "D4", "D5", "D8"]
    results = conformance(pool_by_paper, vjp=vjp, laws=laws, examples=15)
    assert {result.verdict for result in results} == {"holds"}


def needs_nodes(A, R, Z):
    return pool_by_paper(A, R, Z) if len(A) else 1 / 0


def needs_nodes_in_batches(As, Rs, Zs):
    return [needs_nodes(*graph) for graph in zip(As, Rs, Zs)]


def test_a_failure_on_graphs_without_nodes_is_one_law():
    results = conformance(needs_nodes, needs_nodes_in_batches, examples=15)
    (failing,) = [result for result in results if result.verdict == "fails"]
    assert failing.law.id == "C15" and failing.case["A"].shape == (0, 0)
    assert failing.error == "ZeroDivisionError: division by zero"
    assert re.fullmatch(r"test_conformance.py:\d+, in needs_nodes", failing.place)


def test_the_reason_names_the_check_and_the_statement_that_failed(layer):
    (result,) = conformance(forgetful(), laws=["C2"])
    statement = "np.testing.assert_allclose(pool(A, R, Z).A.sum(), A.sum(), rtol)"
    failed = f"total_edge_mass_survives_pooling: `{statement}` (AssertionError: "
    assert f"1^T A 1. In {failed}" in result.reason


def test_a_violation_has_the_error_as_its_cause_and_says_where_the_layer_raised_it():
    place = r"\(ZeroDivisionError: .*\) at test_conformance.py:\d+, in needs_nodes\n"
    with pytest.raises(LawViolation, match=place) as caught:
        check_pooling(needs_nodes, laws=["C15"])
    error = caught.value.__cause__
    first = error.__traceback__.tb_frame.f_code.co_name  # without Hypothesis
    assert first == LAWS["C15"].name and type(error) is ZeroDivisionError
    assert not hasattr(error, "__notes__")


def test_a_layer_need_not_claim_graphs_without_nodes():
    why = "it does not claim that graphs without nodes can be pooled"
    (result,) = conformance(needs_nodes, laws=["C15"], empty_graphs=False)
    assert (result.verdict, result.reason) == ("not applicable", why)
    check_pooling(needs_nodes, laws=["C15"], empty_graphs=False)
    marked = parametrize_laws(needs_nodes, laws=["C15", "A1"], empty_graphs=False)
    (skip,), none = [case.marks for case in marked.args[1]]
    assert skip.kwargs == {"reason": why} and not none


def test_a_subject_may_be_checked_without_graphs_without_nodes():
    laws = {"laws": ["C15"], "examples": 5}
    assert verdicts(conformance(PAPER, **laws)) == {"C15": "holds"}
    (result,) = conformance(PAPER, **laws, empty_graphs=False)
    assert result.verdict == "not applicable"


def test_any_exception_of_the_layer_is_a_failure():
    def pool(A, R, Z):
        if R.shape[1] > 2:
            raise RuntimeError("no more than two clusters")
        return pool_by_paper(A, R, Z)

    (result,) = conformance(pool, laws=["C1"])
    assert "RuntimeError: no more than two clusters" in result.reason


@pytest.mark.parametrize(
    "pool, message",
    [
        (3, r"pool must be callable as pool\(A, R, Z\); got 3"),
        (lambda A, R: None, r"must return a Pooled; it raised TypeError"),
        (lambda A, R, Z: (A, Z), "got tuple without A, X, S"),
        (lambda A, R, Z: SimpleNamespace(A=A, S=R), "SimpleNamespace without X"),
    ],
)
def test_a_value_that_is_not_a_pooling_layer_is_rejected(pool, message):
    with pytest.raises(ValueError, match=message):
        conformance(pool)


def test_an_unknown_law_is_rejected():
    with pytest.raises(ValueError, match="laws must be of A1, A2(.*); got 'Z9'"):
        check_pooling(pool_by_paper, laws=["A1", "Z9"])


def test_the_id_of_a_law_is_unique():
    from npdiffpool.testing.laws._registry import law

    with pytest.raises(ValueError, match="id must be new; got 'A1' again"):
        law("A1", "nowhere", step())(lambda pool, A, R, Z: None)


def test_the_reason_says_if_autograd_cannot_differentiate_the_layer():
    def pool(A, R, Z):
        A, R, Z = (np.asarray(x, dtype=float) for x in (A, R, Z))
        return Pooled(*paper.coarsen(A, Z, paper.assign(R)), paper.assign(R))

    (result,) = conformance(pool, laws=["D1"], examples=5)
    assert result.verdict == "not applicable"
    assert result.reason.startswith("the package autograd cannot differentiate it")


def test_the_reason_says_how_to_give_the_batched_form():
    (result,) = conformance(pool_by_paper, laws=["B1"], examples=5)
    how = "pass `batched`, or set `pool.batched`"
    assert result.reason == f"it has no batched form; {how}"


def test_the_help_of_verify_says_how_to_give_batched_form_and_gradient(capsys):
    with pytest.raises(SystemExit):
        main(["verify", "--help"])
    text = capsys.readouterr().out
    for name in ("pool.batched", "model.batched", "pool.vjp", "layer.vjp"):
        assert name in text


def test_parametrize_laws_makes_one_case_per_law(layer):
    (layer / "test_forgetful.py").write_text(dedent("""
            from forgetful import pool
            from npdiffpool.testing import parametrize_laws

            @parametrize_laws(pool, laws=["A1", "C2", "L1"])
            def test_pool(law, pool):
                law.check(pool)
            """))
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider"]
    completed = subprocess.run(command, capture_output=True, text=True, cwd=layer)
    name = "test_pool[C2-total_edge_mass_survives_pooling]"
    assert f"FAILED test_forgetful.py::{name}" in completed.stdout
    assert "1 failed, 1 passed, 1 skipped" in completed.stdout
    assert "it returns no link loss" in completed.stdout


def test_the_subject_of_parametrize_laws_includes_the_batched_form():
    marked = parametrize_laws(pool_by_paper, pool_batch, laws=["B1"])
    ((law, subject),) = [case.values for case in marked.args[1]]
    assert law is LAWS["B1"] and subject.parts["batched"] is pool_batch


def test_several_checks_of_a_law_are_all_tried():
    law = Law("X1", "example", "An example.", "none")
    law.also(step())(lambda pool, A, R, Z: None)
    assert law.examine(pool_by_paper, examples=5).verdict == "holds"

    @law.also(step())
    def never(pool, A, R, Z):
        assert False, "the second"

    assert "the second" in law.examine(pool_by_paper, examples=5).reason


# The command line


def test_verify_lists_the_laws(capsys):
    assert main(["verify", "--list"]) == 0
    output = " ".join(capsys.readouterr().out.split())
    for law in LAWS.values():
        assert f"{law.id} {law.statement}" in output


def test_verify_prints_a_table_and_exits_with_1_if_a_law_fails(layer, capsys):
    options = ["--law", "A1", "--law", "C2", "--law", "L1", "--examples", "30"]
    assert main(["verify", "forgetful:pool", *options]) == 1
    output = capsys.readouterr().out
    assert "A1   holds          The rows of S sum to one" in output
    assert "C2   FAILS          on pool: Pooling keeps the total weight" in output
    assert "L1   not applicable it returns no link loss" in output
    assert "A = np.array([[1.0]])" in output
    assert "1 holds, 1 fails, 1 not applicable" in output


def test_the_table_of_verify_ends_with_the_causes(layer, capsys):
    options = "--law A1 --law C2 --law C11 --law D4 --examples 30".split()
    assert main(["verify", "forgetful:pool", *options]) == 1
    *_, causes = capsys.readouterr().out.split(f"# {'-' * 70}\n")
    first, second = causes[causes.index("\n") :].split("\n2    ")
    assert causes.startswith(
        "2 causes, 3 laws\n1    D4\n     D4: Values and gradients keep the precision of"
    )
    assert "\n     A = np.zeros((1, 1), dtype=np.float32)\n" in first
    assert second.startswith("C2, C11\n     C2: Pooling keeps the total weight of")
    assert "\n     AssertionError: Not equal to tolerance" in second
    assert "\n     A = np.array([[1.0]])\n" in second


def test_the_table_of_a_layer_without_failures_has_no_causes(capsys):
    layer = "npdiffpool.testing.own.parts:pool_by_paper"
    assert main(["verify", layer, "--law", "A1", "--examples", "5"]) == 0
    assert capsys.readouterr().out.endswith("\n1 holds\n")


def test_the_json_of_verify_has_the_number_of_each_cause(layer, capsys):
    options = "--law A1 --law C2 --law C11 --law D4 --examples 30 --json".split()
    assert main(["verify", "forgetful:pool", *options]) == 1
    rows = {row["law"]: row for row in json.loads(capsys.readouterr().out)}
    assert "cause" not in rows.pop("A1")
    assert {id: row["cause"] for id, row in rows.items()} == dict(C2=2, C11=2, D4=1)


@pytest.mark.parametrize("words", [["npdiffpool.testing.own.parts:pool_stack"], []])
def test_verify_need_not_check_graphs_without_nodes(capsys, words):
    options = ["--law", "C15", "--examples", "5"]
    assert main(["verify", *words, *options]) == 0
    assert "1 holds" in capsys.readouterr().out
    assert main(["verify", *words, *options, "--no-empty-graphs"]) == 0
    expected = (
        "C15  not applicable it does not claim that graphs without nodes can be pooled"
    )
    assert expected in capsys.readouterr().out


@pytest.mark.parametrize(
    "words, message",
    [
        ("--profile mincut", "--profile applies to a pooling layer; got npdiffpool"),
        ("--model os:getcwd --profile hosc", "--profile applies to a pooling layer"),
        ("--layer os:getcwd --no-empty-graphs", "npdiffpool itself; got --layer"),
        ("os:getcwd --hops 2", "--hops applies to --layer; got a pooling layer"),
        ("--n-features 2", "--n-features applies to --layer and --model; got npdiff"),
    ],
)
def test_verify_refuses_options_that_do_not_apply(capsys, words, message):
    assert main(["verify", *words.split()]) == 2
    assert message in capsys.readouterr().err


def test_verify_is_either_quick_or_has_a_number_of_examples(capsys):
    with pytest.raises(SystemExit):
        main(["verify", "m:f", "--quick", "--examples", "5"])
    assert "--examples: not allowed with argument --quick" in capsys.readouterr().err


def test_verify_checks_a_profile_quickly(capsys):
    path = "npdiffpool.testing.own.parts:pool_by_paper"
    assert main(["verify", path, "--profile", "mincut", "--quick"]) == 1
    output = capsys.readouterr().out
    assert "P2   FAILS" in output and "1 cause, 1 law" in output
    assert "C2 " not in output


def test_verify_without_a_layer_verifies_npdiffpool(capsys):
    assert main(["verify", "--law", "C1", "--law", "G2", "--examples", "5"]) == 0
    assert "2 holds" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words, message",
    [
        (["nothing"], "the layer must be MODULE:FUNCTION; got 'nothing'"),
        (["no.such:pool"], "cannot import 'no.such': ModuleNotFoundError: No module"),
        (["broken_1:f"], "cannot import 'broken_1': ZeroDivisionError: division by"),
        (["broken_2:f"], "cannot import 'broken_2': SyntaxError: "),
        (["broken_3:f"], "cannot import 'broken_3': AttributeError: module 'math' has"),
        (["forgetful:loop"], "'forgetful' has no function 'loop'"),
        (["forgetful:np"], "pool must be callable"),
        (["--law", "Z1"], "laws must be of A1"),
        (["--examples", "0"], "--examples must be a whole number >= 1; got 0"),
    ],
)
def test_verify_prints_errors_as_one_line(layer, capsys, words, message):
    for i, code in enumerate(["1 / 0", "def f(:", "import math; math.f"], 1):
        (layer / f"broken_{i}.py").write_text(code)
    assert main(["verify", *words]) == 2
    error = capsys.readouterr().err
    assert error.startswith("npdiffpool: ") and message in error
    assert error.count("\n") == 1


# Packages that Hypothesis needs, in its newest or oldest supported version.
OF_HYPOTHESIS = {"sortedcontainers", "exceptiongroup", "typing_extensions", "attr"}
ALONE = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        allowed = {{"npdiffpool", "numpy", "scipy", "autograd", "hypothesis"}}
        allowed |= {{*{OF_HYPOTHESIS}, *sys.stdlib_module_names}}
        if name[0] != "_" and name.partition(".")[0] not in allowed:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Refuse())
from npdiffpool.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("words", [["npdiffpool.testing.own.parts:pool_by_paper"], []])
def test_the_kit_runs_with_only_numpy_scipy_autograd_and_hypothesis(words):
    laws = "--examples 3 --law A1 --law E7 --law G1 --law M1 --law D1".split()
    command = [sys.executable, "-c", ALONE, "verify", *words, *laws]
    completed = subprocess.run(command, capture_output=True, text=True)
    assert completed.returncode == 0, completed.stderr
    assert "law   5/5  D1" in completed.stderr


def test_a_law_with_a_check_that_does_not_apply_holds_in_part():
    def pool(A, R, Z):
        return pool_by_paper(A, R * 2, Z)

    (result,) = conformance(pool, laws=["E2"], examples=5)
    why = "in part: its S is not the softmax of the logits R"
    assert (result.verdict, result.reason) == ("holds", why)
    assert f"one-hot. ({why})" in " ".join(write_table([result]).split())


def test_an_exception_in_the_backward_pass_is_a_failure():
    @primitive
    def identity(S):
        return S

    defvjp(identity, lambda ans, S: lambda G: 1 / 0)

    def pool(A, R, Z):
        return pool_by_paper(A, identity(R), Z)

    (result,) = conformance(pool, laws=["D1"], examples=5)
    assert result.verdict == "fails" and "ZeroDivisionError" in result.reason


def test_a_layer_that_autograd_cannot_differentiate_by_z_has_no_vjp():
    def pool(A, R, Z):
        return pool_by_paper(A, R, Z)._replace(X=numpy.asarray(Z, float)[:2])

    (result,) = conformance(pool, laws=["D1"], examples=5)
    assert result.verdict == "not applicable"
    assert result.reason.startswith(
        "the package autograd cannot differentiate it; pass `vjp`, or set `pool.vjp` ("
    )


@pytest.mark.parametrize("name, shape", [("A", (2,)), ("X", (1, 2)), ("S", (2, 3))])
def test_outputs_with_other_shapes_are_rejected(name, shape):
    def pool(A, R, Z):
        return pool_by_paper(A, R, Z)._replace(**{name: np.ones(shape)})

    message = re.escape(f"must return {name} as a dense NumPy array of shape (")
    with pytest.raises(ValueError, match=rf"{message}.*; got {re.escape(str(shape))}"):
        conformance(pool)


@pytest.mark.parametrize("examples", [0, -1, 1.5, True])
def test_an_invalid_number_of_examples_is_rejected(examples):
    with pytest.raises(ValueError, match="examples must be a whole number >= 1; got"):
        check_pooling(pool_by_paper, laws=["A1"], examples=examples)


def test_an_empty_list_of_laws_is_rejected():
    with pytest.raises(ValueError, match="laws must be of A1, .*; got 'none'"):
        check_pooling(pool_by_paper, laws=[])


def test_a_script_does_not_import_another_function_of_the_same_name(layer):
    from forgetful import pool

    @functools.wraps(pool)
    def wrapped(A, R, Z):
        return pool(A, R, Z)

    (result,) = conformance(wrapped, laws=["C2"])
    assert "pool = ...  # your own goes here: pool" in result.script


def test_the_kit_imports_only_numpy_scipy_autograd_and_hypothesis():
    code = "import sys, npdiffpool.testing.table; print(*sys.modules)"
    command = [sys.executable, "-I", "-c", code]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    names = {name.split(".")[0] for name in loaded.split()}
    needed = {"npdiffpool", "numpy", "scipy", "autograd", "hypothesis"}
    # Of SciPy, of Debian, and an optional import of numpy.f2py.
    own = OF_HYPOTHESIS | {"cython_runtime", "sitecustomize", "charset_normalizer"}
    others = {name for name in names - set(sys.stdlib_module_names) if name[0] != "_"}
    assert others - needed - own == set()


def test_a_layer_that_computes_in_float32_breaks_one_law():
    def pool(A, R, Z):
        return pool_by_paper(*(M.astype("float32") for M in (A, R, Z)))

    results = {r.law.id: r for r in conformance(pool, examples=30)}
    assert [id for id in results if results[id].verdict == "fails"] == ["D4"]
    assert results["D1"].reason == "it computes in float32"


def test_a_layer_in_float32_leaves_the_precision_for_other_layers_as_it_is():
    def in_float32(A, R, Z):
        return pool_by_paper(*(M.astype("float32") for M in (A, R, Z)))

    def slightly_wrong(A, R, Z):  # too little for the tolerance of float32
        pooled = pool_by_paper(A, R, Z)
        return pooled._replace(X=pooled.X * (1 + 1e-7))

    result = LAWS["C1"].examine(in_float32, slightly_wrong, examples=30)
    assert result.verdict == "fails" and "slightly_wrong" in result.reason
