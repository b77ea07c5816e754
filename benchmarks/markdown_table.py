"""Tables in Markdown, for the pages that the benchmarks write."""


def markdown_table(header, rows):
    """Return a table of a header and rows of cells; no line break follows the last."""
    return "\n".join(map(markdown_row, [header, ["---"] * len(header), *rows]))


def markdown_row(cells):
    """Return one line of a table."""
    return "| " + " | ".join(map(str, cells)) + " |"
