"""The report in headless Chromium: no errors, and its controls work.

Needs ``pip install -e ".[browser]"`` and a Chromium on the path.
"""

import re
import shutil
from itertools import product

import numpy as np
import pytest
from matplotlib.colors import to_hex

from npdiffpool.cli.main import main
from npdiffpool.evaluation.measures import used_clusters
from npdiffpool.runs.snapshot_file import read_snapshots, write_snapshots
from npdiffpool.runs.snapshots import _join, _take, readable
from npdiffpool.viz import write_report
from npdiffpool.viz.drawing.colours import first_colours, palette

api = pytest.importorskip("playwright.sync_api", reason='needs the "browser" extra')
WIDE, PHONE = (1200, 900), (360, 780)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the folder of a run of twelve epochs on MUTAG with two levels."""
    folder = tmp_path_factory.mktemp("runs") / "mutag"
    options = ["--epochs", "12", "--hidden", "16", "--clusters", "0.25,2"]
    assert main(["train", *options, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def page(run, browser):
    """Yield the open report; check that it logs nothing and makes no request."""
    yield from opened(run, browser, WIDE, "light")


def opened(run, browser, size, theme):
    viewport = dict(zip(("width", "height"), size))
    page = browser.new_context(viewport=viewport, color_scheme=theme).new_page()
    messages, requests = [], []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    url = (run / "report.html").as_uri()
    page.goto(url)
    yield page
    assert messages == [] and requests == [url]
    page.close()


@pytest.mark.parametrize("size", [WIDE, PHONE])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_fits_its_window_and_follows_the_theme(run, browser, size, theme):
    for page in opened(run, browser, size, theme):
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width == size[0]
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        light = np.mean([int(part) for part in colour[4:-1].split(",")]) > 128
        assert light == (theme == "light")
        assert page.locator(".levels svg").count() == 3
        assert page.locator("figure svg").count() == 3 + 5 + 5


def test_a_class_with_a_long_name_fits_a_phone(run, browser):
    for page in opened(run, browser, PHONE, "light"):
        script = "all => all.forEach(o => { o.text += ' of a long name'.repeat(5); })"
        page.locator("#graph option").evaluate_all(script)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width == PHONE[0]


@pytest.fixture(scope="module")
def uneven(run, tmp_path_factory):
    """Return a run of 40 of the same snapshots, called those of epochs 1 to 9999."""
    folder = shutil.copytree(run, tmp_path_factory.mktemp("runs") / "uneven")
    snapshots = read_snapshots(folder / "snapshots.npz")
    snapshots = _join([_take(snapshots, i % 12) for i in range(40)])
    epochs = np.geomspace(1, 9999, 40).round().astype(int)
    epochs = np.maximum(epochs, np.arange(40) + 1)  # as recorded
    write_snapshots(folder / "snapshots.npz", snapshots._replace(epochs=epochs))
    write_report(folder)
    return folder


def boxes(page, selector):
    """Return left, right and middle of all elements, and their texts."""
    script = """found => found.map((one) => {
        const range = document.createRange();
        range.selectNodeContents(one);
        const box = range.getBoundingClientRect();
        const {left, width} = one.getBoundingClientRect();
        return [box.left, box.right, left + width / 2, one.textContent];
    })"""
    return page.locator(selector).evaluate_all(script)


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_recorded_epochs_have_ticks_at_equal_distances(uneven, browser, size):
    epochs = read_snapshots(uneven / "snapshots.npz").epochs
    for page in opened(uneven, browser, size, "light"):
        box = page.locator("#epoch").bounding_box()
        ends = box["x"] + 8, box["x"] + box["width"] - 8  # the thumb's, 16 wide
        middles = [middle for _, _, middle, _ in boxes(page, ".tick")]
        expected = np.linspace(*ends, len(epochs))
        np.testing.assert_allclose(middles, expected, atol=0.6)  # pixels


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_the_numbers_of_ticks_do_not_touch_each_other(uneven, browser, size):
    for page in opened(uneven, browser, size, "light"):
        numbered = [box for box in boxes(page, ".tick") if box[1] - box[0] > 1]
        assert [numbered[0][3], numbered[-1][3]] == ["1", "9999"]
        assert len(numbered) == (9 if size == WIDE else 5)
        for one, other in zip(numbered, numbered[1:]):
            assert one[1] + 3 <= other[0]
        assert numbered[-1][1] <= size[0]


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_the_slider_keeps_its_length_whatever_the_epoch(uneven, browser, size):
    for page in opened(uneven, browser, size, "light"):
        page.locator("#epoch").focus()
        lengths = set()
        for key in ("Home", *["ArrowRight"] * 39):
            page.keyboard.press(key)
            lengths.add(page.locator("#epoch").bounding_box()["width"])
        assert page.inner_text("output") == "9999" and len(lengths) == 1


def first_shown(run):
    graphs = read_snapshots(run / "snapshots.npz").graphs
    return graphs[readable([len(graph.kinds) for graph in graphs])]


def test_a_rim_is_empty_for_a_uniform_row_and_full_for_a_one_hot_row(page, run):
    page.locator("#epoch").focus()
    page.keyboard.press("End")
    graph = first_shown(run)
    used = used_clusters([pooling.cluster[-1] for pooling in graph.poolings])
    shares = [pooling.share[-1] for pooling in graph.poolings]
    for level, largest in enumerate((shares[0], shares[1][used[0]])):
        K = graph.poolings[level].mass.shape[1]
        expected = (largest - 1 / K) / (1 - 1 / K)
        rims = page.locator(".levels svg").nth(level).locator(".share")
        dashes = rims.evaluate_all("all => all.map(one => one.outerHTML)")
        filled = [int(re.search(r'dasharray="(\d+) ', text)[1]) for text in dashes]
        # Rounded twice, the first time before a division by 1 - 1 / K >= 1 / 2.
        np.testing.assert_allclose(filled, 100 * expected, atol=1.51)
        assert all('pathLength="100"' in text for text in dashes)
    assert page.locator(".levels svg").nth(2).locator(".share").count() == 0


def test_no_circle_is_transparent_unless_another_one_is_highlighted(page):
    seen = "all => all.map(one => getComputedStyle(one))"
    for name in (".node", ".core"):
        script = f"{seen}.map(one => one.opacity + one.fillOpacity)"
        assert set(page.locator(f".levels {name}").evaluate_all(script)) == {"11"}


def test_super_nodes_stay_where_they_are_when_the_epoch_changes(page, run):
    page.locator("#epoch").focus()
    page.keyboard.press("Home")
    places, n_seen = {}, 0
    for _ in range(12):
        for level in (0, 1, 2):
            nodes = page.locator(".levels svg").nth(level).locator(".node")
            script = """nodes => nodes.map((node) => [node.getAttribute("aria-label"),
                node.querySelector(".border").getAttribute("cx"),
                node.querySelector(".border").getAttribute("cy")])"""
            for name, *place in nodes.evaluate_all(script):
                assert places.setdefault(name, place) == place
                n_seen += 1
        page.keyboard.press("ArrowRight")
    assert n_seen > len(places)


def shown(page):
    return [page.locator(".levels svg").nth(i).inner_html() for i in range(3)]


def fills(page, level):
    nodes = page.locator(".levels svg").nth(level).locator(".node")
    return nodes.evaluate_all("nodes => nodes.map(n => n.getAttribute('fill'))")


def test_keys_move_the_slider_and_change_the_picture(page, run):
    page.locator("#epoch").focus()
    pictures = []
    for key, epoch in (("Home", 1), ("ArrowRight", 2), ("End", 12)):
        page.keyboard.press(key)
        assert page.inner_text("output").split()[0] == str(epoch)
        pictures.append(shown(page))
        graph = first_shown(run)
        cluster = graph.poolings[0].cluster[epoch - 1]
        colours = fills(page, 0)
        same = np.equal.outer(cluster, cluster)
        drawn = np.equal.outer(np.array(colours), np.array(colours))
        np.testing.assert_array_equal(drawn, same)  # one colour per cluster
    assert pictures[0] != pictures[2]


def test_captions_count_the_circles_and_colours_belong_to_clusters(page, run):
    graphs = read_snapshots(run / "snapshots.npz").graphs
    for i, key in product(range(len(graphs)), ("Home", "End")):
        page.locator("#graph").select_option(str(i))
        page.locator("#epoch").focus()
        page.keyboard.press(key)
        sizes = [pooling.mass.shape[1] for pooling in graphs[i].poolings]
        clusters = [pooling.cluster[-(key == "End")] for pooling in graphs[i].poolings]
        for level, used in enumerate(used_clusters(clusters), start=1):
            text = page.locator(".levels figcaption").nth(level).inner_text()
            assert f"{len(used)} of {sizes[level - 1]} clusters used" in text
            names = [f"level {level}, cluster {k}" for k in used]
            nodes = page.locator(".levels svg").nth(level).locator(".node")
            script = "nodes => nodes.map(n => n.getAttribute('aria-label'))"
            assert nodes.evaluate_all(script) == names
            numbers = used + first_colours(sizes)[level - 1]
            assert fills(page, level) == [to_hex(palette(99)[j]) for j in numbers]


def test_captions_tell_which_links_are_left_out(run, browser, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    snapshots = read_snapshots(folder / "snapshots.npz")
    for graph in snapshots.graphs:
        for pooling in graph.poolings:
            pooling.between[:] = 999, 0.625
    write_snapshots(folder / "snapshots.npz", snapshots)
    write_report(folder)
    for page in opened(folder, browser, WIDE, "light"):
        texts = page.locator(".levels figcaption").all_inner_texts()
        for level, text in enumerate(texts[1:], start=1):
            n = page.locator(".levels svg").nth(level).locator(".edge").count()
            assert text.endswith(
                f"; links: {n} of 999, 62% of the weight between clusters"
            )
        assert "links" not in texts[0]


def highlighted(page, level):
    nodes = page.locator(".levels svg").nth(level).locator(".node")
    script = "nodes => nodes.map(n => n.classList.contains('highlighted'))"
    return np.flatnonzero(nodes.evaluate_all(script))


@pytest.mark.parametrize("how", ["hover", "focus", "click"])
def test_pointing_at_a_super_node_highlights_its_nodes(page, run, how):
    page.locator("#epoch").focus()
    page.keyboard.press("End")
    first, second = first_shown(run).poolings
    nodes = page.locator(".levels svg").nth(1).locator(".node")
    seen = []
    for i in range(nodes.count()):
        getattr(nodes.nth(i), how)()
        name = nodes.nth(i).get_attribute("aria-label")
        k = int(name.removeprefix("level 1, cluster "))
        members = np.flatnonzero(first.cluster[-1] == k)
        np.testing.assert_array_equal(highlighted(page, 0), members)
        has_any = len(members) > 0  # otherwise nothing is highlighted
        assert (
            highlighted(page, 1).tolist() == [i] * has_any
            and len(highlighted(page, 2)) == has_any
        )
        text = page.inner_text("#description")
        assert f"cluster {k}: mass" in text
        assert f"members by the largest share: {len(members) or 'none'}" in text
        seen.extend(members)
    assert sorted(seen) == list(range(first.cluster.shape[1]))
    page.locator("#graph").focus()
    page.mouse.move(0, 0)
    assert len(highlighted(page, 0)) == 0


def test_arrow_keys_move_between_circles_and_focus_survives_a_new_epoch(page, run):
    page.locator("#best").click()
    nodes = page.locator(".levels svg").nth(0).locator(".node")
    nodes.nth(0).focus()
    page.keyboard.press("ArrowRight")
    assert highlighted(page, 0).tolist() == [1]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert highlighted(page, 0).tolist() == [nodes.count() - 1]
    page.evaluate("""() => {
        const slider = document.getElementById("epoch");
        slider.value = 0;
        slider.dispatchEvent(new Event("input"));
    }""")
    assert page.inner_text("output").split()[0] == "1"
    assert highlighted(page, 0).tolist() == [nodes.count() - 1]


def test_on_a_phone_the_graph_stays_in_view_while_super_nodes_are_tapped(run, browser):
    for page in opened(run, browser, PHONE, "light"):
        page.locator(".levels svg").nth(1).locator(".node").nth(0).click()
        for part in (
            page.locator(".levels figure").nth(0),
            page.locator("#description"),
        ):
            box = part.bounding_box()
            assert box["y"] >= 0 and box["y"] + box["height"] <= PHONE[1]


def test_pointing_at_a_node_highlights_its_clusters(page, run):
    page.locator("#best").click()
    page.locator(".levels svg").nth(0).locator(".node").nth(0).hover()
    assert highlighted(page, 0).tolist() == [0]
    assert len(highlighted(page, 1)) == len(highlighted(page, 2)) == 1
    assert "Node 0 (label=" in page.inner_text("#description")


def test_another_graph_can_be_chosen(page, run):
    graphs = read_snapshots(run / "snapshots.npz").graphs
    nodes = page.locator(".levels svg").nth(0).locator(".node")
    assert nodes.count() == len(first_shown(run).kinds)
    for i, graph in enumerate(graphs):
        page.locator("#graph").select_option(str(i))
        assert page.locator(".levels svg").nth(0).locator(".node").count() == len(
            graph.kinds
        )


def test_the_play_button_advances_the_epoch(page):
    page.locator("#epoch").focus()
    page.keyboard.press("Home")
    page.locator("#play").click()
    api.expect(page.locator("output")).not_to_have_text("1")
    page.locator("#play").click()
    assert page.inner_text("#play") == "Play"
