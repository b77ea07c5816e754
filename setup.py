"""Setup of npdiffpool; the settings are in setup.cfg."""

from setuptools import setup
from setuptools.command.sdist import sdist


class SdistWithoutTests(sdist):
    """An sdist without tests/test*.py, which setuptools adds without their helpers."""

    def make_release_tree(self, base_dir, files):
        """Copy all files but those in tests/."""
        kept = [name for name in files if not name.startswith("tests")]
        super().make_release_tree(base_dir, kept)


setup(cmdclass={"sdist": SdistWithoutTests})
