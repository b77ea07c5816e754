"use strict";
// What the annotated page and the report share: elements, and the nodes and links of a
// graph as SVG, whose colours are in look.css. Text is only inserted as textContent.

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

function makeChooser(parent, text, options, action, id) {
  const made = make(make(parent, "label", {}, text), "select", { id });
  for (const [value, words] of options) make(made, "option", { value }, words);
  made.addEventListener("change", () => action(made.value));
  return made;
}

const ROUND = 100.0001; // a little over 100, or rounding may close the circle too early

// A disc with a rim, filled clockwise from the top by arcs, each [percentage, colour].
// The annotated page draws a row of S, an arc for each cluster. The report knows only the
// largest entry of a row: it draws how certain the row is, around the cluster's colour.
function makeDisc(parent, cx, cy, radius, rim, arcs) {
  make(parent, "circle", { class: "border", cx, cy, r: radius });
  let from = 0;
  for (const [share, stroke] of arcs) {
    make(parent, "circle", { class: "share", cx, cy, r: radius - rim / 2, stroke,
      pathLength: 100, "stroke-width": rim, "stroke-dasharray": `${share} ${ROUND - share}`,
      "stroke-dashoffset": -from, transform: `rotate(-90 ${cx} ${cy})` });
    from += share;
  }
  make(parent, "circle", { class: "core", cx, cy, r: radius - rim, "stroke-width": 0.3 * rim });
}

// A line that shows a weight from -1 to 1 by its width and its opacity. With many heavy
// links, a `fade` below 1 keeps them apart.
const weighted = (weight, thinnest, growth, fade = 1) => ({
  class: weight < 0 ? "edge neg" : "edge",
  "stroke-width": thinnest + growth * Math.abs(weight) * fade,
  "stroke-opacity": Math.max(0.3, fade * (0.15 + 0.85 * Math.abs(weight))),
});
const makeLink = (parent, [x1, y1], [x2, y2], stroke) =>
  make(parent, "line", { x1, y1, x2, y2, ...stroke });

// Move the focus to another node by an arrow key; return whether the key is one.
function moveFocus(event, nodes) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return false;
  event.preventDefault();
  nodes.at((nodes.indexOf(document.activeElement) + step) % nodes.length).focus();
  return true;
}
