"""examples/annotated.html is what its sources give, and shows the code of paper.py."""

import ast
import re
from html import unescape
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from runpy import run_path

import pytest

from npdiffpool import paper
from npdiffpool.testing import LAWS

LATEX2MATHML = "3.81.1"  # as in setup.cfg
FUNCTIONS = {
    *(
        "normalize_adjacency",
        "gcn_layer",
        "relu",
        "gnn",
        "assign",
        "coarsen",
        "diffpool",
    ),
    *("link_loss", "frobenius_norm", "entropy_loss", "forward", "cross_entropy"),
}


@pytest.fixture(scope="module")
def html(sources):
    """Return the committed page."""
    return (sources.parent / "annotated.html").read_text(encoding="utf-8")


def without_docstring(function):
    """Return the syntax tree of a function, as text, without its docstring."""
    if ast.get_docstring(function):
        function.body = function.body[1:]
    return ast.dump(function)


def test_the_committed_page_is_what_its_sources_give(sources, tmp_path):
    try:
        installed = version("latex2mathml")
    except PackageNotFoundError:
        pytest.skip('needs the "docs" extra')
    if installed != LATEX2MATHML:
        pytest.skip(f"needs latex2mathml {LATEX2MATHML}")
    run_path(str(sources / "build.py"))["main"](tmp_path / "page.html")
    committed = (sources.parent / "annotated.html").read_bytes()
    assert (tmp_path / "page.html").read_bytes() == committed


def test_the_version_of_latex2mathml_is_that_of_the_extra(sources):
    setup = (sources.parents[1] / "setup.cfg").read_text(encoding="utf-8")
    assert f"    latex2mathml == {LATEX2MATHML}\n" in setup


def test_the_code_shown_is_that_of_the_paper(html):
    with open(paper.__file__, encoding="utf-8") as file:
        source = file.read()
    blocks = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", html, flags=re.DOTALL)
    shown = [unescape(re.sub(r"<[^>]+>", "", block)) for block in blocks]
    nodes = {
        node.name: node for node in ast.parse(source).body if hasattr(node, "name")
    }
    found = {tree.name: tree for text in shown for tree in ast.parse(text).body}
    assert found.keys() == FUNCTIONS
    for name, tree in found.items():
        assert ast.dump(tree) == without_docstring(nodes[name])
    lines = [line for text in shown for line in text.splitlines()]
    assert [line for line in lines if line not in source.splitlines()] == []


def test_the_page_shows_the_arithmetic_that_is_tested(html, sources):
    script = (sources / "arithmetic.js").read_text(encoding="utf-8")
    assert html.count(script) == 1


def test_the_page_says_how_many_graphs_are_compared(html, sources):
    n_graphs = re.search(r"N_GRAPHS = (\d+)", (sources / "build.py").read_text())[1]
    assert html.count(f"{n_graphs} random graphs") == 1
    assert html.count(f"{n_graphs} graphs drawn by Hypothesis") == 1
    assert len(re.findall(rf"\b{n_graphs}\b", html)) >= 4  # in Chinese, too


def test_every_law_that_the_page_claims_is_stated_on_it(html):
    claimed = set(re.findall(r'href="#law-(\w+)"', html))
    stated = dict(
        re.findall(r'<dt id="law-(\w+)">\w+</dt><dd><span lang="en">(.*?)</span>', html)
    )
    assert len(claimed) >= 15 and stated.keys() == claimed
    for name, statement in stated.items():
        assert unescape(statement) == LAWS[name].statement


def test_the_files_that_the_page_links_to_exist(html, sources):
    targets = set(re.findall(r'href="([^"#:]+)"', html))
    assert "../npdiffpool/paper.py" in targets
    installed = Path(paper.__file__).parents[1]  # the package may be elsewhere
    ours = {name for name in targets if name.startswith("../npdiffpool/")}
    assert [name for name in ours if not (installed / name[3:]).exists()] == []
    others = targets - ours
    assert [name for name in others if not (sources.parent / name).exists()] == []
    names = re.findall(r'href="#([\w-]+)"', html)
    assert [name for name in names if f'id="{name}"' not in html] == []


SECTIONS = [
    *("layer", "networks", "assign", "coarsen", "order", "losses", "descent"),
    *("traps", "twice"),
]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_ends_with_a_question_and_a_function_of_the_engine(html, section):
    found = re.search(f'<section id="{section}">(.*?)</section>', html, re.DOTALL)[1]
    last = found.split('<div class="question">')[1:]
    assert len(last) == 1 and last[0].rstrip().endswith("</p></div>")
    folded = 'Try it[^?]*[?].*<details><summary><span lang="en">Answer<'
    assert re.search(folded, last[0], re.DOTALL)
    links = re.findall(
        r'href="\.\./npdiffpool/(engine/\w+)\.py"><code>([\w.]+)</code>', last[0]
    )
    assert links and last[0].count("engine.") == len(links)
    for path, dotted in links:
        module = import_module(f"npdiffpool.{path.replace('/', '.')}")
        assert dotted == f"{path.replace('/', '.')}.{dotted.split('.')[-1]}"
        assert getattr(module, dotted.split(".")[-1]).__module__ == module.__name__


def test_the_page_is_one_small_file_readable_without_javascript(html):
    assert len(html.encode()) < 1_500_000
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!arxiv\.org/abs/)', html)
    story = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert story.count("<math") > 100 and story.count("<pre") == len(FUNCTIONS)


def test_there_are_fewer_than_1100_lines_of_javascript(html):
    scripts = re.findall(r"<script>\n(.*?)</script>", html, flags=re.DOTALL)
    assert len(scripts) == 3
    assert 500 < sum(len(text.splitlines()) for text in scripts) < 1100
