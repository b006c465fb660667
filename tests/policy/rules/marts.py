"""What a mart promises to the people and tools that read it."""

import re
from collections.abc import Iterator

from sqlglot import ParseError, TokenError

from tests.policy.portable import RenderError, output_columns, render
from tests.policy.project import Model, Project, column_meta
from tests.policy.rule import rule

CHINESE = re.compile(r"[\u4e00-\u9fff]")
POINT_IN_TIME = {"insight", "measurement", "kpi"}
PERSONAL_TYPES = {"phone", "email", "name", "buyer_key"}
PERSONAL_NAMES = {
    "address", "birthday", "latitude", "longitude", "nickname", "postcode", "receiver_address",
}  # fmt: skip
"""Personal columns of the contract by the names that say so; `value` and `comment` do not."""


@rule
def marts_have_enforced_contracts(project: Project) -> Iterator[str]:
    """dbt compares the columns and types of every mart with its YAML."""
    for model in project.marts:
        if not (model.config.get("contract") or {}).get("enforced"):
            yield f"{model.path} has no enforced contract. Set contract: {{enforced: true}}."


@rule
def marts_are_public_and_nothing_else_is(project: Project) -> Iterator[str]:
    """Access is public on marts, and on marts alone; the vault is protected."""
    for model in project.models:
        is_public = model.node.get("access") == "public"
        if model.is_vault:
            if model.node.get("access") != "protected":
                yield (
                    f"{model.path} is a vault and not protected. Set access='protected'; what is "
                    "public is published."
                )
        elif model.layer == "marts" and not is_public:
            yield f"{model.path} is not public. Set access: public; marts are what users read."
        if model.layer != "marts" and is_public:
            yield f"{model.path} is public. Only marts are; remove the access setting."


@rule
def marts_have_an_owner(project: Project) -> Iterator[str]:
    """Every mart belongs to the group of its domain, and every group has an owner to ask."""
    owners = {group["name"]: group.get("owner") or {} for group in project.groups.values()}
    for model in project.marts:
        if model.node.get("group") != model.folder:
            yield f"{model.path} is not in the group {model.folder}. Set +group in dbt_project.yml."
    for name, owner in owners.items():
        if not owner.get("name"):
            yield f"The group {name} names no owner. Give it owner: {{name: …}}."


@rule
def marts_have_a_primary_key(project: Project) -> Iterator[str]:
    """The grain is a constraint, not only a comment."""
    for model in project.marts:
        if not model.primary_key:
            yield (
                f"{model.yaml_path or model.path} declares no primary key. Add a constraint of "
                "type primary_key over the columns of the grain."
            )
        for name in model.primary_key:
            if name not in model.columns:
                yield (
                    f"{model.yaml_path} has the primary-key column {name}, which it does not "
                    "describe. Describe it or correct the key."
                )


@rule
def primary_keys_are_tested(project: Project) -> Iterator[str]:
    """A data test proves every primary key unique and filled: the engine keeps no index of it."""
    tested: dict[str, list[list[str]]] = {}
    for test in project.data_tests.values():
        metadata = test.get("test_metadata") or {}
        values = metadata.get("kwargs") or {}
        if metadata.get("name") == "primary_key":
            columns = sorted(map(str, values.get("columns") or []))
            tested.setdefault(str(test.get("attached_node")), []).append(columns)
    for model in project.marts:
        if model.primary_key and sorted(model.primary_key) not in tested.get(model.unique_id, []):
            yield (
                f"{model.yaml_path}: nothing tests that {', '.join(model.primary_key)} is unique. "
                "Add the data test primary_key over these columns."
            )


@rule
def mart_columns_are_documented(project: Project) -> Iterator[str]:
    """Every column has a type, an English description and a Chinese label."""
    for model in project.marts:
        if not model.columns:
            yield f"{model.path} describes no columns. List them in {model.path.stem}.yml."
        for name, column in model.columns.items():
            if not column.get("data_type"):
                yield f"{model.yaml_path}: the column {name} has no data_type. Add it."
            if not str(column.get("description") or "").strip():
                yield f"{model.yaml_path}: the column {name} has no description. Say what it means."
            label = str(column_meta(column).get("label_zh") or "")
            if CHINESE.search(label) is None:
                yield (
                    f"{model.yaml_path}: the column {name} has no Chinese label. "
                    "Add config: {meta: {label_zh: …}}."
                )


@rule
def mart_types_exist_on_both_engines(project: Project) -> Iterator[str]:
    """Column types are written in the words that DuckDB and Spark share."""
    shared = re.compile(
        r"string|boolean|int|integer|bigint|double|date|timestamp|decimal\(\d+, ?\d+\)"
    )
    for model in project.marts:
        for name, column in model.columns.items():
            kind = str(column.get("data_type") or "")
            if kind and shared.fullmatch(kind) is None:
                yield (
                    f"{model.yaml_path}: the column {name} has the type {kind}. Use string, "
                    "boolean, integer, bigint, double, date, timestamp or decimal(p, s)."
                )


@rule
def marts_are_tables(project: Project) -> Iterator[str]:
    """A published view would point at a file that readers do not have."""
    for model in project.marts:
        if model.config.get("materialized") not in {"table", "incremental"}:
            yield (
                f"{model.path} is materialised as {model.config.get('materialized')}. "
                "A mart is a table or incremental."
            )


@rule
def point_in_time_marts_say_when(project: Project) -> Iterator[str]:
    """Every mart of insight, measurement and kpi carries the business date it describes."""
    for model in project.marts:
        if model.folder in POINT_IN_TIME and "as_of_date" not in model.columns:
            yield f"{model.path} has no column as_of_date. Add it; {model.folder} marts have one."


@rule
def personal_data_are_kept_in_the_vault(project: Project) -> Iterator[str]:
    """What is stored elsewhere carries tokens; names, numbers, addresses, birthdays stay behind."""
    personal = {
        column
        for columns in project.contract.values()
        for column, definition in columns.items()
        if definition.get("personal")
        and (definition["type"] in PERSONAL_TYPES or column in PERSONAL_NAMES)
    }
    hidden = {
        f"{column}{suffix}"
        for column in personal
        for suffix in ("", "_raw", "_normalised", "_latin")
    }
    for model in project.models:
        if model.is_vault or not model.is_stored or model.name == "dim_store":
            continue
        for name in sorted(hidden & (set(model.columns) | _columns_of(project, model))):
            yield (
                f"{model.path} keeps the personal column {name}. Keep its token; or make the model "
                "a view, or a part of the vault (schema='vault', meta={'vault': true})."
            )


def _columns_of(project: Project, model: Model) -> set[str]:
    """The columns that a model's SQL gives, whatever its YAML says."""
    try:
        return {name for sql in render(project, model.sql) for name in output_columns(sql)}
    except (RenderError, ParseError, TokenError):
        return set()  # shared_sql_only says so


@rule
def exposures_cover_marts(project: Project) -> Iterator[str]:
    """Every mart is in an exposure, and every exposure has an owner."""
    covered = set()
    for node in project.exposures.values():
        covered.update(node["depends_on"]["nodes"])
        owner = node.get("owner") or {}
        if not (owner.get("name") or owner.get("email")) or not node.get("description"):
            yield (
                f"{node['original_file_path']}: the exposure {node['name']} lacks an owner or a "
                "description. Say who reads it and what for."
            )
    for model in project.marts:
        if model.unique_id not in covered:
            yield (
                f"{model.path} is in no exposure. Name who reads it in "
                f"models/marts/{model.folder}/_{model.folder}__exposures.yml."
            )
