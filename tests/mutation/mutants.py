"""Mutants of a module: its source with one place changed, and what to call each.

cosmic-ray makes them, with the choice of its operators in `OPERATORS`, and `_edits`,
which has what cosmic-ray lacks. Annotations are left alone.
"""

import ast
import difflib
from functools import partial
from itertools import count, takewhile
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).resolve().parents[2] / "npdiffpool"

# What takes the place of what: of operators the opposite and a sibling, of
# comparisons the negation and the boundary, of numbers both neighbours.
BINARY = """Add_Sub Add_Mul Sub_Add Sub_Mul Mul_Div Mul_Add Div_Mul Div_Sub Pow_Mul
    Pow_Add FloorDiv_Mul FloorDiv_Add Mod_Mul Mod_FloorDiv""".split()
COMPARISON = """Eq_NotEq Eq_GtE Eq_LtE NotEq_Eq Lt_GtE Lt_LtE LtE_Gt LtE_Lt Gt_LtE
    Gt_GtE GtE_Lt GtE_Gt Is_IsNot IsNot_Is""".split()
OTHERS = """ReplaceUnaryOperator_Delete_USub ReplaceUnaryOperator_Delete_Not AddNot
    ReplaceAndWithOr ReplaceOrWithAnd ReplaceTrueWithFalse ReplaceFalseWithTrue
    NumberReplacer RemoveDecorator ZeroIterationForLoop ReplaceBreakWithContinue
    ReplaceContinueWithBreak ExceptionReplacer""".split()
OPERATORS = [f"ReplaceBinaryOperator_{pair}" for pair in BINARY]
OPERATORS += [f"ReplaceComparisonOperator_{pair}" for pair in COMPARISON] + OTHERS
SWAPPED = """dot matmul propagate sparse_matmul segment_product segment_apply coarsen
    link_loss""".split()  # functions f(a, b, ...) where f(b, a, ...) might be meant


class Mutant(NamedTuple):
    """Hold what a mutant is known by: no line number, so that it outlives edits."""

    place: str  # module.function
    operator: str
    before: str
    after: str

    @property
    def module(self):
        return self.place.split(".")[0]

    def __str__(self):
        return f"{self.place} {self.operator}\n- {self.before}\n+ {self.after}"


def read_module(name):
    """Return the source of a module of the core."""
    return (PACKAGE / f"{name}.py").read_text(encoding="utf-8")


def mutants_of(module):
    """Return sources by mutant, each but once and none that means the module."""
    source = read_module(module)
    seen, mutants = {None, _meaning(source)}, {}
    for operator, mutated in (*_by_cosmic_ray(source), *_by_edits(source)):
        meaning = _meaning(mutated)
        if meaning not in seen:
            seen.add(meaning)
            mutant = _identify(module, operator, source, mutated)
            while mutant in mutants:  # the same line twice in a function
                mutant = mutant._replace(operator=f"{mutant.operator}'")
            mutants[mutant] = mutated
    return mutants


def _by_cosmic_ray(source):
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    for name in OPERATORS:
        mutate = partial(mutate_code, source, get_operator(f"core/{name}")())
        for mutated in takewhile(lambda code: code is not None, map(mutate, count())):
            yield name, mutated


def _by_edits(source):
    text = partial(ast.get_source_segment, source)
    for node in ast.walk(ast.parse(source)):
        for name, new in _edits(node, text):
            start = _offset(source, node.lineno, node.col_offset)
            stop = _offset(source, node.end_lineno, node.end_col_offset)
            yield name, source[:start] + new + source[stop:]


def _edits(node, text):
    """Give our own operators' replacements of one node; cosmic-ray lacks these."""
    match node:
        case ast.Attribute(a, "T"):
            yield "DropTranspose", text(a)
        case ast.Expr(ast.Call()) | ast.AugAssign():
            yield "DropStatement", "pass"
        case ast.Call(ast.Attribute(a, "astype")):
            yield "DropCast", text(a)
        case ast.BinOp(a, ast.MatMult(), b):
            yield "SwapArguments", f"{text(b)} @ {text(a)}"
        case ast.Call(f, [a, b, *rest]) if text(f).split(".")[-1] in SWAPPED:
            parts = map(text, (b, a, *rest, *node.keywords))
            yield "SwapArguments", f"{text(f)}({', '.join(parts)})"
    for dropped in getattr(node, "keywords", []):
        if not isinstance(dropped.value, ast.Constant):  # else others change it
            parts = [*node.args, *node.keywords]
            parts = [text(part) for part in parts if part is not dropped]
            yield "DropKeyword", f"{text(node.func)}({', '.join(parts)})"


def _offset(source, line, column):
    return sum(map(len, source.splitlines(keepends=True)[: line - 1])) + column


def _meaning(source):
    """Dump the syntax tree without annotations; None of what does not compile."""
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return None
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name in {"annotation", "returns"} & set(node._fields):
            setattr(node, name, None)
    return ast.dump(tree)


def _identify(module, operator, source, mutated):
    pair = source.splitlines(), mutated.splitlines()
    codes = difflib.SequenceMatcher(None, *pair, autojunk=False).get_opcodes()
    spans = [span for kind, *span in codes if kind != "equal"]
    old = pair[0][spans[0][0] : spans[-1][1]]
    new = pair[1][spans[0][2] : spans[-1][3]]
    line, names = spans[-1][1], [module]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            first = min(n.lineno for n in (node, *node.decorator_list))
            names += [node.name] if first <= line <= node.end_lineno else []
    before, after = (" ".join(" ".join(lines).split()) for lines in (old, new))
    return Mutant(".".join(names), operator, before, after)
