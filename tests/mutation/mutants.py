"""Mutants of a module: its source with one place changed, and a name for each.

They come from cosmic-ray, by the operators in `OPERATORS`, and from `_edits`, which has
the operators that cosmic-ray lacks. Annotations are not mutated.
"""

import ast
import difflib
import warnings
from functools import partial
from itertools import count, takewhile
from pathlib import Path
from typing import NamedTuple

from .groups import MODULES

PACKAGE = Path(__file__).resolve().parents[2] / "npdiffpool"

# An operator is replaced by its inverse and by a related one, a comparison by its
# negation and by one that differs at the boundary, a number by both neighbours.
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
SWAPPED = (
    """dot matmul propagate sparse_matmul segment_product segment_apply coarsen
    link_loss""".split()
)  # functions f(a, b, ...) for which f(b, a, ...) is a plausible mistake
PAIRS = "min max, argmin argmax, minimum maximum, any all, mean median, train test"
OPPOSITES = dict(pair.split() for pair in PAIRS.split(", "))
OPPOSITES |= {b: a for a, b in OPPOSITES.items()}


class Mutant(NamedTuple):
    """The name of a mutant; it has no line number, so that it survives other edits."""

    place: str  # module:function, or module outside of functions
    operator: str
    before: str
    after: str

    @property
    def module(self):
        return self.place.partition(":")[0]

    def __str__(self):
        return f"{self.place} {self.operator}\n- {self.before}\n+ {self.after}"


def path_of(name):
    """Return the file of a module of the core."""
    return PACKAGE.joinpath(*name.split(".")).with_suffix(".py")


def read_module(name):
    """Return the source of a module of the core."""
    return path_of(name).read_text(encoding="utf-8")


def mutants_of(module):
    """Return the source of each mutant; no two have the same syntax tree."""
    source, extra = read_module(module), MODULES[module].operators
    seen, mutants = {None, _meaning(source)}, {}
    for operator, mutated in (*_by_cosmic_ray(source), *_by_edits(source, extra)):
        meaning = _meaning(mutated)
        if meaning not in seen:
            seen.add(meaning)
            mutant = _identify(module, operator, source, mutated)
            while mutant in mutants:  # the line occurs twice in the function
                mutant = mutant._replace(operator=f"{mutant.operator}'")
            mutants[mutant] = mutated
    return mutants


def _by_cosmic_ray(source):
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    for name in OPERATORS:
        operator = get_operator(f"core/{name}")()

        def mutate(occurrence):
            try:
                return mutate_code(source, operator, occurrence)
            except AttributeError:  # it cannot replace an exception module.Name
                return source

        for mutated in takewhile(lambda code: code is not None, map(mutate, count())):
            yield name, mutated


def _by_edits(source, extra):
    text, tree = partial(ast.get_source_segment, source), ast.parse(source)
    tree.body = [node for node in tree.body if not text(node).startswith("__all__")]
    indices = {id(node.slice) for node in ast.walk(tree) if _is_subscript(node)}
    for node in ast.walk(tree):
        if id(node) in indices:
            continue  # an index of many axes, or a type
        more = [edit for edit in _more_edits(node, text) if edit[0] in extra]
        for name, new in (*_edits(node, text), *more):
            start = _offset(source, node.lineno, node.col_offset)
            stop = _offset(source, node.end_lineno, node.end_col_offset)
            yield name, source[:start] + new + source[stop:]


def _edits(node, text):
    """Yield the operators and replacements for a node that cosmic-ray lacks."""
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
        if not isinstance(dropped.value, ast.Constant):  # others mutate constants
            parts = [*node.args, *node.keywords]
            parts = [text(part) for part in parts if part is not dropped]
            yield "DropKeyword", f"{text(node.func)}({', '.join(parts)})"


def _more_edits(node, text):
    """Yield operators for code that selects and collects results."""
    match node:
        case ast.Tuple(parts, ast.Load()) | ast.List(parts, ast.Load()):
            first, last = ("(", ",)") if isinstance(node, ast.Tuple) else "[]"
            for dropped in parts if len(parts) > 1 else []:
                kept = [text(part) for part in parts if part is not dropped]
                yield "DropItem", f"{first}{', '.join(kept)}{last}"
        case ast.Dict(keys, values) if len(keys) > 1:
            for dropped in values:
                pairs = [pair for pair in zip(keys, values) if pair[1] is not dropped]
                texts = [
                    f"{text(k)}: {text(v)}" if k else f"**{text(v)}" for k, v in pairs
                ]
                yield "DropItem", ", ".join(texts).join("{}")
        case ast.Attribute(a, name) if name in OPPOSITES:
            yield "Opposite", f"{text(a)}.{OPPOSITES[name]}"
        case ast.Name(name) if name in OPPOSITES:
            yield "Opposite", OPPOSITES[name]


def _is_subscript(node):
    return isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple)


def _offset(source, line, column):
    return sum(map(len, source.splitlines(keepends=True)[: line - 1])) + column


def _meaning(source):
    """Dump the syntax tree without annotations; return None if it does not compile."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
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
    line, names = spans[-1][1], []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            first = min(n.lineno for n in (node, *node.decorator_list))
            names += [node.name] if first <= line <= node.end_lineno else []
    before, after = map(_one_line, (old, new))
    place = ":".join([module, *filter(None, [".".join(names)])])
    return Mutant(place, operator, before, after)


def _one_line(lines):
    """Join source lines without their comments and indentation."""
    code = [line.partition("  # ")[0] for line in lines]
    return " ".join(" ".join(code).split())
