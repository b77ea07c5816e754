"""Groups of modules: which tests must notice a change in them."""

from typing import NamedTuple


class Group(NamedTuple):
    """Modules, the tests that are run on their mutants, and those left out."""

    modules: str
    tests: str
    left_out: str  # the slowest tests, as for the option -k of pytest
    operators: tuple[str, ...] = ("DropItem", "Opposite")  # besides those of the core
    is_collected: bool = True  # no constant of the tests is computed by the modules


# D2, D6 and "thrown" test the kit and not the core.
CORE = Group(
    """paper engine.autodiff engine.primitives engine.segments engine.layers
    engine.pooling engine.losses training.adam""",
    """engine training testing/test_laws.py test_bad_input_engine.py
    test_validation.py""",
    "M5 or M6 or M7 or M8 or M9 or M10 or M11 or M12 or D2 or A8 or D6 or thrown",
    operators=(),
    is_collected=False,
)
GROUPS = (
    CORE,
    Group(
        """evaluation.measures evaluation.splits evaluation.protocols evaluation.jobs
        evaluation.job_folder evaluation.job_queue evaluation.comparison""",
        """evaluation/test_measures.py evaluation/test_protocols.py
        evaluation/test_selection.py evaluation/test_comparison.py test_bad_input.py
        test_bad_input_engine.py test_bad_input_files.py""",
        """cv_ or killed_worker or every_executor or failed_training or expected_time or
        older_evaluation or clusters_that_are_no_ratio or same_cv or bad_command or
        too_little_memory or memory_that_runs_out""",
    ),
    Group(
        """estimators.fitting.inputs estimators.fitting.schema
        estimators.fitting.targets estimators.fitting.validation
        estimators.fitting.scores estimators.fitting.weights
        estimators.fitting.prepare estimators.fitting.training_checks
        estimators.base estimators.diffpool estimators.fitted""",
        """estimators/fitting estimators/test_estimator.py estimators/test_labels.py
        estimators/test_choosing_the_epoch.py estimators/test_named_columns.py
        estimators/test_regressor.py estimators/test_parameters.py
        estimators/test_sklearn.py test_bad_input.py test_bad_input_models.py""",
        """are_learned_at_once or counts_communities or every_level_of_an_undirected or
        is_that_many_copies or constant_target_is_predicted or patience_works_in or
        a_training_that_learns""",
    ),
    Group(
        """estimators.clusterer estimators.baselines estimators.explanation
        estimators.expectation""",
        """estimators/test_clusterer.py estimators/test_baselines.py
        estimators/test_explanation.py estimators/test_expectation.py
        estimators/test_parameters.py test_bad_input.py test_bad_input_models.py""",
        """follows_the_order_of_the_nodes or features_of_a_node_grow or
        are_separated_if_the_features""",
    ),
    Group(
        "training.fit training.clustering training.schedule training.moments",
        """training estimators/test_clusterer.py estimators/test_parameters.py
        test_bad_input.py test_bad_input_engine.py test_bad_input_models.py""",
        "threads_change_no_byte or larger_than_the_training or in_structure",
    ),
    Group(
        """engine.model engine.readouts engine.graclus engine.fixed_assignments
        engine.canonical_order engine.wl_colours engine.dropout engine.preparation
        engine.config""",
        "engine test_bad_input_engine.py test_bad_input_models.py",
        """accepted_arguments_give or training_halves or
        gradients_of_the_engine_match_the_dense_model_with_batch_norm""",
    ),
    Group(
        """datasets.features datasets.stratified datasets.synthetic datasets.assembly
        datasets.duplicates""",
        "datasets test_bad_input.py test_bad_input_files.py",
        "published or cv_says",
    ),
    Group(
        """graphs.digest graphs.batch graphs.block_diagonal graphs.ragged graphs.graph
        graphs.edges graphs.edge_index graphs.degrees graphs.convert graphs.checks""",
        """graphs datasets/test_networkx_graphs.py datasets/test_own_graphs.py
        engine/test_batching.py test_bad_input.py""",
        "nothing_is_left_out",
        is_collected=False,
    ),
)
MODULES = {name: group for group in GROUPS for name in group.modules.split()}
