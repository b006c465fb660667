"""A project that can be changed, so that each rule can be shown what it must not accept."""

import copy
from collections import UserDict
from collections.abc import Mapping
from typing import Any

from tests.policy.project import PACKAGE, Project

CONTRACT = """
systems:
  crm:
    members:
      key: [member_no]
      columns:
        member_no: {type: id, required: true}
        phone: {type: phone, personal: true}
        granted: {type: boolean}
        updated_at: {type: timestamp, required: true}
"""
MEMBERS_SQL = """-- Grain: one row per member card
select
    members.member_no,
    members.phone_token,
    members.granted as is_granted,
    members.updated_at
from {{ source('crm', 'members') }} as members
cross join {{ ref('stg_rekindle__as_of') }} as as_of
where members.updated_at < as_of.as_of_end_at
"""
AS_OF_SQL = """-- Grain: one row, the business date of the build
select {{ start_of_day('updated_at') }} as as_of_end_at
from {{ source('crm', 'members') }}
{% if var('as_of_date', none) %}
where updated_at < cast('{{ var("as_of_date") }}' as timestamp)
{% endif %}
"""
RECORDS_SQL = """-- Grain: one row per record
with

members as (
    select
        member_no,
        updated_at
    from {{ ref('stg_crm__members') }}
)

select
    member_no,
    {{ start_of_day('updated_at') }} as seen_date,
    row_number() over (
        partition by member_no order by updated_at desc nulls last, member_no asc nulls last
    ) as version_rank
from members
"""
DIM_MEMBER_SQL = """-- Grain: one row per person
select
    member_no as one_id,
    version_rank = 1 as is_newest
from {{ ref('int_identity__records') }}
"""
RFM_SQL = """-- Grain: one row per person
select
    dim_member.one_id,
    {{ start_of_day('as_of.as_of_end_at') }} as as_of_date,
    cast(rfm_policy.share as double) / nullif(count(*) over (), 0) as share
from {{ ref('dim_member') }} as dim_member
cross join {{ ref('stg_rekindle__as_of') }} as as_of
cross join {{ ref('rfm_policy') }} as rfm_policy
"""
START_OF_DAY = """{% macro start_of_day(instant) -%}
    {{ return(adapter.dispatch('start_of_day', 'rekindle')(instant)) }}
{%- endmacro %}

{% macro default__start_of_day(instant) -%}
    cast({{ instant }} as date)
{%- endmacro %}

{% macro spark__start_of_day(instant) -%}
    date_add({{ instant }}, 0)
{%- endmacro %}
"""
FILES = {
    "orchestration/loading/contract.yml": CONTRACT,
    "models/staging/crm/stg_crm__members.sql": MEMBERS_SQL,
    "models/staging/crm/_crm__sources.yml": "REKINDLE_LAKE",
    "models/staging/rekindle/stg_rekindle__as_of.sql": AS_OF_SQL,
    "models/intermediate/identity/int_identity__records.sql": RECORDS_SQL,
    "models/marts/identity/dim_member.sql": DIM_MEMBER_SQL,
    "models/marts/insight/member_rfm.sql": RFM_SQL,
    "macros/dialect/start_of_day.sql": START_OF_DAY,
    "seeds/policy/rfm_policy.csv": "valid_from,share\n2000-01-01,0.2\n",
    "tests/dbt/generic/primary_key.sql": (
        "{% test primary_key(model, columns) %}\n"
        "select {{ columns }} from {{ model }} group by {{ columns }} having count(*) > 1\n"
        "{% endtest %}\n"
    ),
    "tests/macros/generic_tests.yml": "primary_key: {passes: [select 1], fails: [select -1]}\n",
    "tests/macros/cases.yml": "start_of_day: [{says: it}]\n",
    "orchestration/cli.py": "import click\n",
    "orchestration/loading/assets.py": "import dagster\n",
    "requirements/run.in": "click\ndagster\n",
    "requirements/test.in": "-r run.in\npytest\n",
    "requirements/run.txt": "click==8.0 \\\n    --hash=sha256:00\n    # via -r run.in\n",
    "requirements/test.txt": "click==8.0 \\\n    --hash=sha256:00\n    # via -r test.in\n",
    "Makefile": "test:  ## all tests\n",
    "README.md": "`make test`, see [the contract](orchestration/loading/contract.yml).\n",
}


class Entries(UserDict[str, Any]):
    """A part of a manifest to change: an entry is copied when somebody asks for it.

    So the manifest it is taken from stays as it is, and the thousands of entries that a case does
    not touch cost nothing.
    """

    def __init__(self, shared: Mapping[str, Any]) -> None:
        super().__init__()
        self.data = dict(shared)
        self._shared = set(shared)

    def __getitem__(self, key: str) -> Any:
        if key in self._shared:
            self[key] = copy.deepcopy(self.data[key])
        return self.data[key]

    def __setitem__(self, key: str, entry: Any) -> None:
        self._shared.discard(key)
        self.data[key] = entry


class Draft:
    """Manifest and files to change; `project()` is what the rules judge."""

    def __init__(self, manifest: Mapping[str, Any], files: Mapping[str, str]) -> None:
        self.manifest: dict[str, Any] = {
            name: Entries(part) if isinstance(part, Mapping) else copy.deepcopy(part)
            for name, part in manifest.items()
        }
        self.files = dict(files)

    def project(self) -> Project:
        """The project as it stands."""
        manifest = {
            name: part.data if isinstance(part, Entries) else part
            for name, part in self.manifest.items()
        }
        return Project(manifest, self.files)

    def node(self, folder: str) -> dict[str, Any]:
        """The first node whose file lies below a folder."""
        for unique_id in sorted(self.manifest["nodes"]):
            if not unique_id.startswith(("model.", "seed.")):
                continue
            node: dict[str, Any] = self.manifest["nodes"][unique_id]
            if node["original_file_path"].startswith(folder):
                return node
        raise LookupError(folder)

    def column(self, folder: str) -> dict[str, Any]:
        """The first column of the first node whose file lies below a folder."""
        columns: dict[str, dict[str, Any]] = self.node(folder)["columns"]
        return next(iter(columns.values()))

    def macro(self, folder: str = "macros/dialect/") -> dict[str, Any]:
        """The first documented macro below a folder."""
        for unique_id in sorted(self.manifest["macros"]):
            macro: dict[str, Any] = self.manifest["macros"][unique_id]
            if macro["original_file_path"].startswith(folder) and "__" not in macro["name"]:
                return macro
        raise LookupError(folder)

    def source(self) -> dict[str, Any]:
        """The first source table of the landing contract."""
        for unique_id in sorted(self.manifest["sources"]):
            source: dict[str, Any] = self.manifest["sources"][unique_id]
            if source["source_name"] != PACKAGE:
                return source
        raise LookupError("source")

    def add_model(self, path: str, sql: str, *reads: str, **changes: Any) -> dict[str, Any]:
        """A new model that reads some nodes; everything else about it is in order."""
        layer, folder, file = path.removeprefix("models/").split("/")
        name = file.removesuffix(".sql")
        is_mart = layer == "marts"
        yaml = {
            "staging": f"_{folder}__models.yml",
            "intermediate": f"_int_{folder}__models.yml",
        }.get(layer, f"{name}.yml")
        columns = ("one_id", "as_of_date")
        node: dict[str, Any] = {
            "unique_id": f"model.{PACKAGE}.{name}",
            "resource_type": "model",
            "package_name": PACKAGE,
            "name": name,
            "original_file_path": path,
            "patch_path": f"{PACKAGE}://{path.rpartition('/')[0]}/{yaml}",
            "schema": folder if is_mart else layer,
            "description": "What a row of it holds.",
            "config": {
                "materialized": "table",
                "contract": {"enforced": is_mart},
                "meta": {},
            },
            "access": "public" if is_mart else "protected",
            "group": folder if is_mart else None,
            "constraints": [{"type": "primary_key", "columns": ["one_id"]}] if is_mart else [],
            "columns": {
                column: {
                    "name": column,
                    "data_type": "date" if column.endswith("_date") else "string",
                    "description": f"The {column} of {name}.",
                    "config": {"meta": {"label_zh": "列"}},
                    "constraints": [],
                }
                for column in columns
                if is_mart
            },
            "depends_on": {"nodes": [self.unique_id(read) for read in reads], "macros": []},
        } | changes
        self.manifest["nodes"][node["unique_id"]] = node
        self.files[path] = sql
        if is_mart:
            self.add_test(
                f"primary_key_{name}",
                name,
                test_metadata={"name": "primary_key", "kwargs": {"columns": ["one_id"]}},
            )
            self.manifest["exposures"][f"exposure.{PACKAGE}.reader_of_{name}"] = {
                "name": f"reader_of_{name}",
                "original_file_path": f"models/marts/{folder}/_{folder}__exposures.yml",
                "description": "Who reads it.",
                "owner": {"name": "Membership team"},
                "depends_on": {"nodes": [node["unique_id"]]},
            }
        return node

    def add_test(self, name: str, *reads: str, **changes: Any) -> dict[str, Any]:
        """A new data test over some nodes."""
        node = {
            "unique_id": f"test.{PACKAGE}.{name}",
            "resource_type": "test",
            "package_name": PACKAGE,
            "name": name,
            "original_file_path": "models/marts/identity/dim_member.yml",
            "config": {"severity": "ERROR", "error_if": "!= 0", "limit": None, "enabled": True},
            "attached_node": self.unique_id(reads[0]),
            "depends_on": {"nodes": [self.unique_id(read) for read in reads]},
        } | changes
        self.manifest["nodes"][node["unique_id"]] = node
        return node

    def add_seed(self, path: str, header: str) -> dict[str, Any]:
        """A new seed in order; its columns are the header's."""
        name = path.rpartition("/")[2].removesuffix(".csv")
        columns = header.split(",")
        types = {column: "date" if column == "valid_from" else "double" for column in columns}
        node: dict[str, Any] = {
            "unique_id": f"seed.{PACKAGE}.{name}",
            "resource_type": "seed",
            "package_name": PACKAGE,
            "name": name,
            "original_file_path": path,
            "patch_path": f"{PACKAGE}://seeds/policy/_policy__seeds.yml",
            "schema": "policy",
            "description": "What an operator changes here.",
            "config": {"column_types": types},
            "columns": {
                column: {"name": column, "description": f"The {column} of {name}."}
                for column in columns
            },
            "depends_on": {"macros": []},
        }
        self.manifest["nodes"][node["unique_id"]] = node
        self.files[path] = f"{header}\n"
        self.add_test(f"not_null_{name}", name, test_metadata={"name": "not_null"})
        return node

    def add_macro(self, path: str, text: str, **changes: Any) -> None:
        """A new macro file, described; every macro tag in it becomes a macro of the manifest."""
        topic = path.split("/")[1]
        chunks = text.split("{% macro ")[1:]
        for chunk in chunks:
            name, _, rest = chunk.partition("(")
            parameters = [part.strip() for part in rest.partition(")")[0].split(",")]
            self.manifest["macros"][f"macro.{PACKAGE}.{name}"] = {
                "name": name,
                "package_name": PACKAGE,
                "original_file_path": path,
                "macro_sql": "{% macro " + chunk.strip(),
                "description": "What it writes.",
                "patch_path": f"{PACKAGE}://macros/{topic}/_{topic}__macros.yml",
                "arguments": [
                    {"name": parameter, "description": "an expression"}
                    for parameter in parameters
                    if parameter
                ],
            } | changes
        self.files[path] = text

    def unique_id(self, name: str) -> str:
        """The unique id of a model, a seed, or a source written as system.table."""
        if "." in name:
            return f"source.{PACKAGE}.{name}"
        for unique_id in (f"model.{PACKAGE}.{name}", f"seed.{PACKAGE}.{name}"):
            if unique_id in self.manifest["nodes"]:
                return unique_id
        raise LookupError(name)


def clean() -> Draft:
    """The smallest project without a violation."""
    draft = Draft(
        {
            "nodes": {},
            "macros": {},
            "sources": {},
            "exposures": {},
            "metrics": {},
            "unit_tests": {},
            "groups": {
                f"group.{PACKAGE}.{name}": {"name": name, "owner": {"name": "Membership team"}}
                for name in ("identity", "insight")
            },
        },
        dict(FILES),
    )
    location = "var/lake/raw/crm/{name}/*.parquet"
    draft.manifest["sources"][f"source.{PACKAGE}.crm.members"] = {
        "source_name": "crm",
        "name": "members",
        "original_file_path": "models/staging/crm/_crm__sources.yml",
        "description": "Every version of every card.",
        "source_description": "The member centre.",
        "config": {"meta": {"external_location": location}},
    }
    draft.add_seed("seeds/policy/rfm_policy.csv", "valid_from,share")
    draft.add_model("models/staging/rekindle/stg_rekindle__as_of.sql", AS_OF_SQL, "crm.members")
    draft.add_model(
        "models/staging/crm/stg_crm__members.sql",
        MEMBERS_SQL,
        "crm.members",
        "stg_rekindle__as_of",
    )
    draft.add_model(
        "models/intermediate/identity/int_identity__records.sql",
        RECORDS_SQL,
        "stg_crm__members",
    )
    draft.add_model("models/marts/identity/dim_member.sql", DIM_MEMBER_SQL, "int_identity__records")
    draft.add_model(
        "models/marts/insight/member_rfm.sql",
        RFM_SQL,
        "dim_member",
        "stg_rekindle__as_of",
        "rfm_policy",
    )
    draft.add_macro("macros/dialect/start_of_day.sql", START_OF_DAY)
    draft.manifest["macros"][f"macro.{PACKAGE}.test_primary_key"] = {
        "name": "test_primary_key",
        "package_name": PACKAGE,
        "original_file_path": "tests/dbt/generic/primary_key.sql",
        "macro_sql": FILES["tests/dbt/generic/primary_key.sql"],
        "description": "",
        "arguments": [],
    }
    return draft
