// The explorer draws a test graph and its pooled graphs at an epoch. Pointing at a
// super-node highlights its members. It uses drawing.js.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const place = document.getElementById("explorer");
  if (!data || !place) return;
  const percent = (share) => `${share}%`;

  const controls = make(place, "div", { class: "controls" });
  const names = data.graphs.map((graph, i) =>
    [i, `number ${graph.number}: ${graph.kinds.length} nodes, ${graph.truth}`]);
  const chooser = makeChooser(controls, "Graph ", names, draw, "graph");
  const slide = make(controls, "label", { class: "slide" }, "Epoch ");
  const last = data.epochs.length - 1;
  const track = make(slide, "span", { class: "track" });
  const slider = make(track, "input", { id: "epoch", type: "range", min: 0, max: last, step: 1 });
  drawTicks();
  const shown = make(slide, "output", { for: "epoch" });
  const play = make(controls, "button", { type: "button", id: "play" }, "Play");
  const best = make(controls, "button", { type: "button", id: "best" }, "Kept epoch");
  const description = make(place, "p",
    { class: "description", id: "description", "aria-live": "polite" });
  const panels = make(place, "div", { class: "levels" });
  // A tick for each recorded epoch, at equal distances as on the slider. At most 9 have a
  // number, not two in a row if there are more ticks; a narrow window shows at most 5.
  function drawTicks() {
    const ticks = make(track, "span", { class: "ticks", "aria-hidden": "true" });
    const n = last < 9 ? last + 1 : Math.min(9, 2 * Math.floor(last / 4) + 1);
    const numbered = Array.from({ length: n }, (_, j) => Math.round(j * last / (n - 1 || 1)));
    data.epochs.forEach((epoch, i) => {
      const at = numbered.indexOf(i);
      const kind = (epoch === data.best ? " best" : "") + (at % 2 === 1 && last >= 9 && n > 5 ? " second" : "");
      make(ticks, "span", { class: `tick${kind}`, style: `left: ${100 * i / (last || 1)}%` },
        at < 0 ? "" : epoch);
    });
  }

  // The levels at an epoch: positions, radii, colours and shares of their nodes.
  function levelsAt(graph, frame) {
    const n = graph.kinds.length;
    const levels = [{
      ids: [...Array(n).keys()], places: graph.places, radii: graph.radii,
      mass: Array(n).fill(1), edges: graph.edges, weights: null,
    }];
    frame.levels.forEach((pooling, l) => {
      const edges = [], weights = [];
      for (let i = 0; i < pooling.links.length; i += 3) {
        edges.push(pooling.links[i], pooling.links[i + 1]);
        weights.push(pooling.links[i + 2]);
      }
      levels.push({
        ids: pooling.used, places: pooling.places, mass: pooling.mass, edges, weights,
        radii: pooling.radii, colours: pooling.colours, unused: pooling.unused,
        leftOut: pooling.left_out,
      });
      Object.assign(levels[l], { cluster: pooling.cluster, share: pooling.share });
      if (l === 0) {
        const colour = new Map(pooling.used.map((k, i) => [k, pooling.colours[i]]));
        levels[0].colours = pooling.cluster.map((k) => colour.get(k));
      }
    });
    return levels;
  }

  let levels = [], drawn = [], inFocus = null;

  // For each level, the indices of nodes that are pooled into node i of level l, or that
  // this node is pooled into.
  function relatives(l, i) {
    const related = levels.map(() => new Set());
    related[l].add(i);
    for (let below = l - 1; below >= 0; below--) {
      levels[below].cluster.forEach((k, j) => {
        if (related[below + 1].has(levels[below + 1].ids.indexOf(k))) related[below].add(j);
      });
    }
    for (let above = l + 1, k = i; above < levels.length; above++) {
      k = levels[above].ids.indexOf(levels[above - 1].cluster[k]);
      related[above].add(k);
    }
    return related;
  }

  function highlight(l, i) {
    const related = relatives(l, i);
    drawn.forEach((panel, at) => {
      panel.svg.classList.add("dimmed");
      panel.nodes.forEach((node, j) => node.classList.toggle("highlighted", related[at].has(j)));
    });
    describe(l, i, related);
  }

  function clear() {
    drawn.forEach((panel) => {
      panel.svg.classList.remove("dimmed");
      panel.nodes.forEach((node) => node.classList.remove("highlighted"));
    });
  }

  function reset() {
    if (inFocus) return highlight(...inFocus);
    clear();
    describeGraph();
  }

  const graphOf = () => data.graphs[Number(chooser.value)];
  const frameOf = () => graphOf().frames[Number(slider.value)];

  function describeGraph() {
    description.textContent = frameOf().outcome;
  }

  function describe(l, i, related) {
    const level = levels[l];
    if (l === 0) {
      const kind = graphOf().kinds[i];
      const cluster = level.cluster
        ? `: in cluster ${level.cluster[i]} with a share of ${percent(level.share[i])}` : "";
      description.textContent = `Node ${i}${kind ? ` (${kind})` : ""}${cluster}.`;
      return;
    }
    const counts = new Map();
    for (const j of related[0]) {
      const kind = graphOf().kinds[j];
      if (kind) counts.set(kind, (counts.get(kind) || 0) + 1);
    }
    const list = [...counts].sort((a, b) => b[1] - a[1]).map(([kind, n]) => `${n} × ${kind}`);
    const rule = l === 1 ? "members by the largest share"
      : "members by the largest share at each level";
    description.textContent = `Level ${l}, cluster ${level.ids[i]}: mass ${level.mass[i]}; `
      + `${rule}: ${related[0].size}${list.length ? ` (${list.join(", ")})` : ""}.`;
  }

  // The largest share of a row of S in percent, from 0 for a uniform row to 100 for a
  // one-hot row.
  function certainty(share, K) {
    return K === 1 ? share : Math.max(0, Math.round((share - 100 / K) / (1 - 1 / K)));
  }

  function drawLevel(level, l) {
    const figure = make(panels, "figure");
    const size = l === 0 ? `${level.ids.length} nodes, ${level.edges.length / 2} edges`
      : `${level.ids.length} of ${nClusters(l)} clusters used${unusedMass(level, l)}${level.leftOut && `; ${level.leftOut}`}`;
    make(figure, "figcaption", {}, l === 0 ? "Graph " : `Level ${l} `).append(
      Object.assign(document.createElement("small"), { textContent: size }));
    const title = l === 0 ? "the graph" : `pooled graph, level ${l}`;
    const svg = make(figure, "svg",
      { viewBox: graphOf().box.join(" "), role: "group", "aria-label": title });
    const at = (i) => [level.places[2 * i], level.places[2 * i + 1]];
    const sum = (level.weights || []).reduce((a, b) => a + b, 0) / 100;
    const fade = Math.min(1, Math.sqrt(12 / Math.max(1, sum)));  // if many are heavy
    for (let e = 0; e < level.edges.length / 2; e++) {
      const stroke = level.weights ? weighted(level.weights[e] / 100, 3, 15, fade)
        : weighted(0.75, Math.min(7, 0.35 * level.radii[0]), 0);
      makeLink(svg, at(level.edges[2 * e]), at(level.edges[2 * e + 1]), stroke);
    }
    const nodes = level.ids.map((id, i) => {
      const [cx, cy] = at(i);
      const name = l === 0 ? `node ${id}` : `level ${l}, cluster ${id}`;
      const radius = level.radii[i];
      make(svg, "circle", { class: "backing", cx, cy, r: radius });  // hides links
      const node = make(svg, "g", { class: "node",
        fill: level.colours ? level.colours[i] : "#7f7f7f",
        style: `--line: ${Math.min(3, 0.2 * radius)}`,
        tabindex: i === 0 ? 0 : -1, role: "button", "aria-label": name });
      const rim = level.share ? Math.min(14, 0.34 * radius) : 0;
      makeDisc(node, cx, cy, radius, rim,
        level.share ? [[certainty(level.share[i], nClusters(l + 1)), "currentColor"]] : []);
      for (const event of ["pointerenter", "click"]) {
        node.addEventListener(event, () => highlight(l, i));
      }
      node.addEventListener("focus", () => { inFocus = [l, i]; highlight(l, i); });
      node.addEventListener("blur", () => { inFocus = null; reset(); });
      node.addEventListener("pointerleave", reset);
      node.addEventListener("keydown", (event) => moveFocus(event, nodes));
      return node;
    });
    if (l > 0) level.ids.forEach((id, i) => {
      const [x, y] = at(i);
      const size = Math.min(40, level.radii[i]);
      make(svg, "text",
        { class: "number", x, y: y + 0.35 * size, style: `font-size: ${size}px` }, id);
    });
    return { svg, nodes };
  }

  const nClusters = (l) => graphOf().sizes[l - 1];

  function unusedMass(level, l) {
    if (level.ids.length === nClusters(l)) return "";
    return `; mass: ${level.unused} of ${graphOf().kinds.length} in unused clusters`;
  }

  function draw() {
    const [l, id] = inFocus ? [inFocus[0], levels[inFocus[0]].ids[inFocus[1]]] : [0, -1];
    levels = levelsAt(graphOf(), frameOf());
    panels.replaceChildren();
    drawn = levels.map(drawLevel);
    const epoch = data.epochs[Number(slider.value)];
    shown.textContent = epoch + (epoch === data.best ? " (kept)" : "");
    slider.setAttribute("aria-valuetext", `epoch ${epoch}`);
    describeGraph();
    const sameNode = id < 0 ? undefined : drawn[l]?.nodes[levels[l].ids.indexOf(id)];
    if (sameNode) sameNode.focus();
  }

  let timer = null;
  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    description.setAttribute("aria-live", "polite");
  }
  play.addEventListener("click", () => {
    if (timer) return stop();
    if (Number(slider.value) === last) slider.value = 0;
    play.textContent = "Stop";
    description.setAttribute("aria-live", "off");
    timer = setInterval(() => {
      slider.value = Number(slider.value) + 1;
      draw();
      if (Number(slider.value) === last) stop();
    }, 250);
    draw();
  });
  const goTo = (value) => { stop(); slider.value = value; draw(); };
  best.addEventListener("click", () => goTo(Math.max(0, data.epochs.indexOf(data.best))));
  slider.addEventListener("input", () => { stop(); draw(); });
  chooser.value = String(data.first);
  goTo(Math.max(0, data.epochs.indexOf(data.best)));
})();
