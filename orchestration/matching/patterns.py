"""The levels of agreement in a build file, counted: what there is to learn from."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.matching.learning import Level, Pattern, Sample, Weight

COMPARISONS = ("name", "birthday", "address", "place", "gender")


def read_sample(
    connection: duckdb.DuckDBPyConnection, weights: dict[Level, Weight], schema: str
) -> Sample:
    """The patterns of the models in `schema`, and the prior log odds of a pair.

    `weights` are those in force: they say how much of a level's weight common values take off.
    """
    ((prior, profiles),) = connection.execute(
        f"select prior_weight, profiles from {schema}.int_identity__match_settings"
    ).fetchall()
    return Sample(
        candidates=_patterns(connection, weights, schema, "is_blocked"),
        by_chance=_patterns(connection, weights, schema, "is_by_chance"),
        prior=float(prior),
        pairs=max(profiles * (profiles - 1) / 2, 1.0),
    )


def _patterns(
    connection: duckdb.DuckDBPyConnection,
    weights: dict[Level, Weight],
    schema: str,
    which: str,
) -> tuple[Pattern, ...]:
    levels = ", ".join(f"{comparison}_level" for comparison in COMPARISONS)
    shared = " + ".join(_shared(comparison, weights) for comparison in COMPARISONS)
    rows = connection.execute(
        f"""
        select {levels}, count(*), avg({shared})
        from {schema}.int_identity__match_comparisons
        cross join {schema}.int_identity__match_settings
        where {which}
        group by {levels}
        order by all
        """
    ).fetchall()
    return tuple(_pattern(row) for row in rows)


def _pattern(row: Sequence[Any]) -> Pattern:
    known = zip(COMPARISONS, row, strict=False)
    levels = tuple((comparison, str(level)) for comparison, level in known if level is not None)
    return Pattern(levels, float(row[-2]), float(row[-1]))


def _shared(comparison: str, weights: dict[Level, Weight]) -> str:
    """SQL for what the number of holders of a comparison's value takes off the weight."""
    cases = " ".join(
        f"when '{code}' then {weight.u!r}"
        for (of_comparison, code), weight in weights.items()
        if of_comparison == comparison
    )
    share = f"(greatest({comparison}_holders - holders_of_one, 0) / possible_holders)"
    u = f"(case {comparison}_level {cases} end)"
    return f"coalesce(greatest(ln(greatest({share}, 1e-300)) - ln({u}), 0), 0)"


def read_weights(path: Path) -> dict[Level, Weight]:
    """The weights of a policy file that are the newest for their level."""
    found: dict[Level, tuple[str, Weight]] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            level = (row["comparison"], row["level_code"])
            weight = Weight(float(row["m_probability"]), float(row["u_probability"]))
            if level not in found or found[level][0] < row["valid_from"]:
                found[level] = (row["valid_from"], weight)
    return {level: weight for level, (_, weight) in found.items()}


def write_weights(path: Path, weights: dict[Level, Weight], valid_from: str) -> None:
    """Write learnt weights into a policy file, from a day on; what held before stays.

    Whether a level may join is taken from the newest row of the level.
    """
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        columns = list(reader.fieldnames or ())
        rows = list(reader)
    newest = {
        (row["comparison"], row["level_code"]): row
        for row in sorted(rows, key=lambda row: row["valid_from"])
    }
    kept = [row for row in rows if row["valid_from"] != valid_from]
    for (comparison, code), weight in weights.items():
        learnt = {
            "valid_from": valid_from,
            "m_probability": f"{weight.m:.7f}",
            "u_probability": f"{weight.u:.9f}",
        }
        kept.append({**newest[comparison, code], **learnt})
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
