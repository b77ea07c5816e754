"""Words of titles and captions."""


def count(number: int, word: str) -> str:
    """Write a number of things: "1 node", "2 nodes"."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
