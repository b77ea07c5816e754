"""Size of the core: the code lines that the paper, the forward pass and the loss reach.

    python tests/core_size.py

prints the modules that `START` reaches by imports, each with its code lines (without
docstrings, comments and blank lines), and their sum, which tests/test_style.py limits.
Imports inside functions do not count: the forward pass and the loss have none, only
conversions from other libraries do.
"""

from sources import code_lines, module_imports, package_sources

START = "npdiffpool.paper", "npdiffpool.engine.model"  # forward and total_loss
LIMIT = 2720


def core_sizes(sources, start=START):
    """Return the code lines of each module that the first ones reach by imports."""
    imported = module_imports(sources, with_lazy=False)
    found, waiting = {}, [*start]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found[module] = code_lines(sources[module])
            waiting += imported[module]
    return found


def main():
    """Print the table."""
    sizes = core_sizes(package_sources())
    for module in sorted(sizes):
        print(f"{sizes[module]:5}  {module}")
    print(f"{sum(sizes.values()):5}  code lines in {len(sizes)} modules; limit {LIMIT}")


if __name__ == "__main__":
    main()
