"""Bad policy rows: each is refused with a sentence that says where, what and what is allowed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.warehouse.policy import POLICIES, PolicyError, check_policies
from orchestration.workspace import PROJECT

SHIPPED = PROJECT / "seeds" / "policy"


@dataclass(frozen=True)
class Bad:
    """Replace `old` by `new` in a policy file and expect `sentence` (after the folder's name)."""

    name: str
    file: str
    old: str
    new: str
    sentence: str


DECISIONS = "valid_from,decision,left_record,right_record,decided_by,reason\n"
KNOWN_TYPES = "member_no, card_no, unionid, id_token, phone, email"

PAIRS = "valid_from,identifier_type,left_system,right_system,is_allowed\n"

WARNING_ROW = "1900-01-01,30,90,2,0.5,3,8,4,3,7,15,30,30,90,0.5,1.5,2,3,14,3,2,0.5,3,2,30,90,365"

BAD_ROWS = (
    Bad(
        "alert_limit_without_a_threshold",
        "alert_rules",
        ",limit,below,0.2,",
        ",limit,below,,",
        "line 2, column threshold: it is empty, but a kind of 'limit' needs a number.",
    ),
    Bad(
        "alert_limit_with_a_band",
        "alert_rules",
        ",limit,below,0.2,,,,",
        ",limit,below,0.2,3,,,",
        "line 2, column band_width: 3 is not allowed; a kind of 'limit' has none.",
    ),
    Bad(
        "alert_band_without_history",
        "alert_rules",
        ",band,below,,3,0.05,8,100,critical",
        ",band,below,,3,0.05,,100,critical",
        "line 4, column least_history: it is empty, but a kind of 'band' needs a number.",
    ),
    Bad(
        "alert_band_with_too_little_history",
        "alert_rules",
        ",band,below,,3,0.05,8,100,critical",
        ",band,below,,3,0.05,7,100,critical",
        "line 4, column least_history: '7' is not allowed; it has to be a whole number from 8 to "
        "48, or empty.",
    ),
    Bad(
        "alert_on_a_share_in_percent",
        "alert_rules",
        ",next_month_retention,all,,limit,below,0.2,",
        ",next_month_retention,all,,limit,below,20,",
        "line 2, column threshold: 20 is not allowed; next_month_retention is a share from 0 to 1, "
        "so 40 % is 0.40.",
    ),
    Bad(
        "alert_on_a_share_below_nothing",
        "alert_rules",
        ",next_month_retention,all,,limit,below,0.2,",
        ",next_month_retention,all,,limit,below,-0.01,",
        "line 2, column threshold: -0.01 is not allowed; next_month_retention is a share from 0 to "
        "1, so 40 % is 0.40.",
    ),
    Bad(
        "benchmark_of_a_share_in_percent",
        "kpi_targets",
        ",ratio,up,0.40,target,",
        ",ratio,up,40,target,",
        "line 2, column benchmark: 40 is not allowed; next_month_retention is a share from 0 to 1, "
        "so 40 % is 0.40.",
    ),
    Bad(
        "alert_on_a_metric_that_is_not_daily",
        "alert_rules",
        ",month,half_year_retention,",
        ",day,half_year_retention,",
        "line 3, column period: 'day' is not allowed; half_year_retention is counted by month "
        "only.",
    ),
    Bad(
        "alert_on_an_audit_by_month",
        "alert_rules",
        ",day,identity_warning,",
        ",month,identity_warning,",
        "line 17, column period: 'month' is not allowed; identity_warning is counted by day only.",
    ),
    Bad(
        "alert_along_a_dimension_of_something_else",
        "alert_rules",
        ",quality_below_minimum,source_table,",
        ",quality_below_minimum,rfm_group,",
        "line 18, column dimension_type: 'rfm_group' is not allowed for quality_below_minimum; it "
        "has to be source_table.",
    ),
    Bad(
        "alert_for_a_part_of_all",
        "alert_rules",
        ",net_revenue,all,,",
        ",net_revenue,all,champions,",
        "line 14, column dimension_value: 'champions' is not allowed where dimension_type is all; "
        "leave it empty.",
    ),
    Bad(
        "alert_for_a_group_that_is_none",
        "alert_rules",
        ",promotion_dependency,rfm_group,,",
        ",promotion_dependency,rfm_group,champion,",
        "line 9, column dimension_value: 'champion' is not allowed for rfm_group, and nothing "
        "would ever be found; leave it empty for all, or write one of champions, "
        "important_develop, important_keep, important_win_back, general_value, general_develop, "
        "general_keep, general_win_back, none, unknown.",
    ),
    Bad(
        "alert_band_of_what_may_be_negative",
        "alert_rules",
        ",awakened_aov_lift,all,,limit,below,0,,,,",
        ",awakened_aov_lift,all,,band,below,,3,0.1,8,",
        "line 7, column kind: 'band' is not allowed; awakened_aov_lift may be negative, so it has "
        "to be limit.",
    ),
    Bad(
        "alert_band_of_what_has_no_history",
        "alert_rules",
        ",audit_metric,,limit,above,0,,,,",
        ",audit_metric,,band,above,,3,0.1,8,",
        "line 17, column kind: 'band' is not allowed; identity_warning has no history, so it has "
        "to be limit.",
    ),
    Bad(
        "alert_to_channels_with_commas",
        "alert_rules",
        ",160,operations,membership operations / 会员运营,Next",
        ',160,"operations,data",membership operations / 会员运营,Next',
        "line 2, column channels: 'operations,data' is not allowed; it has to be codes of "
        "channels of alerts.yml, one space between them.",
    ),
    Bad(
        "alert_without_a_cooldown",
        "alert_rules",
        ",warning,160,operations,membership operations / 会员运营,Next",
        ",warning,0,operations,membership operations / 会员运营,Next",
        "line 2, column cooldown_hours: '0' is not allowed; it has to be a whole number of at "
        "least 1.",
    ),
    Bad(
        "churn_rating_that_does_not_exist",
        "churn_policy",
        ",60,30,2,",
        ",60,30,6,",
        "line 2, column bad_csat: '6' is not allowed; it has to be a rating from 1 to 5.",
    ),
    Bad(
        "churn_reason_left_out",
        "churn_reasons",
        "1900-01-01,unexplained,0,8,No reason in the data,数据内无解释\n",
        "",
        "column reason_code: there is no row of unexplained; one has to be in force from "
        "1970-01-01 on.",
    ),
    Bad(
        "churn_weight_above_one",
        "churn_reasons",
        ",price_rise,0.7,",
        ",price_rise,1.7,",
        "line 5, column weight: '1.7' is not allowed; it has to be a weight from 0 to 1.",
    ),
    Bad(
        "life_stage_without_an_end",
        "life_stages",
        ",nappy_cream,30",
        ",nappy_cream,0",
        "line 2, column ends_after_months: '0' is not allowed; it has to be a whole number of at "
        "least 1.",
    ),
    Bad(
        "tag_that_asks_for_more_than_all",
        "tag_rules",
        ",category_fan,preference,category_preference,0.5,",
        ",category_fan,preference,category_preference,50,",
        "line 3, column at_least: 50 is not allowed; category_preference is a share, which is at "
        "most 1.",
    ),
    Bad(
        "tag_without_facts",
        "tag_rules",
        ",category_fan,preference,category_preference,0.5,3,",
        ",category_fan,preference,category_preference,0.5,0,",
        "line 3, column min_facts: '0' is not allowed; it has to be a whole number of at least 1.",
    ),
    Bad(
        "profile_of_no_days",
        "profile_policy",
        "1900-01-01,365,90,",
        "1900-01-01,0,90,",
        "line 2, column window_days: '0' is not allowed; it has to be whole days from 1 to 3650.",
    ),
    Bad(
        "warning_of_more_active_weeks_than_there_are",
        "warning_thresholds",
        WARNING_ROW,
        WARNING_ROW.replace(",3,8,4,", ",3,8,9,"),
        "line 2, column silent_min_active_weeks: 9 is not allowed; it has to be at most "
        "silent_base_weeks, which is 8.",
    ),
    Bad(
        "warning_of_all_orders_as_a_drop",
        "warning_thresholds",
        WARNING_ROW,
        WARNING_ROW.replace(",2,0.5,3,", ",2,1,3,"),
        "line 2, column drop_max_share: '1' is not allowed; it has to be a share from 0 to below "
        "1.",
    ),
    Bad(
        "warning_levels_that_are_one",
        "warning_thresholds",
        WARNING_ROW,
        WARNING_ROW.replace(",14,3,2,0.5,3,2", ",14,3,3,0.5,3,2"),
        "line 2, column level_3_min_reasons: 3 is not allowed; it has to be greater than "
        "level_2_min_reasons, which is 3.",
    ),
    Bad(
        "warning_reason_that_is_unknown",
        "warning_reasons",
        ",recency,true,",
        ",weather,true,",
        "line 2, column reason_code: 'weather' is not allowed; it has to be one of recency, "
        "frequency_drop, silent_weeks, coupon_apathy, coupon_unused, login_gap, cart_price_drop, "
        "social_cooling, replenishment_overdue, price_sensitive_wait.",
    ),
    Bad(
        "value_that_expires_at_once",
        "identifier_policy",
        ",60,,,",
        ",60,0,,",
        "line 2, column expires_after_days: '0' is not allowed; "
        "it has to be whole days from 1 to 3650, or empty.",
    ),
    Bad(
        "pattern_of_a_personal_identifier",
        "identifier_policy",
        ",60,,,",
        ",60,,[+]86.*,",
        "line 2, column include_pattern: '[+]86.*' is not allowed for phone, which is personal; "
        "only card_no, unionid, id_token have patterns. Single values stand in "
        "identifier_exclusions.csv.",
    ),
    *(
        Bad(
            f"pattern_{name}",
            "identifier_policy",
            "card_no,strong,false,3,8,,,,",
            f"card_no,strong,false,3,8,,,,{pattern}",
            f"line 4, column exclude_pattern: {pattern!r} is not allowed; it has to be a regular "
            "expression without backslash, lookaround or possessive quantifier (such as "
            "VIP-[0-9]+), or empty.",
        )
        for name, pattern in (
            ("with_a_backslash", r"VIP\d"),
            ("with_lookahead", "(?!VIP).*"),
            ("that_is_possessive", "[0-9]++"),
            ("of_a_set_in_a_set", "[a-z&&[b]]"),
            ("without_an_end", "(VIP"),
        )
    ),
    Bad(
        "pair_in_the_other_order",
        "identifier_pairs",
        PAIRS,
        f"{PAIRS}1900-01-01,phone,marketplace,crm,false\n",
        "line 2, column left_system: 'marketplace' is not allowed before 'crm'; "
        "write the two by the alphabet.",
    ),
    Bad(
        "pair_of_an_unknown_system",
        "identifier_pairs",
        PAIRS,
        f"{PAIRS}1900-01-01,phone,crm,tmall,false\n",
        "line 2, column right_system: 'tmall' is not allowed; it has to be one of app, commerce, "
        "crm, marketplace, mini_program, website, wecom.",
    ),
    Bad(
        "pair_twice",
        "identifier_pairs",
        PAIRS,
        f"{PAIRS}1900-01-01,phone,crm,crm,false\n1900-01-01,phone,crm,crm,true\n",
        "line 3, columns valid_from, identifier_type, left_system, right_system: '1900-01-01 "
        "phone crm crm' stands in line 2 already; keep one.",
    ),
    Bad(
        "attribute_of_a_source_that_does_not_state_it",
        "source_precedence",
        "gender,crm.members,1",
        "gender,crm.members,1\n1900-01-01,gender,app.users,2",
        "line 6, column source: 'app.users' does not state gender; it has to be crm.members.",
    ),
    Bad(
        "precedence_of_zero",
        "source_precedence",
        "gender,crm.members,1",
        "gender,crm.members,0",
        "line 5, column precedence: '0' is not allowed; it has to be a whole number of at least "
        "1, or empty.",
    ),
    Bad(
        "attribute_left_out",
        "source_precedence",
        "1900-01-01,gender,crm.members,1\n",
        "",
        "column attribute: there is no row of gender; one has to be in force from 1970-01-01 on.",
    ),
    Bad(
        "audit_limit_without_a_side",
        "identity_audit",
        ",above,0.05",
        ",never,0.05",
        "line 9, column threshold: 0.05 is too much; a metric that warns above or below has a "
        "number there, one that never warns has none.",
    ),
    Bad(
        "audit_side_without_a_limit",
        "identity_audit",
        ",above,0.05",
        ",above,",
        "line 9, column threshold: it is empty; a metric that warns above or below has a number "
        "there, one that never warns has none.",
    ),
    Bad(
        "audit_parameter_that_nothing_reads",
        "identity_audit",
        "ratio,,above,0.05",
        "ratio,3,above,0.05",
        "line 9, column parameter: 3 is not allowed; review_pair_share has none.",
    ),
    Bad(
        "bridges_of_three_records",
        "identity_audit",
        "count,6,never",
        "count,3,never",
        "line 14, column parameter: 3 is not allowed; bridges needs a whole number of at least 4.",
    ),
    Bad(
        "many_cards_without_a_number",
        "identity_audit",
        "ratio,3,above",
        "ratio,,above",
        "line 6, column parameter: it is empty; many_card_person_share needs a whole number of at "
        "least 1.",
    ),
    Bad(
        "audit_metric_left_out",
        "identity_audit",
        "1900-01-01,cut_identifiers,Identifiers cut,剔除标识数,count,,never,\n",
        "",
        "column metric_code: there is no row of cut_identifiers; "
        "one has to be in force from 1970-01-01 on.",
    ),
    Bad(
        "day_in_words",
        "rfm_policy",
        "1900-01-01,365",
        "1 Jan 1900,365",
        "line 2, column valid_from: '1 Jan 1900' is not allowed; "
        "it has to be a day written as YYYY-MM-DD.",
    ),
    Bad(
        "day_that_does_not_exist",
        "rfm_policy",
        "1900-01-01,365",
        "1900-01-01,365\n2025-02-30,365",
        "line 3, column valid_from: '2025-02-30' is not allowed; "
        "it has to be a day written as YYYY-MM-DD.",
    ),
    Bad(
        "day_of_a_spreadsheet",
        "rfm_policy",
        "1900-01-01,365",
        "01/01/1900,365",
        "line 2, column valid_from: '01/01/1900' is not allowed; "
        "it has to be a day written as YYYY-MM-DD.",
    ),
    Bad(
        "no_row_in_force",
        "rfm_policy",
        "1900-01-01,365",
        "2025-01-01,365",
        "line 2, column valid_from: the first row is in force from 2025-01-01 only; "
        "one has to be in force from 1970-01-01 on.",
    ),
    Bad(
        "no_row_at_all",
        "rfm_policy",
        "1900-01-01,365",
        "",
        "there is no row; one has to be in force from 1970-01-01 on.",
    ),
    Bad(
        "window_of_zero_days",
        "rfm_policy",
        "1900-01-01,365",
        "1900-01-01,0",
        "line 2, column window_days: '0' is not allowed; it has to be whole days from 1 to 3650.",
    ),
    Bad(
        "hours_of_more_than_a_week",
        "intraday_policy",
        "1900-01-01,24",
        "1900-01-01,169",
        "line 2, column window_hours: '169' is not allowed; "
        "it has to be whole hours from 1 to 168.",
    ),
    Bad(
        "window_with_a_fraction",
        "rfm_policy",
        "1900-01-01,365",
        "1900-01-01,365.5",
        "line 2, column window_days: '365.5' is not allowed; "
        "it has to be whole days from 1 to 3650.",
    ),
    Bad(
        "same_day_twice",
        "rfm_policy",
        "1900-01-01,365",
        "1900-01-01,365\n1900-01-01,180",
        "line 3, column valid_from: '1900-01-01' stands in line 2 already; keep one.",
    ),
    Bad(
        "empty_value",
        "rfm_policy",
        "1900-01-01,365",
        "1900-01-01,",
        "line 2, column window_days: '' is not allowed; it has to be whole days from 1 to 3650.",
    ),
    Bad(
        "space_around_a_value",
        "rfm_policy",
        "1900-01-01,365",
        "1900-01-01, 365",
        "line 2, column window_days: ' 365' has spaces around it; remove them.",
    ),
    Bad(
        "unknown_column",
        "rfm_policy",
        "valid_from,window_days\n1900-01-01,365",
        "valid_from,window_days,note\n1900-01-01,365,mine",
        "line 1, column 'note' is not known; the columns are valid_from, window_days.",
    ),
    Bad(
        "missing_column",
        "rfm_policy",
        "valid_from,window_days\n1900-01-01,365",
        "valid_from\n1900-01-01",
        "line 1, column 'window_days' is missing; the columns are valid_from, window_days.",
    ),
    Bad(
        "column_twice",
        "rfm_policy",
        "valid_from,window_days\n1900-01-01,365",
        "valid_from,window_days,window_days\n1900-01-01,365,365",
        "line 1, column 'window_days' stands there 2 times; keep one.",
    ),
    Bad(
        "semicolons",
        "rfm_policy",
        "valid_from,window_days\n1900-01-01,365",
        "valid_from;window_days\n1900-01-01;365",
        "line 1 has no commas; separate the columns with commas.",
    ),
    Bad(
        "value_too_many",
        "rfm_policy",
        "1900-01-01,365",
        "1900-01-01,365,7",
        'line 2 has 3 values for 2 columns; a text with a comma in it stands in "quotation marks".',
    ),
    Bad(
        "dormant_before_at_risk",
        "lifecycle_thresholds",
        ",60,180,365,",
        ",60,50,365,",
        "line 2, column dormant_after_days: 50 is not allowed; "
        "it has to be greater than at_risk_after_days, which is 60.",
    ),
    Bad(
        "churned_as_early_as_dormant",
        "lifecycle_thresholds",
        ",60,180,365,",
        ",60,180,180,",
        "line 2, column churned_after_days: 180 is not allowed; "
        "it has to be greater than dormant_after_days, which is 180.",
    ),
    Bad(
        "negative_threshold",
        "lifecycle_thresholds",
        ",60,180,365,",
        ",-60,180,365,",
        "line 2, column at_risk_after_days: '-60' is not allowed; "
        "it has to be a number of days above 0, at most 3650.",
    ),
    Bad(
        "not_a_number",
        "lifecycle_thresholds",
        ",60,180,365,",
        ",nan,180,365,",
        "line 2, column at_risk_after_days: 'nan' is not allowed; "
        "it has to be a number of days above 0, at most 3650.",
    ),
    Bad(
        "multiples_out_of_order",
        "lifecycle_thresholds",
        ",2,4,8,",
        ",2,4,3,",
        "line 2, column adaptive_churned_multiple: 3 is not allowed; "
        "it has to be greater than adaptive_dormant_multiple, which is 4.",
    ),
    Bad(
        "floor_above_one",
        "lifecycle_thresholds",
        ",0.5,2",
        ",1.5,2",
        "line 2, column adaptive_floor_share: '1.5' is not allowed; "
        "it has to be a share above 0, at most 1.",
    ),
    Bad(
        "unknown_stage",
        "lifecycle_stages",
        ",dormant,",
        ",sleeping,",
        "line 7, column lifecycle_stage: 'sleeping' is not allowed; it has to be one of prospect, "
        "new, active, high_potential, at_risk, dormant, churned, reactivated.",
    ),
    Bad(
        "stage_left_out",
        "lifecycle_stages",
        "1900-01-01,churned,7,Churned,流失客,true\n",
        "",
        "column lifecycle_stage: there is no row of churned; "
        "one has to be in force from 1970-01-01 on.",
    ),
    Bad(
        "stage_twice",
        "lifecycle_stages",
        "churned,7,Churned,流失客,true\n",
        "churned,7,Churned,流失客,true\n1900-01-01,churned,9,Churned,流失客,true\n",
        "line 9, columns valid_from, lifecycle_stage: '1900-01-01 churned' stands in line 8 "
        "already; keep one.",
    ),
    Bad(
        "order_twice",
        "lifecycle_stages",
        "churned,7,",
        "churned,6,",
        "line 8, column sort_order: '6' stands in line 7 already on 1900-01-01; keep one.",
    ),
    Bad(
        "order_twice_from_later_on",
        "lifecycle_stages",
        "1900-01-01,reactivated,8,",
        "2025-01-01,churned,8,Churned,流失客,true\n1900-01-01,reactivated,8,",
        "line 10, column sort_order: '8' stands in line 9 already on 2025-01-01; keep one.",
    ),
    Bad(
        "empty_label",
        "lifecycle_stages",
        "流失客",
        "",
        "line 8, column label_zh: '' is not allowed; it has to be a text that is not empty.",
    ),
    Bad(
        "yes_for_true",
        "lifecycle_stages",
        "流失客,true",
        "流失客,yes",
        "line 8, column is_lapsed: 'yes' is not allowed; it has to be true or false.",
    ),
    Bad(
        "cut_points_out_of_order",
        "rfm_cut_points",
        "recency,5,7",
        "recency,5,45",
        "line 2, column bound: 45 is not allowed for recency score 5; "
        "it has to be less than the bound of score 4, which is 30.",
    ),
    Bad(
        "money_cut_points_equal",
        "rfm_cut_points",
        "monetary,5,5000",
        "monetary,5,3000",
        "line 10, column bound: 3000 is not allowed for monetary score 5; "
        "it has to be greater than the bound of score 4, which is 3000.",
    ),
    Bad(
        "cut_point_left_out",
        "rfm_cut_points",
        "1900-01-01,frequency,3,4\n",
        "",
        "column score: frequency has no cut point for score 3 from 1900-01-01 on; "
        "it needs scores 5, 4, 3 and 2.",
    ),
    Bad(
        "later_day_with_one_score",
        "rfm_cut_points",
        "1900-01-01,monetary,2,300",
        "1900-01-01,monetary,2,300\n2025-01-01,monetary,5,9000",
        "column score: monetary has no cut point for score 4 and 3 and 2 from 2025-01-01 on; "
        "it needs scores 5, 4, 3 and 2.",
    ),
    Bad(
        "score_one",
        "rfm_cut_points",
        "recency,2,120",
        "recency,1,120",
        "line 5, column score: '1' is not allowed; it has to be a score from 2 to 5.",
    ),
    Bad(
        "unknown_dimension",
        "rfm_cut_points",
        "recency,2,120",
        "regency,2,120",
        "line 5, column dimension: 'regency' is not allowed; "
        "it has to be one of recency, frequency, monetary.",
    ),
    Bad(
        "group_left_out",
        "rfm_strategy",
        ",general_keep,",
        ",champions,",
        "line 8, columns valid_from, rfm_group: '1900-01-01 champions' stands in line 2 already; "
        "keep one.",
    ),
    Bad(
        "unknown_group",
        "rfm_strategy",
        ",general_keep,",
        ",sleepers,",
        "line 8, column rfm_group: 'sleepers' is not allowed; it has to be one of champions, "
        "important_develop, important_keep, important_win_back, general_value, general_develop, "
        "general_keep, general_win_back.",
    ),
    Bad(
        "signature_twice",
        "rfm_strategy",
        "general_keep,false,true,false",
        "general_keep,false,false,false",
        "line 9, columns is_recency_high, is_frequency_high, is_monetary_high: "
        "'False False False' stands in line 8 already on 1900-01-01; keep one.",
    ),
    Bad(
        "offer_with_spaces",
        "rfm_strategy",
        "gift_notice",
        "Gift notice",
        "line 5, column default_offer: 'Gift notice' is not allowed; "
        "it has to be a code of lower-case letters, digits and underscores.",
    ),
    Bad(
        "tier_below_the_one_before",
        "tiers",
        "金卡,3000,",
        "金卡,900,",
        "line 4, column threshold_amount: 900 is not allowed; "
        "it has to be greater than that of silver, which is 1000.",
    ),
    Bad(
        "lowest_tier_above_zero",
        "tiers",
        "普通,0,",
        "普通,10,",
        "line 2, column threshold_amount: 10 is not allowed; "
        "the lowest tier from 1900-01-01 on has to start at 0.",
    ),
    Bad(
        "gap_in_the_ranks",
        "tiers",
        "gold,2,",
        "gold,5,",
        "line 5, column tier_rank: 3 is not allowed; the tiers from 1900-01-01 on have to be "
        "ranked 0, 1, 2 … without a gap or a tie, so 2 comes here.",
    ),
    Bad(
        "two_bases",
        "tiers",
        "5000,trailing_365d",
        "5000,lifetime",
        "line 5, column basis: 'lifetime' is not allowed; all tiers from 1900-01-01 on have to "
        "share one basis, and gold has 'trailing_365d'.",
    ),
    Bad(
        "unknown_basis",
        "tiers",
        "5000,trailing_365d",
        "5000,yearly",
        "line 5, column basis: 'yearly' is not allowed; "
        "it has to be one of trailing_365d, lifetime.",
    ),
    Bad(
        "discount_above_hundred",
        "tiers",
        "trailing_365d,85,",
        "trailing_365d,850,",
        "line 6, column discount_percent: '850' is not allowed; "
        "it has to be a whole number from 1 to 100.",
    ),
    Bad(
        "likeness_that_joins_below_review",
        "match_policy",
        "1900-01-01,0.9,0.5",
        "1900-01-01,0.2,0.5",
        "line 2, column join_probability: 0.2 is not allowed; it has to be greater than "
        "review_probability, which is 0.5.",
    ),
    Bad(
        "likeness_beyond_certainty",
        "match_policy",
        "1900-01-01,0.9,0.5",
        "1900-01-01,1,0.5",
        "line 2, column join_probability: '1' is not allowed; it has to be a probability above 0 "
        "and below 1.",
    ),
    Bad(
        "level_of_another_comparison",
        "match_weights",
        "gender,same,",
        "gender,exact,",
        "line 35, column level_code: 'exact' is no level of gender; it has to be one of same, "
        "different.",
    ),
    Bad(
        "levels_that_do_not_make_one",
        "match_weights",
        "gender,same,0.98",
        "gender,same,0.88",
        "column m_probability: the levels of gender on 1900-01-01 make 0.9000; together they have "
        "to make 1.",
    ),
    Bad(
        "unknown_part_of_a_blocking_key",
        "match_blocking_rules",
        "birthday_head,birthday,name_head",
        "birthday_head,birthday,surname",
        "line 7, column part_2: 'surname' is not allowed; it has to be one of none, "
        "birth_month_day, birth_year, birthday, city, house, name, name_head, name_head_start, "
        "name_tail, name_tail_start, numbers, place, postcode, street, street_start.",
    ),
    Bad(
        "source_that_is_not_compared",
        "match_once",
        "source,mini_program.users",
        "source,app.users",
        "line 3, column code: 'app.users' is not allowed for a kind of 'source'; it has to be one "
        "of crm.members, marketplace.buyers, mini_program.users.",
    ),
    Bad(
        "interval_that_promises_everything",
        "replenishment_policy",
        "1.42,0.8,7",
        "1.42,1,7",
        "line 2, column interval_share: '1' is not allowed; it has to be a probability above 0 "
        "and below 1.",
    ),
    Bad(
        "version_of_models_that_is_not_whole",
        "model_parameters",
        "1900-01-01,untrained,,bg_nbd,a,1\n",
        "",
        "the version untrained lacks a of bg_nbd; train it again.",
    ),
    Bad(
        "version_that_knows_what_comes_later",
        "model_parameters",
        "1998-06-30,cdnow_1998,1998-06-30,bg_nbd,r,",
        "1998-06-29,cdnow_1998,1998-06-30,bg_nbd,r,",
        "line 28, column valid_from: cdnow_1998 would be in force from 1998-06-29, before it was "
        "trained (1998-06-30); it has to be that day or later.",
    ),
    Bad(
        "version_of_models_that_begins_twice",
        "model_parameters",
        "1998-06-30,cdnow_1998,1998-06-30,bg_nbd,alpha,",
        "1998-07-01,cdnow_1998,1998-06-30,bg_nbd,alpha,",
        "line 29, columns valid_from, trained_date: those of cdnow_1998 are 1998-06-30 and "
        "1998-06-30 in line 28; a version has one of each.",
    ),
    Bad(
        "days_without_a_version_of_models",
        "model_parameters",
        (SHIPPED / "model_parameters.csv").read_text(encoding="utf-8").partition("1998")[0],
        "valid_from,version_code,trained_date,model_name,parameter,value\n",
        "no version without trained_date is in force from 1970-01-01 on; one has to be, for the "
        "days before the first training.",
    ),
    Bad(
        "parameter_that_cannot_be",
        "model_parameters",
        "1900-01-01,untrained,,bg_nbd,a,1",
        "1900-01-01,untrained,,bg_nbd,a,-1",
        "line 4, column value: -1.0 is not allowed for a of bg_nbd; it has to be above 0.",
    ),
    Bad(
        "purchases_without_a_mean",
        "model_parameters",
        "1900-01-01,untrained,,gamma_gamma,q,2",
        "1900-01-01,untrained,,gamma_gamma,q,1",
        "line 7, column value: 1.0 is not allowed for q of gamma_gamma; it has to be above 1.",
    ),
    Bad(
        "money_that_is_worth_nothing_later",
        "value_policy",
        "1900-01-01,0.1",
        "1900-01-01,1",
        "line 2, column yearly_discount: '1' is not allowed; it has to be a share from 0 to below "
        "1.",
    ),
    Bad(
        "recommendations_without_support",
        "recommendation_policy",
        ",20000000,5,5,10,",
        ",20000000,0,5,10,",
        "line 2, column min_support: '0' is not allowed; it has to be a whole number of at least "
        "1.",
    ),
    Bad(
        "feature_that_no_model_has",
        "model_parameters",
        "1900-01-01,untrained,,bg_nbd,a,1",
        "1900-01-01,untrained,,bg_nbd,a,1\n1900-01-01,untrained,,churn_classifier,luck_weight,1",
        "line 5, column parameter: 'luck_weight' is none of churn_classifier; allowed are "
        "bias, forecast_weight, forecast_mean, silence_weight, silence_mean, repeats_weight, "
        "repeats_mean, age_weight, age_mean, month_weight, month_mean, quarter_weight, "
        "quarter_mean, rhythm_weight, rhythm_mean, longest_weight, longest_mean, single_weight, "
        "single_mean.",
    ),
    Bad(
        "parameter_of_a_version_that_changes",
        "model_parameters",
        "1900-01-01,untrained,,bg_nbd,a,1",
        "1900-01-01,untrained,,bg_nbd,a,1\n1900-01-01,untrained,,bg_nbd,a,2",
        "line 5, column parameter: bg_nbd a of untrained stands in line 4 already; a "
        "version does not change, add another.",
    ),
    Bad(
        "quality_of_a_column_that_is_not_in_the_contract",
        "quality_minimums",
        "crm,members,phone",
        "crm,members,fone",
        "line 20, column column_name: crm.members.fone is no column of the landing contract; name "
        "a system, table and column of it, or any, any, any.",
    ),
    Bad(
        "age_of_a_table_that_is_not_in_the_contract",
        "quality_ages",
        "crm,staff",
        "crm,stuff",
        "line 13, column table_name: crm.stuff is no table of the landing contract; name a system "
        "and a table of it.",
    ),
    Bad(
        "dimension_of_quality_without_a_minimum",
        "quality_minimums",
        "1900-01-01,uniqueness,any,any,any,0.9\n",
        "",
        "column dimension: there is no row of uniqueness; one has to be in force from 1970-01-01 "
        "on.",
    ),
    Bad(
        "unknown_identifier_type",
        "identifier_policy",
        "unionid,strong",
        "wechat,strong",
        "line 5, column identifier_type: 'wechat' is not allowed; "
        f"it has to be one of {KNOWN_TYPES}, device.",
    ),
    Bad(
        "limit_in_all_below_limit_of_one",
        "identifier_policy",
        "phone,weak,false,5,8",
        "phone,weak,false,5,4",
        "line 2, column max_records: 4 is not allowed; "
        "it has to be at least max_records_per_system, which is 5.",
    ),
    *(
        Bad(name, "identifier_policy", "device,evidence,false,3,6,,", row, sentence)
        for name, row, sentence in (
            (
                "device_that_links",
                "device,weak,false,3,6,,",
                "line 7, column strength: 'weak' is not allowed for device; it has to be evidence.",
            ),
            (
                "device_of_one_person",
                "device,evidence,true,3,6,,",
                (
                    "line 7, column is_one_per_person: 'true' is not allowed for device, which "
                    "people share and change; it has to be false."
                ),
            ),
            (
                "device_that_is_recycled",
                "device,evidence,false,3,6,60,",
                (
                    "line 7, column recycle_after_days: '60' is not allowed for device, which "
                    "nobody gives up; leave it empty and use expires_after_days."
                ),
            ),
        )
    ),
    Bad(
        "identifier_that_is_evidence",
        "identifier_policy",
        "phone,weak,",
        "phone,evidence,",
        "line 2, column strength: 'evidence' is not allowed for phone; it has to be strong or "
        "weak.",
    ),
    Bad(
        "device_after_no_day",
        "device_policy",
        "1900-01-01,3,2,3",
        "1900-01-01,3,0,3",
        "line 2, column min_days: '0' is not allowed; it has to be a whole number of at least 1.",
    ),
    Bad(
        "identifier_type_left_out",
        "identifier_policy",
        "1900-01-01,email,weak,false,5,8,,,,\n",
        "",
        "column identifier_type: there is no row of email; "
        "one has to be in force from 1970-01-01 on.",
    ),
    Bad(
        "identifier_type_from_later_on",
        "identifier_policy",
        "1900-01-01,email,weak,false,5,8,,,,\n",
        "2024-01-01,email,weak,false,5,8,,,,\n",
        "line 3, column valid_from: the first row of email is in force from 2024-01-01 only; "
        "one has to be in force from 1970-01-01 on.",
    ),
    Bad(
        "recycled_at_once",
        "identifier_policy",
        "phone,weak,false,5,8,60",
        "phone,weak,false,5,8,0",
        "line 2, column recycle_after_days: '0' is not allowed; "
        "it has to be whole days from 1 to 3650, or empty.",
    ),
    Bad(
        "decision_about_no_record",
        "identity_decisions",
        DECISIONS,
        DECISIONS + "2024-01-01,link,M1,crm.members:M2,Li,one person\n",
        "line 2, column left_record: 'M1' is not allowed; it has to be a record as "
        "identity.oneid_map names it, source_system.source_table:source_key, of one of "
        "crm.members, mini_program.users, app.users, website.users, marketplace.buyers, "
        "wecom.contacts, commerce.orders.",
    ),
    Bad(
        "decision_about_one_record",
        "identity_decisions",
        DECISIONS,
        DECISIONS + "2024-01-01,link,crm.members:M1,crm.members:M1,Li,one person\n",
        "line 2, column right_record: 'crm.members:M1' is not allowed; it has to be another "
        "record than left_record.",
    ),
    Bad(
        "decision_and_its_contrary",
        "identity_decisions",
        DECISIONS,
        DECISIONS + "2024-01-01,link,crm.members:M1,crm.members:M2,Li,one person\n"
        "2024-01-01,separate,crm.members:M2,crm.members:M1,Li,two persons\n",
        "line 3, columns left_record, right_record: line 2 decides about these two records from "
        "2024-01-01 on already; keep one.",
    ),
    Bad(
        "decisions_that_contradict_each_other_through_a_third_record",
        "identity_decisions",
        DECISIONS,
        DECISIONS + "2024-01-01,link,crm.members:M1,crm.members:M2,Li,one person\n"
        "2024-01-01,link,crm.members:M3,crm.members:M2,Li,one person\n"
        "2024-01-01,separate,crm.members:M1,crm.members:M3,Li,two persons\n",
        "line 4, columns left_record, right_record: these two records are kept apart, and the "
        "links of lines 2, 3 make them one person from 2024-01-01 on; let one of these links be "
        "separate from that day on, or these two be linked.",
    ),
    Bad(
        "link_that_joins_what_was_kept_apart_years_before",
        "identity_decisions",
        DECISIONS,
        DECISIONS + "2022-01-01,separate,crm.members:M1,crm.members:M3,Li,two persons\n"
        "2023-01-01,link,crm.members:M1,crm.members:M2,Li,one person\n"
        "2024-01-01,link,crm.members:M3,crm.members:M2,Li,one person\n",
        "line 2, columns left_record, right_record: these two records are kept apart, and the "
        "links of lines 3, 4 make them one person from 2024-01-01 on; let one of these links be "
        "separate from that day on, or these two be linked.",
    ),
    Bad(
        "exclusion_twice_in_other_case",
        "identifier_exclusions",
        "1900-01-01,any,null,placeholder\n",
        "1900-01-01,any,null,placeholder\n1900-01-01,any,NULL,placeholder\n",
        "line 3, columns valid_from, identifier_type, identifier_value: "
        "'1900-01-01 any NULL' stands in line 2 already; keep one.",
    ),
    Bad(
        "exclusion_of_nothing",
        "identifier_exclusions",
        "1900-01-01,any,null,placeholder\n",
        "1900-01-01,any,,placeholder\n",
        "line 2, column identifier_value: '' is not allowed; "
        "it has to be a text that is not empty.",
    ),
    Bad(
        "excluded_phone_in_another_spelling",
        "identifier_exclusions",
        "1900-01-01,any,null,placeholder\n",
        "1900-01-01,any,null,placeholder\n2024-06-01,phone,139 0000 1112,shop phone\n",
        "line 3, column identifier_value: '139 0000 1112' is not allowed for a phone; it has to "
        "be +, country code and number without spaces, such as +8613900001234.",
    ),
    Bad(
        "unknown_kpi",
        "kpi_targets",
        ",repurchase_rate,",
        ",repurchase_ratio,",
        "line 5, column metric_code: 'repurchase_ratio' is not allowed; it has to be one of "
        "next_month_retention,",
    ),
    Bad(
        "target_without_number",
        "kpi_targets",
        "up,0.40,target",
        "up,,target",
        "line 2, column benchmark: it is empty, but a benchmark_kind of 'target' needs a number.",
    ),
    Bad(
        "benchmark_with_percent_sign",
        "kpi_targets",
        "up,0.40,target",
        "up,40%,target",
        "line 2, column benchmark: '40%' is not allowed; it has to be a number, or empty.",
    ),
    Bad(
        "kpi_of_no_period",
        "kpi_targets",
        "0.40,target,false,true",
        "0.40,target,false,false",
        "line 2, column is_monthly: 'false' is not allowed where is_daily is false too; "
        "a KPI is daily, monthly or both.",
    ),
    Bad(
        "unknown_direction",
        "kpi_targets",
        "ratio,up,0.40",
        "ratio,upwards,0.40",
        "line 2, column direction: 'upwards' is not allowed; it has to be one of up, down.",
    ),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "seeds" / "policy"))


def test_shipped_policies_are_right() -> None:
    assert check_policies(SHIPPED).keys() == POLICIES.keys()


@pytest.mark.parametrize("bad", BAD_ROWS, ids=lambda bad: bad.name)
def test_bad_row_is_refused(folder: Path, bad: Bad) -> None:
    path = folder / f"{bad.file}.csv"
    text = path.read_text(encoding="utf-8")
    assert bad.old in text, "the shipped policy changed; adapt the test"
    path.write_text(text.replace(bad.old, bad.new, 1), encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        check_policies(folder)
    sentences = [
        problem.removeprefix(f"seeds/policy/{bad.file}.csv").lstrip(", ")
        for problem in caught.value.problems
    ]
    assert any(sentence.startswith(bad.sentence) for sentence in sentences), sentences


def test_a_link_that_is_parted_again_contradicts_nothing(folder: Path) -> None:
    rows = (
        "2022-01-01,separate,crm.members:M1,crm.members:M3,Li,two persons\n"
        "2023-01-01,link,crm.members:M1,crm.members:M2,Li,one person\n"
        "2024-01-01,separate,crm.members:M2,crm.members:M1,Li,two persons\n"
        "2024-01-01,link,crm.members:M3,crm.members:M2,Li,one person\n"
    )
    (folder / "identity_decisions.csv").write_text(DECISIONS + rows, encoding="utf-8")
    assert check_policies(folder)["identity_decisions"] == 4


def test_unknown_file(folder: Path) -> None:
    (folder / "thresholds.csv").write_text("a,b\n1,2\n")
    with pytest.raises(
        PolicyError, match=r"seeds/policy/thresholds\.csv is not a policy file; the"
    ):
        check_policies(folder)


def test_missing_file(folder: Path) -> None:
    (folder / "tiers.csv").unlink()
    with pytest.raises(PolicyError, match=r"seeds/policy/tiers\.csv is missing; put it back"):
        check_policies(folder)


def test_file_of_another_encoding(folder: Path) -> None:
    path = folder / "lifecycle_stages.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode("gbk"))
    with pytest.raises(PolicyError, match=r"lifecycle_stages\.csv, line 2 is not UTF-8 text; save"):
        check_policies(folder)


def test_empty_file(folder: Path) -> None:
    (folder / "rfm_policy.csv").write_text("")
    with pytest.raises(PolicyError, match=r"rfm_policy\.csv is empty; its first line has to be"):
        check_policies(folder)


def test_broken_quotation_marks(folder: Path) -> None:
    path = folder / "rfm_policy.csv"
    path.write_text('valid_from,window_days\n1900-01-01,"365\n')
    with pytest.raises(PolicyError, match=r"rfm_policy\.csv, line 2 is not CSV: "):
        check_policies(folder)


def test_byte_order_mark_is_no_mistake(folder: Path) -> None:
    path = folder / "rfm_policy.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert check_policies(folder)["rfm_policy"] == 1


def test_everything_is_reported_at_once(folder: Path) -> None:
    (folder / "rfm_policy.csv").write_text("valid_from,window_days\n1900,0\n1901-01-01,x\n")
    (folder / "tiers.csv").unlink()
    with pytest.raises(PolicyError) as caught:
        check_policies(folder)
    assert len(caught.value.problems) == 4
    assert str(caught.value).startswith("4 policy problems; nothing was built.\n  seeds/policy/")


def test_models_and_seed_types_name_the_same_columns() -> None:
    seeds = yaml.safe_load((SHIPPED / "_policy__seeds.yml").read_text(encoding="utf-8"))["seeds"]
    assert {seed["name"] for seed in seeds} == POLICIES.keys()
    for seed in seeds:
        columns = set(POLICIES[seed["name"]].model.model_fields)
        assert set(seed.get("config", {}).get("column_types", {})) <= columns


def test_command_says_what_is_wrong(folder: Path) -> None:
    runner = CliRunner()
    good = runner.invoke(main, ["policy", "check", "--folder", str(folder)])
    assert good.exit_code == 0
    assert good.output.startswith("The policies are right: ")
    (folder / "rfm_policy.csv").write_text("valid_from,window_days\n1900-01-01,0\n")
    bad = runner.invoke(main, ["policy", "check", "--folder", str(folder)])
    assert bad.exit_code == 2
    assert bad.output == (
        "1 policy problem; nothing was built.\n"
        "  seeds/policy/rfm_policy.csv, line 2, column window_days: '0' is not allowed; "
        "it has to be whole days from 1 to 3650.\n"
    )
