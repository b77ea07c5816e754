"""A headless Chromium for tests of the annotated page, and the folder of its sources.

Needs ``pip install -e ".[browser]"`` and a Chromium on the path.
"""

import shutil
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def sources():
    """Return the folder with the sources of the page."""
    return Path(__file__).parents[2] / "examples" / "annotated"


@pytest.fixture(scope="session")
def browser():
    """Yield a headless Chromium, or skip the test."""
    api = pytest.importorskip("playwright.sync_api", reason='needs the "browser" extra')
    if CHROMIUM is None:
        pytest.skip("no chromium on the path")
    with api.sync_playwright() as started:
        opened = started.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield opened
        opened.close()
