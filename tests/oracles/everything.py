"""All marts of one landing folder, business date and mode, by the second implementations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from tests.oracles import churn, cohorts, early, kpis, lifecycle, orders, rfm, warnings
from tests.oracles.landing import Known, Landing, Persons, known_at
from tests.oracles.policy import DEFAULT, Policy


@dataclass(frozen=True)
class Marts:
    """One frame per mart, `person` standing where the marts have `one_id`."""

    known: Known
    fct_orders: pl.DataFrame
    member_rfm: pl.DataFrame
    rfm_history: pl.DataFrame
    member_lifecycle: pl.DataFrame
    lifecycle_intervals: pl.DataFrame
    lifecycle_transitions: pl.DataFrame
    member_risk: pl.DataFrame
    risk_reasons: pl.DataFrame
    risk_history: pl.DataFrame
    warning_figures: pl.DataFrame
    churn_reason_profile: pl.DataFrame
    retention_cohorts: pl.DataFrame
    kpi_monthly: pl.DataFrame
    kpi_daily: pl.DataFrame


def compute(
    landing: Landing,
    as_of: date,
    rfm_mode: rfm.Mode = "quantile",
    lifecycle_mode: lifecycle.Mode = "fixed",
    persons: Persons | None = None,
    policy: Policy = DEFAULT,
    *,
    with_daily: bool = True,
) -> Marts:
    """Compute every mart of `landing` at the end of `as_of` (kpi_daily, the slowest, on demand)."""
    known = known_at(landing, as_of, persons)
    life = lifecycle.evaluate(known, lifecycle_mode, policy)
    history = rfm.rfm_history(known, rfm_mode, policy)
    today = rfm.member_rfm(known, rfm_mode, policy)
    warned = warnings.evaluate(known, life, policy)
    risks = warnings.risk_history(known, warned, life, history, policy)
    facts = kpis.facts(known, life, history, policy, risks)
    return Marts(
        known=known,
        fct_orders=orders.fct_orders(known),
        member_rfm=today,
        rfm_history=history.drop("recency_days", "frequency", "monetary", "rfm_group_zh"),
        member_lifecycle=lifecycle.member_lifecycle(known, life),
        lifecycle_intervals=lifecycle.lifecycle_intervals(life),
        lifecycle_transitions=lifecycle.lifecycle_transitions(known, life),
        member_risk=warnings.member_risk(known, warned, life, today),
        risk_reasons=warnings.risk_reasons(known, warned),
        risk_history=risks,
        warning_figures=early.warning_figures(known, life, warned, risks, policy),
        churn_reason_profile=churn.churn_reason_profile(known, life, warned, policy),
        retention_cohorts=cohorts.retention_cohorts(known),
        kpi_monthly=kpis.kpi_monthly(facts),
        kpi_daily=kpis.kpi_daily(facts) if with_daily else kpis.no_rows(),
    )
