"""The folder of an evaluation, from which it can be resumed.

Each result is saved as soon as its job has finished: settings.json says what is
evaluated, NAME.json is the result of a job, seconds.json the duration of each job (the
only file that differs between machines), results.json the final result. A file is
written completely or not at all.
"""

from __future__ import annotations

import json
import math
from os import PathLike
from pathlib import Path
from typing import Any

from npdiffpool._support.atomic_files import write_text
from npdiffpool._support.folder_lock import list_contents, remove_partial_files
from npdiffpool._support.settings import complete, describe_differences, to_json
from npdiffpool._support.types import Json
from npdiffpool._support.untrusted import read_json


class JobFolder:
    """The saved results of an evaluation; without a path, nothing is saved.

    Parameters
    ----------
    path : path or None
        An existing folder that no other process writes into (see `lock_folder` in
        folder_lock.py).
    settings : dict
        Everything that decides the results, as JSON values.

    Raises
    ------
    ValueError
        If the folder contains an evaluation with different settings, or other files.
    """

    def __init__(self, path: str | PathLike[str] | None, settings: Json) -> None:
        self.path = None if path is None else Path(path)
        self.settings = to_json(settings)
        self.seconds: dict[str, float] = {}
        if self.path is None:
            return
        require_evaluation(self.path)
        saved = complete(self.read("settings"))
        if isinstance(saved, dict) and isinstance(saved.get("parameters"), dict):
            saved["parameters"].pop("verbose", None)  # earlier versions saved it
        differing = saved is not None and describe_differences(saved, self.settings)
        if differing:
            raise ValueError(
                f"{self.path} contains an evaluation with different settings: "
                f"{differing}; choose another folder"
            )
        remove_partial_files(self.path)
        self.seconds = self.read("seconds") or {}
        if not _are_numbers(self.seconds):
            raise ValueError(f"{self.path / 'seconds.json'} must hold a number per job")

    def read(self, name: str) -> Any:
        """Return the content of NAME.json, or None if there is no such file."""
        if self.path is None or not (self.path / f"{name}.json").exists():
            return None
        path = self.path / f"{name}.json"
        try:
            return read_json(path)
        except ValueError as error:
            raise ValueError(f"{path} cannot be read: {error}") from None

    def read_result(self, name: str) -> Json | None:
        """Return the saved result of a job, or None."""
        result: Json | None = self.read(name)
        if result is not None and not _is_result(result):
            advice = "remove it to run the job again"
            raise ValueError(f"{self.path}/{name}.json is not a result; {advice}")
        return result

    def write(self, name: str, content: Any) -> None:
        """Write NAME.json."""
        if self.path is not None:
            text = json.dumps(content, indent=1, sort_keys=True) + "\n"
            write_text(self.path / f"{name}.json", text)

    def save_result(self, name: str, result: Json, seconds: float) -> None:
        """Save the duration of a job and then its result, which marks it as done."""
        if not self.seconds:
            self.write("settings", self.settings)
        self.seconds[name] = round(seconds, 3)
        self.write("seconds", dict(sorted(self.seconds.items())))
        self.write(name, result)


def require_evaluation(folder: Path) -> None:
    """Require a folder to be empty or of an evaluation.

    Raises
    ------
    ValueError
        If it has other files.
    """
    if not (folder / "settings.json").exists() and list_contents(folder):
        raise ValueError(f"{folder} must be new, empty or of an evaluation")


def _is_result(content: Any) -> bool:
    if not isinstance(content, dict) or ("test" in content) == ("curve" in content):
        return False
    numbers = dict(content)
    curve = numbers.pop("curve", [])
    needed = {"epoch", "validation", "validation_loss"}
    is_complete = isinstance(curve, list) and needed <= numbers.keys()
    return is_complete and _are_numbers(numbers | dict(enumerate(curve)))


def _are_numbers(content: Any) -> bool:
    if not isinstance(content, dict):
        return False
    return all(type(n) in (int, float) and math.isfinite(n) for n in content.values())
