"use strict";
// What the reader can change (`state`), what follows from it (`v`, by arithmetic.js), and
// how it is drawn (drawing.js): two pictures, matrices, sentences. t("words {0}", value) is
// in the language of the page.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9"];
  const STEP = 0.5, STEPS = 300, PER_FRAME = 3, MOST_TERMS = 14, FIRM = 10, RIM = 3.2;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const range = (n) => [...Array(n).keys()];
  const clone = (M) => M.map((row) => [...row]);
  const column = (values) => values.map((value) => [value]);
  const largest = (M) => Math.max(0, ...M.flat().map(Math.abs));
  const random = seeded(1);

  const notYet = () => t("The nodes are not renumbered yet.");
  const state = {
    graph: 0, A: [], places: [], ids: [], loops: false, features: "number", editing: false,
    K: 2, logits: "GNN_pool", R: null, node: null, picture: "S", letter: null,
    lambda: 0.1, loss: "both", history: [], running: 0,
    language: navigator.language.startsWith("zh") ? "zh" : "en",
    renumbered: notYet, padding: 6, ring: 12, order: [],
    traps: { division: {}, entropy: {}, triangles: {}, wl: {} },
  };
  let v = {};

  // ---------------------------------------------------------------- the quantities

  function compute() {
    const { A, K } = state, N = A.length, { embed, pool, pool_2 } = data.weights;
    const X = state.features === "number"
      ? state.ids.map((id) => range(N).map((f) => (f === id ? 1 : 0)))
      : column(degrees(A));
    const first = (W) => W.slice(0, X[0].length);
    const A_tilde = add_loops(A), A_hat = normalize_adjacency(A);
    const W = first(embed[0]), W_2 = embed[1], H = gcn_layer(W, A_hat, X);
    const pooling = [first(pool[0]), pool[1].map((row) => row.slice(0, K))];
    if (state.logits === "GNN_pool") state.R = gnn(pooling, A, X);
    const R = state.R, S = assign(R), Z = gnn([W, W_2], A, X);
    const [A_pooled, X_pooled] = coarsen(A, Z, S);
    const S_2 = assign(gnn(pool_2, A_pooled, X_pooled)), SST = dot(S, transpose(S));
    const [A_twice] = coarsen(A_pooled, X_pooled, S_2);
    v = {
      A, X, W, W_2, A_tilde, D_tilde: column(degrees(A_tilde)), A_hat, H, Z, R, S, A_pooled,
      X_pooled, SST, gap: link_residual(A, S), entropies: column(row_entropies(S)),
      pooling, slope: loss_gradient(A, R, ...strengths()), S_2, S_S2: dot(S, S_2), A_twice,
      XW: dot(X, W), HW: dot(H, W_2), HW_pool: dot(gcn_layer(pooling[0], A_hat, X), pooling[1]),
      link: link_loss(A, S), entropy: entropy_loss(S),
    };
  }

  // The factors of L_LP and L_E in the loss that "descend" minimises.
  function strengths() {
    if (state.loss === "entropy") return [0, 1];
    return [state.loss === "divided" ? 1 / state.A.length ** 2 : 1, state.lambda];
  }

  // ---------------------------------------------------------------- where numbers come from

  // The nonzero products of factors, as a sum.
  function written(products) {
    const kept = products.filter((factors) => factors.every((x) => x !== 0));
    const factor = (x) => (x < 0 ? `(${show(x)})` : show(x));
    const terms = kept.slice(0, MOST_TERMS).map((factors) => factors.map(factor).join("·"));
    const rest = kept.length - terms.length;
    return (terms.join(" + ") || "0") + (rest ? t(" + … ({0} more)", rest) : "");
  }
  const row = (name, i) => [name, i, null], col = (name, j) => [name, null, j];
  const layer = (right, i, j, sources) => [
    `ReLU(${written(v.A_hat[i].map((x, m) => [x, v[right][m][j]]))})`,
    [row("A_hat", i), ...sources]];
  const matmul = (left, right, i, j) => [
    written(v[left][i].map((x, k) => [x, v[right][k][j]])), [row(left, i), col(right, j)]];
  const sandwich = (S, A, k, l) => [
    written(v[A].flatMap((line, i) => line.map((x, j) => [v[S][i][k], x, v[S][j][l]]))),
    [col(S, k), col(S, l), [A, null, null]]];
  const given = () => [null, [], t("given")];

  // For each matrix: how entry (i, j) was made, the entries it was made from, a remark.
  const MADE = {
    A: (i, j) => [null, [], t(v.A[i][j] ? (i === j ? "a loop" : "an edge") : "no edge")],
    X: given, W: given, W_2: given,
    A_tilde: (i, j) => [`${show(v.A[i][j])} + ${i === j ? 1 : 0}`, [["A", i, j]]],
    D_tilde: (i) => [written(v.A_tilde[i].map((x) => [x])), [row("A_tilde", i)]],
    A_hat: (i, j) => [
      `${show(v.A_tilde[i][j])} / (√${show(v.D_tilde[i][0])} · √${show(v.D_tilde[j][0])})`,
      [["A_tilde", i, j], ["D_tilde", i, 0], ["D_tilde", j, 0]]],
    H: (i, j) => layer("XW", i, j, [["X", null, null], col("W", j)]),
    Z: (i, j) => layer("HW", i, j, [["H", null, null], col("W_2", j)]),
    R: (i, j) => (state.logits === "GNN_pool" ? layer("HW_pool", i, j, []) : [null, [], t(state.logits)]),
    S: (i, j) => [
      `e^${show(v.R[i][j])} / (${v.R[i].map((x) => `e^${show(x)}`).join(" + ")})`, [row("R", i)]],
    X_pooled: (k, d) => [
      written(v.S.map((line, i) => [line[k], v.Z[i][d]])), [col("S", k), col("Z", d)]],
    A_pooled: (k, l) => sandwich("S", "A", k, l),
    SST: (i, j) => [written(v.S[i].map((x, k) => [x, v.S[j][k]])), [row("S", i), row("S", j)]],
    gap: (i, j) => {
      const part = v.link ? (100 * v.gap[i][j] ** 2) / v.link ** 2 : 0;
      const text = `${show(v.A[i][j])} − ${show(v.SST[i][j])}`;
      return [text, [["A", i, j], ["SST", i, j]], t("whose square is {0} % of L_LP²", part.toFixed(1))];
    },
    entropies: (i) => [
      `−(${v.S[i].map((x) => `${show(x)}·log ${show(x)}`).join(" + ")})`, [row("S", i)]],
    slope: (i, k) => {
      const [link, entropy] = strengths();
      const G = [loss_gradient(v.A, v.R, link, 0), loss_gradient(v.A, v.R, 0, entropy)];
      return [t("{0} from L_LP + {1} from L_E", ...G.map((of) => show(of[i][k], 4))), [row("S", i), row("gap", i)]];
    },
    S_2: () => [null, [["A_pooled", null, null], ["X_pooled", null, null]],
      t("the softmax of a second GNN_pool on (A′, X′)")],
    S_S2: (i, j) => matmul("S", "S_2", i, j),
    A_twice: (k, l) => sandwich("S_2", "A_pooled", k, l),
  };

  // ---------------------------------------------------------------- small helpers

  function seeded(seed) { // mulberry32
    return () => {
      seed = (seed + 0x6d2b79f5) | 0;
      let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }
  const normal = (next) => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

  function show(value, digits = 2) {
    if (Number.isInteger(value)) return `${value}`.replace("-", "−");
    return value.toFixed(digits).replace(/^-(?=.*[1-9])/, "−").replace(/^-/, "");
  }
  function tiny(value) {
    if (value === 0 || value >= 0.001) return show(value, 3);
    const [digit, power] = value.toExponential(0).split("e-");
    return `${digit}·10⁻${[...power].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]).join("")}`;
  }

  const t = (words, ...values) => (state.language === "zh" ? data.chinese[words] : words)
    .replace(/\{(\d)\}/g, (_, n) => values[n]);

  // Text with an index as in L_LP or GNN_pool.
  function say(place, text) {
    if (place.dataset.said === text) return;
    place.dataset.said = text;
    place.replaceChildren(...text.split(/_(LP|E|pool|embed)\b/).map((part, n) => {
      if (n % 2 === 0) return part;
      const sub = document.createElement("sub");
      sub.textContent = part;
      return sub;
    }));
  }
  function button(place, text, action, attributes = {}) {
    const made = make(place, "button", { type: "button", ...attributes });
    say(made, text);
    made.addEventListener("click", action);
    return made;
  }
  function slider(place, text, attributes, action) {
    const label = make(place, "label", { class: "slide" }, text);
    const made = make(label, "input", { type: "range", ...attributes });
    const shown = make(label, "output");
    made.addEventListener("input", () => action(Number(made.value)));
    return { set: (value, words) => { made.value = value; shown.textContent = words; } };
  }

  // ---------------------------------------------------------------- changes

  // What was said of a descent or a renumbering does not hold after a change.
  function change(parts) {
    stop();
    Object.assign(state, { history: [], renumbered: notYet }, parts);
  }
  const changeAndUpdate = (parts) => { change(parts); update(); };
  function setGraph(index) {
    const { edges, places } = data.graphs[index], N = places.length;
    change({
      graph: index, places: clone(places), ids: range(N), loops: false, editing: false, logits: "GNN_pool",
      node: null, A: range(N).map(() => Array(N).fill(0)),
    });
    for (const [i, j] of edges) state.A[i][j] = state.A[j][i] = 1;
  }
  const edited = () => changeAndUpdate({ graph: "yours" });
  function addNode(x, y) {
    const { A, places, R, node } = state, N = A.length;
    if (N >= data.mostNodes) return;
    for (const line of A) line.push(0);
    A.push(range(N + 1).map((i) => (state.loops && i === N ? 1 : 0)));
    if (node !== null) A[N][node] = A[node][N] = 1;
    places.push([x, y]);
    state.ids.push(N);
    R.push(Array(state.K).fill(0));
    state.node = N;
    fitLogits();
    edited();
  }
  // Of 50 places, the one farthest from all nodes.
  function emptySpace() {
    const far = ([x, y]) => Math.min(...state.places.map((place) => Math.hypot(1.5 * (x - place[0]), y - place[1])));
    const free = range(50).map(() => inPicture(100 * random(), 100 * random()));
    return free.reduce((one, other) => (far(other) > far(one) ? other : one));
  }
  function removeNode(i) {
    if (state.A.length === 1) return;
    const others = range(state.A.length).filter((j) => j !== i), id = state.ids[i];
    for (const name of ["places", "ids", "R"]) state[name] = permute_rows(state[name], others);
    state.A = permute_both(state.A, others);
    state.ids = state.ids.map((other) => other - (other > id));
    state.node = null;
    fitLogits();
    edited();
  }
  function setLoops(on) {
    state.loops = on;
    state.A = map(state.A, (value, i, j) => (i === j ? Number(on) : value));
    edited();
  }
  function tapNode(i) {
    const from = state.node;
    state.node = state.editing && from === i ? null : i;
    if (!state.editing || from === null || from === i) return update();
    state.node = null;
    state.A[from][i] = state.A[i][from] = 1 - state.A[i][from];
    edited();
  }
  const PRESETS = {
    "one-hot": (i, k) => (Math.floor((i * state.K) / state.A.length) === k ? FIRM : -FIRM),
    uniform: () => 0,
    random: () => 2 * normal(random),
  };
  function setLogits(kind) {
    const entry = PRESETS[kind];
    change({ logits: kind });
    if (entry) state.R = state.A.map((_, i) => range(state.K).map((k) => entry(i, k)));
    update();
  }
  // After a change of N or K.
  function fitLogits() {
    if (state.logits === "one-hot" || state.logits === "uniform") setLogits(state.logits);
    else if (state.logits !== "GNN_pool") state.logits = "chosen by you";
  }
  function setClusters(K) {
    change({ K, R: state.R.map((line) => range(K).map((k) => line[k] ?? 0)) });
    fitLogits();
    update();
  }
  function setLogit(k, value) {
    change({ R: clone(state.R), logits: "chosen by you" });
    state.R[state.node ?? 0][k] = value;
    update();
  }
  function otherOrder(N) {
    let order;
    do order = range(N).map((i) => [random(), i]).sort((a, b) => a[0] - b[0]).map(([, i]) => i);
    while (N > 1 && order.every((i, j) => i === j));
    return order;
  }
  function renumber() {
    const N = state.A.length, before = v, order = otherOrder(N);
    change({});
    for (const name of ["places", "ids", "R"]) state[name] = permute_rows(state[name], order);
    state.A = permute_both(state.A, order);
    if (state.node !== null) state.node = order.indexOf(state.node);
    compute();
    const apart = (name) => tiny(largest(subtract(v[name], before[name])));
    const moved = order.filter((i, j) => i !== j).length;
    const numbers = [moved, N, apart("A_pooled"), apart("X_pooled")];
    state.renumbered = () => t("{0} of {1} rows of S have moved. The largest change of an entry: "
      + "{2} in A′, {3} in X′, from rounding alone.", ...numbers);
    update();
    slideRows(order);
  }
  function slideRows(order) {
    if (calm.matches) return;
    for (const { name, lines } of spots.filter(({ name }) => ["X", "R", "S"].includes(name))) {
      lines.forEach((line, j) => {
        const from = (order[j] - j) * line.getBoundingClientRect().height;
        line.animate([{ transform: `translateY(${from}px)` }, {}], { duration: 700, easing: "ease" });
      });
    }
  }

  // ---------------------------------------------------------------- descent

  const lower = (A, R, link, entropy) =>
    subtract(R, map(loss_gradient(A, R, link, entropy), (slope) => STEP * slope));
  function record() {
    const S = assign(state.R), G = loss_gradient(state.A, state.R, ...strengths());
    const link = link_loss(state.A, S), entropy = entropy_loss(S), [a, b] = strengths();
    state.history.push([a * link + b * entropy, link, entropy, frobenius_norm(G)]);
  }
  function descend(done = () => {}) {
    change({ logits: "found by descent", R: clone(state.R) });
    record();
    const advance = (n) => range(n).forEach(() => {
      state.R = lower(state.A, state.R, ...strengths());
      record();
    });
    const finish = () => { stop(); done(); update(); };
    if (calm.matches) return advance(STEPS), finish();
    const frame = () => {
      advance(PER_FRAME);
      if (state.history.length > STEPS) return finish();
      update();
      state.running = requestAnimationFrame(frame);
    };
    state.running = requestAnimationFrame(frame);
    update();
  }
  function stop() {
    cancelAnimationFrame(state.running);
    state.running = 0;
  }
  const listed = (values) => values.join(t(", "));
  const nodesAsWords = (nodes) => t(nodes.length > 1 ? "nodes {0}" : "node {0}", listed(nodes));
  // The nodes of each group, as words; of[i] is the group of node i.
  function groups(of, words = nodesAsWords) {
    const members = (k) => range(of.length).filter((i) => of[i] === k);
    return [...new Set(of)].sort((a, b) => a - b).map((k) => words(members(k), k)).join(t("; "));
  }
  // The clusters by the largest share, as words.
  function clusters(S = v.S) {
    const isTied = (line) => line.filter((share) => share > Math.max(...line) - 1e-6).length > 1;
    return groups(S.map((line) => (isTied(line) ? -1 : line.indexOf(Math.max(...line)))),
      (nodes, k) => t(k < 0 ? "{0} undecided" : "{0} in cluster {1}", nodesAsWords(nodes), k));
  }
  // Descend on the two triangles, or on the current graph, and keep the result.
  function trap(name, title, isOwn, changes) {
    if (!isOwn) {
      setGraph(0);
      change({ K: 2, features: "number" });
    }
    change({ logits: "GNN_pool", ...changes });
    compute();
    descend(() => {
      compute();
      const { S } = v, graph = graphName(), sizes = [show(v.link, 3), show(v.entropy, 3)];
      state.traps[name][`${graph} ${title}`] = () =>
        t("{0}, {1}: {2}. L_LP = {3}, L_E = {4}.", t(graph), t(title), clusters(S), ...sizes);
    });
  }
  function trapButtons(place, name, title, id, changes) {
    button(place, t(title), () => trap(name, title, false, changes), { id });
    button(place, `${t(title)}, ${t("the current graph")}`, () => trap(name, title, true, changes), { id: `own-${id}` });
  }
  const graphName = () => (state.graph === "yours" ? "your graph" : data.graphs[state.graph].name);
  // The smallest link loss of some descents on L_LP alone, and its logits.
  function leastLinkLoss(A, K, starts) {
    const next = seeded(7);
    const found = range(starts).map(() => {
      let R = A.map(() => range(K).map(() => normal(next)));
      range(150).forEach(() => { R = lower(A, R, 1, 0); });
      return [link_loss(A, assign(R)), R];
    });
    return found.reduce((one, other) => (other[0] < one[0] ? other : one));
  }
  const uniformLinkLoss = (A, K) => link_loss(A, A.map(() => Array(K).fill(1 / K)));
  function compareLinkLoss() {
    const { A, K } = state, [best, R] = leastLinkLoss(A, K, 8);
    change({ R, logits: "the best of 8 descents" });
    const m = sum(A.flatMap((line, i) => line.slice(i + 1)));
    const bound = isTwoColourable(A) ? number(Math.sqrt(m)) : null;
    const part = Math.round((100 * best) / (frobenius_norm(A) || 1));
    const values = [m, K, number(best), part, number(uniformLinkLoss(A, K))], name = graphName();
    state.traps.triangles[`${name} ${m} ${K}`] = () => t("{0} (m = {1}, K = {2}): L_LP is {3} for the best S of "
      + "8 descents, {4} % of ‖A‖; {5} for uniform S{6}.", t(name), ...values,
      bound === null ? "" : t("; at least √m = {0} for any S", bound));
  }
  function compareRing(N, K) {
    const A = range(N).map((i) => range(N).map((j) => Number([1, N - 1].includes(Math.abs(i - j)))));
    const [least] = leastLinkLoss(A, K, 3), uniform = uniformLinkLoss(A, K), bound = Math.sqrt(Math.max(N ** 2 / K ** 2 - 2 * N, N));
    const values = [uniform, least, bound].map(number);
    return () => t("Ring of {0} nodes, K = {1}: L_LP is {2} for uniform S. The best of 3 descents ends at {3}, which is "
      + "{5} % of that. No S is below {4}.", N, K, ...values, ((100 * least) / uniform).toFixed(1));
  }
  function compareNodes() {
    setLogits("GNN_pool");
    const { A, X, A_hat, pooling } = v, next = seeded(3), colours = wl_colours(A, X);
    const of = (weights) => assign(weights.reduce((H, W) => gcn_layer(W, A_hat, H), X));
    const others = range(50).map(() => of(pooling.map((W) => map(W, () => normal(next)))));
    const apart = [of(pooling), ...others].map((S) => largest(subtract(S, permute_rows(S, colours))));
    const rows = of(pooling).map((line) => `${line.map((x) => x.toFixed(9))}`);
    const [n, r] = [colours, rows].map((values) => new Set(values).size);
    const name = graphName(), { features } = state, most = [tiny(largest([apart])), others.length];
    state.traps.wl[`${name} ${features}`] = () => t("{0}, {1}: {2} ({3}), {4}", t(name), t(features),
      t(n > 1 ? "{0} colours" : "{0} colour", n), groups(colours),
      t(r > 1 ? "{0} different rows of S" : "{0} different row of S", r))
      + (n === A.length ? t(".") : t(". Rows of one colour differ by at most {0}, also with {1} other sets of weights.", ...most));
    update();
  }
  // A′ if H of GNN_pool is normalised together with that of a copy in the first order.
  function pooledWith(norm, order) {
    const [W, W_2] = v.pooling, A = permute_both(v.A, order), A_hat = normalize_adjacency(A);
    const H = gcn_layer(W, A_hat, permute_rows(v.X, order));
    const S = assign(gcn_layer(W_2, A_hat, norm(H, gcn_layer(W, v.A_hat, v.X))));
    return coarsen(A, S, S)[0];
  }
  const byNumber = (H, copy) =>
    standardize(H.map((line, i) => [...line, ...copy[i]])).map((line) => line.slice(0, line.length / 2));
  const byFeature = (H) => transpose(standardize(transpose(H))); // the copy has the same moments
  function isTwoColourable(A) {
    const colour = Array(A.length).fill(0);
    const paint = (i, c) => {
      if (colour[i]) return colour[i] === c;
      colour[i] = c;
      return A[i].every((value, j) => !value || paint(j, -c));
    };
    return A.every((_, i) => paint(i, colour[i] || 1));
  }

  // ---------------------------------------------------------------- matrices

  const spots = []; // every matrix on the page
  function buildPanel(place) {
    for (const name of place.dataset.panel.split(" ")) {
      const table = make(place, "table", { class: "matrix" });
      spots.push({ name, table, place, size: "", cells: [], lines: [] });
    }
    make(place, "p", { class: "sum", "aria-live": "polite" }, t("Point at a number to see what it is made of."));
  }
  const dimension = (word) => ({ N: v.A.length, K: state.K, F: v.X[0].length, D: 3 })[word] ?? word;
  const shapeOf = (name) => {
    const words = data.letters[name][1].split(" ");
    const size = `(${words.map(dimension).join(", ")})`;
    return size === `(${words.join(", ")})` ? size : `(${words.join(", ")}) = ${size}`;
  };
  const kindOf = (name, axis) => data.letters[name][1].split(" ")[axis];

  function buildMatrix(spot) {
    const { name, table } = spot, M = v[name], [label, , meaning] = data.letters[name];
    table.replaceChildren();
    table.style.setProperty("--cols", M[0].length);
    table.classList.toggle("many", M[0].length > 11);
    const caption = make(table, "caption");
    make(caption, "button", { type: "button", class: "letter", "data-letter": name, title: t(meaning) }, label);
    make(caption, "small", {}, ` ${shapeOf(name)}`);
    const head = make(make(table, "thead"), "tr"), body = make(table, "tbody");
    make(head, "td");
    const th = (parent, axis, i) => {
      const made = make(parent, "th", { scope: axis ? "col" : "row" }, i);
      if (kindOf(name, axis) === "K") made.style.setProperty("--mark", COLOURS[i]);
      return made;
    };
    if (M[0].length > 1) M[0].forEach((_, j) => th(head, 1, j));
    else make(head, "td");
    spot.lines = M.map((line, i) => {
      const made = make(body, "tr");
      th(made, 0, i);
      return made;
    });
    spot.cells = M.map((line, i) => line.map((_, j) =>
      make(spot.lines[i], "td", { tabindex: i || j ? -1 : 0, "data-i": i, "data-j": j })));
    spot.size = sizeOf(M);
  }
  const sizeOf = (M) => `${M.length} ${M[0].length} ${state.K}`;

  function drawMatrix(spot) {
    const M = v[spot.name], top = Math.max(largest(M), spot.name === "slope" ? 0.02 : 1e-9);
    if (spot.size !== sizeOf(M)) buildMatrix(spot);
    const digits = spot.name === "slope" ? 3 : 2;
    map(M, (value, i, j) => {
      const cell = spot.cells[i][j], text = show(value, digits);
      if (cell.textContent !== text) {
        cell.textContent = text;
        cell.setAttribute("aria-label", `${data.letters[spot.name][0]} ${i}, ${j}: ${text}`);
      }
      cell.style.setProperty("--share", Math.abs(value) / top);
      cell.className = value < 0 ? "neg" : value === 0 ? "zero" : "";
    });
  }

  // ---------------------------------------------------------------- pointing

  let pointed = null; // [spot, i, j], kept while the numbers move
  const summed = new Map(); // for each panel, the entry whose sum it tells
  function tellSum(place, name, i, j) {
    const box = place.querySelector(".sum");
    if (v[name][i]?.[j] === undefined) return say(box, "");
    const [text, , remark] = MADE[name](i, j);
    const index = v[name][0].length > 1 ? `${i}, ${j}` : i;
    const label = name === "gap" ? "(A−SSᵀ)" : data.letters[name][0];
    say(box, `${label}[${index}] = ${show(v[name][i][j], 3)}`
      + `${text === null ? "" : ` = ${text}`}${remark ? `, ${remark}` : ""}`);
  }
  function point(spot, i, j) {
    unlight();
    pointed = [spot, i, j];
    const { place, name } = spot, [, sources] = MADE[name](i, j);
    summed.set(place, [name, i, j]);
    tellSum(place, name, i, j);
    spot.cells[i][j].classList.add("at");
    for (const other of spots) {
      for (const [source, r, c] of sources) {
        if (source !== other.name) continue;
        map(v[source], (value, a, b) => {
          const all = r === null && c === null; // of a whole matrix, what is not zero
          if (all ? value : (r ?? a) === a && (c ?? b) === b) other.cells[a][b].classList.add("from");
        });
      }
    }
    lightNodes(name, i, j);
  }
  function lightNodes(name, i, j) {
    const nodes = (axis) => [kindOf(name, axis), axis ? j : i];
    for (const [kind, index] of [nodes(0), nodes(1)]) {
      all(`#${kind === "N" ? "graph" : "pooled"} [data-node="${index}"]`)
        .forEach((node) => (kind === "N" || kind === "K") && node.classList.add("lit"));
    }
  }
  function unlight() {
    pointed = null;
    all(".at, .from, svg .lit").forEach((node) => node.classList.remove("at", "from", "lit"));
  }
  const spotOf = (cell) => spots.find(({ table }) => table === cell.closest("table"));
  function pointAt(event) {
    const cell = event.target.closest?.("td[data-i]");
    if (cell) return point(spotOf(cell), Number(cell.dataset.i), Number(cell.dataset.j));
    if (event.type !== "focusin") unlight();
    const letter = event.target.closest?.("[data-letter]");
    all(".letter-lit").forEach((node) => node.classList.remove("letter-lit"));
    if (letter) tellLetter(letter.dataset.letter, event.type === "click");
  }
  function moveBetweenCells(event) {
    const cell = event.target.closest?.("td[data-i]");
    const way = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!cell || !way) return;
    const next = spotOf(cell).cells[Number(cell.dataset.i) + way[0]]?.[Number(cell.dataset.j) + way[1]];
    event.preventDefault();
    if (!next) return;
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
  function sayLetter() {
    const { letter } = state, [label, , meaning] = data.letters[letter] ?? [];
    say(told, letter ? `${label} ${shapeOf(letter)}: ${t(meaning)}` : t("Point at a letter, or tap it, to see what it is."));
  }
  function tellLetter(name, alsoDraw) {
    all(".letter-lit").forEach((node) => node.classList.remove("letter-lit"));
    all(`[data-letter="${name}"]`).forEach((node) => node.classList.add("letter-lit"));
    state.letter = name;
    sayLetter();
    if (!alsoDraw || !drawable(name) || state.picture === name) return;
    state.picture = name;
    update();
  }

  // ---------------------------------------------------------------- pictures

  const isLinks = (name) => data.letters[name][1] === "N N";
  const drawable = (name) => /^(N|K D)/.test(data.letters[name][1]);
  const at = ([x, y]) => [1.5 * x, y];
  const inPicture = (x, y) => [Math.min(94, Math.max(6, x)), Math.min(91, Math.max(9, y))];

  // A row of a matrix as bars: up if positive, down if negative.
  function bars(group, x, y, values, top) {
    const width = Math.min(4, 20 / values.length), left = x - (width * values.length) / 2;
    make(group, "rect", { class: "backing", x: left - 1, y: y - 10, width: width * values.length + 2, height: 12 });
    make(group, "line", { class: "axis", x1: left, x2: left + width * values.length, y1: y, y2: y });
    values.forEach((value, j) => {
      const height = (9 * Math.abs(value)) / top;
      make(group, "rect", {
        class: value < 0 ? "bar neg" : "bar", x: left + j * width + 0.3, width: width - 0.6,
        y: value < 0 ? y : y - height, height,
      });
    });
  }
  const stroke = (value, top) => weighted(value / top, 0.3, 1.9);
  const link = (svg, from, to, value, top) => makeLink(svg, from, to, stroke(value, top));
  const loop = (svg, [x, y], r, value, top) =>
    make(svg, "circle", { cx: x, cy: y - r, r: 0.75 * r, ...stroke(value, top) });

  function drawGraph() {
    const svg = pictures.graph, N = v.A.length, name = state.picture;
    const focused = document.activeElement?.closest?.("#graph [data-node]")?.dataset.node;
    const hasBars = !isLinks(name) && name !== "S" && kindOf(name, 0) === "N";
    const L = isLinks(name) ? v[name] : v.A, top = largest(L) || 1;
    svg.replaceChildren();
    range(N).forEach((i) => {
      for (let j = 0; j < i; j++) if (L[i][j]) link(svg, at(state.places[i]), at(state.places[j]), L[i][j], top);
      if (Math.abs(L[i][i]) > 0.005) loop(svg, at(state.places[i]), 8.5, L[i][i], top);
    });
    range(N).forEach((i) => {
      const [x, y] = at(state.places[i]), shares = v.S[i].map((s, k) => t("{0} in cluster {1}", show(s), k));
      const group = make(svg, "g", {
        "data-node": i, tabindex: i === (state.node ?? 0) ? 0 : -1, role: "button",
        "aria-pressed": i === state.node, "aria-label": t("node {0}: {1}", i, listed(shares)),
        class: i === state.node ? "node chosen" : "node",
      });
      makeDisc(group, x, y, 9, RIM, v.S[i].map((share, k) => [100 * share, COLOURS[k]]));
      make(group, "text", { x, y: y + 2.5 }, i);
      if (hasBars) bars(group, x, y < 26 ? y + 21 : y - 12, v[name][i], largest(v[name]) || 1);
    });
    const label = data.letters[name][0];
    const sign = v[name].flat().some((x) => x < 0);
    pictures["graph words"].textContent = [
      t("Rims: S."),
      t(sign && isLinks(name) ? "Links: {0}, dashed where negative." : "Links: {0}.", isLinks(name) ? label : "A"),
      hasBars ? t(sign ? "Bars: {0}, down where negative." : "Bars: {0}.", label) : "",
    ].join(" ");
    if (focused !== undefined) svg.querySelector(`[data-node="${Math.min(focused, N - 1)}"]`).focus();
  }
  function drawPooled() {
    const svg = pictures.pooled, { K } = state, N = v.A.length, top = largest(v.A_pooled) || 1;
    const place = (k) => {
      const turn = Math.PI * (1 + (2 * k) / K);
      return K === 1 ? [55, 42] : [55 + 36 * Math.cos(turn), 42 + 26 * Math.sin(turn)];
    };
    const masses = transpose(v.S).map(sum);
    svg.replaceChildren();
    range(K).forEach((k) => {
      for (let l = 0; l < k; l++) link(svg, place(k), place(l), v.A_pooled[k][l], top);
    });
    range(K).forEach((k) => {
      for (let l = 0; l < k; l++) {
        if (K > 3) break; // the matrix has these numbers
        const [x, y] = [0, 1].map((axis) => (place(k)[axis] + place(l)[axis]) / 2);
        make(svg, "text", { class: "weight", x, y: y + 3 }, show(v.A_pooled[k][l], 1));
      }
      const [x, y] = place(k), r = 9 + (K > 3 ? 5 : 8) * Math.sqrt(masses[k] / N);
      const group = make(svg, "g", { "data-node": k });
      makeDisc(group, x, y, r, RIM, [[100, COLOURS[k]]]);
      make(group, "text", { x, y: y + 3, class: K > 3 ? "small" : "" }, show(v.A_pooled[k][k], 1));
      if (state.picture === "X_pooled") bars(group, x, y + r + 13, v.X_pooled[k], largest(v.X_pooled) || 1);
    });
    svg.setAttribute("aria-label", t("Pooled graph: {0}", range(K).map((k) =>
      t("cluster {0} has mass {1} and {2} inside", k, show(masses[k], 1), show(v.A_pooled[k][k], 1))).join("; ")));
  }

  // Tap a node or empty space; while editing, drag a node.
  function listenToGraph(svg) {
    const where = (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      return inPicture(point.x / 1.5, point.y);
    };
    const nearest = (place) => {
      const far = ([x, y]) => Math.hypot(1.5 * (x - place[0]), y - place[1]);
      const i = range(state.places.length).sort((a, b) => far(state.places[a]) - far(state.places[b]))[0];
      return far(state.places[i]) < 12 ? i : null;
    };
    let held = null;
    svg.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      held = { place: where(event), node: nearest(where(event)), moved: false };
      if (state.editing && held.node !== null) svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointermove", (event) => {
      if (!held || !state.editing || held.node === null) return;
      const place = where(event);
      held.moved ||= Math.hypot(place[0] - held.place[0], place[1] - held.place[1]) > 2;
      if (!held.moved) return;
      state.places[held.node] = place;
      drawGraph();
    });
    svg.addEventListener("pointercancel", () => { held = null; });
    svg.addEventListener("pointerup", (event) => {
      if (!held) return;
      const { node, moved } = held;
      held = null;
      if (moved) return;
      if (node !== null) tapNode(node);
      else if (state.editing) addNode(...where(event));
    });
    svg.addEventListener("keydown", (event) => {
      const node = event.target.closest("[data-node]"), i = Number(node?.dataset.node);
      if (!node) return;
      if (moveFocus(event, all("[data-node]", svg))) return;
      if (event.key === "Enter" || event.key === " ") tapNode(i);
      else if (state.editing && /Delete|Backspace/.test(event.key)) removeNode(i);
      else return;
      event.preventDefault();
    });
  }

  // ---------------------------------------------------------------- sentences

  const number = (value) => show(Number(value.toFixed(12)), 3);
  const READING = {
    spectrum: () => {
      const root = v.D_tilde.map(([d]) => [Math.sqrt(d)]);
      const apart = largest(subtract(dot(v.A_hat, root), root));
      return t("On this graph, the largest difference between Â√d and √d is {0}.", tiny(apart));
    },
    certainty: () => t("By the largest share, {0}. R: {1}.", clusters(), t(state.logits)),
    mass: () => {
      const inside = sum(v.A_pooled.map((line, k) => line[k]));
      const total = (M) => number(sum(M.flat()));
      const columns = (M) => transpose(M).map((values) => show(sum(values))).join(", ");
      return t("The entries of A sum to {0}, those of A′ to {1}, of which {2} are on the diagonal. The columns of Z "
        + "sum to {3}, those of X′ to {4}.", total(v.A), total(v.A_pooled), number(inside), columns(v.Z), columns(v.X_pooled));
    },
    order: () => state.renumbered(),
    link: () => {
      const squares = map(v.gap, (x) => x * x), diagonal = sum(squares.map((line, i) => line[i]));
      const total = sum(squares.flat());
      return t("The squares of the entries of A − SSᵀ sum to {0}, so L_LP = {1}. The diagonal has {2} % of that sum.",
        number(total), number(v.link), total ? Math.round((100 * diagonal) / total) : 0);
    },
    entropy: () => t("L_E = {0}, the mean of the entropies. For K = {1} it is at most {2}.",
      number(v.entropy), state.K, number(Math.log(state.K))),
    descent: () => {
      const n = Math.max(0, state.history.length - 1);
      return t("After {0} steps: L_LP = {1}, L_E = {2}, length of the gradient {3}. By the largest share, {4}.",
        n, number(v.link), number(v.entropy), tiny(frobenius_norm(v.slope)), clusters());
    },
    division: () => outcomes("division"),
    "entropy-alone": () => outcomes("entropy"),
    padding: () => {
      const rows = (value) => range(state.padding).map(() => Array(state.K).fill(value));
      const [zero, uniform] = [rows(0), assign(rows(0))].map((S) => number(entropy_loss([...v.S, ...S])));
      return t("L_E = {0} for N = {1} rows. For n = {2} rows it is {3} if those added are zero, and {4} if they are uniform.",
        number(v.entropy), v.A.length, v.A.length + state.padding, zero, uniform);
    },
    triangles: () => outcomes("triangles"),
    ring: () => (rings[`${state.ring} ${state.K}`] ??= compareRing(state.ring, state.K))(),
    wl: () => outcomes("wl"),
    norm: () => {
      const N = v.A.length, { order } = state;
      if (order.length !== N) return notYet();
      const change = (norm) => tiny(largest(subtract(pooledWith(norm, order), pooledWith(norm, range(N)))));
      return t("With the nodes in the order {0}, an entry of A′ changes by at most {1} with batch norm over the node index, "
        + "{2} with batch norm over all nodes, {3} without batch norm.", listed(order), ...[byNumber, byFeature, (H) => H].map(change));
    },
    twice: () => {
      const once = coarsen(v.A, v.Z, v.S_S2)[0];
      return t("Computed both ways, the entries of A″ differ by at most {0}.", tiny(largest(subtract(once, v.A_twice))));
    },
  };
  const rings = {}; // what compareRing says, by N and K
  const outcomes = (name) => Object.values(state.traps[name]).map((text) => text()).join("\n") || t("Not tried yet.");

  // ---------------------------------------------------------------- controls

  const refreshers = []; // set the controls from the state
  const CONTROLS = {
    graph(place) {
      const names = data.graphs.map(({ name }, i) => [i, t(name)]);
      const graph = makeChooser(place, t("Graph"), [...names, ["yours", t("your graph")]],
        (value) => { if (value !== "yours") setGraph(Number(value)); update(); }, "choose-graph");
      const features = makeChooser(place, t("Features"), [["number", t("number of the node")], ["degree", t("degree")]],
        (value) => changeAndUpdate({ features: value }), "choose-features");
      const label = make(place, "label", {}), loops = make(label, "input", { type: "checkbox", id: "loops" });
      make(label, "span", {}, t("loops"));
      loops.addEventListener("change", () => setLoops(loops.checked));
      const edit = button(place, t("Edit"), () => { state.editing = !state.editing; update(); }, { id: "edit" });
      const add = button(place, "", () => {
        const { node } = state;
        addNode(...emptySpace());
        state.node = node;
        update();
      }, { id: "add" });
      const last = () => state.node ?? state.A.length - 1;
      const remove = button(place, "", () => removeNode(last()), { id: "remove" });
      const hint = make(place, "p", { class: "hint", "aria-live": "polite" });
      refreshers.push(() => {
        graph.value = state.graph;
        features.value = state.features;
        loops.checked = state.loops;
        edit.setAttribute("aria-pressed", state.editing);
        bench.classList.toggle("editing", state.editing);
        add.disabled = state.A.length >= data.mostNodes;
        add.textContent = state.node === null ? t("Add a node") : t("Add a neighbour of {0}", state.node);
        remove.disabled = state.A.length === 1;
        remove.textContent = t("Remove node {0}", last());
        hint.textContent = !state.editing ? "" : state.node === null
          ? t("Choose a node, or tap on empty space for a new one.")
          : t("Node {0} is chosen. Tap another to join or part them, or empty space.", state.node);
      });
    },
    assignment(place) {
      for (const kind of ["GNN_pool", "one-hot", "uniform", "random"]) {
        const made = button(place, t(kind), () => setLogits(kind), { "data-logits": kind });
        refreshers.push(() => made.setAttribute("aria-pressed", state.logits === kind));
      }
      const K = slider(place, t("Clusters K"), { id: "clusters", min: 1, max: data.mostClusters, step: 1 }, setClusters);
      const node = makeChooser(place, t("Logits of node"), [], (value) => { state.node = Number(value); update(); }, "choose-node");
      const rows = make(place, "div", { class: "logits" });
      let sliders = [];
      refreshers.push(() => {
        const N = state.A.length, i = state.node ?? 0;
        K.set(state.K, state.K);
        if (node.length !== N) node.replaceChildren(...range(N).map((j) => new Option(j, j)));
        node.value = i;
        if (sliders.length !== state.K) {
          rows.replaceChildren();
          sliders = range(state.K).map((k) => slider(rows, t("cluster {0}", k),
            { min: -FIRM, max: FIRM, step: 0.1, "data-cluster": k }, (value) => setLogit(k, value)));
        }
        sliders.forEach(({ set }, k) => set(v.R[i][k], `${show(v.R[i][k])} → ${show(v.S[i][k])}`));
      });
    },
    order(place) {
      button(place, t("Renumber the nodes"), renumber, { id: "renumber" });
    },
    descent(place) {
      const go = button(place, t("Descend"), () => { if (state.running) { stop(); update(); } else descend(); }, { id: "descend" });
      button(place, t("Random logits"), () => setLogits("random"), { id: "shuffle" });
      const loss = makeChooser(place, t("on"), [["both", t("link loss + λ entropy")],
        ["divided", t("link loss / N² + λ entropy")], ["entropy", t("entropy alone")]],
        (value) => changeAndUpdate({ loss: value }), "choose-loss");
      const lambda = slider(place, "λ", { id: "lambda", min: 0, max: 2, step: 0.05 }, (value) => changeAndUpdate({ lambda: value }));
      const chart = make(place, "div", { class: "chart" });
      refreshers.push(() => {
        go.textContent = state.running ? t("Stop") : t("Descend");
        loss.value = state.loss;
        lambda.set(state.lambda, show(state.lambda));
        document.getElementById("lambda").disabled = state.loss === "entropy";
        drawChart(chart);
      });
    },
    division(place) {
      trapButtons(place, "division", "L_LP + L_E", "undivided", { loss: "both", lambda: 1 });
      trapButtons(place, "division", "L_LP / N² + L_E", "divided", { loss: "divided", lambda: 1 });
    },
    entropy: (place) => trapButtons(place, "entropy", "L_E alone", "entropy-alone", { loss: "entropy" }),
    padding: (place) => sliderOf(place, "padding", t("Rows added"), { min: 0, max: 54, step: 1 }),
    triangles(place) {
      for (const i of [1, 2, 0]) {
        button(place, t(data.graphs[i].name), () => { setGraph(i); compute(); compareLinkLoss(); update(); }, { "data-compare": i });
      }
      button(place, t("the current graph"), () => { stop(); compareLinkLoss(); update(); }, { "data-compare": "yours" });
    },
    ring: (place) => sliderOf(place, "ring", t("Nodes of the ring"), { min: 6, max: 48, step: 6 }),
    wl(place) {
      for (const [i, features] of [[2, "degree"], [0, "degree"], [0, "number"]]) {
        button(place, `${t(data.graphs[i].name)}, ${t(features)}`, () => { setGraph(i); state.features = features; compareNodes(); },
          { "data-nodes": `${i} ${features}` });
      }
      button(place, t("the current graph"), compareNodes, { "data-nodes": "yours" });
    },
    norm(place) {
      button(place, t("Renumber one of the two"), () => { state.order = otherOrder(v.A.length); update(); }, { id: "norm" });
    },
  };
  function sliderOf(place, id, text, attributes) {
    const made = slider(place, text, { id, ...attributes }, (value) => { state[id] = value; update(); });
    refreshers.push(() => made.set(state[id], state[id]));
  }
  function drawChart(place) {
    const lines = ["L", "L_LP", "L_E", t("length of ∂L/∂R")];
    place.replaceChildren();
    lines.forEach((name, c) => {
      const values = state.history.map((entry) => entry[c]);
      const low = Math.min(...values), high = Math.max(...values, low + 1e-12);
      const svg = make(place, "svg", { viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true" });
      const points = values.map((value, n) => `${(100 * n) / STEPS},${23 - (22 * (value - low)) / (high - low)}`);
      make(svg, "polyline", { points: points.join(" ") });
      const ends = values.length ? `${tiny(values[0])} → ${tiny(values.at(-1))}` : "–";
      say(make(place, "span"), `${name}: ${ends}`);
    });
  }

  // ---------------------------------------------------------------- the page

  const bench = document.getElementById("bench");
  let pictures, picture, readout, told;
  function buildBench() {
    const isFolded = bench.querySelector("details")?.open === false;
    bench.replaceChildren();
    const details = make(bench, "details", isFolded ? {} : { open: "" });
    make(details, "summary", {}, t("The current graph"));
    const frame = make(details, "div", { class: "pictures" });
    const boxes = [["graph", "0 0 150 100", t("Graph")], ["pooled", "0 0 110 84", t("Pooled graph. Numbers: A′.")]];
    pictures = Object.fromEntries(boxes.flatMap(([id, viewBox, words]) => {
      const figure = make(frame, "figure", { class: id });
      const svg = make(figure, "svg", { id, viewBox, role: id === "graph" ? "group" : "img", "aria-label": words });
      return [[id, svg], [`${id} words`, make(figure, "figcaption", {}, words)]];
    }));
    listenToGraph(pictures.graph);
    picture = makeChooser(make(details, "p", { class: "shows" }), t("The picture shows"),
      Object.keys(data.letters).filter(drawable).map((name) => [name, data.letters[name][0]]),
      (name) => tellLetter(name, true), "picture");
    readout = make(details, "p", { class: "readout" });
    told = make(details, "p", { class: "told", "aria-live": "polite" });
  }

  // Everything in the language of the page; what the reader has chosen stays.
  function build() {
    document.documentElement.lang = state.language;
    bench.setAttribute("aria-label", t("The current graph"));
    document.title = all("h1 [lang]").find(({ lang }) => lang === state.language).textContent;
    language.textContent = state.language === "en" ? "中文" : "English";
    language.lang = state.language === "en" ? "zh" : "en";
    spots.length = refreshers.length = 0;
    pointed = null;
    buildBench();
    for (const place of all("[data-panel], [data-controls]")) place.replaceChildren();
    all("[data-panel]").forEach(buildPanel);
    all("[data-controls]").forEach((place) => CONTROLS[place.dataset.controls](place));
    update();
  }
  function switchLanguage() {
    const top = (section) => section.getBoundingClientRect().top;
    const read = all("section").findLast((section) => top(section) < innerHeight / 2) ?? all("section")[0];
    const before = top(read);
    state.language = state.language === "en" ? "zh" : "en";
    build();
    scrollBy({ top: top(read) - before, behavior: "instant" });
  }

  function update() {
    compute();
    const kept = pointed;
    spots.forEach(drawMatrix);
    drawGraph();
    drawPooled();
    picture.value = state.picture;
    say(readout, `L_LP = ${number(v.link)}   L_E = ${number(v.entropy)}   R: ${t(state.logits)}`);
    sayLetter();
    refreshers.forEach((refresh) => refresh());
    for (const place of all("[data-reading]")) {
      say(place, READING[place.dataset.reading]());
    }
    summed.forEach((entry, place) => tellSum(place, ...entry));
    if (kept && kept[0].cells[kept[1]]?.[kept[2]]) point(...kept);
  }

  const language = document.getElementById("language");
  language.addEventListener("click", switchLanguage);
  for (const type of ["pointerover", "focusin", "click"]) document.addEventListener(type, pointAt);
  document.addEventListener("keydown", moveBetweenCells);
  setGraph(0);
  build();
})();
