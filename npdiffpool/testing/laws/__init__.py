"""Every law of pooling as a public object: id, statement, source and checks.

`LAWS` maps an id to its `Law`; LAWS.md beside this folder is written from it. Each law
can also be imported by its name, such as ``total_edge_mass_survives_pooling``.

The laws are in `assignment`, `coarsening`, `losses`, `layers`, `models` and
`gradients`. `_cases` draws the cases that they are checked on.
"""

from npdiffpool.testing.laws._registry import REGISTERED, law
from npdiffpool.testing.laws.assignment import (  # noqa: F401
    a_shift_of_a_row_of_logits_changes_nothing,
    assignments_are_finite_and_not_negative,
    growing_logits_tend_to_the_one_hot_row,
    nodes_that_1_wl_cannot_tell_apart_are_assigned_alike,
    one_cluster_takes_every_node,
    rows_of_the_assignment_sum_to_one,
    the_assignment_follows_cluster_order,
    the_assignment_follows_node_order,
)
from npdiffpool.testing.laws.coarsening import (  # noqa: F401
    a_disjoint_union_pools_to_the_sum,
    a_hard_assignment_gives_block_sums,
    a_silent_node_changes_nothing,
    coarsening_follows_cluster_order,
    coarsening_ignores_node_order,
    one_cluster_holds_the_totals,
    pooling_is_linear_in_graph_and_features,
    positive_semidefinite_graphs_stay_so,
    symmetric_graphs_stay_symmetric,
    the_identity_assignment_changes_nothing,
    total_edge_mass_survives_pooling,
    total_feature_mass_survives_pooling,
    two_pools_equal_one_pool_by_the_product,
    weights_stay_non_negative,
)
from npdiffpool.testing.laws.gradients import (  # noqa: F401
    a_fused_primitive_equals_its_plain_composition,
    a_wrong_gradient_is_caught,
    forms_of_a_graph_agree,
    gradients_are_derivatives,
    nothing_is_written_in_place,
    primitives_have_second_derivatives,
    values_and_gradients_keep_the_precision,
)
from npdiffpool.testing.laws.layers import (  # noqa: F401
    a_layer_follows_node_order,
    a_node_without_edges_sees_only_itself,
    batch_norm_standardises_each_feature_over_the_nodes,
    one_layer_sees_one_hop,
    propagation_has_its_spectrum_within_minus_one_and_one,
    propagation_keeps_the_root_of_the_degrees,
)
from npdiffpool.testing.laws.losses import (  # noqa: F401
    entropy_ignores_node_and_cluster_order,
    entropy_is_log_k_only_for_uniform_rows,
    entropy_is_the_mean_of_scipys,
    entropy_is_zero_only_for_hard_rows,
    entropy_lies_between_zero_and_log_k,
    link_loss_ignores_cluster_order,
    link_loss_ignores_node_order,
    link_loss_is_positive_where_there_is_a_residual,
    link_loss_is_the_norm_of_the_residual,
    link_loss_is_within_its_stated_error,
    link_loss_of_cliques_pooled_one_by_one_is_zero,
    link_scales_divide_by_powers_of_n,
    mixing_two_assignments_loses_no_entropy,
    other_graphs_leave_a_graph_as_it_is,
    the_loss_of_a_batch_is_the_mean_of_its_graphs,
    the_order_of_graphs_does_not_matter,
    the_slope_of_the_entropy_is_finite,
    the_slope_of_the_link_loss_is_finite,
)
from npdiffpool.testing.laws.models import (  # noqa: F401
    a_model_ignores_node_order,
    a_separable_set_is_learnt_wholly,
    float32_is_within_1e_4_of_float64,
    graphs_that_1_wl_cannot_tell_apart_get_equal_logits,
    renaming_the_classes_renames_the_predictions,
    stopping_and_going_on_gives_the_same_bytes,
    the_engine_equals_the_paper,
    the_order_of_nodes_does_not_change_training,
    the_same_seed_gives_the_same_bytes,
)

_GROUPS = "ACLEBGMD"  # assignment, coarsening, link, entropy, batch, GNN, model, d/dx
LAWS = {
    entry.id: entry
    for entry in sorted(
        REGISTERED, key=lambda e: (_GROUPS.index(e.id[0]), int(e.id[1:]))
    )
}

__all__ = ["LAWS", "law", *(entry.name for entry in LAWS.values())]
