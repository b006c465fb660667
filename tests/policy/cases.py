"""For every rule: changes that break it, and what the rule then says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.policy.draft import Draft
from tests.policy.project import PACKAGE


@dataclass(frozen=True)
class Case:
    """A change to a project in order, the rule it breaks and a part of the sentence it causes."""

    rule: str
    name: str
    change: Callable[[Draft], Any]
    says: str


def model(path: str, sql: str, *reads: str, **changes: Any) -> Callable[[Draft], Any]:
    """Adds a model."""
    return lambda draft: draft.add_model(path, f"-- Grain: one row per case\n{sql}\n", *reads,
                                         **changes)  # fmt: skip


def query(sql: str, *reads: str) -> Callable[[Draft], Any]:
    """Adds an intermediate with some SQL."""
    return model("models/intermediate/core/int_core__cases.sql", sql, *reads)


def file(path: str, text: str) -> Callable[[Draft], Any]:
    """Adds or replaces a file."""
    return lambda draft: draft.files.update({path: text})


def without_file(path: str) -> Callable[[Draft], Any]:
    """Removes a file."""
    return lambda draft: draft.files.pop(path, None)


def of(folder: str, **changes: Any) -> Callable[[Draft], Any]:
    """Changes the first node below a folder."""
    return lambda draft: draft.node(folder).update(changes)


def config_of(folder: str, **changes: Any) -> Callable[[Draft], Any]:
    """Changes the configuration of the first node below a folder."""
    return lambda draft: draft.node(folder)["config"].update(changes)


def column_of(folder: str, **changes: Any) -> Callable[[Draft], Any]:
    """Changes the first column of the first node below a folder."""
    return lambda draft: draft.column(folder).update(changes)


def mart_column(name: str, data_type: str) -> Callable[[Draft], Any]:
    """Adds a column to a mart of the insight domain."""

    def change(draft: Draft) -> None:
        column = {"name": name, "data_type": data_type, "description": "A column.",
                  "config": {"meta": {"label_zh": "列"}}}  # fmt: skip
        draft.node("models/marts/insight/")["columns"][name] = column

    return change


def macro(path: str, text: str, **changes: Any) -> Callable[[Draft], Any]:
    """Adds a macro file."""
    return lambda draft: draft.add_macro(path, text, **changes)


def generic_test(path: str) -> Callable[[Draft], Any]:
    """Adds a generic test whose file stands at a path."""

    def change(draft: Draft) -> None:
        name = path.rpartition("/")[2].removesuffix(".sql")
        text = f"{{% test {name}(model) %}}\nselect 1 as one from {{{{ model }}}}\n{{% endtest %}}"
        draft.files[path] = text
        draft.manifest["macros"][f"macro.{PACKAGE}.test_{name}"] = {
            "name": f"test_{name}", "package_name": PACKAGE, "original_file_path": path,
            "macro_sql": text, "description": "", "arguments": [],
        }  # fmt: skip

    return change


def singular_test(path: str, *reads: str, **config: Any) -> Callable[[Draft], Any]:
    """Adds a singular test."""
    return lambda draft: draft.add_test(
        path.rpartition("/")[2].removesuffix(".sql"), *reads, original_file_path=path,
        attached_node=None, config={"severity": "ERROR", "error_if": "!= 0", **config},
    )  # fmt: skip


def exposure(path: str, **changes: Any) -> Callable[[Draft], Any]:
    """Adds an exposure of dim_member."""

    def change(draft: Draft) -> None:
        draft.manifest["exposures"]["exposure.case"] = {
            "name": "case", "original_file_path": path, "description": "Who reads it.",
            "owner": {"name": "Membership team"},
            "depends_on": {"nodes": [draft.unique_id("dim_member")]},
        } | changes  # fmt: skip

    return change


def snapshot(*reads: str) -> Callable[[Draft], Any]:
    """Adds a snapshot."""

    def change(draft: Draft) -> None:
        draft.manifest["nodes"]["snapshot.case"] = {
            "unique_id": "snapshot.case", "resource_type": "snapshot", "package_name": PACKAGE,
            "name": "case", "original_file_path": "snapshots/case.sql", "description": "A case.",
            "depends_on": {"nodes": [draft.unique_id(read) for read in reads]},
        }  # fmt: skip

    return change


def endless_snapshot(draft: Draft) -> None:
    """Adds a snapshot of persons that nothing ends."""
    snapshot("member_rfm")(draft)
    config = {"unique_key": "one_id", "post-hook": [{"sql": "select 1"}]}
    draft.manifest["nodes"]["snapshot.case"]["config"] = config


def metric(name: str, targets: str = "", **meta: str) -> Callable[[Draft], Any]:
    """Adds a metric, described but for what is left out, and KPIs of the policy."""

    def change(draft: Draft) -> None:
        draft.manifest["metrics"][f"metric.{name}"] = {
            "name": name, "original_file_path": "models/marts/kpi/_kpi__metrics.yml",
            "description": "What it says.", "config": {"meta": meta},
        }  # fmt: skip
        draft.files["seeds/policy/kpi_targets.csv"] = (
            f"valid_from,metric_code,label_zh,is_daily,is_monthly\n{targets}"
        )

    return change


def no_exposures(draft: Draft) -> None:
    """Removes all exposures."""
    draft.manifest["exposures"].clear()


def no_data_tests(draft: Draft) -> None:
    """Removes all data tests."""
    nodes = draft.manifest["nodes"]
    for unique_id in [name for name in nodes if name.startswith("test.")]:
        del nodes[unique_id]


def undocumented_argument(draft: Draft) -> None:
    """Removes the description of a macro's argument."""
    draft.macro()["arguments"][0].update(description="")


def forgotten_argument(draft: Draft) -> None:
    """Removes a macro's argument from its description."""
    draft.macro()["arguments"].clear()


def undescribed_macro(draft: Draft) -> None:
    """Removes a macro from its YAML."""
    draft.macro()["patch_path"] = None


def untested_macro(draft: Draft) -> None:
    """Removes the tests of macros."""
    draft.files["tests/macros/cases.yml"] = ""
    draft.manifest["unit_tests"] = {}


def macro_used_once(draft: Draft) -> None:
    """Adds a macro and one model that calls it."""
    draft.add_macro("macros/time/short_one.sql", SHORT_MACRO)
    query("select {{ short_one('a') }} as one")(draft)


def one_engine(draft: Draft) -> None:
    """Removes the Spark side of a dialect macro."""
    name = draft.macro()["name"]
    del draft.manifest["macros"][f"macro.{PACKAGE}.spark__{name}"]


def spark_body(instead_of_date_add: str) -> Callable[[Draft], Any]:
    """Gives a dialect macro for Spark another beginning than date_add(."""

    def change(draft: Draft) -> None:
        path = draft.macro()["original_file_path"]
        assert "date_add(" in draft.files[path]
        draft.files[path] = draft.files[path].replace("date_add(", instead_of_date_add)

    return change


def source_elsewhere(draft: Draft) -> None:
    """Lets a source read something else than the raw lake."""
    source = draft.source()
    source["config"]["meta"] = source["meta"] = source["source_meta"] = {
        "external_location": "data/*.csv"
    }


def source_not_in_contract(draft: Draft) -> None:
    """Declares a source table that the contract does not have."""
    draft.manifest["sources"]["source.case"] = draft.source() | {"name": "visits"}


def source_missing(draft: Draft) -> None:
    """Removes a source table that the contract has."""
    sources = draft.manifest["sources"]
    del sources[next(name for name in sorted(sources) if sources[name]["source_name"] == "crm")]


def source_undescribed(draft: Draft) -> None:
    """Removes the description of a source table."""
    draft.source().update(description="")


def source_in_another_file(draft: Draft) -> None:
    """Declares a source in the wrong file."""
    draft.source().update(original_file_path="models/sources.yml")


def group_without_owner(draft: Draft) -> None:
    """Removes the owner of a group."""
    next(iter(draft.manifest["groups"].values()))["owner"] = {"name": None}


def no_primary_key(draft: Draft) -> None:
    """Removes the primary key of a mart."""
    node = draft.node("models/marts/identity/")
    node["constraints"] = []
    for column in node["columns"].values():
        column["constraints"] = []


def no_as_of_date(draft: Draft) -> None:
    """Removes the business date from a mart."""
    del draft.node("models/marts/insight/")["columns"]["as_of_date"]


def unit_test_badly_named(draft: Draft) -> None:
    """Adds a unit test that does not name its model."""
    draft.manifest.setdefault("unit_tests", {})["unit_test.case"] = {
        "name": "test_1", "model": "dim_member", "original_file_path": "models/unit_tests.yml",
    }  # fmt: skip


def contract_column(draft: Draft) -> None:
    """Adds a column to the contract that no staging model knows."""
    path = "orchestration/loading/contract.yml"
    old = "        member_no: {type: id, required: true}\n"
    assert old in draft.files[path]
    new = f"{old}        shoe_size: {{type: integer}}\n"
    draft.files[path] = draft.files[path].replace(old, new, 1)


def staging_star(draft: Draft) -> None:
    """Lets a staging model select a star."""
    draft.files["models/staging/crm/stg_crm__members.sql"] = (
        "-- Grain: one row per card\nselect * from {{ source('crm', 'members') }}\n"
    )


def staging_of_another_table(draft: Draft) -> None:
    """Lets a staging model read another table than the one it is named after."""
    draft.node("models/staging/crm/stg_crm__members")["depends_on"]["nodes"] = ["source.case"]
    draft.manifest["sources"]["source.case"] = draft.source() | {"name": "visits"}


def repeated_description(draft: Draft) -> None:
    """Says the same about three columns."""
    column = "      - name: {}\n        description: What everybody says.\n"
    draft.files["models/marts/kpi/case.yml"] = "models:\n  - name: case\n    columns:\n" + "".join(
        column.format(name) for name in ("one", "two", "three")
    )


def lock_line(name: str, line: str) -> Callable[[Draft], Any]:
    """Adds a line to a lock."""
    return lambda draft: draft.files.update({name: draft.files[name] + line})


MART = "models/marts/core/case_facts.sql"
LONG_MACRO = "{% macro long_one(a) -%}\n" + "    {{ a }}\n" * 16 + "{%- endmacro %}\n"
SHORT_MACRO = "{% macro short_one(a) -%}\n    {{ a }} + 1\n{%- endmacro %}\n"

CASES = (
    # layering
    Case("staging_reads_sources", "a staging model",
         model("models/staging/crm/stg_crm__cases.sql", "select 1 as one", "stg_crm__members"),
         "reads the model stg_crm__members"),
    Case("staging_reads_sources", "another system's source",
         model("models/staging/wecom/stg_wecom__cases.sql", "select 1 as one", "crm.members"),
         "reads the source crm.members"),
    Case("only_staging_reads_sources", "an intermediate",
         query("select 1 as one", "crm.members"), "Read stg_crm__members instead"),
    Case("only_staging_reads_sources", "a mart",
         model(MART, "select 1 as one", "crm.members"), "Read stg_crm__members instead"),
    Case("intermediates_do_not_read_their_own_marts", "its own mart",
         model("models/intermediate/identity/int_identity__cases.sql", "select 1 as one",
               "dim_member"), "a mart of its own domain"),
    Case("marts_read_no_staging", "a staging model",
         model(MART, "select 1 as one", "stg_crm__members"), "reads stg_crm__members"),
    Case("domains_keep_their_direction", "identity reads insight",
         model("models/intermediate/identity/int_identity__cases.sql", "select 1 as one",
               "member_rfm"), "(domain identity) reads member_rfm"),
    Case("domains_keep_their_direction", "economy reads insight",
         model("models/marts/economy/case_facts.sql", "select 1 as one", "member_rfm"),
         "(domain economy) reads member_rfm"),
    Case("persons_are_those_of_the_run", "a mart that has its persons from elsewhere",
         lambda draft: draft.node("models/marts/insight/").update(
             depends_on={"nodes": [draft.unique_id("rfm_policy")]}),
         "names persons that no model of the identity domain gives it"),
    Case("persons_are_those_of_the_run", "a person on either side",
         model("models/marts/identity/pairs.sql", "select 1 as left_one_id",
               columns={"left_one_id": {"name": "left_one_id"}}),
         "models/marts/identity/pairs.sql names persons"),
    Case("persons_are_those_of_the_run", "an increment that keeps persons",
         model("models/intermediate/core/int_core__cases.sql", "select one_id from cases",
               config={"materialized": "incremental"}), "keeps one_id from run to run"),
    Case("persons_are_those_of_the_run", "a snapshot whose beliefs never end", endless_snapshot,
         "snapshots/case.sql keeps what was believed of persons"),
    Case("snapshots_read_marts", "a staging model", snapshot("stg_crm__members"),
         "reads stg_crm__members"),
    Case("relations_are_referenced", "a table by name",
         query("select one from identity.dim_member as people"), "reads the table dim_member"),
    Case("relations_are_referenced", "a join by name",
         query("with cases as (select 1 as one) select cases.one from cases "
               "inner join others on cases.one = others.one"), "reads the table others"),
    # naming
    Case("models_are_named_for_their_place", "no prefix",
         model("models/staging/crm/members_clean.sql", "select 1 as one"), "should have a name"),
    Case("models_are_named_for_their_place", "another system's prefix",
         model("models/staging/crm/stg_wecom__cases.sql", "select 1 as one"),
         "should have a name"),
    Case("models_are_named_for_their_place", "unknown system",
         model("models/staging/erp/stg_erp__cases.sql", "select 1 as one"), "no known folder"),
    Case("models_are_named_for_their_place", "a prefix on a mart",
         model("models/marts/core/int_core__facts.sql", "select 1 as one"), "should have a name"),
    Case("names_say_what_not_how", "a version",
         model("models/marts/core/case_facts_v2.sql", "select 1 as one"), "'v2'"),
    Case("names_say_what_not_how", "a materialisation",
         model("models/marts/core/case_table.sql", "select 1 as one"), "'table'"),
    Case("schemas_are_domains", "a mart elsewhere", of("models/marts/identity/", schema="main"),
         "built in the schema main"),
    Case("schemas_are_domains", "a vault beside the other marts",
         config_of("models/marts/identity/", meta={"vault": True}), "Its place says vault"),
    Case("schemas_are_domains", "a seed elsewhere", of("seeds/policy/", schema="main"),
         "loaded into the schema main"),
    Case("yaml_stands_where_it_is_looked_for", "two marts in a file",
         of("models/marts/identity/", patch_path=f"{PACKAGE}://models/marts/identity/marts.yml"),
         "is described in models/marts/identity/marts.yml"),
    Case("yaml_stands_where_it_is_looked_for", "a model nowhere",
         of("models/intermediate/identity/", patch_path=None), "is described nowhere"),
    Case("yaml_stands_where_it_is_looked_for", "a source elsewhere", source_in_another_file,
         "models/sources.yml declares the source"),
    Case("yaml_stands_where_it_is_looked_for", "an exposure elsewhere",
         exposure("models/exposures.yml"), "models/exposures.yml declares an exposure"),
    Case("yaml_stands_where_it_is_looked_for", "a seed nowhere",
         of("seeds/policy/", patch_path=None), "is not described in seeds/policy"),
    Case("unit_tests_are_named_for_behaviour", "a number", unit_test_badly_named,
         "holds the unit test test_1"),
    Case("columns_are_named_by_type", "a bare boolean", mart_column("valid", "boolean"),
         "a boolean starts with is_"),
    Case("columns_are_named_by_type", "is_ as text", mart_column("is_valid", "string"),
         "are booleans"),
    Case("columns_are_named_by_type", "a timestamp", mart_column("created", "timestamp"),
         "ends with _at"),
    Case("columns_are_named_by_type", "a date as timestamp", mart_column("seen_at", "date"),
         "_at is a timestamp"),
    Case("columns_are_named_by_type", "a date", mart_column("birth", "date"), "ends with _date"),
    Case("columns_are_named_by_type", "a date as text", mart_column("birth_date", "string"),
         "_date is a date"),
    Case("columns_are_named_by_type", "a number as key", mart_column("case_id", "bigint"),
         "an id is text"),
    Case("columns_are_named_by_type", "money as double", mart_column("net_amount", "double"),
         "money is decimal"),
    # marts
    Case("marts_have_enforced_contracts", "not enforced",
         config_of("models/marts/identity/", contract={"enforced": False}), "enforced contract"),
    Case("marts_are_public_and_nothing_else_is", "a protected mart",
         of("models/marts/identity/", access="protected"), "is not public"),
    Case("marts_are_public_and_nothing_else_is", "a public vault",
         config_of("models/marts/identity/", meta={"vault": True}), "is a vault and not protected"),
    Case("marts_are_public_and_nothing_else_is", "a public intermediate",
         of("models/intermediate/identity/", access="public"), "is public"),
    Case("marts_have_an_owner", "no group", of("models/marts/identity/", group=None),
         "not in the group identity"),
    Case("marts_have_an_owner", "a group of nobody", group_without_owner, "names no owner"),
    Case("marts_have_a_primary_key", "no key", no_primary_key, "declares no primary key"),
    Case("marts_have_a_primary_key", "an unknown column",
         of("models/marts/identity/",
            constraints=[{"type": "primary_key", "columns": ["nothing"]}]),
         "primary-key column nothing"),
    Case("primary_keys_are_tested", "a key that no test names",
         of("models/marts/identity/",
            constraints=[{"type": "primary_key", "columns": ["one_id", "first_seen_at"]}]),
         "nothing tests that one_id, first_seen_at is unique"),
    Case("mart_columns_are_documented", "no columns", of("models/marts/identity/", columns={}),
         "describes no columns"),
    Case("mart_columns_are_documented", "no description",
         column_of("models/marts/identity/", description=" "), "has no description"),
    Case("mart_columns_are_documented", "no type",
         column_of("models/marts/identity/", data_type=None), "has no data_type"),
    Case("mart_columns_are_documented", "an English label",
         column_of("models/marts/identity/", meta={}, config={"meta": {"label_zh": "person"}}),
         "has no Chinese label"),
    Case("mart_types_exist_on_both_engines", "varchar",
         column_of("models/marts/identity/", data_type="varchar"), "has the type varchar"),
    Case("marts_are_tables", "a view", config_of("models/marts/identity/", materialized="view"),
         "materialised as view"),
    Case("point_in_time_marts_say_when", "no date", no_as_of_date, "no column as_of_date"),
    Case("personal_data_are_kept_in_the_vault", "a phone", mart_column("phone", "string"),
         "personal column phone"),
    Case("personal_data_are_kept_in_the_vault", "a phone as delivered",
         mart_column("phone_raw", "string"), "personal column phone_raw"),
    Case("personal_data_are_kept_in_the_vault", "an intermediate that is a table",
         query("select phone from {{ ref('stg_crm__members') }}", "stg_crm__members"),
         "int_core__cases.sql keeps the personal column phone"),
    Case("personal_data_are_kept_in_the_vault", "under a star, renamed and joined",
         query("with phones as (select phone_token as phone, member_no from "
               "{{ ref('stg_crm__members') }}), "
               "rows as (select * from phones) select rows.*, 1 as one from rows "
               "union all select 'a', 'b', 2", "stg_crm__members"),
         "int_core__cases.sql keeps the personal column phone"),
    Case("personal_data_are_kept_in_the_vault", "in the second part of a union",
         query("select member_no as id from {{ ref('stg_crm__members') }} union all "
               "(select name.phone from (select phone from {{ ref('stg_crm__members') }}) as name)",
               "stg_crm__members"),
         "int_core__cases.sql keeps the personal column phone"),
    Case("personal_data_are_kept_in_the_vault", "a staging model that grows",
         model("models/staging/crm/stg_crm__phones.sql",
               "select phone_normalised from {{ source('crm', 'members') }}", "crm.members",
               config={"materialized": "incremental"}),
         "stg_crm__phones.sql keeps the personal column phone_normalised"),
    Case("schemas_are_domains", "an intermediate of the vault beside the others",
         config_of("models/intermediate/identity/", meta={"vault": True}), "Its place says vault"),
    Case("marts_are_public_and_nothing_else_is", "a public intermediate of the vault",
         lambda draft: (config_of("models/intermediate/identity/", meta={"vault": True})(draft),
                        of("models/intermediate/identity/", access="public")(draft)),
         "is a vault and not protected"),
    Case("exposures_cover_marts", "nobody reads it", no_exposures, "is in no exposure"),
    Case("exposures_cover_marts", "no owner",
         exposure("models/marts/core/_core__exposures.yml", owner={}), "lacks an owner"),
    # metrics
    Case("kpis_are_metrics", "no metric", metric("one", "1900-01-01,two,二,false,true\n"),
         "lacks the metric two"),
    Case("kpis_are_metrics", "no daily metric",
         metric("two", "1900-01-01,two,二,true,true\n", metric_code="two", label_zh="二"),
         "lacks the metric two_daily"),
    Case("kpis_are_metrics", "no KPI", metric("one", metric_code="one"), "one, which is no KPI"),
    Case("kpis_are_metrics", "another label",
         metric("two", "1900-01-01,two,二,false,true\n", metric_code="two", label_zh="三"),
         "is two 三, but two 二"),
    Case("kpis_are_metrics", "another code",
         metric("two", "1900-01-01,two,二,false,true\n", metric_code="one", label_zh="二"),
         "is one 二, but two 二"),
    Case("metrics_are_described", "no label", metric("one"), "one lacks label_zh"),
    Case("metrics_are_described", "made of nothing",
         metric("one", metric_code="one", label_zh="一", numerator="n", complete_when="then"),
         "one lacks denominator"),
    # documentation
    Case("sql_starts_with_its_grain", "no grain",
         lambda draft: draft.add_model(MART, "select 1 as one\n"), "does not say what a row is"),
    Case("sql_starts_with_its_grain", "grain on the second line",
         lambda draft: draft.add_model(MART, "-- facts\n-- Grain: one row per case\nselect 1\n"),
         "does not say what a row is"),
    Case("everything_is_described", "a model", of("models/staging/crm/", description=""),
         "has no description"),
    Case("everything_is_described", "a source", source_undescribed, "has no description"),
    Case("sources_equal_the_contract", "too many", source_not_in_contract, "table visits"),
    Case("sources_equal_the_contract", "too few", source_missing, "lacks the table"),
    Case("sources_read_the_lake", "another place", source_elsewhere, "not read the raw lake"),
    Case("repeated_descriptions_are_docs_blocks", "three times", repeated_description,
         "'What everybody says.'"),
    # portability
    Case("shared_sql_only", "an engine's function",
         query("select regexp_replace(one, 'a', 'b') as two from {{ ref('dim_member') }}"),
         "calls regexp_replace()"),
    Case("shared_sql_only", "a hidden clock", query("select strftime(one, '%Y') as two from "
                                                    "{{ ref('dim_member') }}"), "strftime()"),
    Case("shared_sql_only", "rounding",
         query("select round(one, 2) as two from {{ ref('dim_member') }}"), "rounding differs"),
    Case("shared_sql_only", "an engine's aggregate",
         query("select arg_max(one, two) as three from {{ ref('dim_member') }}"), "arg_max()"),
    Case("shared_sql_only", "unnest", query("select unnest(one) as two from "
                                            "{{ ref('dim_member') }}"), "unnest()"),
    Case("shared_sql_only", "a list", query("select list_sort(one) as two from "
                                            "{{ ref('dim_member') }}"), "list_sort()"),
    Case("shared_sql_only", "a macro of an engine's package",
         query("select {{ dbt_utils.star(1) }} from {{ ref('dim_member') }}"), "needs an engine"),
    Case("shared_sql_only", "not SQL", query("select from where"), "not SQL that both engines"),
    Case("shared_sql_only", "from first", query("from {{ ref('dim_member') }} select (one"),
         "not SQL that both engines"),
    Case("shared_sql_only", "a snapshot", file("snapshots/case.sql",
         "{% snapshot case %}\nselect trim(one) as one from {{ ref('dim_member') }}\n"
         "{% endsnapshot %}\n"), "calls trim()"),
    *(
        Case("compiled_sql_is_spark_s", name, spark_body(body), says)
        for name, body, says in (
            ("DuckDB's body for Spark", "to_months(",
             "calls to_months(), which Spark is not known to have"),
            ("not SQL of Spark", "(date_add(", "compiled for Spark, is not Spark SQL"),
            ("a function that models may not call", "unnest(", "calls unnest()"),
            ("a cast that hides what is bad", "try_cast('1' as int) + date_add(",
             "calls try_cast()"),
            ("a type of DuckDB", "cast(1 as hugeint) + date_add(", "casts to hugeint"),
            ("a list counted from 1", "array_sort(collect_list(one))[1] + date_add(",
             "indexes into a list"),
        )
    ),
    Case("shared_types_only", "a double colon",
         query("select one::date as two from {{ ref('dim_member') }}"), "casts with '::'"),
    Case("shared_types_only", "varchar",
         query("select cast(one as varchar) as two from {{ ref('dim_member') }}"),
         "casts to varchar"),
    Case("shared_types_only", "hugeint",
         query("select cast(one + 1 as hugeint) as two from {{ ref('dim_member') }}"),
         "casts to hugeint"),
    Case("shared_types_only", "in the incremental branch",
         query("select one from {{ ref('dim_member') }} {% if is_incremental() %}"
               "where cast(one as varchar) = '1'{% endif %}"), "casts to varchar"),
    Case("shared_types_only", "where a variable is set",
         query("select one from {{ ref('dim_member') }} {% if var('rfm_mode') == 'fixed' %}"
               "where cast(one as varchar) = '1'{% endif %}"), "casts to varchar"),
    *(
        Case("shared_syntax_only", name, query(sql.replace("PEOPLE", "{{ ref('dim_member') }}")),
             says)
        for name, sql, says in (
            ("qualify", "select one from PEOPLE qualify row_number() over (order by one) = 1",
             "uses qualify"),
            ("exclude", "select * exclude (one) from PEOPLE", "takes a star apart"),
            ("replace", "select * replace (1 as one) from PEOPLE", "takes a star apart"),
            ("an array", "select [one, two] as list from PEOPLE", "builds an array"),
            ("an index", "select one[1] as first_one from PEOPLE", "indexes into a list"),
            ("a lambda", "select list_transform(one, x -> x + 1) as two from PEOPLE",
             "uses a lambda"),
            ("an interval", "select one + interval 1 day as two from PEOPLE",
             "adds an interval"),
            ("a division", "select one / two as three from PEOPLE", "divides with /"),
            ("an unguarded division", "select cast(one as double) / two as three from PEOPLE",
             "divides with /"),
            ("whole division", "select one // two as three from PEOPLE", "divides with //"),
            ("ignore nulls", "select last_value(one ignore nulls) over (order by two) from PEOPLE",
             "ignore nulls"),
            ("group by all", "select one, count(*) as rows_count from PEOPLE group by all",
             "group by all"),
            ("a weekday", "select extract(dow from one) as two from PEOPLE", "extracts dow"),
            ("an average of decimals", "select avg(one) as two from PEOPLE",
             "averages without a cast"),
            ("a semi join", "select one from PEOPLE as people semi join others on one = two",
             "semi join"),
            ("an as-of join", "select one from PEOPLE as people asof join others on one >= two",
             "asof join"),
            ("a limit", "select one from PEOPLE limit 1", "without an order"),
            ("a bare floor", "select floor(one) as two from PEOPLE", "takes floor()"),
            ("JSON", "select one ->> 'name' as two from PEOPLE", "reads JSON"),
            ("a sample", "select one from PEOPLE using sample 10", "samples"),
            ("union by name", "select one from PEOPLE union all by name select one from PEOPLE",
             "unites by name"),
        )
    ),
    Case("windows_order_nulls", "no word about nulls",
         query("select row_number() over (order by one desc) as two from {{ ref('dim_member') }}"),
         "'one desc'"),
    Case("windows_order_nulls", "the second term",
         query("select sum(one) over (partition by two order by one nulls last, three rows between"
               " 1 preceding and current row) as two from {{ ref('dim_member') }}"), "'three'"),
    Case("models_know_no_engine", "a branch by target",
         query("select 1 as one {% if target.type == 'duckdb' %}, 2 as two {% endif %}"),
         "uses 'target.'"),
    Case("models_know_no_engine", "a branch by the environment",
         query("select 1 as one {% if env_var('REKINDLE_ENGINE') == 'spark' %}, 2 as two"
               " {% endif %}"), "uses 'env_var('REKINDLE_ENGINE'"),
    Case("models_know_no_engine", "a branch by a variable",
         query("select 1 as one {% if var('engine') == 'spark' %}, 2 as two {% endif %}"),
         "uses 'var('engine'"),
    Case("models_know_no_engine", "dbt's date arithmetic",
         query("select {{ dbt.dateadd('day', 1, 'one') }} as two from {{ ref('dim_member') }}"),
         "uses 'dbt.dateadd('"),
    Case("models_know_no_engine", "a dispatch outside",
         macro("macros/time/short_one.sql",
               "{% macro short_one(a) -%}\n{{ adapter.dispatch('x')(a) }}\n{%- endmacro %}"),
         "uses 'adapter.'"),
    *(
        Case("models_read_no_clock", clock, query(f"select {clock} as one"), "asks the clock")
        for clock in ("current_date", "now()", "current_timestamp", "today()", "Now ( )",
                      "'{{ run_started_at }}'", "'{{ modules.datetime.datetime.now() }}'")
    ),
    Case("models_read_no_clock", "in a macro",
         macro("macros/time/short_one.sql", SHORT_MACRO.replace("+ 1", "+ current_date")),
         "asks the clock"),
    Case("dialect_macros_serve_both_engines", "no Spark side", one_engine, "lacks spark__"),
    # style
    Case("aliases_are_words", "initials",
         query("select dm.one_id from {{ ref('dim_member') }} as dm"), "has the alias dm"),
    Case("aliases_are_words", "three initials",
         query("with big_red_cases as (select 1 as one) select brc.one from big_red_cases as brc"),
         "has the alias brc"),
    Case("aliases_are_words", "a letter", query("with c as (select 1 as one) select one from c"),
         "has the alias c"),
    Case("joins_are_explicit", "using",
         query("select one from {{ ref('dim_member') }} as people inner join "
               "{{ ref('member_rfm') }} as scores using (one_id)"), "joins with using"),
    Case("joins_are_explicit", "a comma",
         query("select one from {{ ref('dim_member') }} as people, {{ ref('member_rfm') }} as s"),
         "joins without a condition"),
    Case("joins_are_explicit", "natural",
         query("select one from {{ ref('dim_member') }} as people natural join "
               "{{ ref('member_rfm') }} as scores"), "joins naturally"),
    Case("no_select_distinct", "distinct",
         query("select distinct one_id from {{ ref('dim_member') }}"), "says select distinct"),
    Case("columns_are_listed", "an import",
         query("with people as (select * from {{ ref('dim_member') }}) select one from people"),
         "imports a star"),
    Case("columns_are_listed", "the end of a mart",
         model(MART, "with people as (select one_id from {{ ref('dim_member') }}) "
                     "select * from people", "dim_member"), "ends in a star"),
    # macros
    Case("macros_are_short", "sixteen lines", macro("macros/time/long_one.sql", LONG_MACRO),
         "has 16 lines"),
    Case("macros_stand_alone", "another name", macro("macros/time/other.sql", SHORT_MACRO),
         "holds short_one"),
    Case("macros_stand_alone", "two in a file",
         macro("macros/time/short_one.sql", SHORT_MACRO + SHORT_MACRO.replace("short", "second")),
         "holds second_one, short_one"),
    Case("macros_stand_alone", "no topic", macro("macros/short_one.sql", SHORT_MACRO),
         "stands in no topic"),
    Case("macros_are_documented", "nowhere", undescribed_macro, "is not described in"),
    Case("macros_are_documented", "an argument missing", forgotten_argument, "but it takes"),
    Case("macros_are_documented", "an argument without words", undocumented_argument,
         "has no description"),
    Case("macros_are_shared", "one use",
         macro_used_once,
         "short_one is used in 1 model"),
    Case("macros_run_no_query_while_parsing", "run_query",
         macro("macros/time/short_one.sql",
               "{% macro short_one(a) -%}\n{{ run_query(a) }}\n{%- endmacro %}"), "runs a query"),
    Case("macros_are_tested", "no test", untested_macro, "has no test"),
    Case("macros_fit_the_page", "a long line",
         macro("macros/time/short_one.sql", SHORT_MACRO.replace("+ 1", "+ 1" * 40)),
         "has 132 columns"),
    # seeds
    Case("seeds_are_policy", "data as a seed",
         lambda draft: draft.add_seed("seeds/members.csv", "valid_from,rate"), "is not policy"),
    Case("seeds_are_typed", "a guessed type", config_of("seeds/policy/", column_types={}),
         "has no type"),
    Case("seeds_are_typed", "a type of one engine",
         lambda draft: draft.add_seed("seeds/policy/cases.csv", "valid_from,rate")["config"][
             "column_types"].update(rate="varchar"), "has the type varchar"),
    Case("seeds_are_typed", "a column that is gone",
         lambda draft: draft.add_seed("seeds/policy/cases.csv", "valid_from,rate")["config"][
             "column_types"].update(gone="double"), "has no column gone"),
    Case("seed_columns_are_documented", "no description", of("seeds/policy/", columns={}),
         "has no description"),
    Case("policy_has_a_beginning", "no date",
         lambda draft: draft.add_seed("seeds/policy/cases.csv", "code,rate"),
         "has no valid_from"),
    Case("policy_is_tested", "no test", no_data_tests, "has no data test"),
    Case("policy_is_used", "nobody reads it",
         lambda draft: draft.add_seed("seeds/policy/cases.csv", "valid_from,rate"),
         "is read by no model"),
    # tests
    Case("generic_tests_are_our_own", "nobody's",
         lambda draft: draft.add_test("case", "dim_member", test_metadata={"name": "is_nice"}),
         "uses the test is_nice"),
    Case("generic_tests_are_our_own", "elsewhere", generic_test("macros/tests/is_nice.sql"),
         "defines the test is_nice"),
    Case("generic_tests_can_fail", "no fixture", generic_test("tests/dbt/generic/is_nice.sql"),
         "is_nice lacks a fixture"),
    Case("loosened_tests_give_a_dated_reason", "a warning",
         lambda draft: draft.add_test("case", "dim_member", config={"severity": "warn"}),
         "without a dated reason"),
    Case("loosened_tests_give_a_dated_reason", "some rows forgiven",
         lambda draft: draft.add_test(
             "case", "dim_member",
             config={"severity": "ERROR", "error_if": "> 10", "meta": {"reason": "noise"}}),
         "without a dated reason"),
    Case("singular_tests_are_assets_checks", "two models",
         singular_test("tests/dbt/singular/case.sql", "dim_member", "member_rfm"),
         "reads 2 models"),
    Case("singular_tests_are_assets_checks", "elsewhere",
         singular_test("tests/dbt/case.sql", "dim_member"), "Move it to tests/dbt/singular/"),
    Case("marts_have_tests", "none", no_data_tests, "has no data test"),
    Case("macros_of_dbt_packages_stay_out", "packages.yml",
         file("packages.yml", "packages: []"), "declares dbt packages"),
    # contract
    Case("every_contract_table_is_staged", "not there",
         lambda draft: draft.manifest["nodes"].pop(draft.unique_id("stg_crm__members")),
         "stg_crm__members.sql is missing"),
    Case("every_contract_table_is_staged", "another table", staging_of_another_table,
         "reads visits"),
    Case("staging_uses_every_contract_column", "a new column", contract_column,
         "leaves out the contract column shoe_size"),
    Case("staging_uses_every_contract_column", "a star", staging_star, "ends in a star"),
    # Python
    Case("dagster_only_wires", "in a module", file("orchestration/case.py", "import dagster\n"),
         "imports Dagster"),
    Case("imports_are_required", "in the package",
         file("orchestration/case.py", "from nowhere_lib.part import thing\n"),
         "imports nowhere_lib"),
    Case("imports_are_required", "in the board",
         file("dashboard/case.py", "import nowhere_lib\n"), "requirements/run.in"),
    Case("imports_are_required", "in the tests",
         file("tests/case.py", "def f():\n    import nowhere_lib\n"), "requirements/test.in"),
    Case("imports_are_required", "a test library in the package",
         file("orchestration/case.py", "import pytest\n"), "requirements/run.in"),
    Case("model_names_come_from_the_manifest", "a list",
         file("orchestration/case.py", "MARTS = ['dim_member', 'member_rfm']\n"),
         "lists models (dim_member, member_rfm)"),
    # the house
    Case("locks_name_no_host", "an index",
         lock_line("requirements/run.txt", "--index-url https://example.org/simple\n"),
         "names a place"),
    Case("locks_agree", "another version",
         lock_line("requirements/run.txt", "zzz==1.0 \\\n    --hash=sha256:00\n"),
         "requirements/test.txt does not"),
    Case("locks_agree", "no hash", lock_line("requirements/run.txt", "zzz==1.0\n"),
         "without hashes"),
    Case("documents_link_to_what_exists", "a dead link",
         file("CONTRIBUTING.md", "[here](docs/nowhere.md)"), "links to docs/nowhere.md"),
    Case("documents_name_real_commands", "no such target",
         file("CONTRIBUTING.md", "Run `make coffee`."), "says make coffee"),
    Case("documents_are_finished", "a placeholder",
         file("CONTRIBUTING.md", "What TBD means."), "still says"),
    Case("files_are_small", "a megabyte", file("seeds/policy/big.csv", "a" * 1_000_001),
         "1,000,001 characters"),
)  # fmt: skip
