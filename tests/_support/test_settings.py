"""Settings as JSON values, and the description of their differences."""

import json

import numpy as np

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
