"""People who buy until they leave, as BG/NBD has it, and build files that hold their histories."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from orchestration.modelling.bg_nbd import BgNbd, Floats

AS_OF = date(2025, 6, 30)


def order_days(model: BgNbd, people: int, days: int, seed: int) -> list[Floats]:
    """The whole days after the first purchase on which each one buys, 0 included."""
    rng = np.random.default_rng(seed)
    rates = rng.gamma(model.r, 1 / model.alpha, people)
    leaving = rng.beta(model.a, model.b, people)
    found = []
    for rate, leaves in zip(rates, leaving, strict=True):
        times, now = [0.0], 0.0
        while True:
            now += rng.exponential(1 / max(rate, 1e-12))
            if now > days:
                break
            times.append(now)
            if rng.random() < leaves:
                break
        found.append(np.unique(np.ceil(times)))
    return found


def write_build(file: Path, series: list[Floats], first_age: int) -> None:
    """A build file with the histories of all steps; everybody's first purchase is so long ago."""
    rows = []
    for step in range(4):
        age = first_age - 90 * step
        for number, days in enumerate(series):
            known = days[days <= age]
            gaps = np.diff(known)
            rows.append(
                (
                    step,
                    f"p{number}",
                    float(len(known) - 1),
                    float(known[-1]),
                    float(age),
                    float(age - known[-1]),
                    float((known > age - 30).sum()),
                    float((known > age - 90).sum()),
                    float(gaps.max()) if len(gaps) else 0.0,
                    bool(not ((days > age) & (days <= age + 90)).any()) if step else None,
                )
            )
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema intermediate")
        connection.execute(
            "create table intermediate.int_insight__model_days as"
            " select 0 as step, cast(? as date) as as_of_date",
            [AS_OF],
        )
        connection.execute(
            "create table intermediate.int_insight__buying_histories (step integer, one_id text,"
            " repeats double, active_days double, age_days double, silent_days double,"
            " dates_30d double, dates_90d double, longest_gap_days double, is_gone boolean)"
        )
        frame = pl.DataFrame(rows, orient="row", infer_schema_length=None)
        connection.register("histories", frame.to_arrow())
        connection.execute(
            "insert into intermediate.int_insight__buying_histories select * from histories"
        )
        connection.execute(
            "create table intermediate.int_insight__spending_histories as"
            " select step, one_id, repeats + 1 as purchases,"
            " (repeats + 1) * (20 + hash(one_id) % 80) as past_revenue"
            " from intermediate.int_insight__buying_histories"
        )
