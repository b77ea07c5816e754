"""The annotated page in headless Chromium: it fits, and each of its controls works."""

import json
import re

import numpy as np
import pytest
from annotated_page import WIDE, losses, matrix, opened, reading, slide

from npdiffpool import paper

SIZES = [(360, 780), (800, 1000), WIDE]
TRIANGLES = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (3, 5), (4, 5)]


@pytest.fixture
def page(browser, sources):
    yield from opened(browser, sources)


def clusters(page):
    return np.argmax(matrix(page, "S"), axis=1).tolist()


def place_of(page, node):
    """Return the middle of a node of the picture, in pixels."""
    box = page.locator(f"#graph [data-node='{node}'] .core").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


# ------------------------------------------------------------------ layout


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_fits_its_window_and_follows_the_theme(browser, sources, size, theme):
    for page in opened(browser, sources, size, theme):
        for graph in "03":
            page.locator("#choose-graph").select_option(graph)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width == size[0]
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        light = np.mean([int(part) for part in colour[4:-1].split(",")]) > 128
        assert light == (theme == "light")


@pytest.mark.parametrize("size", SIZES)
def test_the_graph_stays_in_view_beside_the_story(browser, sources, size):
    for page in opened(browser, sources, size):
        page.locator("#losses h2").scroll_into_view_if_needed()
        page.evaluate("document.getElementById('losses').scrollIntoView()")
        graph = page.locator("#graph").bounding_box()
        title = page.locator("#losses h2").bounding_box()
        assert 0 <= graph["y"] and graph["y"] + graph["height"] <= size[1]
        assert 0 <= title["y"] and title["y"] + title["height"] <= size[1]
        beside = graph["x"] > title["x"] + title["width"]
        assert beside or graph["y"] + graph["height"] < title["y"]


def test_the_graph_can_be_folded_away_on_a_phone(browser, sources):
    for page in opened(browser, sources, SIZES[0]):
        before = page.locator("#bench").bounding_box()["height"]
        page.locator("#bench summary").tap()
        assert page.locator("#bench").bounding_box()["height"] < 50 < before


def test_pointing_at_a_number_moves_nothing(page):
    script = "document.getElementById('trust').offsetTop"
    before = page.evaluate(script)
    cell(page, "coarsen", "A_pooled", 0, 1).hover()
    assert "…" not in page.text_content("#coarsen .sum")
    assert page.evaluate(script) == before


def test_a_sum_vanishes_with_its_entry(page):
    cell(page, "assign", "S", 0, 1).hover()
    assert "S[0, 1] = " in page.text_content("#assign .sum")
    slide(page, "#clusters", 1)
    assert page.text_content("#assign .sum") == ""


# ------------------------------------------------------------------ for every reader


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme, locale", [("light", "en-US"), ("dark", "zh-CN")])
def test_axe_finds_no_barrier(browser, sources, size, theme, locale):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    for page in opened(browser, sources, size, theme, locale=locale):
        page.locator("#edit").click()
        for button in page.locator("#traps button").all():
            button.click()
        for answer in page.locator("summary").all()[1:]:
            answer.click()
        found = axe.Axe().run(page).response["violations"]
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == []


def test_on_paper_answers_are_open_and_no_control_is_shown(browser, sources):
    for page in opened(browser, sources, theme="dark"):
        page.emulate_media(media="print")
        answers = page.locator(".question details p[lang=en]")
        seen = answers.evaluate_all("all => all.map((p) => p.checkVisibility())")
        assert seen == [True] * 9
        controls = "button:not(.letter):visible, input:visible, select:visible"
        assert page.locator(controls).count() == 0
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert colour == "rgb(255, 255, 255)"
        assert 10 < len(re.findall(rb"/Type /Page\b", page.pdf(format="A4"))) < 25


# ------------------------------------------------------------------ numbers


def wanted(data, A, features, K):
    """Return by `paper` what the page should show for a graph."""
    weights = {k: [np.array(W) for W in Ws] for k, Ws in data["weights"].items()}
    X = np.eye(len(A)) if features == "number" else A.sum(axis=1, keepdims=True)
    first = {k: weights[k][0][: X.shape[1]] for k in ("embed", "pool")}
    A_hat = paper.normalize_adjacency(A)
    R = paper.gnn([first["pool"], weights["pool"][1][:, :K]], A, X)
    Z, S = paper.gnn([first["embed"], weights["embed"][1]], A, X), paper.assign(R)
    A_pooled, X_pooled = paper.coarsen(A, Z, S)
    S_2 = paper.assign(paper.gnn(weights["pool_2"], A_pooled, X_pooled))
    return {
        "A": A, "X": X, "A_tilde": A + np.eye(len(A)), "A_hat": A_hat, "R": R, "S": S,
        "D_tilde": 1 + A.sum(axis=1, keepdims=True), "Z": Z, "W": first["embed"],
        "H": paper.gcn_layer(first["embed"], A_hat, X), "W_2": weights["embed"][1],
        "A_pooled": A_pooled, "X_pooled": X_pooled, "SST": S @ S.T, "gap": A - S @ S.T,
        "entropies": np.array([[paper.entropy_loss(row[None])] for row in S]),
        "S_2": S_2, "S_S2": S @ S_2, "A_twice": (S @ S_2).T @ A @ (S @ S_2),
    }  # fmt: skip


def of_page(page, graph=0, features="number", K=2):
    """Return A, the data of the page, and what it should show by `paper`."""
    data = json.loads(page.text_content("#data"))
    A = np.zeros(2 * [len(data["graphs"][graph]["places"])])
    for i, j in data["graphs"][graph]["edges"]:
        A[i, j] = A[j, i] = 1
    return A, data, wanted(data, A, features, K)


@pytest.mark.parametrize("features", ["number", "degree"])
def test_the_matrices_are_those_of_the_paper(page, features):
    page.locator("#choose-features").select_option(features)
    for graph, K in ((3, 5), (2, 1), (1, 3), (0, 2)):
        page.locator("#choose-graph").select_option(str(graph))
        slide(page, "#clusters", K)
        A, _, values = of_page(page, graph, features, K)
        check_matrices(page, A, values)


def check_matrices(page, A, values):
    for name, value in values.items():
        np.testing.assert_allclose(
            matrix(page, name), value, atol=0.00501, err_msg=name
        )
    S = values["S"]
    expected = paper.link_loss(A, S), paper.entropy_loss(S)
    np.testing.assert_allclose(losses(page), expected, atol=0.000501)


def test_readings_state_laws_with_the_numbers_of_this_graph(page):
    assert "sum to 14, those of A′ to 14," in reading(page, "mass")  # C2
    columns = re.findall(
        r"sum to ([\d., ]+), those of X′ to ([\d., ]+)\.", reading(page, "mass")
    )
    assert columns[0][0] == columns[0][1]  # C1
    assert re.search(r"between Â√d and √d is (0|\d·10⁻¹.)\.", reading(page, "spectrum"))
    assert re.search(r"differ by at most (0|\d·10⁻¹.)\.", reading(page, "twice"))  # C9
    assert "at most 0.693" in reading(page, "entropy")  # E1
    assert "9.042" in reading(page, "link")  # 3.007 squared


def drawn(page, selector, *names):
    """Return attributes of shapes, a row for each shape; of two numbers, the first."""
    script = "(all, names) => all.map(e => names.map(n => e.getAttribute(n)))"
    rows = page.locator(selector).evaluate_all(script, names)
    return np.array([[float(text.split()[0]) for text in row] for row in rows])


def test_a_rim_is_a_row_of_s_clockwise_from_the_top(page):
    slide(page, "#clusters", 4)
    page.locator("[data-logits=random]").click()
    names = ("stroke-dasharray", "stroke-dashoffset")
    for i, shares in enumerate(100 * matrix(page, "S")):
        arcs = drawn(page, f"#graph [data-node='{i}'] .share", *names)
        expected = np.column_stack([shares, shares - shares.cumsum()])
        np.testing.assert_allclose(arcs, expected, atol=2.01)  # 4 rounded numbers


def test_a_heavier_link_is_wider_and_darker(page):
    slide(page, "#clusters", 5)
    weights = matrix(page, "A_pooled")[np.tril_indices(5, -1)]
    links = drawn(page, "#pooled .edge", "stroke-width", "stroke-opacity")
    for values in links.T:
        assert (np.diff(values[np.argsort(weights)]) >= -0.01).all()  # of equal weights
        assert np.ptp(values) > 0.1


# ------------------------------------------------------------------ the graph at hand


def test_loops_fill_the_diagonal(page):
    page.locator("#loops").check()
    np.testing.assert_array_equal(np.diag(matrix(page, "A")), 1)
    page.locator("#loops").uncheck()
    np.testing.assert_array_equal(np.diag(matrix(page, "A")), 0)


def test_two_triangles_with_loops_and_no_bridge_have_no_link_loss(page):
    page.locator("#loops").check()
    page.locator("#edit").click()
    for node in (2, 3):
        page.mouse.click(*place_of(page, node))
    page.locator("[data-logits=one-hot]").click()
    assert losses(page)[0] == 0


def edges(page):
    return {(int(i), int(j)) for i, j in np.argwhere(np.triu(matrix(page, "A"), 1))}


@pytest.mark.parametrize("how", ["click", "tap", "keys"])
def test_choosing_two_nodes_joins_or_parts_them(page, how):
    page.locator("#edit").click()
    for one, other in ((0, 5), (2, 3)):
        for node in (one, other):
            if how == "keys":
                page.locator(f"#graph [data-node='{node}']").focus()
                page.keyboard.press("Enter")
            else:
                pointer = page.mouse if how == "click" else page.touchscreen
                getattr(pointer, how)(*place_of(page, node))
    assert edges(page) == {*TRIANGLES, (0, 5)} - {(2, 3)}
    assert page.input_value("#choose-graph") == "yours"


def test_nodes_only_join_while_editing(page):
    for node in (0, 5):
        page.mouse.click(*place_of(page, node))
    assert edges(page) == {*TRIANGLES}


def test_a_tap_on_empty_space_adds_a_neighbour_of_the_chosen_node(page):
    page.locator("#edit").click()
    page.mouse.click(*place_of(page, 0))
    box = page.locator("#graph").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + 12)
    assert edges(page) == {*TRIANGLES, (0, 6)}
    assert matrix(page, "S").shape == (7, 2)


def test_buttons_and_keys_add_and_remove_nodes(page):
    page.locator("#edit").click()
    page.locator("#add").click()
    assert len(matrix(page, "A")) == 7
    page.locator("#remove").click()  # the new one
    assert edges(page) == {*TRIANGLES}
    page.locator("#graph [data-node='0']").focus()
    page.keyboard.press("Delete")
    assert edges(page) == {(0, 1), (1, 2), (2, 3), (2, 4), (3, 4)}
    assert matrix(page, "X").tolist() == np.eye(5).tolist()


def test_there_are_at_most_16_nodes_and_at_least_one(page):
    script = "e => { for (let n = 0; n < 20; n++) e.click(); }"
    page.locator("#add").evaluate(script)
    assert len(matrix(page, "A")) == 16 and page.locator("#add").is_disabled()
    page.locator("#edit").click()
    page.locator("#graph [data-node='0']").focus()
    for _ in range(16):
        page.keyboard.press("Delete")
    assert matrix(page, "A").tolist() == [[0]]


def test_a_node_can_be_dragged_while_editing(page):
    page.locator("#edit").click()
    start = place_of(page, 2)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 20, start[1] + 30, steps=4)
    page.mouse.up()
    moved = np.subtract(place_of(page, 2), start)
    np.testing.assert_allclose(moved, (20, 30), atol=2)
    assert edges(page) == {*TRIANGLES}


# ------------------------------------------------------------------ logits


def test_presets_set_the_logits(page):
    given = matrix(page, "S")
    page.locator("[data-logits=one-hot]").click()
    assert clusters(page) == [0, 0, 0, 1, 1, 1] and matrix(page, "S").max() == 1
    page.locator("[data-logits=uniform]").click()
    assert (matrix(page, "S") == 0.5).all()
    page.locator("[data-logits=random]").click()
    first = matrix(page, "R")
    page.locator("[data-logits=random]").click()
    assert not np.allclose(matrix(page, "R"), first)
    page.locator("[data-logits=GNN_pool]").click()
    np.testing.assert_array_equal(matrix(page, "S"), given)


def test_a_slider_sets_one_logit_of_the_chosen_node(page):
    before = matrix(page, "R")
    page.mouse.click(*place_of(page, 4))
    assert page.input_value("#choose-node") == "4"
    slide(page, "[data-cluster='1']", 3)
    page.locator("#choose-node").select_option("1")
    page.locator("[data-cluster='0']").focus()
    page.keyboard.press("End")
    before[4, 1], before[1, 0] = 3, 10
    np.testing.assert_array_equal(matrix(page, "R"), before)
    assert "chosen by you" in reading(page, "certainty")


def test_the_number_of_clusters_sets_the_columns(page):
    for K in (1, 5):
        slide(page, "#clusters", K)
        assert matrix(page, "S").shape == (6, K)
        assert matrix(page, "A_pooled").shape == (K, K)
        assert page.locator("#pooled [data-node]").count() == K
        assert page.locator("[data-cluster]").count() == K


@pytest.mark.parametrize("logits", ["GNN_pool", "random"])
def test_renumbering_moves_rows_and_not_the_pooled_graph(page, logits):
    page.locator(f"[data-logits={logits}]").click()
    names = ("S", "A", "A_pooled", "X_pooled")
    before = {name: matrix(page, name) for name in names}
    page.locator("#renumber").click()
    after = {name: matrix(page, name) for name in names}
    assert not np.array_equal(after["A"], before["A"])
    assert sorted(after["S"].tolist()) == sorted(before["S"].tolist())
    for name in ("A_pooled", "X_pooled"):
        np.testing.assert_array_equal(after[name], before[name])
    assert re.search(
        r": (0|\d·10⁻¹.) in A′, (0|\d·10⁻¹.) in X′", reading(page, "order")
    )


# ------------------------------------------------------------------ descent and traps


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_descent_finds_the_triangles(browser, sources, motion):
    for page in opened(browser, sources, motion=motion):
        page.locator("#descend").click()
        if motion == "reduce":  # all steps at once
            assert page.inner_text("#descend") == "Descend"
        page.wait_for_function(
            "document.getElementById('descend').textContent === 'Descend'"
        )
        assert clusters(page) == [1, 1, 1, 0, 0, 0]
        assert losses(page) == [2.45, 0.349]  # L = 2.485, as page 1 of the tour
        assert "After 300 steps" in reading(page, "descent")
        drawn = page.locator(".chart polyline").first.get_attribute("points")
        assert len(drawn.split()) == 301


def test_descent_can_be_stopped(browser, sources):
    for page in opened(browser, sources, motion="no-preference"):
        page.locator("#descend").click()
        page.locator("#descend").click()
        steps = int(re.search(r"After (\d+) steps", reading(page, "descent"))[1])
        page.wait_for_timeout(200)
        assert f"After {steps} steps" in reading(page, "descent") and steps < 300


def test_the_gradient_shown_is_that_of_the_chosen_loss(page):
    both = matrix(page, "slope")
    slide(page, "#lambda", 1)
    assert not np.array_equal(matrix(page, "slope"), both)
    slide(page, "#lambda", 0)
    link = matrix(page, "slope")
    page.locator("#choose-loss").select_option("divided")
    np.testing.assert_allclose(matrix(page, "slope"), link / 36, atol=0.00052)
    page.locator("#choose-loss").select_option("entropy")
    assert abs(matrix(page, "slope") - both).max() > 0.01


def test_random_logits_start_another_descent(page):
    found = []
    for _ in range(2):
        page.locator("#shuffle").click()
        page.locator("#descend").click()
        found.append(matrix(page, "R"))
    assert not np.array_equal(*found)


def test_uniform_logits_have_no_gradient(page):
    page.locator("[data-logits=uniform]").click()
    page.locator("#descend").click()
    assert (matrix(page, "S") == 0.5).all()


def test_division_by_n_squared_puts_all_nodes_in_one_cluster(page):
    page.locator("#undivided").click()
    assert clusters(page) == [1, 1, 1, 0, 0, 0]
    page.locator("#divided").click()
    assert clusters(page) == [0] * 6
    plain, divided = reading(page, "division").replace("\n", " ").split("N²")
    assert "nodes 0, 1, 2 in cluster 1" in plain
    assert "nodes 0, 1, 2, 3, 4, 5 in cluster 0" in divided


def test_the_entropy_alone_puts_all_nodes_in_one_cluster(page):
    page.locator("#choose-graph").select_option("2")
    page.locator("#entropy-alone").click()
    assert clusters(page) == [0] * 6 and losses(page)[1] < 0.05
    assert "nodes 0, 1, 2, 3, 4, 5 in cluster 0" in reading(page, "entropy-alone")


def numbers(text):
    """Return the decimal numbers of a text, those such as 2·10⁻¹⁶, and 0."""
    plain = text.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
    found = re.findall(r"(\d+\.\d+|\b0\b)|\b(\d)·10-(\d+)", plain)
    return [float(x) if x else int(d) / 10 ** int(e) for x, d, e in found]


def test_padding_changes_the_mean_entropy(page):
    slide(page, "#clusters", 3)
    S = of_page(page, K=3)[2]["S"]
    for added in (0, 6, 54):
        slide(page, "#padding", added)
        n = 6 + added
        uniform = np.vstack([S, np.full((added, 3), 1 / 3)])
        zeros = paper.entropy_loss(S) * 6 / n
        expected = [paper.entropy_loss(S), zeros, paper.entropy_loss(uniform)]
        shown = numbers(reading(page, "padding"))
        np.testing.assert_allclose(shown, expected, atol=0.000501)


def test_the_link_loss_of_a_path_is_at_least_the_root_of_its_edges(page):
    for graph in "120":
        page.locator(f"[data-compare='{graph}']").click()
        assert page.input_value("#choose-graph") == graph
    slide(page, "#clusters", 3)
    page.locator("[data-compare='yours']").click()
    text = page.text_content("[data-reading=triangles]")
    path, ring, two, yours = text.splitlines()
    assert "(m = 5, K = 2)" in path and "at least √m = 2.236" in path
    assert "(m = 6, K = 2)" in ring and "at least √m = 2.449" in ring
    assert "(m = 7, K = 2)" in two and "√m" not in two and "K = 3" in yours
    best = [float(re.search(r"is ([\d.]+) for", line)[1]) for line in (path, ring)]
    assert 2.236 < best[0] < 3 and 2.449 < best[1] < 3.2
    assert losses(page)[0] == float(re.search(r"is ([\d.]+) for", yours)[1])


@pytest.mark.parametrize("N, K", [(6, 2), (24, 2), (48, 2), (48, 5)])
def test_uniform_rows_are_nearly_the_best_on_a_long_ring(page, N, K):
    slide(page, "#ring", N)
    slide(page, "#clusters", K)
    A = np.roll(np.eye(N), 1, axis=1) + np.roll(np.eye(N), -1, axis=1)
    uniform = paper.link_loss(A, np.full((N, K), 1 / K))
    assert uniform**2 == pytest.approx(N**2 / K**2 + 2 * N - 4 * N / K)
    found = re.findall(r"(?:is|at|below) (\d+\.?\d*)", reading(page, "ring"))
    shown, least, part, bound = (float(number) for number in found)
    assert shown == pytest.approx(uniform, abs=0.000501)
    assert part == pytest.approx(100 * least / shown, abs=0.0501)
    assert bound == pytest.approx(max(N**2 / K**2 - 2 * N, N) ** 0.5, abs=0.000501)
    assert bound <= least < uniform


TWINS = [
    ("2 degree", "1 colour (nodes 0, 1, 2, 3, 4, 5)"),
    ("0 degree", "2 colours (nodes 0, 1, 4, 5; nodes 2, 3)"),
    ("0 number", "6 colours (node 0; node 1; node 2; node 3; node 4; node 5)"),
]


@pytest.mark.parametrize("choice, colours", TWINS)
def test_nodes_of_one_colour_have_equal_rows(page, choice, colours):
    page.locator(f"[data-nodes='{choice}']").click()
    S = of_page(page, int(choice[0]), choice[2:])[2]["S"]
    text = reading(page, "wl")
    n_rows = len(np.unique(S.round(9), axis=0))
    assert f"{colours}, {n_rows} different row" in text
    assert page.input_value("#choose-features") == choice[2:]
    np.testing.assert_allclose(matrix(page, "S"), S, atol=0.00501)
    assert choice == "0 number" or float(colours[0]) == n_rows
    assert [number for number in numbers(text) if number > 1e-12] == []


def test_nodes_of_the_graph_at_hand_are_coloured_too(page):
    page.locator("#choose-graph").select_option("1")
    page.locator("#choose-features").select_option("degree")
    page.locator("[data-logits=uniform]").click()
    page.locator("[data-nodes=yours]").click()
    text = reading(page, "wl")
    assert "path of six, degree: 3 colours (nodes 0, 5; nodes 1, 4; nodes 2, 3)" in text
    assert ", 3 different rows of S." in text


def pooled_with(page, order, over):
    """Return A' if the hidden layer is normalised with that of a copy, over axes."""
    A, data, values = of_page(page)
    A = A[np.ix_(order, order)]
    W, W_2 = (np.array(W) for W in data["weights"]["pool"])
    A_hat, copy = paper.normalize_adjacency(A), paper.relu(values["A_hat"] @ W[:6])
    H = np.stack([paper.gcn_layer(W[order], A_hat, np.eye(6)), copy])
    if over:
        mean, variance = H.mean(axis=over, keepdims=True), H.var(over, keepdims=True)
        H = (H - mean) / np.sqrt(variance + 1e-5)
    S = paper.assign(paper.gcn_layer(W_2[:, :2], A_hat, H[0]))
    return paper.coarsen(A, S, S)[0]


def test_batch_norm_over_the_node_index_depends_on_the_order(page):
    page.locator("#norm").click()
    text = reading(page, "norm")
    order = [int(i) for i in re.search(r"order ([\d, ]+\d)", text)[1].split(", ")]
    assert sorted(order) == [*range(6)] and order != [*range(6)]
    changes = numbers(text.split("at most")[1])
    for shown, over in zip(changes, ((0, 2), (0, 1), None), strict=True):
        before, after = (pooled_with(page, o, over) for o in (range(6), order))
        change = abs(after - before).max()
        assert shown == pytest.approx(change, abs=0.000501)
        assert shown > 0.01 if over == (0, 2) else shown < 1e-12


def test_the_graph_beside_its_copy_can_be_renumbered_again(page):
    assert reading(page, "norm") == "The nodes are not renumbered yet."
    texts = set()
    for _ in range(2):
        page.locator("#norm").click()
        texts.add(reading(page, "norm"))
    assert len(texts) == 2
    page.locator("#add").click()
    assert reading(page, "norm") == "The nodes are not renumbered yet."


def test_a_trap_is_sprung_whatever_was_chosen_before(page):
    page.locator("#choose-features").select_option("degree")
    slide(page, "#clusters", 4)
    page.locator("#undivided").click()
    assert clusters(page) == [1, 1, 1, 0, 0, 0]


def test_a_trap_can_be_tried_on_the_current_graph(page):
    page.locator("#choose-graph").select_option("1")
    slide(page, "#clusters", 3)
    for button in ("#own-undivided", "#own-divided"):
        page.locator(button).click()
    assert page.input_value("#choose-graph") == "1"
    assert matrix(page, "S").shape == (6, 3)
    plain, divided = reading(page, "division").splitlines()
    assert plain.startswith("path of six, ") and divided.startswith("path of six, ")
    least, more = (
        float(re.search(r"LLP = ([\d.]+)", line)[1]) for line in (plain, divided)
    )
    assert least < more


# ------------------------------------------------------------------ what was said


CHANGES = {
    "a logit": lambda page: slide(page, "[data-cluster='1']", 3),
    "K": lambda page: slide(page, "#clusters", 3),
    "λ": lambda page: slide(page, "#lambda", 1),
    "the loss": lambda page: page.locator("#choose-loss").select_option("entropy"),
    "features": lambda page: page.locator("#choose-features").select_option("degree"),
    "a preset": lambda page: page.locator("[data-logits=one-hot]").click(),
    "another descent": lambda page: page.locator("[data-compare=yours]").click(),
    "a node": lambda page: page.locator("#add").click(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_was_said_does_not_outlive_a_change(page, change):
    page.locator("#descend").click()
    assert "After 300 steps" in reading(page, "descent")
    change(page)
    assert "After 0 steps" in reading(page, "descent")
    page.locator("#renumber").click()
    assert "have moved" in reading(page, "order")
    change(page)
    slide(page, "[data-cluster='1']", 2.5)
    assert reading(page, "order") == "The nodes are not renumbered yet."


def test_the_name_of_the_logits_stays_true(page):
    page.locator("[data-logits=one-hot]").click()
    slide(page, "#clusters", 3)
    page.locator("#add").click()
    assert matrix(page, "S").max(axis=1).tolist() == [1] * 7
    page.locator("#descend").click()
    slide(page, "#clusters", 2)
    assert "R: chosen by you" in page.inner_text(".readout")


def test_nodes_with_equal_shares_are_undecided(page):
    page.locator("[data-logits=uniform]").click()
    assert "nodes 0, 1, 2, 3, 4, 5 undecided" in reading(page, "certainty")


def test_the_shape_told_of_a_letter_follows_the_graph(page):
    page.locator("[data-letter=S]").first.click()
    slide(page, "#clusters", 5)
    assert "(N, K) = (6, 5)" in page.inner_text(".told")


def test_deleting_the_last_node_keeps_the_focus_in_the_graph(page):
    page.locator("#edit").click()
    page.locator("#graph [data-node='5']").focus()
    page.keyboard.press("Delete")
    assert page.evaluate("document.activeElement.dataset.node") == "4"


def test_the_right_button_changes_nothing(page):
    page.locator("#edit").click()
    box = page.locator("#graph").bounding_box()
    place = box["x"] + box["width"] / 2, box["y"] + 12
    page.mouse.click(*place, button="right")
    assert len(matrix(page, "A")) == 6


def test_added_nodes_stand_apart_and_are_joined_to_the_chosen_one(page):
    for _ in range(2):
        page.locator("#add").click()
    page.mouse.click(*place_of(page, 0))
    assert page.inner_text("#add") == "Add a neighbour of 0"
    page.locator("#add").click()
    assert edges(page) == {*TRIANGLES, (0, 8)}
    places = np.array([place_of(page, node) for node in range(9)])
    apart = np.linalg.norm(places[:, None] - places, axis=2) + 99 * np.eye(9)
    assert apart.min() > 40  # pixels between centres of discs


# ------------------------------------------------------------------ answers


def test_an_answer_is_folded_until_it_is_asked_for(page):
    answer = page.locator("#coarsen .question details p[lang=en]")
    assert not answer.is_visible()
    page.locator("#coarsen .question summary").click()
    assert answer.is_visible()


def test_a_node_without_edges_mixes_nothing_in(page):
    page.locator("#add").click()
    for _ in range(2):
        assert matrix(page, "A_hat")[6].tolist() == [0] * 6 + [1]
        page.locator("#loops").check()


def test_parting_two_ends_of_a_path_changes_two_steps_of_embeddings(page):
    page.locator("#choose-graph").select_option("1")
    before = {name: matrix(page, name) for name in "ZR"}
    page.locator("#edit").click()
    for node in (4, 5):
        page.mouse.click(*place_of(page, node))
    for name, M in before.items():
        changed = (matrix(page, name) != M).any(axis=1)
        assert changed.tolist() == [False] * 2 + [True] * 4


def test_a_difference_of_logits_of_2_2_gives_a_share_of_nine_tenths(page):
    for cluster, value in enumerate((0.2, 2.4)):
        slide(page, f"[data-cluster='{cluster}']", value)
    assert matrix(page, "S")[0].tolist() == [0.1, 0.9]


def test_one_hot_logits_count_edges_and_miss_by_8(page):
    page.locator("[data-logits=one-hot]").click()
    assert matrix(page, "A_pooled").tolist() == [[6, 1], [1, 6]]
    assert "sum to 8.000, so" in reading(page, "link")
    S_2, rows = matrix(page, "S_2"), matrix(page, "S_S2")
    assert rows.tolist() == S_2[[0, 0, 0, 1, 1, 1]].tolist()


@pytest.mark.parametrize("logits", ["one-hot", "GNN_pool"])
def test_one_hot_logits_depend_on_the_numbers_of_nodes(page, logits):
    page.locator(f"[data-logits={logits}]").click()
    before = matrix(page, "A_pooled")
    page.locator("#renumber").click()
    page.locator(f"[data-logits={logits}]").click()
    is_same = (matrix(page, "A_pooled") == before).all()
    assert is_same == (logits == "GNN_pool")


@pytest.mark.parametrize("strength, ends", [(0, [2.449, 0.362]), (2, [2.636, 0.110])])
def test_a_certain_assignment_has_its_price(page, strength, ends):
    slide(page, "#lambda", strength)
    page.locator("#descend").click()
    assert losses(page) == ends


def test_the_entropy_alone_keeps_each_node_in_its_cluster(page):
    page.locator("#choose-graph").select_option("3")
    slide(page, "#clusters", 4)
    page.locator("#choose-loss").select_option("entropy")
    page.locator("#shuffle").click()
    before = clusters(page)
    page.locator("#descend").click()
    assert clusters(page) == before and len(set(before)) > 2


# ------------------------------------------------------------------ pointing


def letters_lit(page):
    found = page.locator(".letter-lit").evaluate_all(
        "all => all.map(e => e.dataset.letter)"
    )
    return len(found), set(found)


@pytest.mark.parametrize("where", ["math", "code", "table"])
def test_pointing_at_a_letter_lights_it_everywhere_and_tells_its_shape(page, where):
    page.locator(f"#coarsen {where} [data-letter=S]").first.hover()
    n_lit, names = letters_lit(page)
    assert names == {"S"} and n_lit == page.locator("[data-letter=S]").count() > 50
    assert page.inner_text(".told").startswith("S (N, K) = (6, 2): assignment")
    page.mouse.move(1, 1)
    assert letters_lit(page) == (0, set())


@pytest.mark.parametrize("name", ["A_hat", "Z", "gap", "S"])
def test_a_click_on_a_letter_draws_it(page, name):
    page.locator("#picture").select_option("X")
    before = page.locator("#graph").inner_html()
    page.locator(f".matrix [data-letter={name}]").first.click()
    assert page.input_value("#picture") == name
    assert page.locator("#graph").inner_html() != before
    n_bars = page.locator("#graph .bar").count()
    assert n_bars == (18 if name == "Z" else 0)


def test_the_list_of_quantities_draws_each(page):
    options = page.locator("#picture option").evaluate_all(
        "all => all.map(o => o.value)"
    )
    pictures = set()
    for name in options:
        page.locator("#picture").select_option(name)
        pictures.add(
            "".join(
                page.locator(".pictures svg").evaluate_all(
                    "all => all.map((e) => e.innerHTML)"
                )
            )
        )
    assert len(options) == 15
    assert len(pictures) == len(options) - 1  # A and S: rims and edges


def table(page, section, name):
    letter = page.locator(f"caption [data-letter={name}]")
    return page.locator(f"#{section} .matrix", has=letter).first


def cell(page, section, name, i, j):
    return table(page, section, name).locator(f"td[data-i='{i}'][data-j='{j}']")


def written(page, section, name):
    """Return the sum below a matrix."""
    return table(page, section, name).locator("xpath=../p").text_content()


def sources_lit(page, section, name):
    script = "all => all.map(c => [Number(c.dataset.i), Number(c.dataset.j)])"
    return table(page, section, name).locator(".from").evaluate_all(script)


@pytest.mark.parametrize("how", ["hover", "tap", "focus"])
def test_pointing_at_a_number_lights_what_it_was_made_of(page, how):
    getattr(cell(page, "coarsen", "X_pooled", 1, 2), how)()
    assert sources_lit(page, "coarsen", "S") == [[i, 1] for i in range(6)]
    assert sources_lit(page, "coarsen", "Z") == [[i, 2] for i in range(6)]
    assert sources_lit(page, "coarsen", "A") == []
    text = page.text_content("#coarsen .sum")
    assert text == "X′[1, 2] = 0.298 = 0.32·0.28 + 0.32·0.33 + 0.32·0.33"


NUMBERS = [
    ("why", "A"), ("why", "X"), ("layer", "A_tilde"), ("layer", "D_tilde"),
    ("layer", "A_hat"), ("layer", "W"), ("layer", "H"), ("networks", "W_2"),
    ("networks", "Z"), ("assign", "R"), ("assign", "S"), ("coarsen", "A_pooled"),
    ("coarsen", "X_pooled"), ("losses", "SST"), ("losses", "gap"), ("twice", "S_2"),
    ("losses", "entropies"), ("descent", "slope"), ("twice", "S_S2"),
    ("twice", "A_twice"),
]  # fmt: skip


def evaluated(text):
    """Return the value of a sum as the page writes it."""
    text = text.replace("ReLU", "relu").replace("−", "-").replace("·", "*")
    text = re.sub(r"√([\d.]+)", r"np.sqrt(\1)", text)
    text = re.sub(r"log ([\d.]+)", r"np.log(\1)", text)
    text = re.sub(r"e\^(-?[\d.]+)", r"np.exp(\1)", text)
    return eval(text, {"np": np, "relu": paper.relu})


def test_the_sum_that_is_written_out_gives_the_number(page):
    page.locator("#choose-graph").select_option("1")
    for section, name in NUMBERS:
        cell(page, section, name, 0, 0).hover()
        label, *parts = written(page, section, name).split(" = ")
        assert label.endswith(
            "[0, 0]" if name not in ("D_tilde", "entropies") else "[0]"
        )
        value = float(re.match(r"−?[\d.]+", parts[0])[0].replace("−", "-"))
        assert value == pytest.approx(matrix(page, name)[0, 0], abs=0.00501)
        if name not in ("A", "X", "W", "W_2", "S_2", "slope"):
            assert evaluated(parts[1].split(", ")[0]) == pytest.approx(
                value, abs=0.05
            ), name


def test_arrow_keys_move_between_numbers(page):
    cell(page, "losses", "gap", 0, 0).focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.text_content("#losses .sum").startswith(
        "(A−SSᵀ)[0, 1] = 0.498 = 1 − 0.50,"
    )
    assert sources_lit(page, "losses", "A") == [[0, 1]]


def test_tab_reaches_each_matrix_once_and_arrows_the_nodes(page):
    reached = page.locator("td[tabindex='0']").count()
    assert reached == page.locator("table.matrix").count() > 25
    page.locator("#graph [data-node='0']").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    assert page.locator("#graph .chosen").get_attribute("data-node") == "5"


def test_a_sum_is_written_anew_when_its_numbers_change(page):
    cell(page, "descent", "slope", 0, 0).hover()
    before = page.text_content("#descent .sum")
    slide(page, "#lambda", 1)
    assert page.text_content("#descent .sum") != before
    assert page.locator("#descent .at").count() == 1


def test_a_sum_is_that_of_the_numbers_shown_after_the_pointer_has_left(page):
    cell(page, "descent", "S", 0, 0).hover()
    page.locator("h1").hover()
    page.locator("[data-logits='one-hot']").click()
    value = cell(page, "descent", "S", 0, 0).text_content()
    assert written(page, "descent", "S").startswith(f"S[0, 0] = {float(value):.0f}")
