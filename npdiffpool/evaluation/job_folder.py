"""A folder that keeps what is done of an evaluation, job by job.

settings.json says what is evaluated, NAME.json is a job's result, seconds.json how long
each took (the only file that differs from one machine to the next), results.json the
end. Each is written whole or not at all.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Mapping

from npdiffpool._support.atomic_files import write_text
from npdiffpool._support.folder_lock import list_contents, remove_partial_files
from npdiffpool._support.untrusted import read_json

Row = dict[str, Any]


class Folder:
    """Keep results as JSON files; without a path, keep nothing.

    Parameters
    ----------
    path : path or None
        It is there, and no one else's: see `lock_folder` in folder_lock.py.
    settings : dict
        What decides every result, as JSON.

    Raises
    ------
    ValueError
        If the folder holds the results of other settings, or other things.
    """

    def __init__(self, path: Any, settings: Mapping[str, Any]) -> None:
        self.path = None if path is None else Path(path)
        self.settings = settings
        self.seconds: dict[str, float] = {}
        if self.path is None:
            return
        known = self.read("settings")
        if known is None:
            if list_contents(self.path):
                raise ValueError(f"{self.path} must be new, empty or of an evaluation")
        elif known != json.loads(_text(settings)):
            differing = differences(known, json.loads(_text(settings)))
            raise ValueError(
                f"{self.path} holds an evaluation of other settings: give another "
                f"folder; what differs: {differing}"
            )
        remove_partial_files(self.path)
        self.seconds = self.read("seconds") or {}
        if not _is_numbers(self.seconds):
            raise ValueError(f"{self.path / 'seconds.json'} must hold a number a job")

    def read(self, name: str) -> Any:
        """Return what is kept under a name, or None."""
        if self.path is None or not (self.path / f"{name}.json").exists():
            return None
        path = self.path / f"{name}.json"
        try:
            return read_json(path)
        except ValueError as error:
            raise ValueError(f"{path} cannot be read: {error}") from None

    def row(self, name: str) -> Row | None:
        """Return the result of the job of that name, if there is one."""
        row: Row | None = self.read(name)
        if row is not None and not _is_result(row):
            advice = "remove it, and it is run again"
            raise ValueError(f"{self.path}/{name}.json is not a result; {advice}")
        return row

    def write(self, name: str, content: Any) -> None:
        """Keep something under a name."""
        if self.path is not None:
            write_text(self.path / f"{name}.json", _text(content))

    def keep(self, name: str, row: Row, seconds: float) -> None:
        """Keep a job's seconds, and last its result, by which it is done."""
        if not self.seconds:
            self.write("settings", self.settings)
        self.seconds[name] = round(seconds, 3)
        self.write("seconds", dict(sorted(self.seconds.items())))
        self.write(name, row)


def _is_result(row: Any) -> bool:
    if not isinstance(row, dict) or not ("test" in row) ^ ("curve" in row):
        return False
    curve = row.get("curve", [0.0])
    scores = {f"after {epoch}": score for epoch, score in enumerate(curve)}
    needed = ("epoch", "validation", "validation_loss")
    numbers = {k: v for k, v in row.items() if k != "curve"} | scores
    return isinstance(curve, list) and {*needed} <= {*row} and _is_numbers(numbers)


def _is_numbers(content: Any) -> bool:
    if not isinstance(content, dict):
        return False
    return all(type(n) in (int, float) and math.isfinite(n) for n in content.values())


def differences(known: Any, settings: Any) -> str:
    """Name the settings that differ; of numbers and words, say how."""
    if not isinstance(known, dict) or set(known) != set(settings):
        return "its form"
    parts = []
    for key in sorted(key for key in settings if known[key] != settings[key]):
        there, here = known[key], settings[key]
        if isinstance(here, dict):
            parts.append(differences(there, here))
        else:
            is_short = len(str(there)) < 30 > len(str(here))
            parts.append(f"{key} ({there} there, {here} here)" if is_short else key)
    return ", ".join(parts)


def _text(content: Any) -> str:
    return json.dumps(content, indent=1, sort_keys=True) + "\n"
