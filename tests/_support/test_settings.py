"""Settings as JSON values, and the description of their differences."""

import json

import numpy as np
import pytest

from npdiffpool._support.settings import describe_differences, to_json


def test_settings_become_what_json_reads():
    settings = {"clusters": (0.25, np.int64(4)), "rate": np.float32(0.5), "name": None}
    expected = {"clusters": [0.25, 4], "rate": 0.5, "name": None}
    assert to_json(settings) == expected == json.loads(json.dumps(to_json(settings)))


def test_short_values_that_differ_are_shown():
    saved = {"seed": 1, "gnn": "gcn", "epochs": 3}
    given = {"seed": 2, "gnn": "sage", "epochs": 3}
    expected = "gnn (gcn saved, sage given), seed (1 saved, 2 given)"
    assert describe_differences(saved, given) == expected


def test_long_values_that_differ_are_only_named():
    assert describe_differences({"graphs": "a" * 64}, {"graphs": "b" * 64}) == "graphs"


def test_nested_settings_are_compared_by_name():
    saved, given = ({"parameters": {"seed": n}, "data": "M"} for n in (1, 2))
    assert describe_differences(saved, given) == "seed (1 saved, 2 given)"


def test_other_names_of_settings_are_a_difference():
    for saved in ({"other": 1}, [1], None):
        assert describe_differences(saved, {"seed": 1}) == "the names of the settings"


@pytest.mark.parametrize("clusters", [[8], 8, [], None, [8, 2]])
def test_the_meaning_of_a_ratio_is_no_difference_without_a_ratio(clusters):
    saved, given = (
        {"parameters": {"clusters": clusters, "ratio_of": kind}, "grid": [{}]}
        for kind in ("largest", "mean")
    )
    assert describe_differences(saved, given) == ""
    for ratio in (0.25, [8, 0.5]):
        both = ({**part, "grid": [{}, {"clusters": ratio}]} for part in (saved, given))
        assert describe_differences(*both) == "ratio_of (largest saved, mean given)"


def test_a_parameter_that_came_later_is_a_difference_unless_it_is_at_its_default():
    later = {"dropout": 0.0, "weight_decay": 0.0, "learning_rate_schedule": "constant"}
    saved, given = {"parameters": {"seed": 1}}, {"parameters": {"seed": 1, **later}}
    assert describe_differences(saved, given) == ""
    given["parameters"]["dropout"] = 0.5
    assert describe_differences(saved, given) == "dropout (0.0 saved, 0.5 given)"


def test_equal_settings_have_no_differences():
    assert describe_differences({"clusters": [0.25]}, {"clusters": [0.25]}) == ""
