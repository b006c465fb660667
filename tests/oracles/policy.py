"""The policy numbers of the definitions, as parameters with dates from which they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

PROSPECT = "prospect"
CHURNED = "churned"
DORMANT = "dormant"
REACTIVATED = "reactivated"
NEW = "new"
AT_RISK = "at_risk"
HIGH_POTENTIAL = "high_potential"
ACTIVE = "active"

STAGE_ZH = {
    PROSPECT: "潜客",
    CHURNED: "流失客",
    DORMANT: "沉睡客",
    REACTIVATED: "回归客",
    NEW: "新客",
    AT_RISK: "预警客",
    HIGH_POTENTIAL: "高潜客",
    ACTIVE: "活跃客",
}

# (R high, F high, M high) -> code, Chinese label
RFM_GROUPS = {
    (1, 1, 1): ("champions", "重要价值客户"),
    (1, 0, 1): ("important_develop", "重要发展客户"),
    (0, 1, 1): ("important_keep", "重要保持客户"),
    (0, 0, 1): ("important_win_back", "重要挽留客户"),
    (1, 1, 0): ("general_value", "一般价值客户"),
    (1, 0, 0): ("general_develop", "一般发展客户"),
    (0, 1, 0): ("general_keep", "一般保持客户"),
    (0, 0, 0): ("general_win_back", "一般挽留客户"),
}


WARNINGS_ZH = {
    "recency": "久未下单",
    "frequency_drop": "下单频次减半",
    "silent_weeks": "连续多周未登录",
    "coupon_apathy": "不再领券",
    "coupon_unused": "已领券未用即将过期",
    "login_gap": "登录间隔过长",
    "cart_price_drop": "加购商品降价未买",
    "social_cooling": "社群互动冷却",
    "replenishment_overdue": "补货逾期",
    "price_sensitive_wait": "反复浏览观望",
}
CHURN_ZH = {
    "bad_service": "静默前投诉或差评",
    "life_stage_end": "品类需求阶段结束",
    "category_stopped": "停购品类超周期",
    "price_rise": "常购商品涨价",
    "out_of_promotion": "促销依赖且无促销",
    "social_cooling": "社群先冷却",
    "category_overdue": "品类到期未复购",
    "unexplained": "数据内无解释",
}
# attribute, category, months after the month of birth
LIFE_STAGES = (("baby_birthday", "nappy_cream", 30), ("baby_birthday", "baby_lotion", 36))
IMPORTANT_GROUPS = ("champions", "important_develop", "important_keep", "important_win_back")


@dataclass(frozen=True)
class PolicyRow:
    """The numbers that hold from `valid_from` until the next row."""

    valid_from: date = date(1900, 1, 1)

    # RFM
    rfm_window_days: int = 365
    recency_cuts: tuple[int, int, int, int] = (7, 30, 60, 120)  # at most -> 5, 4, 3, 2
    frequency_cuts: tuple[int, int, int, int] = (10, 6, 4, 2)  # at least -> 5, 4, 3, 2
    monetary_cuts: tuple[int, int, int, int] = (5000, 3000, 1000, 300)  # at least, in yuan

    # Lifecycle
    at_risk_days: int = 60
    dormant_days: int = 180
    churned_days: int = 365
    reactivated_days: int = 30
    new_days: int = 30
    potential_days: int = 90
    potential_recent_orders: int = 2
    potential_earlier_orders: int = 1
    potential_growth: float = 1.5
    at_risk_rhythms: float = 2.0
    dormant_rhythms: float = 4.0
    churned_rhythms: float = 8.0
    rhythm_gaps: int = 3
    clamp_low: float = 0.5
    clamp_high: float = 2.0

    # Early warning
    recency_over: int = 30
    drop_days: int = 90
    drop_base: int = 2
    drop_share: float = 0.5
    silent_weeks: int = 3
    silent_base_weeks: int = 8
    silent_active_weeks: int = 4
    apathy_offers: int = 3
    unused_days: int = 7
    login_gap_over: int = 15
    cart_days: int = 30
    cooling_days: int = 30
    cooling_base_days: int = 90
    cooling_top: float = 0.5
    overdue_times: float = 1.5
    overdue_purchases: int = 2
    overdue_own_gaps: int = 3
    wait_days: int = 14
    wait_views: int = 3
    saved_days: int = 30
    outcome_days: int = 90
    trial_days: int = 365

    # Churn reasons
    service_before: int = 60
    service_after: int = 30
    bad_csat: float = 2
    full_rise: float = 0.2
    price_before: int = 90
    price_after: int = 60
    life_stage: int = 90
    promotion_share: float = 0.6
    promotion_orders: int = 2
    cooling_before: int = 30

    # KPIs
    repurchase_days: int = 365
    awakened_days: int = 180
    re_dormancy_days: int = 180
    activation_days: tuple[int, ...] = (21, 30)
    active_days: int = 30


@dataclass(frozen=True)
class Policy:
    """Dated rows; the row of a day is the last one whose `valid_from` is not later."""

    rows: tuple[PolicyRow, ...] = (PolicyRow(),)

    def at(self, day: date) -> PolicyRow:
        """Return the numbers that hold on `day`; an error if none does."""
        return max((row for row in self.rows if row.valid_from <= day), key=lambda r: r.valid_from)


DEFAULT = Policy()
