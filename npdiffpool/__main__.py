"""Run the command line with ``python -m npdiffpool``."""

from npdiffpool.cli.main import console

if __name__ == "__main__":
    console()
