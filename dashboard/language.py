"""What the board says: texts from one catalogue a language, names of codes from policy."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from orchestration.workspace import PROJECT

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
TEXTS = Path(__file__).with_name("texts")
POLICY = PROJECT / "seeds" / "policy"

POLICY_LABELS = {
    "stage": ("lifecycle_stages", "lifecycle_stage"),
    "rfm_group": ("rfm_strategy", "rfm_group"),
    "warning": ("warning_reasons", "reason_code"),
    "churn_reason": ("churn_reasons", "reason_code"),
    "metric": ("kpi_targets", "metric_code"),
    "audit": ("identity_audit", "metric_code"),
}
"""Kinds of codes, and the policy file and column that hold them with label_en and label_zh."""


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """All texts of a language by their dotted key."""
    read = yaml.safe_load((TEXTS / f"{language}.yml").read_text("utf-8"))
    return dict(_flat("", read))


def _flat(prefix: str, value: Any) -> list[tuple[str, str]]:
    if not isinstance(value, Mapping):
        return [(prefix, str(value))]
    return [
        pair
        for key, inner in value.items()
        for pair in _flat(f"{prefix}.{key}" if prefix else str(key), inner)
    ]


@cache
def policy_rows(seed: str, code_column: str, as_of: date | None) -> Mapping[str, dict[str, str]]:
    """The row of each code that is in force on a date (the newest one without a date), in order."""
    found: dict[str, dict[str, str]] = {}
    with (POLICY / f"{seed}.csv").open(encoding="utf-8") as lines:
        for row in sorted(csv.DictReader(lines), key=lambda row: row["valid_from"]):
            if as_of is None or row["valid_from"] <= as_of.isoformat():
                found[row[code_column]] = row
    return found


@dataclass(frozen=True)
class Words:
    """Texts and labels in one language, by the policy in force on a date."""

    language: Language
    as_of: date | None = None

    def __call__(self, key: str, **values: Any) -> str:
        """The text of a key of the catalogue; raises KeyError for one that is not there."""
        text = catalogue(self.language)[key]
        return text.format(**values) if values else text

    def code(self, kind: str, code: object) -> str:
        """How a code is called: by policy, else by the catalogue, else by itself."""
        known = self.policy(kind).get(str(code))
        if known is not None:
            return known[f"label_{self.language}"]
        texts = catalogue(self.language)
        return texts.get(f"codes.{kind}.{code}") or texts.get(f"codes.any.{code}") or str(code)

    def metric(self, code: str) -> str:
        """What a metric counts; one of a brand's own that nobody described is told by its name."""
        return catalogue(self.language).get(f"metrics.{code}") or self.code("metric", code)

    def value(self, value: object) -> str:
        """How the value of any dimension is called."""
        kinds = ("stage", "rfm_group", "channel")
        told = (self.code(kind, value) for kind in kinds)
        return next((text for text in told if text != str(value)), str(value))

    def policy(self, kind: str) -> Mapping[str, dict[str, str]]:
        """The policy rows of a kind of codes, in their order; empty where there is no policy."""
        if kind not in POLICY_LABELS:
            return {}
        return policy_rows(*POLICY_LABELS[kind], self.as_of)

    def names(self, kind: str, found: Iterable[object]) -> dict[str, str]:
        """The codes that are found and how each is called: policy's in its order, then others."""
        codes = {str(code) for code in found}
        known = [code for code in self.policy(kind) if code in codes]
        return {code: self.code(kind, code) for code in [*known, *sorted(codes - set(known))]}

    def column(self, column: str, label_zh: str = "") -> str:
        """How a column is called, given its Chinese label in the published file."""
        own = catalogue(self.language).get(f"columns.{column}")
        if self.language == "zh":
            return label_zh or own or column
        return own or column.replace("_", " ").capitalize()
