# %% [markdown]
# # A custom primitive: from a derivation to a law
#
# If autograd's gradient is NaN, derive it by hand and register it with autograd. The
# case here: the entropy of the rows of S = softmax(R), where a row is one-hot.

# %%
import autograd.numpy as np
from autograd.extend import defvjp, primitive
from autograd.test_util import check_grads
from autograd.tracer import getval
from hypothesis import given, settings

from npdiffpool.testing.jacobians import complex_step, jacobian
from npdiffpool.testing.strategies import logits

GENERIC = np.array([[0.3, -1.2, 0.7]])  # an R in general position


def log_p(R):  # log p of p = softmax(R), by rows
    shifted = R - np.max(R, axis=1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))


def plain(R):
    """Compute H(S_i) = -sum_k S_ik log S_ik of each row of S = softmax(R), (N,)."""
    S = np.exp(log_p(R))
    return -np.sum(np.where(S > 0, S * np.log(S), 0.0), axis=1)  # 0 log 0 = 0


R = np.array([[0.0, 1000.0]])  # one-hot: exp(-1000) is 0 in floating point
with np.errstate(all="ignore"):
    print(f"autograd's gradient at R = {R[0]}: {jacobian(plain, [R], 0)[0]}")

# %% [markdown]
# ## Forward, derivation, gradient
#
# The forward pass computes log S from R, which is finite where S is 0. With p = S_i, dp
# = p * (dR - <p, dR>) and dH = -<log p + 1, dp>. Since <1, dp> = 0 and <p, log p> = -H,
# this is dH = -<p * (log p + H), dR>. So dR = -G p * (log p + H).


# %%
@primitive
def entropy(R):
    return -np.sum(np.exp(log_p(R)) * log_p(R), axis=1)


def vjp(H, R):
    return lambda G: -G[:, None] * np.exp(log_p(R)) * (log_p(R) + H[:, None])


defvjp(entropy, vjp)
print(f"the derived gradient: {jacobian(entropy, [R], 0)[0]}")

# %% [markdown]
# Two gradients are wrong on purpose: one omits H, one hides R from autograd.

# %%
truncated, hiding = primitive(entropy.fun), primitive(entropy.fun)
defvjp(truncated, lambda H, R: vjp(0 * H, R))
defvjp(hiding, lambda H, R: vjp(H, getval(R)))
FORMS = {"plain": plain, "derived": entropy, "truncated": truncated, "hiding": hiding}


# %% [markdown]
# ## Three checks
#
# The Jacobian by the chain rule, dH/dp dp/dR; second derivatives; a law: the gradient
# is the complex-step derivative at each drawn R.


# %%
def chain_rule(f):
    p = np.exp(log_p(GENERIC))[0]
    J = -(np.log(p) + 1) @ (np.diag(p) - np.outer(p, p))
    assert np.allclose(jacobian(f, [GENERIC], 0), J, rtol=0, atol=1e-12)


def second_order(f):
    check_grads(f, modes=["rev"], order=2)(GENERIC)


@settings(derandomize=True, deadline=None)
@given(R=logits(n_nodes=3))
def law(f, R):
    assert np.allclose(jacobian(f, [R], 0), complex_step(entropy, [R], 0), 1e-9, 1e-12)


checks = (chain_rule, second_order, law)
print(" " * 10, *(f"{check.__name__:>13}" for check in checks))
for name, f in FORMS.items():
    verdicts = []
    for check in checks:
        try:
            with np.errstate(all="ignore"):
                check(f)
            verdicts.append("passes")
        except AssertionError:
            verdicts.append("FAILS")
    print(f"{name:<10}", *(f"{verdict:>13}" for verdict in verdicts))

# %% [markdown]
# The chain rule at one R finds that H is missing. Only second derivatives show that R
# is hidden, and only the law, which draws one-hot rows too, finds the NaN.
