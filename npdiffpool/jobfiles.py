"""A folder that keeps what is done of an evaluation, job by job.

settings.json says what is evaluated, NAME.json is a job's result, seconds.json how long
each took (the only file that differs from one machine to the next), results.json the
end. Each is written whole or not at all.
"""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Mapping

from npdiffpool.files import write_text
from npdiffpool.folders import holdings
from npdiffpool.reading import read_json

Row = dict[str, Any]


class Folder:
    """Keep results as JSON files; without a path, keep nothing.

    Parameters
    ----------
    path : path or None
        It is there, and no one else's: see `npdiffpool.folders.own_folder`.
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
            if holdings(self.path):
                raise ValueError(f"{self.path} must be new, empty or of an evaluation")
        elif known != json.loads(_text(settings)):
            differing = differences(known, json.loads(_text(settings)))
            raise ValueError(
                f"{self.path} holds an evaluation of other settings: give another "
                f"folder; what differs: {differing}"
            )
        self.seconds = self.read("seconds") or {}

    def read(self, name: str) -> Any:
        """Return what is kept under a name, or None."""
        if self.path is None or not (self.path / f"{name}.json").exists():
            return None
        return read_json(self.path / f"{name}.json")

    def write(self, name: str, content: Any) -> None:
        """Keep something under a name."""
        if self.path is not None:
            write_text(self.path / f"{name}.json", _text(content))

    def keep(self, name: str, row: Row, seconds: float) -> None:
        """Keep a job's result and how long it took."""
        if not self.seconds:
            self.write("settings", self.settings)
        self.write(name, row)
        self.seconds[name] = round(seconds, 3)
        self.write("seconds", dict(sorted(self.seconds.items())))


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
