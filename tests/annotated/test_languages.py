"""The annotated page in Chinese: all of its words, the same formulas and results."""

import json
import re
from html import unescape

import pytest
from annotated_page import matrix, opened, reading, slide

PAPER = "Hierarchical Graph Representation Learning with Differentiable Pooling"
TAG = re.compile(r'<(span|p|li) lang="(en|zh)">(.*?)</\1>', re.DOTALL)
KEPT = re.compile(r'<math.*?</math>|<code>.*?</code>|href="[^"]+"', re.DOTALL)


@pytest.fixture(scope="module")
def chinese(sources):
    """Return the words of the page that are not in the story, English to Chinese."""
    return json.loads((sources / "words.zh.json").read_text(encoding="utf-8"))


def test_both_languages_have_the_same_formulas_code_and_links(sources):
    html = (sources.parent / "annotated.html").read_text(encoding="utf-8")
    found = TAG.findall(html)
    pairs = list(zip(found[::2], found[1::2]))
    assert len(pairs) > 100
    for (tag, one, english), (other_tag, other, text) in pairs:
        assert (tag, one, other) == (other_tag, "en", "zh")
        assert sorted(KEPT.findall(english)) == sorted(KEPT.findall(text)), english


def arguments(script):
    """Yield the text between the brackets of each call t(...)."""
    for call in re.finditer(r"\bt\(", script):
        end, depth = call.end(), 1
        while depth:
            depth += {"(": 1, ")": -1}.get(script[end], 0)
            end += 1
        yield script[call.end() : end - 1]


def said(sources):
    """Return the words that page.js gives to t, without those in variables."""
    script = (sources / "page.js").read_text(encoding="utf-8")
    script = re.sub(r"(?m)^\s*//.*", "", script)
    script = re.sub(r'"\s*\+ "', "", script)  # a text on two lines
    literals = re.findall(r'"([^"]*)"', " ".join(arguments(script)))
    return {text for text in literals if re.search("[a-z]{2}", text)}


def test_all_words_of_the_script_are_translated(sources, chinese):
    words = said(sources)
    assert len(words) > 50 and words - chinese.keys() == set()


def test_a_translation_has_the_same_values(chinese):
    for english, text in chinese.items():
        values = [re.findall(r"\{\d\}", words) for words in (english, text)]
        assert set(values[0]) == set(values[1]), english


def test_every_translation_is_used(sources, chinese):
    script = (sources / "page.js").read_text(encoding="utf-8")
    page = (sources.parent / "annotated.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    used = set(re.findall(r'"([^"]*)"', re.sub(r'"\s*\+ "', "", script)))
    used |= {graph["name"] for graph in data["graphs"]} | {"law"}
    used |= {meaning for _, _, meaning in data["letters"].values()}
    used |= set(map(unescape, re.findall(r'lang="en">(.*?)</', page, re.DOTALL)))
    titles = set(re.findall(r"<strong>(.*?)</strong>", page))
    assert chinese.keys() - used - titles == set()


# Of what the page shows or gives to a screen reader, the parts with words.
TEXTS = """() => {
    for (const answer of document.querySelectorAll("details")) answer.open = true;
    const kept = "pre, code, math, dl small, svg text, script, #language";
    const seen = [...document.querySelectorAll("body *")].filter((node) =>
        node.checkVisibility() && !node.closest(kept));
    const own = seen.flatMap((node) => [...node.childNodes]
        .filter((child) => child.nodeType === 3).map((child) => child.data));
    const names = seen.flatMap((node) => ["aria-label", "title"]
        .map((name) => node.getAttribute(name) ?? ""));
    return [...own, ...names].map((text) => text.trim()).filter((text) => text);
}"""


def use_everything(page):
    """Use the controls that add text to the page."""
    for button in ("#renumber", "#undivided", "#divided", "#entropy-alone", "#edit"):
        page.locator(button).click()
    for button in page.locator("[data-compare]").all():
        button.click()
    page.locator("#add").click()
    page.locator("[data-logits=random]").click()
    page.locator("#descend").click()
    for cell in page.locator(".panel table:first-of-type [data-i='1']").all():
        cell.focus()


@pytest.mark.parametrize("size", [(360, 780), (1400, 900)])
def test_in_chinese_no_sentence_is_english_and_nothing_is_cut_off(
    browser, sources, size
):
    for page in opened(browser, sources, size):
        page.locator("#language").click()
        use_everything(page)
        texts = page.evaluate(TEXTS)
        assert sum(bool(re.search("[一-鿿]", text)) for text in texts) > 150
        english = [text for text in texts if re.search(r"[a-z]{3,} +[a-z]{2,}", text)]
        assert english == [PAPER]
        assert page.evaluate("document.documentElement.scrollWidth") == size[0]


def test_the_switch_keeps_the_graph_and_what_was_found(browser, sources):
    for page in opened(browser, sources):
        slide(page, "#clusters", 3)
        use_everything(page)
        names = ("A", "R", "A_pooled")
        before = [matrix(page, name).tolist() for name in names]
        texts, results = page.inner_text("main"), reading(page, "division")
        page.locator("#language").click()
        assert page.get_attribute("html", "lang") == "zh"
        assert page.title() == page.inner_text("h1")
        assert [matrix(page, name).tolist() for name in names] == before
        digits = re.findall(r"\d\.\d+", reading(page, "division"))
        assert digits == re.findall(r"\d\.\d+", results)
        assert "alone" not in reading(page, "entropy-alone")
        page.locator("#language").click()
        assert page.inner_text("main") == texts


def test_the_switch_keeps_the_section_in_view(browser, sources):
    script = "document.querySelector('#losses h2').getBoundingClientRect().top"
    for page in opened(browser, sources):
        page.add_style_tag(content="* { overflow-anchor: none; }")  # as in Safari
        page.evaluate("document.getElementById('losses').scrollIntoView()")
        before = page.evaluate(script)
        page.evaluate("document.getElementById('language').click()")
        assert abs(page.evaluate(script) - before) < 2


def test_the_switch_works_where_the_graph_fills_the_window(browser, sources):
    for page in opened(browser, sources, (780, 360)):
        for language in ("zh", "en"):
            page.evaluate("document.getElementById('language').click()")
            assert page.get_attribute("html", "lang") == language
            page.locator("#bench summary").click()
        assert page.locator("#graph").is_visible()  # folded, switched, unfolded


@pytest.mark.parametrize("locale, language", [("zh-CN", "zh"), ("de-DE", "en")])
def test_the_page_begins_in_the_language_of_the_browser(
    browser, sources, locale, language
):
    for page in opened(browser, sources, locale=locale):
        assert page.get_attribute("html", "lang") == language
        assert (page.inner_text("h1") == "The annotated DiffPool") == (language == "en")
