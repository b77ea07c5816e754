"""Package npdiffpool; the settings are in setup.cfg."""

from setuptools import setup
from setuptools.command.sdist import sdist


class PackageAlone(sdist):
    """Leave out tests/test*.py, which would come alone, without what they need."""

    def make_release_tree(self, base_dir, files):
        """Take what is not in tests/."""
        own = [name for name in files if not name.startswith("tests")]
        super().make_release_tree(base_dir, own)


setup(cmdclass={"sdist": PackageAlone})
