"use strict";
// The equations of npdiffpool/paper.py under the same names: one function each, for one
// graph. A matrix is an array of rows. Tests hold every function and the gradient
// against paper.py and autograd: tests/annotated/test_arithmetic.py. The two last ones
// are for the section on traps, and are held against npdiffpool.engine.

const map = (M, f) => M.map((row, i) => row.map((value, j) => f(value, i, j)));
const transpose = (M) => M[0].map((_, j) => M.map((row) => row[j]));
const sum = (values) => values.reduce((total, value) => total + value, 0);
const dot = (L, M) => L.map((row) => M[0].map((_, j) => sum(row.map((x, k) => x * M[k][j]))));
const subtract = (L, M) => map(L, (value, i, j) => value - M[i][j]);
const relu = (M) => map(M, (value) => Math.max(0, value));
const frobenius_norm = (M) => Math.sqrt(sum(M.flat().map((value) => value * value)));

// Equation 2: A~ = A + I,  D~ = diag(A~ 1),  A_hat = D~^-1/2 A~ D~^-1/2.
const add_loops = (A) => map(A, (value, i, j) => value + (i === j ? 1 : 0));
const degrees = (A_tilde) => A_tilde.map(sum);
function normalize_adjacency(A) {
  const A_tilde = add_loops(A), deg = degrees(A_tilde);
  return map(A_tilde, (value, i, j) => value / Math.sqrt(deg[i]) / Math.sqrt(deg[j]));
}

// Equation 2: H' = ReLU(A_hat H W).
const gcn_layer = (W, A_hat, H) => relu(dot(dot(A_hat, H), W));

// Equation 5: equation 2 once for each W.
function gnn(params, A, X) {
  const A_hat = normalize_adjacency(A);
  return params.reduce((H, W) => gcn_layer(W, A_hat, H), X);
}

// Equation 6: S = softmax(R) by rows.
const assign = (R) => R.map((row) => {
  const top = Math.floor(Math.max(...row));
  const E = row.map((value) => Math.exp(value - top));
  return E.map((value) => value / sum(E));
});

// Equations 3 and 4: A' = S^T A S,  X' = S^T Z.
const coarsen = (A, Z, S) => [dot(dot(transpose(S), A), S), dot(transpose(S), Z)];

// Section 3.3: L_LP = ||A - S S^T||_F.
const link_residual = (A, S) => subtract(A, dot(S, transpose(S)));
const link_loss = (A, S) => frobenius_norm(link_residual(A, S));

// Section 3.3: L_E = (1/N) sum_i H(S_i),  H(S_i) = -sum_k S_ik log S_ik,  0 log 0 = 0.
const row_entropies = (S) =>
  S.map((row) => -sum(row.map((value) => (value > 0 ? value * Math.log(value) : 0))));
const entropy_loss = (S) => sum(row_entropies(S)) / Math.max(S.length, 1);

// The gradient of L = link L_LP + entropy L_E by the logits R.
// With M = A - S S^T and L_LP^2 = sum of M_ij^2, dL_LP = <M, dM> / L_LP, and
// dM = -(dS S^T + S dS^T), so dL_LP/dS = -(M + M^T) S / L_LP. At L_LP = 0, where M = 0,
// it is 0, as in paper.py.
function link_gradient(A, S) {
  const M = link_residual(A, S), L = frobenius_norm(M) || 1;
  return map(dot(map(M, (value, i, j) => value + M[j][i]), S), (value) => -value / L);
}

// S = softmax(R) has dS_ik/dR_il = S_ik ([k = l] - S_il), so a gradient G by S becomes
// S_ik (G_ik - sum_l S_il G_il) by R.
const softmax_gradient = (S, G) => S.map((row, i) => {
  const mean = sum(row.map((value, k) => value * G[i][k]));
  return row.map((value, k) => value * (G[i][k] - mean));
});

// dL_E/dS_ik = -(log S_ik + 1) / N. The softmax takes the 1 away, and S_ik log S_ik is 0
// at S_ik = 0; so does paper.py.
function entropy_gradient(S) {
  const slope = (value) => (value > 0 ? -(Math.log(value) + 1) / S.length : 0);
  return map(S, slope);
}

function loss_gradient(A, R, link, entropy) {
  const S = assign(R), G_link = link_gradient(A, S), G_entropy = entropy_gradient(S);
  return softmax_gradient(S, map(S, (_, i, k) => link * G_link[i][k] + entropy * G_entropy[i][k]));
}

// Proposition 1: node order[i] of the old numbering is node i of the new one.
const permute_rows = (M, order) => order.map((i) => M[i]);
const permute_both = (A, order) => order.map((i) => order.map((j) => A[i][j]));

// 1-WL: a node's colour is split by those of its neighbours until none is split any
// more. Returned is, for each node, the first node of the same colour.
function wl_colours(A, X) {
  const first = (words) => words.map((word) => words.indexOf(word));
  let colours = first(X.map(String)), before;
  do {
    before = colours;
    const seen = (row) => row.map((value, j) => (value ? `${value} of ${before[j]}` : "")).sort();
    colours = first(before.map((colour, i) => `${colour}: ${seen(A[i])}`));
  } while (String(colours) !== String(before));
  return colours;
}

// Each row with mean 0 and variance 1, but for the 1e-5 of batch norm.
const standardize = (M) => M.map((row) => {
  const mean = sum(row) / row.length, variance = sum(row.map((x) => (x - mean) ** 2)) / row.length;
  return row.map((x) => (x - mean) / Math.sqrt(variance + 1e-5));
});
