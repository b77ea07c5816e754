"""scikit-learn's own checks of estimators, on graphs of one node.

Its checks draw tables of numbers, so they cannot be given graphs: for an estimator
whose X is not a table, scikit-learn runs none of them. `RowClassifier` and
`RowRegressor` are the estimators on tables: each row is a graph of one node. The
arguments of `fit` and `score`, `graphs` and `labels`, are called X and y there. The
rest is that of the estimators.
"""

import pytest
import sklearn
from sklearn.utils import estimator_checks
from sklearn.utils.fixes import parse_version
from sklearn.utils.validation import validate_data

from npdiffpool import DiffPoolClassifier, DiffPoolRegressor, Graph

# Checks that scikit-learn runs by itself on such an estimator, and that fail here.
FAILS = {
    "check_dtype_object": "labels of dtype object must be strings: another error",
    "check_classifiers_regression_target": "numbers such as 0.5 and 2.5 may be classes",
}
# Others of its checks that apply, and pass.
FURTHER = """check_get_feature_names_out_error check_set_output_transform
check_set_output_transform_polars check_global_set_output_transform_polars
check_inplace_ensure_writeable""".split()
# All others, which do not apply.
REASONS = {
    "graphs have no index, which a data frame would have": """
        check_set_output_transform_pandas check_global_output_transform_pandas""",
    "column names are those of a Dataset, not of a data frame": """
        check_dataframe_column_names_consistency
        check_transformer_get_feature_names_out_pandas""",
    "the error has the words of this package": """
        check_transformer_get_feature_names_out""",
    "parameters are not described by scikit-learn's private _parameter_constraints": """
        check_param_validation""",
    "a classifier has one label a graph": """
        check_classifier_multioutput
        check_classifiers_multilabel_output_format_decision_function
        check_classifiers_multilabel_output_format_predict
        check_classifiers_multilabel_output_format_predict_proba
        check_classifiers_multilabel_representation_invariance""",
    "any number of classes is allowed, and no feature need be positive": """
        check_classifier_not_supporting_multiclass check_fit_non_negative""",
    "not a linear model": """
        check_class_weight_balanced_linear_classifier check_sparsify_coefficients""",
    "no clusterer, outlier detector or kernel": """
        check_clustering check_clusterer_compute_labels_predict check_nonsquare_error
        check_outlier_contamination check_outlier_corruption
        check_outliers_fit_predict check_outliers_train""",
    "`transform` needs a fitted model": "check_transformers_unfitted_stateless",
    "tables are sparse, or arrays of another library than NumPy": """
        check_sample_weight_equivalence_on_sparse_data check_array_api_input
        check_array_api_input_and_values check_array_api_mixed_inputs
        check_array_api_same_namespace""",
    "a part of another check": """
        check_class_weight_balanced_classifiers check_classifiers_predictions
        check_estimators_data_not_an_array""",
}

# Those of `REASONS` that older versions than 1.9 do not have.
SINCE_1_9 = {"check_array_api_mixed_inputs", "check_array_api_same_namespace"}


class Rows:
    """What makes graphs of rows; the first of two base classes."""

    def fit(self, X, y=None, sample_weight=None):
        of_numbers = self.kind == "regressor"
        options = {"y_numeric": of_numbers, "multi_output": of_numbers}
        X, y = validate_data(self, X, y, **options)
        return super().fit(graphs_of(X), y, sample_weight=sample_weight)

    def fit_transform(self, X, y=None):
        return super().fit_transform(X, y)

    def score(self, X, y, sample_weight=None):
        return super().score(X, y, sample_weight)

    def _check_graphs(self, X):
        self._require_fitted()
        if not isinstance(X, list) or not isinstance(X[0], Graph):  # not from `score`
            X = graphs_of(validate_data(self, X, reset=False))
        return super()._check_graphs(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


def graphs_of(X):
    return [Graph([[0.0]], row[None]) for row in X]


class RowClassifier(Rows, DiffPoolClassifier):
    pass


class RowRegressor(Rows, DiffPoolRegressor):
    pass


def small(kind):
    """Return an estimator, without what makes a copy of a graph unlike a weight of 2.

    Minibatches would be others, and features are standardised without the weights.
    """
    sizes = dict(hidden=8, n_layers=1, clusters=(), classifier_hidden=0, batch_size=200)
    sizes |= dict(epochs=10, learning_rate=0.1, dtype="float64")
    return kind(gnn="mlp", normalize_rows=False, standardize=False, **sizes)


each_kind = pytest.mark.parametrize("kind", [RowClassifier, RowRegressor])


@each_kind
@pytest.mark.filterwarnings("ignore")  # of trainings that learn nothing
def test_all_checks_that_scikit_learn_runs_pass_but_those_in_the_table(kind):
    options = {"on_skip": None, "on_fail": None}
    results = estimator_checks.check_estimator(small(kind), **options)
    failed = {
        r["check_name"]: r["exception"] for r in results if r["status"] == "failed"
    }
    expected = FAILS if kind is RowClassifier else {}
    assert failed.keys() == expected.keys(), failed
    passed = [r for r in results if r["status"] == "passed"]
    assert len(passed) >= 50  # others need pandas


@each_kind
@pytest.mark.parametrize("name", FURTHER)
@pytest.mark.filterwarnings("ignore")
def test_further_checks_pass(kind, name):
    if "polars" in name:
        pytest.importorskip("polars")
    getattr(estimator_checks, name)(kind.__name__, small(kind))


def test_a_check_is_in_one_table_only():
    rest = [name for text in REASONS.values() for name in text.split()]
    assert len(rest) == len(set(rest))
    assert not set(rest) & {*FAILS, *FURTHER}
    assert all(name.startswith("check_") for name in rest)


def test_every_check_in_a_table_exists_in_scikit_learn():
    rest = {name for text in REASONS.values() for name in text.split()}
    missing = {*FAILS, *FURTHER, *rest} - vars(estimator_checks).keys()
    is_older = parse_version(sklearn.__version__) < parse_version("1.9")
    assert missing == (SINCE_1_9 if is_older else set())
