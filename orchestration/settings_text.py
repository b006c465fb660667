"""Reads the YAML of settings that people write, and says where it is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from orchestration.errors import RekindleError


def read_settings_text(path: Path, error_class: type[RekindleError]) -> Any:
    """What a YAML file says, {} where it says nothing. Raises `error_class` with a sentence."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise error_class(f"{path}{line} is not YAML in UTF-8; correct it.") from error
