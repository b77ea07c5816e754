"""Figures are drawn on the caller's axes or written to files atomically."""

import subprocess
import sys
from types import SimpleNamespace

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.image import imread
from viz_drawings import HISTORY, axes_row, cliques

from npdiffpool import Graph, viz


@pytest.fixture(autouse=True)
def off_screen():
    """Select a backend without windows; close all pyplot figures afterwards."""
    plt.close("all")  # switching the backend would close them with a warning
    plt.switch_backend("Agg")
    yield
    plt.close("all")


def fitted_model():
    S = np.eye(2)[[0, 0, 0, 1, 1, 1]]
    return SimpleNamespace(
        assignments=lambda graph: [S], history_=HISTORY, best_epoch_=1
    )


def test_saved_figures_are_pngs_1800_pixels_wide(tmp_path):
    paths = viz.save_figures(fitted_model(), cliques(2, 3), tmp_path / "new" / "run")
    figures = tmp_path / "new" / "run" / "figures"
    assert paths == [figures / "hierarchy.png", figures / "history.png"]
    assert sorted(figures.iterdir()) == paths  # no temporary files
    for path in paths:
        image = imread(path)
        assert image.shape[1] == 1800 and np.ptp(image) == 1


def test_a_failed_save_keeps_the_old_figures(tmp_path):
    old = viz.save_figures(fitted_model(), cliques(2, 3), tmp_path)
    before = [path.read_bytes() for path in old]
    broken = fitted_model()
    broken.history_ = []
    with pytest.raises(ValueError, match="at least one epoch"):
        viz.save_figures(broken, cliques(2, 3), tmp_path)
    assert [path.read_bytes() for path in old] == before


def test_an_open_old_figure_can_still_be_read_after_a_save(tmp_path):
    path, _ = viz.save_figures(fitted_model(), cliques(2, 3), tmp_path)
    old = path.read_bytes()
    with path.open("rb") as reader:
        viz.save_figures(fitted_model(), Graph(np.eye(6), np.ones((6, 1))), tmp_path)
        assert path.read_bytes() != old
        assert reader.read() == old


def test_a_failed_rename_leaves_no_temporary_file(tmp_path):
    (tmp_path / "figures" / "hierarchy.png").mkdir(parents=True)
    with pytest.raises(OSError):
        viz.save_figures(fitted_model(), cliques(2, 3), tmp_path)
    assert [one.name for one in (tmp_path / "figures").iterdir()] == ["hierarchy.png"]


def test_with_given_axes_pyplot_and_its_settings_are_unchanged(tmp_path):
    before = dict(matplotlib.rcParams)
    graph, S = cliques(2, 3), np.ones((6, 1))
    row = axes_row(2)
    assert list(viz.draw_hierarchy(graph, [S], row)) == list(row)
    viz.draw_history(HISTORY, axes=axes_row(2))
    viz.save_figures(fitted_model(), graph, tmp_path)
    assert plt.get_fignums() == []
    assert dict(matplotlib.rcParams) == before


def test_without_axes_pyplot_creates_them():
    graph, S = cliques(2, 3), np.ones((6, 1))
    assert len(viz.draw_hierarchy(graph, [S])) == 2
    assert len(viz.draw_history(HISTORY)) == 2
    assert plt.get_fignums() == [1, 2]


@pytest.mark.parametrize("n_panels", [1, 3])
def test_a_wrong_number_of_axes_is_rejected(n_panels):
    message = rf"axes must hold 2 matplotlib axes, one per panel; got {n_panels}: Axes"
    with pytest.raises(ValueError, match=message):
        viz.draw_hierarchy(cliques(2, 3), [np.ones((6, 1))], axes_row(n_panels))
    with pytest.raises(ValueError, match=message):
        viz.draw_history(HISTORY, axes=axes_row(n_panels))


def test_values_other_than_axes_are_rejected():
    with pytest.raises(ValueError, match="got 2: str, int"):
        viz.draw_history(HISTORY, axes=["left", 2])


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_the_package_itself_needs_no_matplotlib():
    loaded = "print([m for m in ('matplotlib', 'networkx') if m in sys.modules])"
    assert run(f"import sys, npdiffpool; {loaded}").stdout == "[]\n"


@pytest.mark.parametrize("missing", ["matplotlib", "networkx"])
def test_without_the_extra_the_import_error_names_it(missing):
    hidden = f"import sys; sys.modules[{missing!r}] = None; import npdiffpool.viz"
    last = run(hidden).stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: ")
    assert 'pip install "npdiffpool[viz]"' in last
