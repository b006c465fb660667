"""Checks the policy files in seeds/policy before they reach a build.

Operators change thresholds, labels and limits in CSV files. Each file has a model below that says
what a row may hold, and a few rules over all its rows (complete codes, ordered thresholds, one row
in force on every day). Everything that is wrong is reported at once, each as one sentence with
file, line, column, value and what is allowed.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from orchestration.errors import RekindleError
from orchestration.loading.contract import load_contract
from orchestration.modelling.features import FEATURES

FLOOR = date(1970, 1, 1)
"""A dated policy needs a row that is in force from this day or earlier on."""

NOT_KEPT = ("model_parameters",)
"""Policies of which every build makes all rows anew, though rows come into force often."""

MOST_SHOWN = 40
MOST_MISSING = 0.001
"""By how much shares that have to make one may miss it."""

RECORD_TABLES = (
    "crm.members",
    "mini_program.users",
    "app.users",
    "website.users",
    "marketplace.buyers",
    "wecom.contacts",
    "commerce.orders",
)
"""The source tables whose records are persons."""


class PolicyError(RekindleError):
    """Policy files that may not be built with; `problems` holds one sentence each."""

    exit_code = 2

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        shown = list(self.problems[:MOST_SHOWN])
        if len(self.problems) > MOST_SHOWN:
            shown.append(f"… and {len(self.problems) - MOST_SHOWN} more.")
        count = len(self.problems)
        head = f"{count} policy problem{'s' if count > 1 else ''}; nothing was built."
        super().__init__("\n  ".join([head, *shown]))


def policies_that_begin(folder: Path, after: date, until: date) -> tuple[str, ...]:
    """The dated policies in `folder` with a row in force from a day after `after` to `until` on.

    Those that no row follows which a build keeps (NOT_KEPT) are left out.
    """
    begun = []
    for path in sorted(folder.glob("*.csv")):
        if path.stem in NOT_KEPT:
            continue
        with path.open(encoding="utf-8", newline="") as lines:
            days = [row.get("valid_from") or "" for row in csv.DictReader(lines)]
        if any(after.isoformat() < day <= until.isoformat() for day in days):
            begun.append(path.stem)
    return tuple(begun)


# ---------------------------------------------------------------------------- what a value may be


def _whole(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"-?\d{1,15}", value):
        raise ValueError
    return int(value) if isinstance(value, str) else value


def _number(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        raise ValueError
    return float(value) if isinstance(value, str) else value


def _truth(value: object) -> object:
    if value not in {"true", "false"}:
        raise ValueError
    return value == "true"


def _day(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError
    return date.fromisoformat(value)


Day = Annotated[date, BeforeValidator(_day), Field(description="a day written as YYYY-MM-DD")]
DayOrNone = Annotated[
    date | None,
    BeforeValidator(lambda value: None if value == "" else _day(value)),
    Field(description="a day written as YYYY-MM-DD, or empty"),
]
Truth = Annotated[bool, BeforeValidator(_truth), Field(description="true or false")]
Text = Annotated[str, Field(min_length=1, max_length=500, description="a text that is not empty")]
Code = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_]{0,63}$",
        description="a code of lower-case letters, digits and underscores",
    ),
]
Days = Annotated[
    int, BeforeValidator(_whole), Field(ge=1, le=3650, description="whole days from 1 to 3650")
]
Hours = Annotated[
    int, BeforeValidator(_whole), Field(ge=1, le=168, description="whole hours from 1 to 168")
]
Count = Annotated[
    int, BeforeValidator(_whole), Field(ge=0, description="a whole number of at least 0")
]
Positive = Annotated[
    int, BeforeValidator(_whole), Field(ge=1, description="a whole number of at least 1")
]
Amount = Annotated[
    float, BeforeValidator(_number), Field(ge=0, description="a number of at least 0")
]
PositiveNumber = Annotated[
    float, BeforeValidator(_number), Field(gt=0, description="a number above 0")
]
Limit = Annotated[
    float,
    BeforeValidator(_number),
    Field(gt=0, le=3650, description="a number of days above 0, at most 3650"),
]
Percent = Annotated[
    int, BeforeValidator(_whole), Field(ge=1, le=100, description="a whole number from 1 to 100")
]
OptionalDays = Annotated[
    Annotated[int, Field(ge=1, le=3650)] | None,
    BeforeValidator(lambda value: None if value == "" else _whole(value)),
    Field(description="whole days from 1 to 3650, or empty"),
]
OptionalCount = Annotated[
    Annotated[int, Field(ge=0)] | None,
    BeforeValidator(lambda value: None if value == "" else _whole(value)),
    Field(description="a whole number of at least 0, or empty"),
]
OptionalPositive = Annotated[
    Annotated[int, Field(ge=1)] | None,
    BeforeValidator(lambda value: None if value == "" else _whole(value)),
    Field(description="a whole number of at least 1, or empty"),
]
OptionalAmount = Annotated[
    Annotated[float, Field(ge=0)] | None,
    BeforeValidator(lambda value: None if value == "" else _number(value)),
    Field(description="a number of at least 0, or empty"),
]


def _pattern(value: object) -> object:
    if value == "" or not isinstance(value, str):
        return None
    if UNSHARED_PATTERN.search(value):
        raise ValueError
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError from error
    return value


UNSHARED_PATTERN = re.compile(r"\\|\(\?(?!:)|[*+?}]\+|\[[^]]*(?:&&|\[)")
"""What DuckDB and Spark do not read alike: escapes, lookaround, possessive, sets of sets."""
OptionalPattern = Annotated[
    str | None,
    BeforeValidator(_pattern),
    Field(
        description="a regular expression without backslash, lookaround or possessive quantifier "
        "(such as VIP-[0-9]+), or empty"
    ),
]
RecordName = Annotated[
    str,
    Field(
        pattern=rf"^(?:{'|'.join(map(re.escape, RECORD_TABLES))}):\S(?:.*\S)?$",
        description="a record as identity.oneid_map names it, source_system.source_table:source_key"
        f", of one of {', '.join(RECORD_TABLES)}",
    ),
]
ShareBelowOne = Annotated[
    float,
    BeforeValidator(_number),
    Field(ge=0, lt=1, description="a share from 0 to below 1"),
]
Probability = Annotated[
    float,
    BeforeValidator(_number),
    Field(gt=0, lt=1, description="a probability above 0 and below 1"),
]
OptionalNumber = Annotated[
    float | None,
    BeforeValidator(lambda value: None if value == "" else _number(value)),
    Field(description="a number, or empty"),
]
OptionalPositiveNumber = Annotated[
    Annotated[float, Field(gt=0)] | None,
    BeforeValidator(lambda value: None if value == "" else _number(value)),
    Field(description="a number above 0, or empty"),
]
OptionalShareBelowOne = Annotated[
    Annotated[float, Field(ge=0, lt=1)] | None,
    BeforeValidator(lambda value: None if value == "" else _number(value)),
    Field(description="a share from 0 to below 1, or empty"),
]
Periods = Annotated[
    Annotated[int, Field(ge=8, le=48)] | None,
    BeforeValidator(lambda value: None if value == "" else _whole(value)),
    Field(description="a whole number from 8 to 48, or empty"),
]
Channels = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_]{0,63}( [a-z][a-z0-9_]{0,63})*$",
        description="codes of channels of alerts.yml, one space between them",
    ),
]
OptionalText = Annotated[
    str, Field(max_length=500, description="a text of at most 500 characters, or empty")
]

LinkingType = Literal["card_no", "unionid", "id_token", "phone", "email"]
System = Literal["app", "commerce", "crm", "marketplace", "mini_program", "website", "wecom"]
"""The source systems whose records are persons, by the alphabet."""
IdentifierType = Literal["member_no", "card_no", "unionid", "id_token", "phone", "email"]
LimitedType = Literal["member_no", "card_no", "unionid", "id_token", "phone", "email", "device"]
ExcludedType = Literal[
    "any", "member_no", "card_no", "unionid", "id_token", "phone", "email", "device"
]
Dimension = Literal["recency", "frequency", "monetary"]
Stage = Literal[
    "prospect",
    "new",
    "active",
    "high_potential",
    "at_risk",
    "dormant",
    "churned",
    "reactivated",
]
WarningCode = Literal[
    "recency",
    "frequency_drop",
    "silent_weeks",
    "coupon_apathy",
    "coupon_unused",
    "login_gap",
    "cart_price_drop",
    "social_cooling",
    "replenishment_overdue",
    "price_sensitive_wait",
]
ProfileMetric = Literal[
    "category_interest",
    "category_preference",
    "channel_preference",
    "hour_preference",
    "content_taste",
    "price_sensitivity",
    "promotion_dependency",
    "full_price_share",
    "motivation",
    "content_contribution",
    "social_spread",
    "community_activity",
    "task_completion",
]
SHARES = frozenset(get_args(ProfileMetric)) - {
    "content_contribution",
    "social_spread",
    "community_activity",
}
"""The metrics of the profile that are shares or scores, so never above 1."""
ChurnCode = Literal[
    "bad_service",
    "life_stage_end",
    "category_stopped",
    "price_rise",
    "out_of_promotion",
    "social_cooling",
    "category_overdue",
    "unexplained",
]
ScoreReasonCode = Literal["forecast", "silence", "few_orders", "fading", "off_rhythm"]
RfmGroup = Literal[
    "champions",
    "important_develop",
    "important_keep",
    "important_win_back",
    "general_value",
    "general_develop",
    "general_keep",
    "general_win_back",
]
Kpi = Literal[
    "next_month_retention",
    "half_year_retention",
    "yearly_repurchase",
    "repurchase_rate",
    "orders_per_buyer_month",
    "aov",
    "awakened_aov_lift",
    "dormant_activation_rate_21d",
    "dormant_activation_rate_30d",
    "at_risk_activation_rate_21d",
    "at_risk_activation_rate_30d",
    "re_dormancy_rate",
    "repeat_revenue_share",
    "repeat_profit_share",
    "private_domain_share",
    "promotion_dependency",
    "off_campaign_order_ratio",
    "active_member_share",
    "order_count",
    "net_revenue",
    "buyers",
]

AuditMetric = Literal[
    "records_per_person",
    "joined_record_share",
    "single_record_share",
    "person_records",
    "many_card_person_share",
    "two_birthday_person_share",
    "two_gender_person_share",
    "review_pair_share",
    "cut_identifiers",
    "cut_identifier_share",
    "records_with_both",
    "persons_with_both",
    "bridges",
    "bridged_person_share",
]
DAILY_KPIS = frozenset(
    {
        "aov",
        "repeat_revenue_share",
        "repeat_profit_share",
        "private_domain_share",
        "promotion_dependency",
        "active_member_share",
        "order_count",
        "net_revenue",
        "buyers",
    }
)
"""The KPIs of kpi_daily."""
SHARE_KPIS = frozenset(
    {
        "next_month_retention",
        "half_year_retention",
        "repurchase_rate",
        "dormant_activation_rate_21d",
        "dormant_activation_rate_30d",
        "at_risk_activation_rate_21d",
        "at_risk_activation_rate_30d",
        "re_dormancy_rate",
        "repeat_revenue_share",
        "private_domain_share",
        "promotion_dependency",
        "active_member_share",
    }
)
"""The KPIs that are a part of a whole, from 0 to 1; other ratios may be less or more."""
AuditAlert = Literal["identity_warning", "quality_below_minimum"]
"""What alerts watch beside the KPIs: their own limits stand in the policies of those audits."""
AUDIT_DIMENSIONS = {"identity_warning": "audit_metric", "quality_below_minimum": "source_table"}
KPI_DIMENSIONS = ("all", "first_order_channel", "register_channel", "rfm_group", "lifecycle_stage")
ALERT_VALUES: dict[str, tuple[str, ...]] = {
    "rfm_group": (*get_args(RfmGroup), "none", "unknown"),
    "lifecycle_stage": (*get_args(Stage), "none", "unknown"),
    "audit_metric": get_args(AuditMetric),
}
"""The dimension values that there can be, where the policies say."""
WITH_PATTERNS = ("card_no", "unionid", "id_token")
"""The identifier types that are not personal, so that models see their values."""
LEAST_PARAMETERS = {"many_card_person_share": 1, "bridges": 4}
"""The audit metrics that need a parameter, and the least one that makes sense: fewer than four
records do not fall into two pieces of two."""

STATED_BY = {
    "name": ("crm.members", "marketplace.buyers", "mini_program.users"),
    "gender": ("crm.members",),
    "birth_year": ("crm.members",),
    "province": ("crm.members",),
    "city": ("crm.members",),
    "address": ("crm.members", "marketplace.buyers"),
    "phone": (
        "crm.members",
        "mini_program.users",
        "app.users",
        "website.users",
        "marketplace.buyers",
        "wecom.contacts",
    ),
    "email": ("crm.members", "app.users", "website.users"),
}
"""The attributes of a person that have a golden value, and the sources that state each."""

BlockingPart = Literal[
    "birth_month_day",
    "birth_year",
    "birthday",
    "city",
    "house",
    "name",
    "name_head",
    "name_head_start",
    "name_tail",
    "name_tail_start",
    "numbers",
    "place",
    "postcode",
    "street",
    "street_start",
]
OtherBlockingPart = Literal["none", BlockingPart]
MATCH_LEVELS = {
    "name": (
        "exact",
        "same_sound",
        "chinese_near",
        "chinese_surname",
        "chinese_other",
        "one_part_near",
        "part_missing",
        "near",
        "same_tail",
        "same_head",
        "part_near",
        "different",
    ),
    "birthday": ("exact", "swapped", "day_off", "two_parts", "different"),
    "address": (
        "exact",
        "same_house",
        "similar_house",
        "same_street",
        "similar_street",
        "same_number",
        "different",
    ),
    "place": (
        "both",
        "place_near",
        "postcode_near",
        "place",
        "postcode",
        "both_near",
        "near",
        "city",
        "different",
    ),
    "gender": ("same", "different"),
}
"""The levels of agreement that the models know, by comparison."""
QualityDimension = Literal["completeness", "validity", "uniqueness", "timeliness", "consistency"]
ANY = ("any", "any", "any")
"""System, table and column of a minimum for all columns."""
MODEL_PARAMETERS = {
    "bg_nbd": ("r", "alpha", "a", "b"),
    "churn_classifier": (
        "bias",
        *(f"{feature}_{part}" for feature in FEATURES for part in ("weight", "mean")),
    ),
    "gamma_gamma": ("p", "q", "v"),
}
"""The parameters of the trained models; those of BG/NBD and Gamma–Gamma are above zero, q above
one, for else nothing has a mean."""
MATCH_SOURCES = ("crm.members", "marketplace.buyers", "mini_program.users")

# -------------------------------------------------------------------------------- what a row holds


class PolicyRow(BaseModel):
    """One line of a policy file; the fields are its columns."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False)


class LifecycleThresholds(PolicyRow):
    """Limits of the lifecycle stages from a day on."""

    valid_from: Day
    new_days: Days
    reactivated_days: Days
    at_risk_after_days: Limit
    dormant_after_days: Limit
    churned_after_days: Limit
    high_potential_window_days: Days
    high_potential_min_recent_orders: Positive
    high_potential_min_prior_orders: Positive
    high_potential_min_growth: PositiveNumber
    adaptive_at_risk_multiple: PositiveNumber
    adaptive_dormant_multiple: PositiveNumber
    adaptive_churned_multiple: PositiveNumber
    adaptive_min_gaps: Positive
    adaptive_floor_share: Annotated[
        float,
        BeforeValidator(_number),
        Field(gt=0, le=1, description="a share above 0, at most 1"),
    ]
    adaptive_ceiling_share: Annotated[
        float,
        BeforeValidator(_number),
        Field(ge=1, le=100, description="a multiple from 1 to 100"),
    ]


class LifecycleStage(PolicyRow):
    """One of the eight stages and its labels, from a day on."""

    valid_from: Day
    lifecycle_stage: Stage
    sort_order: Positive
    label_en: Text
    label_zh: Text
    is_lapsed: Truth


class WarningThresholds(PolicyRow):
    """Numbers of the early-warning reasons and levels from a day on."""

    valid_from: Day
    recency_over_days: Days
    drop_window_days: Days
    drop_min_base_orders: Positive
    drop_max_share: ShareBelowOne
    silent_weeks: Positive
    silent_base_weeks: Positive
    silent_min_active_weeks: Positive
    apathy_offers: Positive
    unused_within_days: Days
    login_gap_over_days: Days
    cart_days: Days
    cooling_days: Days
    cooling_base_days: Days
    cooling_top_share: ShareBelowOne
    overdue_multiple: PositiveNumber
    overdue_min_purchases: Positive
    overdue_own_gaps: Positive
    wait_days: Days
    wait_min_views: Positive
    level_2_min_reasons: Positive
    level_2_below_alive: ShareBelowOne
    level_3_min_reasons: Positive
    level_3_min_reasons_important: Positive
    saved_within_days: Days
    outcome_days: Days
    trial_days: Days


class WarningReason(PolicyRow):
    """A reason of early warning and its labels, from a day on."""

    valid_from: Day
    reason_code: WarningCode
    is_counted: Truth
    sort_order: Positive
    label_en: Text
    label_zh: Text


class ProfilePolicy(PolicyRow):
    """What the profile of a member looks back on, and how it weighs, from a day on."""

    valid_from: Day
    window_days: Days
    half_life_days: Days
    view_weight: Amount
    cart_weight: Amount
    purchase_weight: PositiveNumber
    full_discount_share: Annotated[
        float,
        BeforeValidator(_number),
        Field(gt=0, le=1, description="a share above 0, at most 1"),
    ]
    price_fall_days: Days
    history_months: Annotated[
        int,
        BeforeValidator(_whole),
        Field(ge=1, le=120, description="whole months from 1 to 120"),
    ]


class TagRule(PolicyRow):
    """A tag: which metric of the profile has to reach what, from a day on."""

    valid_from: Day
    tag_code: Code
    tag_group: Code
    metric_code: ProfileMetric
    at_least: PositiveNumber
    min_facts: Positive
    label_en: Text
    label_zh: Text


class ChurnPolicy(PolicyRow):
    """Numbers of the reasons why members lapse, from a day on."""

    valid_from: Day
    service_days_before: Days
    service_days_after: Days
    bad_csat: Annotated[
        float,
        BeforeValidator(_number),
        Field(ge=1, le=5, description="a rating from 1 to 5"),
    ]
    full_price_rise: PositiveNumber
    price_days_before: Days
    price_days_after: Days
    life_stage_days: Days
    promotion_min_share: Annotated[
        float,
        BeforeValidator(_number),
        Field(gt=0, le=1, description="a share above 0, at most 1"),
    ]
    promotion_min_orders: Positive
    cooling_days_before: Days


class ChurnReason(PolicyRow):
    """A reason why members lapse, with its weight and labels, from a day on."""

    valid_from: Day
    reason_code: ChurnCode
    weight: Annotated[
        float,
        BeforeValidator(_number),
        Field(ge=0, le=1, description="a weight from 0 to 1"),
    ]
    sort_order: Positive
    label_en: Text
    label_zh: Text


class LifeStage(PolicyRow):
    """How long after a day of birth a member needs a category, from a day on."""

    valid_from: Day
    attribute_code: Code
    category_id: Text
    ends_after_months: Positive


class RfmPolicy(PolicyRow):
    """The RFM window from a day on."""

    valid_from: Day
    window_days: Days


class RfmCutPoint(PolicyRow):
    """The bound of one score of one dimension from a day on."""

    valid_from: Day
    dimension: Dimension
    score: Annotated[
        int, BeforeValidator(_whole), Field(ge=2, le=5, description="a score from 2 to 5")
    ]
    bound: Amount


class RfmStrategy(PolicyRow):
    """One of the eight RFM groups from a day on: its signature, labels and strategy."""

    valid_from: Day
    rfm_group: RfmGroup
    is_recency_high: Truth
    is_frequency_high: Truth
    is_monetary_high: Truth
    label_en: Text
    label_zh: Text
    strategy_en: Text
    strategy_zh: Text
    default_offer: Code


class Tier(PolicyRow):
    """One step of the tier ladder that is in force from a day on."""

    valid_from: Day
    tier_code: Code
    tier_rank: Count
    label_en: Text
    label_zh: Text
    threshold_amount: Amount
    basis: Literal["trailing_365d", "lifetime"]
    discount_percent: Percent
    points_multiplier: PositiveNumber
    events_per_month: Count
    early_access_hours: Count


class IdentifierPolicy(PolicyRow):
    """What an identifier of a type proves, and when it stops linking, from a day on."""

    valid_from: Day
    identifier_type: LimitedType
    strength: Literal["strong", "weak", "evidence"]
    is_one_per_person: Truth
    max_records_per_system: Positive
    max_records: Positive
    recycle_after_days: OptionalDays
    expires_after_days: OptionalDays
    include_pattern: OptionalPattern
    exclude_pattern: OptionalPattern


class IdentifierPair(PolicyRow):
    """Whether an identifier type may join records of two systems, from a day on."""

    valid_from: Day
    identifier_type: LinkingType
    left_system: System
    right_system: System
    is_allowed: Truth


class IdentityAudit(PolicyRow):
    """A metric of the identity audit and its limit, from a day on."""

    valid_from: Day
    metric_code: AuditMetric
    label_en: Text
    label_zh: Text
    unit: Literal["ratio", "count"]
    parameter: OptionalCount
    warns_when: Literal["above", "below", "never"]
    threshold: OptionalAmount


class IdentityDecision(PolicyRow):
    """What somebody decided about two records, from a day on."""

    valid_from: Day
    decision: Literal["link", "separate"]
    left_record: RecordName
    right_record: RecordName
    decided_by: Text
    reason: Text


class IdentifierExclusion(PolicyRow):
    """An identifier value that never links anybody."""

    valid_from: Day
    identifier_type: ExcludedType
    identifier_value: Text
    reason: Text


class MatchPolicy(PolicyRow):
    """From which probability on two persons are one, from a day on."""

    valid_from: Day
    join_probability: Probability
    review_probability: Probability
    expected_partners: PositiveNumber
    holders_of_one: Positive
    holders_prior: Positive
    max_group_persons: Annotated[
        int, BeforeValidator(_whole), Field(ge=2, description="a whole number of at least 2")
    ]
    max_shared_homes: Probability


class MatchWeight(PolicyRow):
    """How often a level of agreement occurs in pairs of one person and by chance, from a day on."""

    valid_from: Day
    comparison: Literal["name", "birthday", "address", "place", "gender"]
    level_code: Code
    m_probability: Probability
    u_probability: Probability
    joins: Literal["always", "with_birthday", "unless_shared", "never"]


class MatchBlockingRule(PolicyRow):
    """What two profiles have to share to be compared, from a day on."""

    valid_from: Day
    rule_code: Code
    part_1: BlockingPart
    part_2: OtherBlockingPart
    part_3: OtherBlockingPart
    max_profiles: Count


class MatchOnce(PolicyRow):
    """Whether a person holds an identifier, or a record of a source, at most once."""

    valid_from: Day
    kind: Literal["identifier", "source"]
    code: Text
    is_once: Truth
    reason: Text


class QualityPolicy(PolicyRow):
    """Which days of records the scorecard of data quality shows, and with what it compares them."""

    valid_from: Day
    window_days: Days
    trend_days: Days
    max_age_days: Days
    minimum_rows: Positive


class QualityAge(PolicyRow):
    """How long a table may be without a record, from a day on; empty: as long as it likes."""

    valid_from: Day
    system: Text
    table_name: Text
    max_age_days: OptionalDays


class QualityMinimum(PolicyRow):
    """The least score of a dimension of data quality, or of one column in it, from a day on."""

    valid_from: Day
    dimension: QualityDimension
    system: Text
    table_name: Text
    column_name: Text
    minimum_score: Annotated[
        float, BeforeValidator(_number), Field(ge=0, le=1, description="a share from 0 to 1")
    ]


class ReplenishmentPolicy(PolicyRow):
    """How the next purchase of a category is expected, from a day on."""

    valid_from: Day
    bulk_multiple: PositiveNumber
    prior_gaps: PositiveNumber
    cycle_gaps: PositiveNumber
    size_prior: PositiveNumber
    spread_gaps: PositiveNumber
    outlier_deviations: PositiveNumber
    interval_deviations: PositiveNumber
    interval_share: Probability
    hit_days: Days


class ModelParameter(PolicyRow):
    """A parameter of a version of the trained models, from a day on."""

    valid_from: Day
    version_code: Code
    trained_date: DayOrNone
    model_name: Literal["bg_nbd", "churn_classifier", "gamma_gamma"]
    parameter: Code
    value: Annotated[float, BeforeValidator(_number), Field(description="a number")]


class ScoreReason(PolicyRow):
    """What a reason of the churn probability and the values it looks at are called."""

    valid_from: Day
    reason_code: ScoreReasonCode
    label_en: Text
    label_zh: Text
    values_en: Text
    values_zh: Text


class RecommendationPolicy(PolicyRow):
    """How the next products, categories and benefits of a person are chosen, from a day on."""

    valid_from: Day
    history_days: Days
    horizon_days: Days
    half_life_days: PositiveNumber
    paired_products: Positive
    learnt_pairs: Positive
    min_support: Positive
    shrinkage: Positive
    pairs_per_product: Positive
    anchor_products: Positive
    popular_products: Positive
    categories: Positive
    benefits: Positive
    like_members: PositiveNumber
    trial_people: Positive


class DevicePolicy(PolicyRow):
    """When a device is in a record's hands, and how many pairs it proposes, from a day on."""

    valid_from: Day
    min_events: Positive
    min_days: Positive
    max_pairs: Count


class ValuePolicy(PolicyRow):
    """How money that is still to come is discounted, from a day on."""

    valid_from: Day
    yearly_discount: ShareBelowOne


class IntradayPolicy(PolicyRow):
    """How far back the five-minute path looks, from a day on."""

    valid_from: Day
    window_hours: Hours


class SourcePrecedence(PolicyRow):
    """Which source is believed for an attribute of a person, from a day on."""

    valid_from: Day
    attribute: Literal[
        "name", "gender", "birth_year", "province", "city", "address", "phone", "email"
    ]
    source: Text
    precedence: OptionalPositive


class KpiTarget(PolicyRow):
    """Labels, direction and benchmark of a KPI from a day on."""

    valid_from: Day
    metric_code: Kpi
    label_en: Text
    label_zh: Text
    unit: Literal["ratio", "count", "money", "days", "seconds"]
    direction: Literal["up", "down"]
    benchmark: OptionalNumber
    benchmark_kind: Literal["target", "published_case", "trend", "alert"]
    is_daily: Truth
    is_monthly: Truth


class AlertRule(PolicyRow):
    """When a number is worth an alert, and who is told, from a day on."""

    valid_from: Day
    rule_code: Code
    is_active: Truth
    period: Literal["month", "day"]
    metric_code: Literal[Kpi, AuditAlert]
    dimension_type: Literal[
        "all",
        "first_order_channel",
        "register_channel",
        "rfm_group",
        "lifecycle_stage",
        "audit_metric",
        "source_table",
    ]
    dimension_value: OptionalText
    kind: Literal["limit", "band", "both"]
    comparator: Literal["below", "above"]
    threshold: OptionalNumber
    band_width: OptionalPositiveNumber
    min_change: OptionalShareBelowOne
    least_history: Periods
    min_denominator: Amount
    severity: Literal["info", "warning", "critical"]
    cooldown_hours: Positive
    channels: Channels
    owner: Text
    text_en: Text
    text_zh: Text


# -------------------------------------------------------------------- what all rows hold together


@dataclass(frozen=True)
class Line:
    """A row that is right in itself, and where it stands."""

    number: int
    row: Any


@dataclass(frozen=True)
class Problem:
    """What is wrong, without the file's name."""

    line: int | None
    text: str


Rule = Callable[[Sequence[Line]], Iterator[Problem]]


@dataclass(frozen=True)
class PolicyFile:
    """A policy file: the model of its rows, its key, and the rules over all rows."""

    model: type[PolicyRow]
    key: tuple[str, ...]
    rules: tuple[Rule, ...] = ()


def in_force_since_floor(*group: str, every: Iterable[str] = ()) -> Rule:
    """Every group of rows (and each code of `every`) has one that is in force from FLOOR on."""
    wanted = tuple(every)

    def rule(lines: Sequence[Line]) -> Iterator[Problem]:
        first: dict[tuple[str, ...], Line] = {(code,): Line(0, None) for code in wanted}
        for line in lines:
            key = tuple(str(getattr(line.row, column)) for column in group)
            found = first.get(key)
            if found is None or found.row is None or line.row.valid_from < found.row.valid_from:
                first[key] = line
        if not first:
            yield Problem(None, f"there is no row; one has to be in force from {FLOOR} on.")
        for key, line in first.items():
            of_key = f" of {' '.join(key)}" if key else ""
            if line.row is None:
                yield Problem(
                    None,
                    f"column {group[0]}: there is no row{of_key}; "
                    f"one has to be in force from {FLOOR} on.",
                )
            elif line.row.valid_from > FLOOR:
                yield Problem(
                    line.number,
                    f"column valid_from: the first row{of_key} is in force from "
                    f"{line.row.valid_from} only; one has to be in force from {FLOOR} on.",
                )

    return rule


def unique_in_force(code: str, *columns: str) -> Rule:
    """On no day do the rows in force (the newest of each code) share values of these columns."""

    def rule(lines: Sequence[Line]) -> Iterator[Problem]:
        told: set[int] = set()
        for day in sorted({line.row.valid_from for line in lines}):
            in_force: dict[str, Line] = {}
            for line in sorted(lines, key=lambda line: line.row.valid_from):
                if line.row.valid_from <= day:
                    in_force[getattr(line.row, code)] = line
            current = sorted(in_force.values(), key=lambda line: line.number)
            for line, problem in _repeated(current, columns, f" on {day}"):
                if line.number not in told:
                    told.add(line.number)
                    yield problem

    return rule


def unique(*columns: str) -> Rule:
    """No two rows hold the same values in these columns."""

    def rule(lines: Sequence[Line]) -> Iterator[Problem]:
        for _, problem in _repeated(lines, columns, ""):
            yield problem

    return rule


def _repeated(
    lines: Sequence[Line], columns: Sequence[str], when: str
) -> Iterator[tuple[Line, Problem]]:
    seen: dict[Hashable, int] = {}
    for line in lines:
        values = tuple(_folded(getattr(line.row, column)) for column in columns)
        first = seen.setdefault(values, line.number)
        if first != line.number:
            shown = " ".join(str(getattr(line.row, column)) for column in columns)
            name = f"column{'s' if len(columns) > 1 else ''} {', '.join(columns)}"
            yield (
                line,
                Problem(
                    line.number,
                    f"{name}: {shown!r} stands in line {first} already{when}; keep one.",
                ),
            )


def not_above(lower: str, upper: str) -> Rule:
    """In each row, the one column is at most the other."""

    def rule(lines: Sequence[Line]) -> Iterator[Problem]:
        for line in lines:
            low, high = getattr(line.row, lower), getattr(line.row, upper)
            if low > high:
                yield Problem(
                    line.number,
                    f"column {lower}: {_plain(low)} is not allowed; it has to be at most {upper}, "
                    f"which is {_plain(high)}.",
                )

    return rule


def rising(*columns: str) -> Rule:
    """In each row, every one of these columns is greater than the one before."""

    def rule(lines: Sequence[Line]) -> Iterator[Problem]:
        for line in lines:
            for lower, upper in itertools.pairwise(columns):
                low, high = getattr(line.row, lower), getattr(line.row, upper)
                if not low < high:
                    yield Problem(
                        line.number,
                        f"column {upper}: {_plain(high)} is not allowed; it has to be greater "
                        f"than {lower}, which is {_plain(low)}.",
                    )

    return rule


def _cut_points(lines: Sequence[Line]) -> Iterator[Problem]:
    """A dimension's cut points of a day are all four, in order."""
    found: dict[tuple[date, str], dict[int, Line]] = defaultdict(dict)
    for line in lines:
        found[line.row.valid_from, line.row.dimension][line.row.score] = line
    for (day, dimension), points in sorted(found.items()):
        missing = [score for score in (5, 4, 3, 2) if score not in points]
        if missing:
            scores = " and ".join(str(score) for score in missing)
            yield Problem(
                None,
                f"column score: {dimension} has no cut point for score {scores} from {day} on; "
                f"it needs scores 5, 4, 3 and 2.",
            )
            continue
        for score in (5, 4, 3):
            better, worse = points[score].row.bound, points[score - 1].row.bound
            if not (better < worse if dimension == "recency" else better > worse):
                direction = "less" if dimension == "recency" else "greater"
                yield Problem(
                    points[score].number,
                    f"column bound: {_plain(better)} is not allowed for {dimension} score {score}; "
                    f"it has to be {direction} than the bound of score {score - 1}, which is "
                    f"{_plain(worse)}.",
                )


def _ladder(lines: Sequence[Line]) -> Iterator[Problem]:
    """From each day on: ranks 0, 1, 2 …, thresholds rising from 0, one basis."""
    by_day: dict[date, list[Line]] = defaultdict(list)
    for line in lines:
        by_day[line.row.valid_from].append(line)
    for day, tiers in sorted(by_day.items()):
        tiers.sort(key=lambda line: (line.row.tier_rank, line.number))
        for rank, line in enumerate(tiers):
            if line.row.tier_rank != rank:
                yield Problem(
                    line.number,
                    f"column tier_rank: {line.row.tier_rank} is not allowed; the tiers from {day} "
                    f"on have to be ranked 0, 1, 2 … without a gap or a tie, so {rank} comes here.",
                )
                break
        lowest = tiers[0]
        if lowest.row.threshold_amount != 0:
            yield Problem(
                lowest.number,
                f"column threshold_amount: {_plain(lowest.row.threshold_amount)} is not allowed; "
                f"the lowest tier from {day} on has to start at 0.",
            )
        for below, above in itertools.pairwise(tiers):
            if not below.row.threshold_amount < above.row.threshold_amount:
                yield Problem(
                    above.number,
                    f"column threshold_amount: {_plain(above.row.threshold_amount)} is not "
                    f"allowed; it has to be greater than that of {below.row.tier_code}, which is "
                    f"{_plain(below.row.threshold_amount)}.",
                )
            if above.row.basis != below.row.basis:
                yield Problem(
                    above.number,
                    f"column basis: {above.row.basis!r} is not allowed; all tiers from {day} on "
                    f"have to share one basis, and {below.row.tier_code} has {below.row.basis!r}.",
                )


def _limits(lines: Sequence[Line]) -> Iterator[Problem]:
    for line in lines:
        if line.row.max_records < line.row.max_records_per_system:
            yield Problem(
                line.number,
                f"column max_records: {line.row.max_records} is not allowed; it has to be at "
                f"least max_records_per_system, which is {line.row.max_records_per_system}.",
            )


def _devices_as_evidence(lines: Sequence[Line]) -> Iterator[Problem]:
    """A device links nobody, so that nothing of links can be said of it."""
    for line in lines:
        is_device = line.row.identifier_type == "device"
        if is_device != (line.row.strength == "evidence"):
            wanted = "evidence" if is_device else "strong or weak"
            yield Problem(
                line.number,
                f"column strength: {line.row.strength!r} is not allowed for "
                f"{line.row.identifier_type}; it has to be {wanted}.",
            )
        if is_device and line.row.is_one_per_person:
            yield Problem(
                line.number,
                "column is_one_per_person: 'true' is not allowed for device, which people share "
                "and change; it has to be false.",
            )
        if is_device and line.row.recycle_after_days is not None:
            yield Problem(
                line.number,
                f"column recycle_after_days: '{line.row.recycle_after_days}' is not allowed for "
                "device, which nobody gives up; leave it empty and use expires_after_days.",
            )


def _patterns(lines: Sequence[Line]) -> Iterator[Problem]:
    """Patterns are of values that the warehouse has in clear."""
    for line in lines:
        for column in ("include_pattern", "exclude_pattern"):
            pattern = getattr(line.row, column)
            if pattern is not None and line.row.identifier_type not in WITH_PATTERNS:
                yield Problem(
                    line.number,
                    f"column {column}: {pattern!r} is not allowed for {line.row.identifier_type}, "
                    f"which is personal; only {', '.join(WITH_PATTERNS)} have patterns. Single "
                    "values stand in identifier_exclusions.csv.",
                )


def _systems_in_order(lines: Sequence[Line]) -> Iterator[Problem]:
    """A pair is written in one order, so that it is one."""
    for line in lines:
        if line.row.left_system > line.row.right_system:
            yield Problem(
                line.number,
                f"column left_system: {line.row.left_system!r} is not allowed before "
                f"{line.row.right_system!r}; write the two by the alphabet.",
            )


def _audit_limits(lines: Sequence[Line]) -> Iterator[Problem]:
    """A metric that warns has a threshold, and parameters stand where they are used."""
    for line in lines:
        row = line.row
        if (row.threshold is None) != (row.warns_when == "never"):
            shown = (
                "it is empty" if row.threshold is None else f"{_plain(row.threshold)} is too much"
            )
            yield Problem(
                line.number,
                f"column threshold: {shown}; a metric that warns above or below has a number "
                "there, one that never warns has none.",
            )
        least = LEAST_PARAMETERS.get(row.metric_code)
        if least is None and row.parameter is not None:
            yield Problem(
                line.number,
                f"column parameter: {row.parameter} is not allowed; {row.metric_code} has none.",
            )
        if least is not None and (row.parameter is None or row.parameter < least):
            shown = "it is empty" if row.parameter is None else f"{row.parameter} is not allowed"
            yield Problem(
                line.number,
                f"column parameter: {shown}; {row.metric_code} needs a whole number of at least "
                f"{least}.",
            )


def _alert_numbers(lines: Sequence[Line]) -> Iterator[Problem]:
    """A limit has a threshold, a band has its three numbers, and nothing else has them."""
    for line in lines:
        row = line.row
        for column, kinds in (
            ("threshold", ("limit", "both")),
            ("band_width", ("band", "both")),
            ("min_change", ("band", "both")),
            ("least_history", ("band", "both")),
        ):
            value = getattr(row, column)
            if value is None and row.kind in kinds:
                yield Problem(
                    line.number,
                    f"column {column}: it is empty, but a kind of {row.kind!r} needs a number.",
                )
            elif value is not None and row.kind not in kinds:
                yield Problem(
                    line.number,
                    f"column {column}: {_plain(value)} is not allowed; a kind of {row.kind!r} has "
                    "none.",
                )


def _alert_shares(lines: Sequence[Line]) -> Iterator[Problem]:
    for line in lines:
        yield from _no_share(line, "threshold")


def _no_share(line: Line, column: str) -> Iterator[Problem]:
    """A share is compared with a share: 40 for 40 % would be left always, or never."""
    row, value = line.row, getattr(line.row, column)
    if row.metric_code in SHARE_KPIS and value is not None and not 0 <= value <= 1:
        yield Problem(
            line.number,
            f"column {column}: {_plain(value)} is not allowed; {row.metric_code} is a share from 0 "
            "to 1, so 40 % is 0.40.",
        )


def _alert_places(lines: Sequence[Line]) -> Iterator[Problem]:
    """A rule watches a metric where it is counted: in its table, along its dimensions."""
    for line in lines:
        row = line.row
        audit = AUDIT_DIMENSIONS.get(row.metric_code)
        daily = row.metric_code in DAILY_KPIS or audit is not None
        if (row.period == "day" and not daily) or (row.period == "month" and audit):
            yield Problem(
                line.number,
                f"column period: {row.period!r} is not allowed; {row.metric_code} is counted by "
                f"{'day' if audit else 'month'} only.",
            )
        allowed = (audit,) if audit else KPI_DIMENSIONS
        if row.dimension_type not in allowed:
            yield Problem(
                line.number,
                f"column dimension_type: {row.dimension_type!r} is not allowed for "
                f"{row.metric_code}; it has to be {'one of ' if len(allowed) > 1 else ''}"
                f"{', '.join(allowed)}.",
            )
        if row.dimension_type == "all" and row.dimension_value not in {"", "all"}:
            yield Problem(
                line.number,
                f"column dimension_value: {row.dimension_value!r} is not allowed where "
                "dimension_type is all; leave it empty.",
            )
        known = ALERT_VALUES.get(row.dimension_type, ())
        if known and row.dimension_value not in {"", None, *known}:
            yield Problem(
                line.number,
                f"column dimension_value: {row.dimension_value!r} is not allowed for "
                f"{row.dimension_type}, and nothing would ever be found; leave it empty for all, "
                f"or write one of {', '.join(known)}.",
            )
        if row.metric_code == "identity_warning" and row.kind != "limit":
            yield Problem(
                line.number,
                f"column kind: {row.kind!r} is not allowed; identity_warning has no history, so "
                "it has to be limit.",
            )
        if row.metric_code == "awakened_aov_lift" and row.kind != "limit":
            yield Problem(
                line.number,
                f"column kind: {row.kind!r} is not allowed; awakened_aov_lift may be negative, so "
                "it has to be limit.",
            )


def _two_records(lines: Sequence[Line]) -> Iterator[Problem]:
    """A decision is about two records, and on one day there is one about them."""
    seen: dict[tuple[date, frozenset[str]], int] = {}
    for line in lines:
        pair = frozenset((line.row.left_record, line.row.right_record))
        if len(pair) == 1:
            yield Problem(
                line.number,
                f"column right_record: {line.row.right_record!r} is not allowed; it has to be "
                "another record than left_record.",
            )
            continue
        first = seen.setdefault((line.row.valid_from, pair), line.number)
        if first != line.number:
            yield Problem(
                line.number,
                f"columns left_record, right_record: line {first} decides about these two records "
                f"from {line.row.valid_from} on already; keep one.",
            )


def _without_contradiction(lines: Sequence[Line]) -> Iterator[Problem]:
    """On no day are two records kept apart that links in force join, through any number of them."""
    told: set[int] = set()
    for day in sorted({line.row.valid_from for line in lines}):
        in_force: dict[frozenset[str], Line] = {}
        for line in sorted(lines, key=lambda line: line.row.valid_from):
            if line.row.valid_from <= day:
                in_force[frozenset((line.row.left_record, line.row.right_record))] = line
        links: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for line in in_force.values():
            if line.row.decision == "link":
                links[line.row.left_record].append((line.row.right_record, line.number))
                links[line.row.right_record].append((line.row.left_record, line.number))
        for line in in_force.values():
            if line.row.decision == "link" or line.number in told:
                continue
            chain = _linked_by(links, line.row.left_record, line.row.right_record)
            if chain:
                told.add(line.number)
                yield Problem(
                    line.number,
                    "columns left_record, right_record: these two records are kept apart, and "
                    f"the links of lines {', '.join(map(str, chain))} make them one person from "
                    f"{day} on; let one of these links be separate from that day on, or these two "
                    "be linked.",
                )


def _linked_by(
    links: Mapping[str, Sequence[tuple[str, int]]], first: str, last: str
) -> tuple[int, ...]:
    """The lines of a shortest chain of links between two records; none where there is no chain."""
    chains: dict[str, tuple[int, ...]] = {first: ()}
    reached = [first]
    for record in reached:
        for other, line in links.get(record, ()):
            if other not in chains:
                chains[other] = (*chains[record], line)
                reached.append(other)
    return chains.get(last, ())


def _phones_as_compared(lines: Sequence[Line]) -> Iterator[Problem]:
    """A phone is written as the loader writes it; in another spelling it would exclude nothing."""
    for line in lines:
        value = line.row.identifier_value
        if line.row.identifier_type == "phone" and not re.fullmatch(r"\+[1-9][0-9]{4,14}", value):
            yield Problem(
                line.number,
                f"column identifier_value: {value!r} is not allowed for a phone; it has to be "
                "+, country code and number without spaces, such as +8613900001234.",
            )


def _match_levels(lines: Sequence[Line]) -> Iterator[Problem]:
    """On each day a comparison's levels in force are the known ones, and their shares make one."""
    for line in lines:
        known = MATCH_LEVELS[line.row.comparison]
        if line.row.level_code not in known:
            yield Problem(
                line.number,
                f"column level_code: {line.row.level_code!r} is no level of {line.row.comparison}; "
                f"it has to be one of {', '.join(known)}.",
            )
    for day in sorted({line.row.valid_from for line in lines}):
        in_force: dict[tuple[str, str], Line] = {}
        for line in sorted(lines, key=lambda line: line.row.valid_from):
            if line.row.valid_from <= day:
                in_force[line.row.comparison, line.row.level_code] = line
        for comparison, levels in MATCH_LEVELS.items():
            rows = [in_force[key].row for key in in_force if key[0] == comparison]
            missing = [level for level in levels if (comparison, level) not in in_force]
            if missing:
                yield Problem(
                    None,
                    f"column level_code: {comparison} has no level {', '.join(missing)} on {day}.",
                )
            for column in ("m_probability", "u_probability"):
                total = sum(getattr(row, column) for row in rows)
                if not missing and abs(total - 1) > MOST_MISSING:
                    yield Problem(
                        None,
                        f"column {column}: the levels of {comparison} on {day} make "
                        f"{total:.4f}; together they have to make 1.",
                    )


def _held_once(lines: Sequence[Line]) -> Iterator[Problem]:
    """What is held once is an identifier type or a source whose records are compared."""
    known = {"identifier": get_args(IdentifierType), "source": MATCH_SOURCES}
    for line in lines:
        codes = known[line.row.kind]
        if line.row.code not in codes:
            yield Problem(
                line.number,
                f"column code: {line.row.code!r} is not allowed for a kind of {line.row.kind!r}; "
                f"it has to be one of {', '.join(codes)}.",
            )


def _quality_minimums(lines: Sequence[Line]) -> Iterator[Problem]:
    """Each dimension has a minimum for all columns; the others name a column of the contract."""
    contract = load_contract()
    columns = {
        (table.system, table.name, column)
        for table in contract.tables
        for column in ("(table)", *(column.name for column in table.columns))
    }
    general = [line for line in lines if _place(line) == ANY]
    yield from in_force_since_floor("dimension", every=get_args(QualityDimension))(general)
    for line in lines:
        if _place(line) not in columns | {ANY}:
            yield Problem(
                line.number,
                f"column column_name: {'.'.join(_place(line))} is no column of the landing "
                "contract; name a system, table and column of it, or any, any, any.",
            )


def _quality_ages(lines: Sequence[Line]) -> Iterator[Problem]:
    """Every row names a table of the contract."""
    tables = {(table.system, table.name) for table in load_contract()}
    for line in lines:
        place = (line.row.system, line.row.table_name)
        if place not in tables:
            yield Problem(
                line.number,
                f"column table_name: {'.'.join(place)} is no table of the landing contract; name "
                "a system and a table of it.",
            )


def _place(line: Line) -> tuple[str, str, str]:
    return line.row.system, line.row.table_name, line.row.column_name


def _stated_by(lines: Sequence[Line]) -> Iterator[Problem]:
    """A source stands only at attributes that it states."""
    for line in lines:
        sources = STATED_BY[line.row.attribute]
        if line.row.source not in sources:
            yield Problem(
                line.number,
                f"column source: {line.row.source!r} does not state {line.row.attribute}; "
                f"it has to be {'one of ' if len(sources) > 1 else ''}{', '.join(sources)}.",
            )


def _reachable(lines: Sequence[Line]) -> Iterator[Problem]:
    """A tag asks of a share for no more than all."""
    for line in lines:
        if line.row.metric_code in SHARES and line.row.at_least > 1:
            yield Problem(
                line.number,
                f"column at_least: {_plain(line.row.at_least)} is not allowed; "
                f"{line.row.metric_code} is a share, which is at most 1.",
            )


def _benchmarks(lines: Sequence[Line]) -> Iterator[Problem]:
    for line in lines:
        kind = line.row.benchmark_kind
        if kind in {"target", "published_case"} and line.row.benchmark is None:
            yield Problem(
                line.number,
                f"column benchmark: it is empty, but a benchmark_kind of {kind!r} needs a number.",
            )
        yield from _no_share(line, "benchmark")
        if not line.row.is_daily and not line.row.is_monthly:
            yield Problem(
                line.number,
                "column is_monthly: 'false' is not allowed where is_daily is false too; a KPI is "
                "daily, monthly or both.",
            )


def _no_look_ahead(lines: Sequence[Line]) -> Iterator[Problem]:
    """A version is in force after it was trained; one that never was serves the days before."""
    first: dict[str, Line] = {}
    for line in lines:
        row, begun = line.row, first.setdefault(line.row.version_code, line).row
        if (row.valid_from, row.trained_date) != (begun.valid_from, begun.trained_date):
            yield Problem(
                line.number,
                f"columns valid_from, trained_date: those of {row.version_code} are "
                f"{begun.valid_from} and {begun.trained_date or 'empty'} in line "
                f"{first[row.version_code].number}; a version has one of each.",
            )
        elif row.trained_date and row.valid_from < row.trained_date:
            yield Problem(
                line.number,
                f"column valid_from: {row.version_code} would be in force from {row.valid_from}, "
                f"before it was trained ({row.trained_date}); it has to be that day or later.",
            )
    if not any(line.row.trained_date is None and line.row.valid_from <= FLOOR for line in lines):
        yield Problem(
            None,
            f"no version without trained_date is in force from {FLOOR} on; one has to be, for the "
            "days before the first training.",
        )


def _whole_versions(lines: Sequence[Line]) -> Iterator[Problem]:
    """Every version has each parameter of each model once, and none that cannot be."""
    found: dict[str, dict[tuple[str, str], Line]] = defaultdict(dict)
    for line in lines:
        key = (line.row.model_name, line.row.parameter)
        version = line.row.version_code
        if line.row.parameter not in MODEL_PARAMETERS[line.row.model_name]:
            yield Problem(
                line.number,
                f"column parameter: {line.row.parameter!r} is none of {line.row.model_name}; "
                f"allowed are {', '.join(MODEL_PARAMETERS[line.row.model_name])}.",
            )
        elif key in found[version]:
            yield Problem(
                line.number,
                f"column parameter: {' '.join(key)} of {version} stands in line "
                f"{found[version][key].number} already; a version does not change, add another.",
            )
        found[version].setdefault(key, line)
        least = 1 if key == ("gamma_gamma", "q") else 0
        if line.row.model_name != "churn_classifier" and line.row.value <= least:
            yield Problem(
                line.number,
                f"column value: {line.row.value} is not allowed for {line.row.parameter} of "
                f"{line.row.model_name}; it has to be above {least}.",
            )
    for version, parameters in found.items():
        for model, names in MODEL_PARAMETERS.items():
            for name in names:
                if (model, name) not in parameters:
                    yield Problem(
                        None,
                        f"the version {version} lacks {name} of {model}; train it again.",
                    )


POLICIES: dict[str, PolicyFile] = {
    "alert_rules": PolicyFile(
        AlertRule, ("valid_from", "rule_code"), (_alert_numbers, _alert_shares, _alert_places)
    ),
    "lifecycle_thresholds": PolicyFile(
        LifecycleThresholds,
        ("valid_from",),
        (
            in_force_since_floor(),
            rising("at_risk_after_days", "dormant_after_days", "churned_after_days"),
            rising(
                "adaptive_at_risk_multiple",
                "adaptive_dormant_multiple",
                "adaptive_churned_multiple",
            ),
        ),
    ),
    "lifecycle_stages": PolicyFile(
        LifecycleStage,
        ("valid_from", "lifecycle_stage"),
        (
            in_force_since_floor("lifecycle_stage", every=get_args(Stage)),
            unique_in_force("lifecycle_stage", "sort_order"),
        ),
    ),
    "warning_thresholds": PolicyFile(
        WarningThresholds,
        ("valid_from",),
        (
            in_force_since_floor(),
            rising("level_2_min_reasons", "level_3_min_reasons"),
            not_above("silent_min_active_weeks", "silent_base_weeks"),
            not_above("level_3_min_reasons_important", "level_3_min_reasons"),
        ),
    ),
    "warning_reasons": PolicyFile(
        WarningReason,
        ("valid_from", "reason_code"),
        (
            in_force_since_floor("reason_code", every=get_args(WarningCode)),
            unique_in_force("reason_code", "sort_order"),
        ),
    ),
    "profile_policy": PolicyFile(ProfilePolicy, ("valid_from",), (in_force_since_floor(),)),
    "tag_rules": PolicyFile(TagRule, ("valid_from", "tag_code"), (_reachable,)),
    "churn_policy": PolicyFile(ChurnPolicy, ("valid_from",), (in_force_since_floor(),)),
    "churn_reasons": PolicyFile(
        ChurnReason,
        ("valid_from", "reason_code"),
        (
            in_force_since_floor("reason_code", every=get_args(ChurnCode)),
            unique_in_force("reason_code", "sort_order"),
        ),
    ),
    "life_stages": PolicyFile(LifeStage, ("valid_from", "attribute_code", "category_id"), ()),
    "rfm_policy": PolicyFile(RfmPolicy, ("valid_from",), (in_force_since_floor(),)),
    "rfm_cut_points": PolicyFile(
        RfmCutPoint,
        ("valid_from", "dimension", "score"),
        (in_force_since_floor("dimension", every=get_args(Dimension)), _cut_points),
    ),
    "rfm_strategy": PolicyFile(
        RfmStrategy,
        ("valid_from", "rfm_group"),
        (
            in_force_since_floor("rfm_group", every=get_args(RfmGroup)),
            unique_in_force(
                "rfm_group", "is_recency_high", "is_frequency_high", "is_monetary_high"
            ),
        ),
    ),
    "tiers": PolicyFile(Tier, ("valid_from", "tier_code"), (in_force_since_floor(), _ladder)),
    "identifier_policy": PolicyFile(
        IdentifierPolicy,
        ("valid_from", "identifier_type"),
        (
            in_force_since_floor(
                "identifier_type",
                every=("phone", "email", "card_no", "unionid", "id_token", "device"),
            ),
            _limits,
            _devices_as_evidence,
            _patterns,
        ),
    ),
    "identifier_pairs": PolicyFile(
        IdentifierPair,
        ("valid_from", "identifier_type", "left_system", "right_system"),
        (_systems_in_order,),
    ),
    "identity_audit": PolicyFile(
        IdentityAudit,
        ("valid_from", "metric_code"),
        (in_force_since_floor("metric_code", every=get_args(AuditMetric)), _audit_limits),
    ),
    "identity_decisions": PolicyFile(
        IdentityDecision,
        ("valid_from", "left_record", "right_record"),
        (_two_records, _without_contradiction),
    ),
    "identifier_exclusions": PolicyFile(
        IdentifierExclusion,
        ("valid_from", "identifier_type", "identifier_value"),
        (_phones_as_compared,),
    ),
    "match_policy": PolicyFile(
        MatchPolicy,
        ("valid_from",),
        (in_force_since_floor(), rising("review_probability", "join_probability")),
    ),
    "match_weights": PolicyFile(
        MatchWeight,
        ("valid_from", "comparison", "level_code"),
        (in_force_since_floor("comparison", every=MATCH_LEVELS), _match_levels),
    ),
    "match_blocking_rules": PolicyFile(
        MatchBlockingRule, ("valid_from", "rule_code"), (in_force_since_floor(),)
    ),
    "match_once": PolicyFile(MatchOnce, ("valid_from", "kind", "code"), (_held_once,)),
    "quality_policy": PolicyFile(QualityPolicy, ("valid_from",), (in_force_since_floor(),)),
    "quality_ages": PolicyFile(
        QualityAge, ("valid_from", "system", "table_name"), (_quality_ages,)
    ),
    "quality_minimums": PolicyFile(
        QualityMinimum,
        ("valid_from", "dimension", "system", "table_name", "column_name"),
        (_quality_minimums,),
    ),
    "replenishment_policy": PolicyFile(
        ReplenishmentPolicy, ("valid_from",), (in_force_since_floor(),)
    ),
    "recommendation_policy": PolicyFile(
        RecommendationPolicy, ("valid_from",), (in_force_since_floor(),)
    ),
    "device_policy": PolicyFile(DevicePolicy, ("valid_from",), (in_force_since_floor(),)),
    "value_policy": PolicyFile(ValuePolicy, ("valid_from",), (in_force_since_floor(),)),
    "intraday_policy": PolicyFile(IntradayPolicy, ("valid_from",), (in_force_since_floor(),)),
    "model_parameters": PolicyFile(
        ModelParameter,
        ("valid_from", "version_code", "model_name", "parameter"),
        (_whole_versions, _no_look_ahead),
    ),
    "score_reasons": PolicyFile(
        ScoreReason,
        ("valid_from", "reason_code"),
        (in_force_since_floor("reason_code", every=get_args(ScoreReasonCode)),),
    ),
    "source_precedence": PolicyFile(
        SourcePrecedence,
        ("valid_from", "attribute", "source"),
        (in_force_since_floor("attribute", every=STATED_BY), _stated_by),
    ),
    "kpi_targets": PolicyFile(
        KpiTarget,
        ("valid_from", "metric_code"),
        (in_force_since_floor("metric_code", every=get_args(Kpi)), _benchmarks),
    ),
}
"""Every policy file by its name without .csv."""

# ---------------------------------------------------------------------------------------- reading


def check_policies(folder: Path, changed: Sequence[Path] = ()) -> dict[str, int]:
    """Check every policy file of a folder; returns the number of rows of each.

    Files of `changed` are checked in place of those of their name in the folder. Raises
    PolicyError with one sentence for each thing that is wrong.
    """
    problems: list[str] = []
    counts: dict[str, int] = {}
    present = {path.stem: path for path in (*sorted(folder.glob("*.csv")), *changed)}
    for name, path in present.items():
        if name not in POLICIES:
            known = ", ".join(sorted(f"{known}.csv" for known in POLICIES))
            problems.append(f"{_shown(path)} is not a policy file; the known ones are {known}.")
    for name, policy in POLICIES.items():
        path = present.get(name, folder / f"{name}.csv")
        if name not in present:
            problems.append(f"{_shown(path)} is missing; put it back (version control has it).")
            continue
        lines, found = _read(path, policy)
        problems += [_sentence(path, problem) for problem in found]
        counts[name] = len(lines)
    if problems:
        raise PolicyError(problems)
    return counts


def _read(path: Path, policy: PolicyFile) -> tuple[list[Line], list[Problem]]:
    columns = list(policy.model.model_fields)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return [], [Problem(line, "is not UTF-8 text; save the file as CSV UTF-8.")]
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[Line] = []
    problems: list[Problem] = []
    try:
        header = next(reader, None)
        problems = list(_header_problems(header, columns))
        if header is None or problems:
            return [], problems
        for cells in reader:
            if not cells:
                continue
            row, found = _row(policy, header, cells, reader.line_num)
            problems += found
            if row is not None:
                lines.append(row)
    except csv.Error as error:
        problems.append(Problem(reader.line_num, f"is not CSV: {error}."))
    if not problems:
        problems += unique(*policy.key)(lines)
        for rule in policy.rules:
            problems += rule(lines)
    return lines, problems


def _header_problems(header: list[str] | None, columns: Sequence[str]) -> Iterator[Problem]:
    if header is None:
        yield Problem(None, f"is empty; its first line has to be {','.join(columns)}.")
        return
    if len(header) == 1 and re.search(r"[;\t|]", header[0]):
        yield Problem(1, "has no commas; separate the columns with commas.")
        return
    for name, times in Counter(header).items():
        if name not in columns:
            yield Problem(1, f"column {name!r} is not known; the columns are {', '.join(columns)}.")
        elif times > 1:
            yield Problem(1, f"column {name!r} stands there {times} times; keep one.")
    for name in columns:
        if name not in header:
            yield Problem(1, f"column {name!r} is missing; the columns are {', '.join(columns)}.")


def _row(
    policy: PolicyFile, header: list[str], cells: list[str], number: int
) -> tuple[Line | None, list[Problem]]:
    if len(cells) != len(header):
        return None, [
            Problem(
                number,
                f"has {len(cells)} values for {len(header)} columns; a text with a comma in it "
                f'stands in "quotation marks".',
            )
        ]
    values = dict(zip(header, cells, strict=True))
    padded = [
        Problem(number, f"column {name}: {value!r} has spaces around it; remove them.")
        for name, value in values.items()
        if value != value.strip()
    ]
    if padded:
        return None, padded
    try:
        return Line(number, policy.model.model_validate(values)), []
    except ValidationError as error:
        return None, [
            Problem(
                number,
                f"column {name}: {values[name]!r} is not allowed; "
                f"it has to be {_allowed(policy.model, name)}.",
            )
            for name in dict.fromkeys(str(detail["loc"][0]) for detail in error.errors())
        ]


def _allowed(model: type[PolicyRow], column: str) -> str:
    field = model.model_fields[column]
    codes = get_args(field.annotation)
    if field.description is None and codes:
        return "one of " + ", ".join(str(code) for code in codes)
    return str(field.description)


def _sentence(path: Path, problem: Problem) -> str:
    where = f", line {problem.line}" if problem.line is not None else ""
    comma = "," if problem.text.startswith("column") else ""
    return f"{_shown(path)}{where}{comma} {problem.text}"


def _shown(path: Path) -> str:
    return "/".join(path.parts[-3:])


def _folded(value: object) -> Hashable:
    return value.casefold() if isinstance(value, str) else repr(value)


def _plain(value: float) -> str:
    return str(int(value)) if math.isfinite(value) and value == int(value) else str(value)
