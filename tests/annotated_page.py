"""The annotated page in headless Chromium, and what it shows."""

import re

import numpy as np

WIDE = (1400, 900)


def opened(browser, sources, size=WIDE, theme="light", motion="reduce", locale="en-US"):
    """Yield the open page; check that it logs nothing and makes no request."""
    viewport = dict(zip(("width", "height"), size))
    settings = {"color_scheme": theme, "reduced_motion": motion, "locale": locale}
    page = browser.new_context(viewport=viewport, has_touch=True, **settings).new_page()
    messages, requests = [], []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    url = (sources.parent / "annotated.html").as_uri()
    page.goto(url)
    yield page
    assert messages == [] and [u for u in requests if u[:5] != "data:"] == [url]
    page.context.close()


READ = """name => {
    const shown = [...document.querySelectorAll("table.matrix")];
    const table = shown.find((t) => t.querySelector(`[data-letter="${name}"]`));
    return [...table.tBodies[0].rows].map((row) =>
        [...row.querySelectorAll("td")].map((cell) => cell.textContent));
}"""


def matrix(page, name):
    """Return the numbers of a matrix on the page, rounded as they are shown."""
    rows = page.evaluate(READ, name)
    return np.array([[float(text.replace("−", "-")) for text in row] for row in rows])


def reading(page, name):
    return page.inner_text(f"[data-reading={name}]")


def slide(page, selector, value):
    script = "(e, v) => { e.value = v; e.dispatchEvent(new Event('input')); }"
    page.locator(selector).evaluate(script, value)


def losses(page):
    text = page.text_content(".readout")
    return [float(number) for number in re.findall(r"= (\d+(?:\.\d+)?)", text)]
