"use strict";
// What the reader can change (`state`), what follows from it (`v`, by arithmetic.js), and
// how it is drawn: two pictures, matrices, sentences. Text is only inserted as textContent.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9"];
  const STEP = 0.5, STEPS = 300, PER_FRAME = 3, MOST_TERMS = 14, FIRM = 10;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const range = (n) => [...Array(n).keys()];
  const clone = (M) => M.map((row) => [...row]);
  const column = (values) => values.map((value) => [value]);
  const largest = (M) => Math.max(0, ...M.flat().map(Math.abs));
  const random = seeded(1);

  const state = {
    graph: 0, A: [], places: [], ids: [], loops: false, features: "number", editing: false,
    K: 2, logits: "GNN_pool", R: null, node: null, picture: "S",
    lambda: 0.1, loss: "both", history: [], running: 0,
    renumbered: "", traps: { division: {}, entropy: {}, triangles: {} },
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
      slope: loss_gradient(A, R, ...strengths()), S_2, S_S2: dot(S, S_2), A_twice,
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
    return (terms.join(" + ") || "0") + (rest ? ` + … (${rest} more)` : "");
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
  const given = () => [null, [], "given"];

  // For each matrix: how entry (i, j) was made, the entries it was made from, a remark.
  const MADE = {
    A: (i, j) => [null, [], v.A[i][j] ? (i === j ? "a loop" : "an edge") : "no edge"],
    X: given, W: given, W_2: given,
    A_tilde: (i, j) => [`${show(v.A[i][j])} + ${i === j ? 1 : 0}`, [["A", i, j]]],
    D_tilde: (i) => [written(v.A_tilde[i].map((x) => [x])), [row("A_tilde", i)]],
    A_hat: (i, j) => [
      `${show(v.A_tilde[i][j])} / (√${show(v.D_tilde[i][0])} · √${show(v.D_tilde[j][0])})`,
      [["A_tilde", i, j], ["D_tilde", i, 0], ["D_tilde", j, 0]]],
    H: (i, j) => layer("XW", i, j, [["X", null, null], col("W", j)]),
    Z: (i, j) => layer("HW", i, j, [["H", null, null], col("W_2", j)]),
    R: (i, j) => (state.logits === "GNN_pool" ? layer("HW_pool", i, j, []) : [null, [], state.logits]),
    S: (i, j) => [
      `e^${show(v.R[i][j])} / (${v.R[i].map((x) => `e^${show(x)}`).join(" + ")})`, [row("R", i)]],
    X_pooled: (k, d) => [
      written(v.S.map((line, i) => [line[k], v.Z[i][d]])), [col("S", k), col("Z", d)]],
    A_pooled: (k, l) => sandwich("S", "A", k, l),
    SST: (i, j) => [written(v.S[i].map((x, k) => [x, v.S[j][k]])), [row("S", i), row("S", j)]],
    gap: (i, j) => {
      const part = v.link ? (100 * v.gap[i][j] ** 2) / v.link ** 2 : 0;
      const text = `${show(v.A[i][j])} − ${show(v.SST[i][j])}`;
      return [text, [["A", i, j], ["SST", i, j]], `whose square is ${part.toFixed(1)} % of L_LP²`];
    },
    entropies: (i) => [
      `−(${v.S[i].map((x) => `${show(x)}·log ${show(x)}`).join(" + ")})`, [row("S", i)]],
    slope: (i, k) => {
      const [link, entropy] = strengths();
      const G = [loss_gradient(v.A, v.R, link, 0), loss_gradient(v.A, v.R, 0, entropy)];
      const text = `${show(G[0][i][k], 4)} from L_LP + ${show(G[1][i][k], 4)} from L_E`;
      return [text, [row("S", i), row("gap", i)]];
    },
    S_2: () => [null, [["A_pooled", null, null], ["X_pooled", null, null]],
      "the softmax of a second GNN_pool on (A′, X′)"],
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

  // Text with an index as in L_LP or GNN_pool.
  function say(place, text) {
    if (place.dataset.said === text) return;
    place.dataset.said = text;
    place.replaceChildren(...text.split(/_(LP|E|pool)\b/).map((part, n) => {
      if (n % 2 === 0) return part;
      const sub = document.createElement("sub");
      sub.textContent = part;
      return sub;
    }));
  }
  function make(parent, name, attributes = {}, text = null) {
    const isShape = parent instanceof SVGElement || name === "svg";
    const made = isShape
      ? document.createElementNS("http://www.w3.org/2000/svg", name)
      : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== null) made.textContent = text;
    parent.append(made);
    return made;
  }
  function button(place, text, action, attributes = {}) {
    const made = make(place, "button", { type: "button", ...attributes });
    say(made, text);
    made.addEventListener("click", action);
    return made;
  }
  function chooser(place, text, options, action, id) {
    const made = make(make(place, "label", {}, text), "select", { id });
    for (const [value, words] of options) make(made, "option", { value }, words);
    made.addEventListener("change", () => action(made.value));
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

  function setGraph(index) {
    const { edges, places } = data.graphs[index], N = places.length;
    stop();
    Object.assign(state, {
      graph: index, places: clone(places), ids: range(N), loops: false, logits: "GNN_pool",
      node: null, history: [], renumbered: "", A: range(N).map(() => Array(N).fill(0)),
    });
    for (const [i, j] of edges) state.A[i][j] = state.A[j][i] = 1;
  }
  function edited() {
    stop();
    Object.assign(state, { graph: "yours", history: [], renumbered: "" });
    update();
  }
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
    edited();
  }
  function removeNode(i) {
    if (state.A.length === 1 || i === null) return;
    const others = range(state.A.length).filter((j) => j !== i), id = state.ids[i];
    for (const name of ["places", "ids", "R"]) state[name] = permute_rows(state[name], others);
    state.A = permute_both(state.A, others);
    state.ids = state.ids.map((other) => other - (other > id));
    state.node = null;
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
  function setLogits(kind) {
    const { K } = state, N = state.A.length;
    const entry = {
      "one-hot": (i, k) => (Math.floor((i * K) / N) === k ? FIRM : -FIRM),
      uniform: () => 0,
      random: () => 2 * normal(random),
    }[kind];
    stop();
    Object.assign(state, { logits: kind, history: [] });
    if (entry) state.R = range(N).map((i) => range(K).map((k) => entry(i, k)));
    update();
  }
  function setClusters(K) {
    stop();
    state.R = state.R.map((line) => range(K).map((k) => line[k] ?? 0));
    Object.assign(state, { K, history: [] });
    update();
  }
  function setLogit(k, value) {
    stop();
    state.R = clone(state.R);
    state.R[state.node ?? 0][k] = value;
    state.logits = "chosen by you";
    update();
  }
  function renumber() {
    const N = state.A.length, before = v;
    stop();
    let order;
    do order = range(N).map((i) => [random(), i]).sort((a, b) => a[0] - b[0]).map(([, i]) => i);
    while (N > 1 && order.every((i, j) => i === j));
    for (const name of ["places", "ids", "R"]) state[name] = permute_rows(state[name], order);
    state.A = permute_both(state.A, order);
    if (state.node !== null) state.node = order.indexOf(state.node);
    compute();
    const change = (name) => tiny(largest(subtract(v[name], before[name])));
    const moved = order.filter((i, j) => i !== j).length;
    state.renumbered = `${moved} of ${N} rows of S have moved. The largest change of an entry: `
      + `${change("A_pooled")} in A′, ${change("X_pooled")} in X′, from rounding alone.`;
    update();
    slideRows(order);
  }
  function slideRows(order) {
    if (calm.matches) return;
    for (const { name, lines } of spots.filter(({ name }) => name === "S" || name === "R")) {
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
    state.history = [];
    state.logits = "found by descent";
    state.R = clone(state.R);
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
  // The clusters by the largest share, as words.
  function clusters() {
    const of = v.S.map((line) => line.indexOf(Math.max(...line)));
    const named = range(state.K).map((k) => [k, range(of.length).filter((i) => of[i] === k)]);
    return named.filter(([, nodes]) => nodes.length)
      .map(([k, nodes]) => `node${nodes.length > 1 ? "s" : ""} ${nodes.join(", ")} in cluster ${k}`)
      .join("; ");
  }
  function trap(name, title, changes) {
    setGraph(0);
    Object.assign(state, { K: 2 }, changes);
    compute();
    descend(() => {
      compute();
      state.traps[name][title] = `${clusters()}. L_LP = ${show(v.link, 3)}, L_E = ${show(v.entropy, 3)}`;
    });
  }
  // The smallest link loss of some descents on L_LP alone, and what to compare it with.
  function compareLinkLoss() {
    const { A, K } = state, next = seeded(7);
    const found = range(8).map(() => {
      let R = A.map(() => range(K).map(() => normal(next)));
      range(150).forEach(() => { R = lower(A, R, 1, 0); });
      return [link_loss(A, assign(R)), R];
    });
    const [best, R] = found.reduce((one, other) => (other[0] < one[0] ? other : one));
    Object.assign(state, { R, logits: "the best of 8 descents" });
    const m = sum(A.flatMap((line, i) => line.slice(i + 1)));
    const bound = isTwoColourable(A) ? `; at least √m = ${number(Math.sqrt(m))} for any S` : "";
    const part = Math.round((100 * best) / (frobenius_norm(A) || 1));
    const uniform = link_loss(A, A.map(() => Array(K).fill(1 / K)));
    const name = state.graph === "yours" ? "your graph" : data.graphs[state.graph].name;
    state.traps.triangles[`${name} (m = ${m}, K = ${K})`] =
      `L_LP is ${number(best)} for the best S of 8 descents, ${part} % of ‖A‖; `
      + `${number(uniform)} for uniform S${bound}`;
  }
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
    make(place, "p", { class: "sum", "aria-live": "polite" }, "Point at a number to see what it is made of.");
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
    make(caption, "button", { type: "button", class: "letter", "data-letter": name, title: meaning }, label);
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
  function tellSum(spot, i, j) {
    const { name, place } = spot, box = place.querySelector(".sum");
    if (!spot.cells[i]?.[j]) return say(box, "");
    const [text, , remark] = MADE[name](i, j);
    const index = v[name][0].length > 1 ? `${i}, ${j}` : i;
    const label = name === "gap" ? "(A−SSᵀ)" : data.letters[name][0];
    say(box, `${label}[${index}] = ${show(v[name][i][j], 3)}`
      + `${text === null ? "" : ` = ${text}`}${remark ? `, ${remark}` : ""}`);
  }
  function point(spot, i, j) {
    unlight();
    pointed = [spot, i, j];
    summed.set(spot.place, pointed);
    tellSum(spot, i, j);
    const { name } = spot, [, sources] = MADE[name](i, j);
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
  function tellLetter(name, alsoDraw) {
    const [label, , meaning] = data.letters[name];
    all(".letter-lit").forEach((node) => node.classList.remove("letter-lit"));
    all(`[data-letter="${name}"]`).forEach((node) => node.classList.add("letter-lit"));
    say(told, `${label} ${shapeOf(name)}: ${meaning}`);
    if (!alsoDraw || !drawable(name) || state.picture === name) return;
    state.picture = name;
    update();
  }

  // ---------------------------------------------------------------- pictures

  const isLinks = (name) => data.letters[name][1] === "N N";
  const drawable = (name) => /^(N|K [KD])/.test(data.letters[name][1]);
  const at = ([x, y]) => [1.5 * x, y];
  const inPicture = (x, y) => [Math.min(94, Math.max(6, x)), Math.min(91, Math.max(9, y))];

  // The shares of a node as a rim: a dashed circle a cluster, on a path of length 1.
  function rim(group, x, y, r, shares) {
    let from = 0;
    shares.forEach((share, k) => {
      if (share > 0.002) {
        make(group, "circle", {
          cx: x, cy: y, r, class: "share", stroke: COLOURS[k], pathLength: 1,
          "stroke-dasharray": `${share} ${1 - share + 1e-6}`, "stroke-dashoffset": -from,
          transform: `rotate(-90 ${x} ${y})`,
        });
      }
      from += share;
    });
  }
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
  const stroke = (value, top) => ({
    class: value < 0 ? "link neg" : "link", "stroke-width": 0.3 + (1.9 * Math.abs(value)) / top,
    "stroke-opacity": 0.35 + (0.65 * Math.abs(value)) / top,
  });
  const link = (svg, [x1, y1], [x2, y2], value, top) =>
    make(svg, "line", { x1, y1, x2, y2, ...stroke(value, top) });
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
      const [x, y] = at(state.places[i]), shares = v.S[i].map((s, k) => `${show(s)} in cluster ${k}`);
      const group = make(svg, "g", {
        "data-node": i, tabindex: i === (state.node ?? 0) ? 0 : -1, role: "button",
        "aria-pressed": i === state.node, "aria-label": `node ${i}: ${shares.join(", ")}`,
        class: i === state.node ? "node chosen" : "node",
      });
      make(group, "circle", { class: "core", cx: x, cy: y, r: 9 });
      rim(group, x, y, 7.4, v.S[i]);
      make(group, "text", { x, y: y + 2.5 }, i);
      if (hasBars) bars(group, x, y < 26 ? y + 21 : y - 12, v[name][i], largest(v[name]) || 1);
    });
    const label = data.letters[name][0];
    const below = (how) => (v[name].flat().some((x) => x < 0) ? `, ${how} where negative` : "");
    pictures["graph words"].textContent = "Rims: S. "
      + (isLinks(name) ? `Links: ${label}${below("dashed")}.` : "Links: A.")
      + (hasBars ? ` Bars: ${label}${below("down")}.` : "");
    if (focused !== undefined) svg.querySelector(`[data-node="${focused}"]`)?.focus();
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
      make(group, "circle", { class: "core", cx: x, cy: y, r });
      make(group, "circle", { class: "share", cx: x, cy: y, r: r - 1.6, stroke: COLOURS[k] });
      make(group, "text", { x, y: y + 3, class: K > 3 ? "small" : "" }, show(v.A_pooled[k][k], 1));
      if (state.picture === "X_pooled") bars(group, x, y + r + 13, v.X_pooled[k], largest(v.X_pooled) || 1);
    });
    svg.setAttribute("aria-label", `Pooled graph: ${range(K).map((k) =>
      `cluster ${k} has mass ${show(masses[k], 1)} and ${show(v.A_pooled[k][k], 1)} inside`).join("; ")}`);
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
      const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (way) all("[data-node]", svg).at((i + way) % state.A.length).focus();
      else if (event.key === "Enter" || event.key === " ") tapNode(i);
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
      return `On this graph, the largest difference between Â√d and √d is ${tiny(apart)}.`;
    },
    certainty: () => `By the largest share, ${clusters()}. R is `
      + `${state.logits === "GNN_pool" ? "what GNN_pool gives" : state.logits}.`,
    mass: () => {
      const inside = sum(v.A_pooled.map((line, k) => line[k]));
      const total = (M) => number(sum(M.flat()));
      const columns = (M) => transpose(M).map((values) => show(sum(values))).join(", ");
      return `The entries of A sum to ${total(v.A)}, those of A′ to ${total(v.A_pooled)}, of which ${number(inside)} `
        + `are on the diagonal. The columns of Z sum to ${columns(v.Z)}, those of X′ to ${columns(v.X_pooled)}.`;
    },
    order: () => state.renumbered || "The nodes are not renumbered yet.",
    link: () => {
      const squares = map(v.gap, (x) => x * x), diagonal = sum(squares.map((line, i) => line[i]));
      const total = sum(squares.flat());
      return `The squares of the entries of A − SSᵀ sum to ${number(total)}, so L_LP = ${number(v.link)}. `
        + `The diagonal has ${total ? Math.round((100 * diagonal) / total) : 0} % of that sum.`;
    },
    entropy: () => `L_E = ${number(v.entropy)}, the mean of the entropies. `
      + `For K = ${state.K} it is at most ${number(Math.log(state.K))}.`,
    descent: () => {
      const n = Math.max(0, state.history.length - 1);
      return `${n ? `After ${n} steps` : "Before the first step"}: L_LP = ${number(v.link)}, L_E = ${number(v.entropy)}, `
        + `length of the gradient ${tiny(frobenius_norm(v.slope))}. By the largest share, ${clusters()}.`;
    },
    division: () => outcomes("division"),
    "entropy-alone": () => outcomes("entropy"),
    triangles: () => outcomes("triangles"),
    twice: () => {
      const once = coarsen(v.A, v.Z, v.S_S2)[0];
      return `Computed both ways, the entries of A″ differ by at most ${tiny(largest(subtract(once, v.A_twice)))}.`;
    },
  };
  const outcomes = (name) => Object.entries(state.traps[name]).map(([title, text]) => `${title}: ${text}.`).join("\n")
    || "Not tried yet.";

  // ---------------------------------------------------------------- controls

  const refreshers = []; // set the controls from the state
  const CONTROLS = {
    graph(place) {
      const names = data.graphs.map(({ name }, i) => [i, name]);
      const graph = chooser(place, "Graph", [...names, ["yours", "your own"]],
        (value) => { if (value !== "yours") setGraph(Number(value)); update(); }, "choose-graph");
      const features = chooser(place, "Features", [["number", "number of the node"], ["degree", "degree"]],
        (value) => { state.features = value; update(); }, "choose-features");
      const label = make(place, "label", {}), loops = make(label, "input", { type: "checkbox", id: "loops" });
      make(label, "span", {}, "loops");
      loops.addEventListener("change", () => setLoops(loops.checked));
      const edit = button(place, "Edit", () => { state.editing = !state.editing; update(); }, { id: "edit" });
      const add = button(place, "Add a node", () => {
        const [x, y] = state.places[state.node ?? 0], turn = 2 * Math.PI * random();
        addNode(...inPicture(x + 14 * Math.cos(turn), y + 20 * Math.sin(turn)));
      }, { id: "add" });
      const remove = button(place, "Remove", () => removeNode(state.node), { id: "remove" });
      const hint = make(place, "p", { class: "hint", "aria-live": "polite" });
      refreshers.push(() => {
        graph.value = state.graph;
        features.value = state.features;
        loops.checked = state.loops;
        edit.setAttribute("aria-pressed", state.editing);
        bench.classList.toggle("editing", state.editing);
        add.disabled = state.A.length >= data.mostNodes;
        remove.disabled = state.node === null || state.A.length === 1;
        remove.textContent = state.node === null ? "Remove" : `Remove node ${state.node}`;
        hint.textContent = !state.editing ? "" : state.node === null
          ? "Choose a node, or tap on empty space for a new one."
          : `Node ${state.node} is chosen. Tap another to join or part them, or empty space.`;
      });
    },
    assignment(place) {
      for (const kind of ["GNN_pool", "one-hot", "uniform", "random"]) {
        const made = button(place, kind, () => setLogits(kind), { "data-logits": kind });
        refreshers.push(() => made.setAttribute("aria-pressed", state.logits === kind));
      }
      const K = slider(place, "Clusters K", { id: "clusters", min: 1, max: data.mostClusters, step: 1 }, setClusters);
      const node = chooser(place, "Logits of node", [], (value) => { state.node = Number(value); update(); }, "choose-node");
      const rows = make(place, "div", { class: "logits" });
      let sliders = [];
      refreshers.push(() => {
        const N = state.A.length, i = state.node ?? 0;
        K.set(state.K, state.K);
        if (node.length !== N) node.replaceChildren(...range(N).map((j) => new Option(j, j)));
        node.value = i;
        if (sliders.length !== state.K) {
          rows.replaceChildren();
          sliders = range(state.K).map((k) => slider(rows, `cluster ${k}`,
            { min: -FIRM, max: FIRM, step: 0.1, "data-cluster": k }, (value) => setLogit(k, value)));
        }
        sliders.forEach(({ set }, k) => set(v.R[i][k], `${show(v.R[i][k])} → ${show(v.S[i][k])}`));
      });
    },
    order(place) {
      button(place, "Renumber the nodes", renumber, { id: "renumber" });
    },
    descent(place) {
      const go = button(place, "Descend", () => { if (state.running) { stop(); update(); } else descend(); }, { id: "descend" });
      button(place, "Random logits", () => setLogits("random"), { id: "shuffle" });
      const loss = chooser(place, "on", [["both", "link loss + λ entropy"], ["divided", "link loss / N² + λ entropy"], ["entropy", "entropy alone"]],
        (value) => { state.loss = value; state.history = []; update(); }, "choose-loss");
      const lambda = slider(place, "λ", { id: "lambda", min: 0, max: 2, step: 0.05 }, (value) => { state.lambda = value; update(); });
      const chart = make(place, "div", { class: "chart" });
      refreshers.push(() => {
        go.textContent = state.running ? "Stop" : "Descend";
        loss.value = state.loss;
        lambda.set(state.lambda, show(state.lambda));
        document.getElementById("lambda").disabled = state.loss === "entropy";
        drawChart(chart);
      });
    },
    division(place) {
      button(place, "L_LP + L_E", () => trap("division", "L_LP + L_E", { loss: "both", lambda: 1 }), { id: "undivided" });
      button(place, "L_LP / N² + L_E", () => trap("division", "L_LP / N² + L_E", { loss: "divided", lambda: 1 }), { id: "divided" });
    },
    entropy(place) {
      button(place, "L_E alone", () => trap("entropy", "L_E alone", { loss: "entropy" }), { id: "entropy-alone" });
    },
    triangles(place) {
      for (const i of [1, 2, 0]) {
        button(place, data.graphs[i].name, () => { setGraph(i); compute(); compareLinkLoss(); update(); }, { "data-compare": i });
      }
      button(place, "the graph at hand", () => { stop(); compareLinkLoss(); update(); }, { "data-compare": "yours" });
    },
  };
  function drawChart(place) {
    const lines = ["L", "L_LP", "L_E", "length of ∂L/∂R"];
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
  const details = make(bench, "details", { open: "" });
  make(details, "summary", {}, "The graph at hand");
  const frame = make(details, "div", { class: "pictures" });
  const pictures = Object.fromEntries([["graph", "0 0 150 100", "Graph"], ["pooled", "0 0 110 84", "Pooled graph. Numbers: A′."]]
    .flatMap(([id, viewBox, words]) => {
      const figure = make(frame, "figure", { class: id });
      const svg = make(figure, "svg", { id, viewBox, role: id === "graph" ? "group" : "img", "aria-label": words });
      const caption = make(figure, "figcaption", {}, words);
      return [[id, svg], [`${id} words`, caption]];
    }));
  const picture = chooser(make(details, "p", { class: "shows" }), "The picture shows",
    Object.keys(data.letters).filter(drawable).map((name) => [name, data.letters[name][0]]),
    (name) => tellLetter(name, true), "picture");
  const readout = make(details, "p", { class: "readout" });
  const told = make(details, "p", { class: "told", "aria-live": "polite" }, "Point at a letter, or tap it, to see what it is.");

  function update() {
    compute();
    const kept = pointed;
    spots.forEach(drawMatrix);
    drawGraph();
    drawPooled();
    picture.value = state.picture;
    say(readout, `L_LP = ${number(v.link)}   L_E = ${number(v.entropy)}   R: ${state.logits}`);
    refreshers.forEach((refresh) => refresh());
    for (const place of all("[data-reading]")) {
      say(place, READING[place.dataset.reading]());
    }
    summed.forEach((entry) => tellSum(...entry));
    if (kept && kept[0].cells[kept[1]]?.[kept[2]]) point(...kept);
  }

  all("[data-panel]").forEach(buildPanel);
  all("[data-controls]").forEach((place) => CONTROLS[place.dataset.controls](place));
  listenToGraph(pictures.graph);
  for (const type of ["pointerover", "focusin", "click"]) document.addEventListener(type, pointAt);
  document.addEventListener("keydown", moveBetweenCells);
  setGraph(0);
  update();
})();
