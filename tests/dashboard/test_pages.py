"""Every page in both languages: nothing breaks, and the figures are those of the file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from dashboard.board import PAGES
from dashboard.charts import sparkline, stacked
from dashboard.language import LANGUAGES, Language, catalogue
from dashboard.views import member
from orchestration.publishing.board import FILE_VARIABLE
from tests.dashboard.conftest import copy_tables
from tests.dashboard.drawing import charts, draw, numbers, texts

CHARTS = {
    "overview": 1, "lifecycle": 3, "rfm": 3, "cohorts": 2, "funnel": 4, "alerts": 1, "quality": 3,
    "identity": 4, "member": 0,
}  # fmt: skip
"""How many charts a page of the demo brand has."""


@pytest.fixture
def demo(demo_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[duckdb.DuckDBPyConnection]:
    """The board shows the demo brand; the connection asks the same file."""
    monkeypatch.setenv(FILE_VARIABLE, str(demo_file))
    with duckdb.connect() as connection:
        connection.execute(f"attach '{demo_file}' as demo (read_only)")
        connection.execute("use demo")
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_page_of_the_demo_brand(name: str, language: Language) -> None:
    page = draw(name, language)
    assert not page.exception
    assert not page.warning
    assert page.title[0].value == catalogue(language)[f"pages.{name}"]
    assert len(charts(page)) == CHARTS[name]
    shown = len(page.get("plotly_chart")) + len(page.get("popover"))
    assert len(page.get("download_button")) == len(page.get("popover")) >= len(charts(page))
    assert shown >= 2 * len(charts(page))
    said = "\n".join(texts(page))
    if language == "en":
        own = re.sub(r"语言 · Language", "", said)
        assert not re.search("[\u4e00-\u9fff]", own), re.findall(".{20}[\u4e00-\u9fff]+", own)
    else:
        for heading in page.subheader:
            assert re.search("[\u4e00-\u9fff]", heading.value)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    ("brand", "language"), [("empty_file", "zh"), ("empty_file", "en"), ("orders_file", "zh")]
)
def test_page_of_a_brand_with_little(
    name: str,
    language: Language,
    brand: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(FILE_VARIABLE, str(request.getfixturevalue(brand)))
    page = draw(name, language)
    assert not page.exception
    if brand == "empty_file":
        assert charts(page) == {}
        notes = [*page.info, *page.success]
        assert notes, "an empty page says so"
        assert catalogue(language)["parts.no_date"] in "\n".join(texts(page))
    elif CHARTS[name] and name in {"overview", "lifecycle", "rfm", "cohorts"}:
        assert len(charts(page)) == CHARTS[name]
    elif name in {"funnel", "alerts"}:
        assert page.info, "what is not published is named"


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_published_is_said_on_the_page(
    language: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "none.duckdb"))
    page = draw("overview", language)
    assert not page.exception
    assert page.info[0].value == catalogue(language)["parts.unreadable"]
    assert "build and publish a brand first" in page.code[0].value


@pytest.mark.usefixtures("demo")
def test_the_language_is_switched_on_the_page() -> None:
    page = draw("rfm", "en")
    page.sidebar.radio[0].set_value("zh").run()
    assert page.title[0].value == "RFM 地图"
    assert page.query_params["lang"] in ("zh", ["zh"])


def test_a_day_alone_is_one_of_two_weeks() -> None:
    frame = pd.DataFrame({"day": [pd.Timestamp("2025-06-30")], "alerts": [3], "severity": ["a"]})
    figure = stacked(frame, "day", "alerts", "severity", names={"a": "A"})
    first, last = figure.layout.xaxis.range
    assert (last - first).days == 14
    assert figure.data[0].width < (last - first).total_seconds() * 1000 / 14
    longer = pd.concat([frame, frame.assign(day=pd.Timestamp("2025-01-01"))])
    first, _ = stacked(longer, "day", "alerts", "severity", names={"a": "A"}).layout.xaxis.range
    assert pd.Timestamp(first) < pd.Timestamp("2025-01-01")


def test_a_small_line_rises_and_falls_with_its_values() -> None:
    drawn = sparkline([10.0, 30.0, 20.0, 20.0])
    points = re.findall(r"([0-9.]+),([0-9.]+)", drawn.partition("<path")[0])
    across, down = zip(*((float(x), float(y)) for x, y in points), strict=True)
    assert list(across) == sorted(set(across))
    assert down[0] > down[2] == down[3] > down[1]
    assert down[0] + down[1] == 2 * down[2]
    assert len(set(re.findall(r",([0-9.]+)", sparkline([5.0, 5.0])))) == 1


def test_overview_shows_the_newest_complete_month(demo: duckdb.DuckDBPyConnection) -> None:
    page = draw("overview", "en")
    newest = rows(
        demo,
        """
        with newest as (
            select metric_code, max(period_start_date) as period_start_date
            from kpi.kpi_monthly
            where dimension_type = 'all' and is_complete and value is not null
            group by metric_code
        )
        select metric_code, value, numerator, denominator, benchmark, is_benchmark_met
        from newest join kpi.kpi_monthly using (metric_code, period_start_date)
        where dimension_type = 'all'
        """,
    )
    tiles = {metric.help.split("`")[1]: metric.value for metric in page.metric}
    assert tiles.keys() == {row[0] for row in newest}
    assert len(page.get("image")) == len(tiles), "each metric has a line of its months"
    said = "\n".join(caption.value for caption in page.caption)
    for code, value, numerator, denominator, benchmark, is_met in newest:
        shown = tiles[code]
        if shown.endswith("%"):
            assert shown == f"{value * 100:.1f}%"
        else:
            error = 0.5 if value >= 100_000 else 0.005
            assert float(shown.split()[0].replace(",", "")) == pytest.approx(value, abs=error)
        if denominator != 1:
            assert f"{numerator:,.2f}".removesuffix(".00") in said
        if denominator != 1:
            assert f"{denominator:,.2f}".removesuffix(".00") in said
        if benchmark is not None and shown.endswith("%"):
            assert f"{'✓' if is_met else '✗'} benchmark {benchmark * 100:.1f}%" in said


def test_trend_follows_the_choice(demo: duckdb.DuckDBPyConnection) -> None:
    page = draw("overview", "en")
    page.selectbox(key="overview metric").set_value("aov").run()
    page.selectbox(key="overview dimension").set_value("first_order_channel").run()
    assert not page.exception
    expected = rows(
        demo,
        "select dimension_value, value from kpi.kpi_monthly where metric_code = 'aov' "
        "and dimension_type = 'first_order_channel' and is_complete and value is not null",
    )
    shown = charts(page)["overview.trend"]["data"]
    assert Counter(round(value, 6) for line in shown for value in numbers(line["y"])) == Counter(
        round(value, 6) for _, value in expected
    )


@pytest.mark.parametrize("with_stayers", [False, True])
def test_flow_is_that_of_the_month(demo: duckdb.DuckDBPyConnection, with_stayers: bool) -> None:
    page = draw("lifecycle", "en")
    months = [month for (month,) in rows(
        demo, "select distinct month from insight.lifecycle_transitions order by month desc"
    )]  # fmt: skip
    page.selectbox(key="lifecycle month").select_index(3).run()
    if with_stayers:
        page.toggle(key="lifecycle stayers").set_value(True).run()
    moves = rows(
        demo,
        "select from_stage, to_stage, members from insight.lifecycle_transitions "
        f"where month = date '{months[3]}'"
        + ("" if with_stayers else " and from_stage <> to_stage"),
    )
    link = charts(page)["lifecycle.flow"]["data"][0]["link"]
    assert Counter(numbers(link["value"])) == Counter(members for *_, members in moves)
    node = charts(page)["lifecycle.flow"]["data"][0]["node"]
    assert len(node["label"]) == len({row[0] for row in moves}) + len({row[1] for row in moves})
    for side in set(numbers(node["x"])):
        places = [
            y for x, y in zip(numbers(node["x"]), numbers(node["y"]), strict=True) if x == side
        ]
        assert places == sorted(set(places)), "stages stand in their order"
        assert 0 < places[0] < places[-1] < 1


def test_stages_add_up_to_everybody(demo: duckdb.DuckDBPyConnection) -> None:
    bars = charts(draw("lifecycle", "en"))["lifecycle.stages"]["data"][0]
    ((everybody,),) = rows(demo, "select count(*) from insight.member_lifecycle")
    assert sum(numbers(bars["x"])) == everybody


def test_rfm_map_counts_everybody_by_score(demo: duckdb.DuckDBPyConnection) -> None:
    cells = charts(draw("rfm", "en"))["rfm.map"]["data"][0]
    shown = {
        (x, y): value
        for y, line in zip(cells["y"], numbers(cells["z"]), strict=True)
        for x, value in zip(cells["x"], line, strict=True)
        if value == value and value is not None
    }
    expected = rows(
        demo, "select 'R' || r_score, 'F' || f_score, count(*) from insight.member_rfm group by all"
    )
    assert shown == {(r, f): members for r, f, members in expected}


def test_cohort_map_leaves_running_months_blank(demo: duckdb.DuckDBPyConnection) -> None:
    cells = charts(draw("cohorts", "en"))["cohorts.map"]["data"][0]
    shown = [
        value for line in numbers(cells["z"]) for value in line
        if value is not None and value == value
    ]  # fmt: skip
    expected = rows(
        demo,
        "select retained_members / cohort_size from measurement.retention_cohorts "
        "where segment_type = 'all' and month_number between 1 and 24 and is_complete "
        "and cohort_month >= (select max(cohort_month) - interval 24 month "
        "from measurement.retention_cohorts where month_number = 1 and is_complete)",
    )
    assert sum(shown) == pytest.approx(sum(value for (value,) in expected))
    assert len(shown) == len(expected)


def test_funnel_follows_the_month_end_before(demo: duckdb.DuckDBPyConnection) -> None:
    page = draw("funnel", "en")
    bars = charts(page)["funnel.steps"]["data"][0]
    month = page.selectbox(key="funnel month").value
    ((watched, warned, high_risk, saved),) = rows(
        demo,
        "select count(*), sum((risk_level > 0)::int), sum((risk_level > 1)::int), "
        "sum((risk_level > 1 and next_order_date <= as_of_date + 30)::int) "
        f"from insight.risk_history where as_of_date = date '{month:%Y-%m-%d}' - 1",
    )
    ((activated, lapsed),) = rows(
        demo,
        "select numerator, denominator from kpi.kpi_monthly where dimension_type = 'all' and "
        "metric_code = 'dormant_activation_rate_30d' "
        f"and period_start_date = date '{month:%Y-%m-%d}'",
    )
    ((gone_again, returned),) = rows(
        demo,
        "select numerator, denominator from kpi.kpi_monthly where dimension_type = 'all' and "
        "metric_code = 're_dormancy_rate' and is_complete and value is not null "
        "order by period_start_date desc limit 1",
    )
    assert numbers(bars["x"]) == [
        watched, warned, high_risk, saved, lapsed, activated, returned, returned - gone_again
    ]  # fmt: skip


def test_reasons_are_counted_by_member(demo: duckdb.DuckDBPyConnection) -> None:
    bars = charts(draw("funnel", "en"))["funnel.reasons"]["data"][0]
    expected = rows(
        demo, "select count(distinct one_id) from insight.risk_reasons group by reason_code"
    )
    assert sorted(numbers(bars["x"])) == sorted(members for (members,) in expected)


@pytest.mark.usefixtures("demo")
def test_alerts_that_have_recovered_are_not_open() -> None:
    page = draw("alerts", "zh")
    assert {metric.label: metric.value for metric in page.metric} == {
        "严重": "1", "警告": "0", "提示": "1",
    }  # fmt: skip
    still_open, history = (frame.value for frame in page.dataframe)
    assert sorted(still_open["alert_id"]) == ["a1", "a3"]
    assert "留存率偏低" in set(still_open["alert"])
    assert len(history) == 5
    assert set(history["state"]) == {"触发", "未恢复", "已恢复"}


def test_quality_scores_are_rows_that_pass(demo: duckdb.DuckDBPyConnection) -> None:
    page = draw("quality", "en")
    cells = charts(page)["quality.map"]["data"][0]
    shown = dict(zip(cells["y"], numbers(cells["z"]), strict=True))["crm.members"]
    ((expected,),) = rows(
        demo,
        "select sum(passed_rows) / sum(total_rows) from ops.data_quality_scorecard "
        "where system = 'crm' and table_name = 'members' and dimension = 'completeness'",
    )
    assert shown[cells["x"].index("Completeness")] == pytest.approx(expected)
    refused = charts(page)["quality.refused"]["data"][0]
    assert [(sum(numbers(refused["x"])),)] == rows(demo, "select count(*) from ops.quarantine")


def test_identity_counts_are_those_of_the_file(demo: duckdb.DuckDBPyConnection) -> None:
    page = draw("identity", "en")
    ((records, persons, warnings),) = rows(
        demo,
        "select count(*), count(distinct one_id), "
        "(select count(*) from identity.oneid_audit where is_warning) from identity.oneid_map",
    )
    assert [metric.value for metric in page.metric] == [
        f"{persons:,}", f"{records:,}", f"{warnings:,}"
    ]  # fmt: skip
    pairs = charts(page)["identity.queue"]["data"][0]
    ((waiting,),) = rows(demo, "select count(*) from identity.oneid_review_queue")
    assert sum(numbers(pairs["y"])) == waiting


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_member_is_shown_with_the_evidence(
    demo: duckdb.DuckDBPyConnection, language: Language
) -> None:
    ((one_id, source, key),) = rows(
        demo,
        "select one_id, source_system || '.' || source_table, source_key from identity.oneid_map "
        "join insight.member_risk using (one_id) join insight.member_rfm using (one_id) "
        "where source_system = 'crm' and risk_level = 3 order by one_id, source_key limit 1",
    )
    by_id = draw("member", language, person=one_id)
    assert not by_id.exception
    assert set(charts(by_id)) == {"member.stages", "member.money"}
    assert len(by_id.metric) == 5
    ((revenue,),) = rows(
        demo,
        "select sum(net_revenue)::double from core.fct_orders "
        f"where one_id = '{one_id}' and is_valid",
    )
    money = charts(by_id)["member.money"]["data"][0]
    assert sum(numbers(money["y"])) == pytest.approx(revenue)
    record = draw("member", language, person=f"{source}:{key}")
    assert charts(record) == charts(by_id)
    evidence = by_id.dataframe[0].value
    marts = {place.rpartition(".")[0] for place in evidence["mart_column"]}
    assert {"insight.risk_reasons", "core.fct_orders", "identity.oneid_map"} <= marts
    assert ("会员主档" in set(evidence["mart"])) == (language == "zh")
    ((seen,),) = rows(
        demo,
        "select strftime(first_seen_at + interval 8 hour, '%Y-%m-%d %H:%M') "
        f"from identity.dim_member where one_id = '{one_id}'",
    )
    is_first_seen = evidence["mart_column"] == "identity.dim_member.first_seen_at"
    assert evidence.loc[is_first_seen, "value"].tolist() == [seen], "in the business zone"
    months = list(money["x"])
    ((first,),) = rows(
        demo,
        "select strftime(min(order_date), '%Y-%m') from core.fct_orders "
        f"where one_id = '{one_id}' and is_valid",
    )
    assert (months[0], months[-1]) == (first, "2025-06")
    assert len(months) == len(pd.period_range(first, "2025-06", freq="M")), "no month is left out"
    by_id.selectbox(key="member mart").select("core.fct_orders").run()
    ((orders,),) = rows(demo, f"select count(*) from core.fct_orders where one_id = '{one_id}'")
    assert not by_id.exception
    assert len(by_id.dataframe[1].value) == orders


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("person", ["138 1635 0472", "+8613816350472", "a@example.com"])
def test_personal_data_are_not_looked_up_nor_kept_in_the_address(person: str) -> None:
    page = draw("member", "en", person=person)
    assert page.warning[0].value == catalogue("en")["member.personal"]
    assert "person" not in page.query_params


def test_an_id_of_digits_alone_is_no_telephone_number() -> None:
    assert member._tells_who("13816350472")
    assert not member._tells_who("30462113937829931234")


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("person", ["nobody", "crm.members:nobody", "' or 1=1 --"])
def test_nobody_is_said_on_the_page(person: str) -> None:
    page = draw("member", "en", person=person)
    assert not page.exception
    assert page.warning[0].value == catalogue("en")["member.nobody"]


OF_THE_PAGES = (
    ("overview", "kpi.kpi_monthly", "is_benchmark_met"),
    ("lifecycle", "insight.lifecycle_transitions", "members"),
    ("rfm", "insight.member_rfm", "recency_days"),
    ("cohorts", "measurement.retention_cohorts", "is_complete"),
    ("funnel", "insight.risk_history", "is_saved"),
    ("alerts", "ops.alert_events", "owner"),
    ("quality", "ops.data_quality_scorecard", "is_below_minimum"),
    ("identity", "identity.oneid_audit", "is_warning"),
)
"""A column that each page reads."""


@pytest.fixture(scope="module")
def other_file(demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A publication of another version: it lacks columns."""
    file = tmp_path_factory.mktemp("other") / "rekindle.duckdb"
    with duckdb.connect(str(file)) as connection:
        _copied(connection, demo_file)
        for _, table, column in OF_THE_PAGES:
            connection.execute(f"alter table {table} drop column {column}")
    return file


@pytest.mark.parametrize("name", [name for name, *_ in OF_THE_PAGES])
def test_a_publication_of_another_version_is_said_on_the_page(
    name: str, other_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FILE_VARIABLE, str(other_file))
    page = draw(name, "zh")
    assert not page.exception
    assert catalogue("zh")["parts.older"] in [info.value for info in page.info]


def _copied(connection: duckdb.DuckDBPyConnection, source: Path) -> None:
    copy_tables(
        connection,
        source,
        lambda table: "false" if table in {"core.fct_events", "core.fct_order_lines"} else "true",
    )


def test_codes_that_policy_does_not_know_are_shown_as_they_are(
    demo_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "rekindle.duckdb"
    with duckdb.connect(str(file)) as connection:
        _copied(connection, demo_file)
        for table, column, former in (
            ("insight.member_lifecycle", "lifecycle_stage", "dormant"),
            ("insight.lifecycle_transitions", "to_stage", "dormant"),
            ("insight.member_rfm", "rfm_group", "champions"),
            ("insight.risk_reasons", "reason_code", "purchase_overdue"),
            ("identity.oneid_audit", "metric_code", "bridges"),
        ):
            connection.execute(
                f"update {table} set {column} = 'former' "
                f"where {column} = coalesce((select any_value({column}) from {table} "
                f"where {column} = '{former}'), (select min({column}) from {table}))"
            )
    monkeypatch.setenv(FILE_VARIABLE, str(file))
    drawn = {name: draw(name, "zh") for name in ("lifecycle", "rfm", "funnel", "identity")}
    assert [page.exception for page in drawn.values() if page.exception] == []
    assert "former" in charts(drawn["lifecycle"])["lifecycle.stages"]["data"][0]["y"]
    assert "former" in charts(drawn["rfm"])["rfm.groups"]["data"][0]["y"]
    assert "former" in charts(drawn["funnel"])["funnel.reasons"]["data"][0]["y"]
    assert "former" in set(drawn["identity"].dataframe[0].value["metric"])


@pytest.mark.usefixtures("demo")
def test_numbers_have_the_unit_of_their_metric() -> None:
    page = draw("overview", "zh")
    told = page.dataframe[0].value.set_index("metric_code")
    assert re.fullmatch(r"[0-9.]+%", str(told.loc["next_month_retention", "value"]))
    assert re.fullmatch(r"[0-9,]+\.[0-9]{2} 元", str(told.loc["aov", "value"]))
    said = "\n".join(caption.value for caption in page.caption)
    assert " / 1  " not in said, "a count is of nothing"
    assert "CNY" not in "\n".join(metric.value for metric in page.metric)


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("name", [name for name in PAGES if name != "member"])
def test_definitions_are_in_the_language_of_the_reader(name: str) -> None:
    lists = [text.value for text in draw(name, "zh").markdown if text.value.startswith("- `")]
    assert lists or name == "member"
    for line in "\n".join(lists).splitlines():
        assert re.fullmatch(r"- `[a-z_.0-9]+` \*\*.+\*\*", line), line


@pytest.mark.usefixtures("demo")
def test_open_alerts_are_said_in_full() -> None:
    page = draw("alerts", "zh")
    assert [one.value for one in page.error] == ["**严重** · 留存率偏低"]
    assert "**提示** · 促销依赖上升" in [one.value for one in page.info]
    for table in page.dataframe:
        rates = table.value[table.value["metric"] == "次月留存率"]
        assert set(rates["value"]) == {"12.0%"}
        assert set(rates["threshold"]) == {"40.0%"}
