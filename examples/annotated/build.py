"""Write examples/annotated.html, the annotated DiffPool, from the files beside it.

    pip install -e ".[docs]"
    python examples/annotated/build.py

text.md       the story; parts in double braces are functions of npdiffpool/paper.py,
              panels of matrices, controls and sentences about the current graph;
              a block of lines with ?, ! and > is a question, its answer, and a
              sentence about npdiffpool.engine
text.zh.md    its prose in Chinese, block by block; the other blocks are shared
words.zh.json all other words of the page in Chinese
page.html     the frame
arithmetic.js the equations, one function each, with the names of paper.py
page.js       what the reader can change, and what is drawn
style.css     what look.css lacks, phone and wide screen

look.css, light and dark, and drawing.js, nodes and links, are those of the report, in
npdiffpool/viz/report/template.

The page is one file that makes no request. LaTeX becomes MathML by latex2mathml.
"""

import ast
import io
import json
import keyword
import re
import tokenize
from html import escape
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from latex2mathml.converter import convert

from npdiffpool import load_dataset, paper
from npdiffpool.testing import LAWS

HERE = Path(__file__).parent
PAGE = HERE.parent / "annotated.html"
PAPER = Path(paper.__file__)
SHARED = PAPER.parent / "viz" / "report" / "template"
N_GRAPHS = 200  # that tests/annotated/test_arithmetic.py draws, as the page says
SEED, MOST_NODES, MOST_CLUSTERS = 11, 16, 5
MOLECULE = 75  # of MUTAG: a ring of six carbons, a nitro group and a chlorine

# A letter of the equations: how it is written, its shape, what it is.
LETTERS = {
    "A": ("A", "N N", "adjacency of the current graph"),
    "A_tilde": ("Ã", "N N", "adjacency with a loop added at every node"),
    "D_tilde": ("diag D̃", "N 1", "row sums of Ã, the diagonal of D̃"),
    "A_hat": ("Â", "N N", "normalised adjacency"),
    "X": ("X", "N F", "features of the nodes"),
    "W": ("W", "F 4", "weights of the first layer of GNN_embed"),
    "W_2": ("W₂", "4 D", "weights of the second layer of GNN_embed"),
    "H": ("H", "N 4", "hidden layer of GNN_embed"),
    "Z": ("Z", "N D", "embeddings of the nodes"),
    "R": ("R", "N K", "assignment logits"),
    "S": ("S", "N K", "assignment; row i is the distribution of node i"),
    "A_pooled": ("A′", "K K", "adjacency of the clusters"),
    "X_pooled": ("X′", "K D", "features of the clusters"),
    "SST": ("SSᵀ", "N N", "for each pair of nodes, how much they share a cluster"),
    "gap": ("A−SSᵀ", "N N", "what the link loss measures the size of"),
    "entropies": ("H(Sᵢ)", "N 1", "entropy of each row of S, in nats"),
    "slope": ("∂L/∂R", "N K", "gradient of the loss by the logits"),
    "S_2": ("S₂", "K 2", "assignment of the clusters to two clusters of clusters"),
    "S_S2": ("S₁S₂", "N 2", "assignment of the nodes to the clusters of clusters"),
    "A_twice": ("A″", "2 2", "adjacency of the clusters of clusters"),
}
# How the letters are written in LaTeX, once it is MathML, and in paper.py.
IN_MATH = {
    "A^": "A_hat", "A~": "A_tilde", "D~": "D_tilde", "A′": "A_pooled", "A″": "A_twice",
    "X′": "X_pooled", "H′": "H", "S1": "S", "S2": "S_2", "W2": "W_2",
}  # fmt: skip
IN_CODE = {name: name for name in LETTERS} | {"deg": "D_tilde"}
CHINESE = json.loads((HERE / "words.zh.json").read_text(encoding="utf-8"))


def graphs():
    """Return the graphs to choose from: names, edges, places of nodes from 0 to 100."""
    turns = [np.pi * i / 3 for i in range(6)]
    hexagon = [(round(50 + 36 * np.cos(t)), round(50 + 36 * np.sin(t))) for t in turns]
    # Atoms 3 and 4 of the ring hold the chlorine and the nitro group.
    ring = [(round(34 - 19 * np.cos(t)), round(50 - 25 * np.sin(t))) for t in turns]
    molecule = [*ring, (58, 84), (78, 66), (80, 90), (73, 36)]
    adjacency = load_dataset("MUTAG").graphs[MOLECULE].adjacency
    bonds = [(int(i), int(j)) for i, j in zip(*adjacency.nonzero()) if i < j]
    triangles = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (3, 5), (4, 5)]
    places = [(10, 18), (10, 82), (36, 50), (64, 50), (90, 18), (90, 82)]
    path = [(8 + 17 * i, 50 + (-1) ** i * 12) for i in range(6)]
    found = {
        "two triangles and a bridge": (triangles, places),
        "path of six": ([(i, i + 1) for i in range(5)], path),
        "ring of six": ([(i, (i + 1) % 6) for i in range(6)], hexagon),
        "molecule of MUTAG": (bonds, molecule),
    }
    return [{"name": k, "edges": e, "places": p} for k, (e, p) in found.items()]


def weights():
    """Return random weights of the GNNs, of one decimal, the same in every build."""
    rng = np.random.default_rng(SEED)
    shapes = {
        "embed": [(MOST_NODES, 4), (4, 3)],
        "pool": [(MOST_NODES, 4), (4, MOST_CLUSTERS + 1)],
        "pool_2": [(3, 4), (4, 2)],
    }
    return {
        name: [np.round(rng.normal(size=shape), 1).tolist() for shape in of]
        for name, of in shapes.items()
    }


def code(name):
    """Return signature and body of a function of paper.py, without its docstring."""
    source = PAPER.read_text(encoding="utf-8")
    (node,) = [n for n in ast.parse(source).body if getattr(n, "name", "") == name]
    lines, first = source.splitlines(), node.body[0]
    kept = lines[node.lineno - 1 : first.lineno - 1]
    return "\n".join(kept + lines[first.end_lineno : node.end_lineno]), node.lineno


def code_block(name):
    """Return a function of paper.py as HTML, its letters marked."""
    text, line = code(name)
    lines = text.splitlines()
    marked = [""] * len(lines)
    end = (1, 0)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.NEWLINE, tokenize.NL) or not token.string.strip():
            continue
        (row, column), before = token.start, end[1] if end[0] == token.start[0] else 0
        marked[row - 1] += lines[row - 1][before:column] + _token(token)
        end = token.end
    marked = [
        f'<span class="check">{text}</span>' if "_check(" in text else text
        for text in marked
    ]
    where = f'<a href="../npdiffpool/paper.py">npdiffpool/paper.py</a>:{line}'
    body = "\n".join(marked)
    return (
        f'<figure class="code"><figcaption>{where}</figcaption>'
        f'<pre tabindex="0" aria-label="{name}"><code>{body}</code></pre></figure>'
    )


def _token(token):
    """Return a token as HTML: letters, keywords and comments are marked."""
    text = escape(token.string, quote=False)
    if token.type == tokenize.NAME and text in IN_CODE:
        return f'<span data-letter="{IN_CODE[text]}">{text}</span>'
    if keyword.iskeyword(text):
        return f"<b>{text}</b>"
    return f"<i>{text}</i>" if token.type == tokenize.COMMENT else text


def mathml(latex, display="inline"):
    """Return LaTeX as MathML, its letters marked."""
    latex = latex.replace(r"\log ", r"\,\log\, ")
    root = ElementTree.fromstring(convert(latex, display=display))
    _mark(root)
    name = "{http://www.w3.org/1998/Math/MathML}"
    text = ElementTree.tostring(root, encoding="unicode")
    text = text.replace("ns0:", "").replace(":ns0", "")
    if name in text:
        raise ValueError(f"the namespace of MathML must be removed; got {text}")
    return text.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")


def _mark(node):
    """Mark letters below a node of MathML: alone, or with an accent, prime or index."""
    text = "".join(part.strip() for part in node.itertext())
    kind = node.tag.split("}")[1]
    letter = text if kind == "mi" and not node.get("mathvariant") else None
    if kind in ("mover", "msup", "msub"):
        letter = IN_MATH.get(text)
    if letter in LETTERS:
        node.set("data-letter", letter)
        if kind != "mi" and kind != "msub":  # one glyph needs no mathematical font
            glyph = text if text == "H′" else LETTERS[letter][0].split()[-1]
            _become_identifier(node, glyph)
    else:
        for part in node:
            _mark(part)


def _become_identifier(node, text):
    """Replace a node of MathML by an identifier in italics."""
    node[:] = []
    node.tag = node.tag.replace("mover", "mi").replace("msup", "mi")
    node.text = text
    node.set("class", "italic")


def law(id, language):
    """Return a link to the statement of a law."""
    word, title = "law", LAWS[id].statement
    if language == "zh":
        word, title = CHINESE[word], CHINESE[title]
    return f'<a class="law" href="#law-{id}" title="{escape(title)}">{word} {id}</a>'


def engine(match):
    """Return a link to the file of a function of npdiffpool.engine."""
    module, name = match[1], match[2]
    getattr(import_module(f"npdiffpool.engine.{module}"), name)  # it exists
    where = f"../npdiffpool/engine/{module}.py"
    return f'<a href="{where}"><code>engine.{module}.{name}</code></a>'


def inline(text, language):
    """Return a paragraph of the story as HTML."""
    kept, text = [], " ".join(text.split())

    def keep(html):
        kept.append(html)
        return f"\0{len(kept) - 1}\0"

    text = re.sub(r"\$([^$]+)\$", lambda m: keep(mathml(m[1])), text)
    text = re.sub(r"`([^`]+)`", lambda m: keep(f"<code>{escape(m[1])}</code>"), text)
    text = escape(text, quote=False)
    text = re.sub(r"\{([A-Z]\d+)\}", lambda m: law(m[1], language), text)
    text = re.sub(r"\{(\w+)\.(\w+)\}", engine, text)
    text = re.sub(r"\[([^]]+)\]\(([^)]+)\)", r'<a href="\2">\1</a>', text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)
    text = re.sub(r"\*([^*]+)\*", r"<em>\1</em>", text)
    return re.sub("\0(\\d+)\0", lambda m: kept[int(m[1])], text)


def both(tag, *texts):
    """Return an element for each language, of which the page shows one."""
    return "".join(
        f'<{tag} lang="{language}">{inline(text, language)}</{tag}>'
        for language, text in zip(("en", "zh"), texts, strict=True)
    )


def words(tag, text):
    """Return words of the page, not of the story, in both languages."""
    return both(tag, text, CHINESE[text])


def block(text, chinese):
    """Return a block of the story, which ends at a blank line, as HTML."""
    if text.startswith("# "):
        return f"<h1>{both('span', text[2:], chinese[2:])}</h1>"
    if text.startswith("## "):
        title, _, name = text[3:].rpartition(" #")
        title = both("span", title, chinese[3:])
        return f'</section>\n<section id="{name}">\n<h2>{title}</h2>'
    if text.startswith("? "):
        return question(*zip(*map(parts_of_question, (text, chinese)), strict=True))
    if text.startswith("- "):
        items = (re.split(r"\n?- ", part)[1:] for part in (text, chinese))
        rows = (both("li", *item) for item in zip(*items, strict=True))
        return f"<ul>{''.join(rows)}</ul>"
    return both("p", text, chinese)


def parts_of_question(text):
    """Return a question, its answer and what the engine has for it."""
    asked, answer, practice = re.split(r"(?m)^[?!>] ", text)[1:]
    return asked, answer, practice


def question(asked, answer, practice):
    """Return a question to try, its answer folded, and what the engine has for it."""
    return (
        f'<div class="question">{titled("Try it.", asked)}'
        f"<details><summary>{words('span', 'Answer')}</summary>{both('p', *answer)}"
        f"</details>{titled('For a batch.', practice)}</div>"
    )


def titled(title, texts):
    """Return a paragraph that begins with a title, in both languages."""
    titles = title, CHINESE[title]
    return both("p", *(f"**{first}** {text}" for first, text in zip(titles, texts)))


def shared(text):
    """Return a block that is the same in both languages as HTML."""
    if text.startswith("$$"):
        return f'<div class="equation">{equations(text)}</div>'
    kind, _, rest = text.strip("{} \n").partition(": ")
    return part(kind, rest)


def equations(text):
    """Return lines `$$ LaTeX $$ (number)` as HTML."""
    rows = re.findall(r"\$\$(.+?)\$\$ *(.*)", text)
    return "".join(
        f"<div><div>{mathml(latex, 'block')}</div>{words('span', name) if name else ''}"
        "</div>"
        for latex, name in rows
    )


def part(kind, rest):
    """Return what stands for `{{kind: rest}}`; page.js fills the empty ones."""
    if kind == "code":
        return "\n".join(code_block(name) for name in rest.split())
    if kind == "laws":
        return "<!--laws-->"  # when all are known
    role = ' role="group"' if kind == "controls" else ""
    return f'<div class="{kind}" data-{kind}="{rest}"{role}></div>'


def laws_of(html):
    """Return the statements of the laws that a page links to."""
    used = [name for name in LAWS if f"#law-{name}" in html]
    rows = [
        f'<dt id="law-{name}">{name}</dt><dd>{words("span", LAWS[name].statement)}'
        f" <small>{escape(LAWS[name].source)}</small></dd>"
        for name in used
    ]
    return f"<dl>{''.join(rows)}</dl>"


def blocks(name):
    """Return the blocks of a text, which end at a blank line."""
    text = (HERE / name).read_text(encoding="utf-8")
    text = text.replace("N_GRAPHS", str(N_GRAPHS)).replace("SEED", str(SEED))
    return re.split(r"\n{2,}", text.strip())


def story():
    """Return text.md and text.zh.md as HTML."""
    chinese = iter(blocks("text.zh.md"))
    html = "\n".join(
        shared(text) if text.startswith(("{{", "$$")) else block(text, next(chinese))
        for text in blocks("text.md")
    )
    if left := list(chinese):
        raise ValueError(f"text.zh.md has more prose than text.md: {left[0]}")
    html = f"<section>\n{html}\n</section>"
    return html.replace("<!--laws-->", laws_of(html))


def main(target=PAGE):
    """Write the page to a file."""
    data = {
        "graphs": graphs(),
        "weights": weights(),
        "letters": LETTERS,
        "chinese": CHINESE,
        "mostNodes": MOST_NODES,
        "mostClusters": MOST_CLUSTERS,
    }
    page = (HERE / "page.html").read_text(encoding="utf-8")
    parts = {
        "STORY": story(),
        "DATA": json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),
    }
    own, shared = ("style.css", "arithmetic.js", "page.js"), ("look.css", "drawing.js")
    for path in [*(HERE / name for name in own), *(SHARED / name for name in shared)]:
        parts[path.name] = path.read_text(encoding="utf-8")
    for name, text in parts.items():
        page = page.replace("{{" + name + "}}", text, 1)
    Path(target).write_text(page, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
