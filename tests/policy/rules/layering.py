"""Which model may read which."""

import re
from collections.abc import Iterator
from functools import lru_cache

from sqlglot import ParseError, TokenError, exp

from tests.policy.portable import RenderError, parse, render
from tests.policy.project import AS_OF_MODEL, DOMAINS, OWN_SYSTEM, Model, Project
from tests.policy.rule import rule

# The direction is identity -> core -> insight, economy -> activation -> measurement -> kpi.
# insight and economy stand side by side; ops stands beside everything and is read by nobody.
READS = {
    "identity": {"identity"},
    "core": {"identity", "core"},
    "insight": {"identity", "core", "insight"},
    "economy": {"identity", "core", "economy"},
    "activation": {"identity", "core", "insight", "economy", "activation"},
    "measurement": {"identity", "core", "insight", "economy", "activation", "measurement"},
    "kpi": set(DOMAINS) - {"ops"},
    "ops": set(DOMAINS),
}

PERSON = re.compile(r"\b(?:\w+_)?one_id\b")
"""A column that names a person."""

DATED_BY = {"stg_commerce__order_lines": "stg_commerce__orders"}
"""Tables whose rows the contract dates by another table: a line without a date of its own is as old
as its order, so which line was known depends on which order was."""


def _parents(project: Project, model: Model) -> Iterator[Model]:
    for parent in model.parents:
        if parent in project.model_by_id:
            yield project.model_by_id[parent]


@rule
def staging_reads_sources(project: Project) -> Iterator[str]:
    """Staging reads sources of its own system; of models only the one that knows the date."""
    for model in project.models:
        if model.layer != "staging":
            continue
        for parent in _parents(project, model):
            if parent.name not in {AS_OF_MODEL, DATED_BY.get(model.name)}:
                yield (
                    f"{model.path} reads the model {parent.name}. Staging reads sources and "
                    f"{AS_OF_MODEL} only; move the work to an intermediate model."
                )
        for unique_id in model.parents:
            source = project.sources.get(unique_id)
            if source is None:
                continue
            if source["source_name"] != model.folder and model.name != AS_OF_MODEL:
                yield (
                    f"{model.path} reads the source {source['source_name']}.{source['name']}. A "
                    "staging model reads the sources of its own system; join them later."
                )


@rule
def only_staging_reads_sources(project: Project) -> Iterator[str]:
    """Every other layer reads what staging has made of a source."""
    for model in project.models:
        for unique_id in model.parents:
            source = project.sources.get(unique_id)
            if source is not None and model.layer != "staging":
                yield (
                    f"{model.path} reads the source {source['source_name']}.{source['name']}. "
                    f"Read stg_{source['source_name']}__{source['name']} instead."
                )


@rule
def intermediates_do_not_read_their_own_marts(project: Project) -> Iterator[str]:
    """Intermediates read staging, intermediates and policy, and the marts of earlier domains.

    A mart is how a domain speaks to the others; inside a domain the way leads up only.
    """
    for model in project.models:
        if model.layer != "intermediate":
            continue
        for parent in _parents(project, model):
            if parent.layer == "marts" and parent.folder == model.folder:
                yield (
                    f"{model.path} reads {parent.name}, a mart of its own domain. Read the "
                    "intermediate below that mart, or make the mart's work an intermediate."
                )


@rule
def marts_read_no_staging(project: Project) -> Iterator[str]:
    """Marts read intermediates, marts and policy; of staging only the warehouse's own records."""
    for model in project.marts:
        for parent in _parents(project, model):
            if parent.layer == "staging" and parent.folder != OWN_SYSTEM:
                yield (
                    f"{model.path} reads {parent.name}. A mart reads intermediates, marts and "
                    "seeds; put an intermediate model of its domain between the two."
                )


@rule
def domains_keep_their_direction(project: Project) -> Iterator[str]:
    """A domain reads only itself and the domains before it."""
    for model in project.models:
        if model.layer not in {"intermediate", "marts"}:
            continue
        allowed = READS.get(model.folder, set())
        for parent in _parents(project, model):
            if parent.layer in {"intermediate", "marts"} and parent.folder not in allowed:
                yield (
                    f"{model.path} (domain {model.folder}) reads {parent.name} of the domain "
                    f"{parent.folder}. The direction is identity, core, insight and economy, "
                    "activation, measurement, kpi; move the rule to the domain that owns it."
                )


@rule
def snapshots_read_marts(project: Project) -> Iterator[str]:
    """A snapshot keeps what users were shown: it reads a mart."""
    for node in project.snapshots.values():
        for parent in node["depends_on"]["nodes"]:
            model = project.model_by_id.get(parent)
            if model is None or model.layer != "marts":
                yield (
                    f"{node['original_file_path']} reads {parent.rpartition('.')[2]}. A snapshot "
                    "keeps what was believed, and that is a mart."
                )


@rule
def relations_are_referenced(project: Project) -> Iterator[str]:
    """Every table in a from or join comes from ref(), source() or a CTE."""
    for model in project.models:
        try:
            names = [name for sql in render(project, model.sql) for name in _named_tables(sql)]
        except (RenderError, ParseError, TokenError):
            continue  # shared_sql_only says so
        for name in names:
            yield (
                f"{model.path} reads the table {name} by name. "
                "Use ref() or source(), so that dbt knows about it."
            )


@lru_cache(maxsize=4096)
def _named_tables(sql: str) -> tuple[str, ...]:
    """The tables that a statement reads and that are neither a reference nor a CTE."""
    tree = parse(sql, "duckdb")
    known = {cte.alias for cte in tree.find_all(exp.CTE)}
    return tuple(
        table.name
        for table in tree.find_all(exp.Table)
        if not isinstance(table.this, exp.Anonymous | exp.Func)
        and table.db not in {"ref", "source", "this"}
        and table.name not in known
    )


@rule
def persons_are_those_of_the_run(project: Project) -> Iterator[str]:
    """Who is who is known anew in every run, so no mart and no increment keeps an older answer.

    A mart that names persons has them from the identity domain; a model that keeps rows from run
    to run holds the record, and whoever shows it joins the person. Identity itself keeps the log.
    A snapshot of persons ends what it believed of those who are none any more.
    """
    for node in project.snapshots.values():
        config = node.get("config") or {}
        hooks = " ".join(str(hook["sql"]) for hook in config.get("post-hook") or ())
        if PERSON.search(str(config.get("unique_key"))) and "end_beliefs(" not in hooks:
            yield (
                f"{node['original_file_path']} keeps what was believed of persons, and what it "
                "believes of one who was merged away would never end. Give it post_hook="
                "\"{{ end_beliefs(ref('<its mart>')) }}\"."
            )
    for model in project.models:
        names_persons = any(PERSON.search(column) for column in model.columns)
        if model.layer == "marts" and names_persons and not _descends_from_identity(project, model):
            yield (
                f"{model.path} names persons that no model of the identity domain gives it. Join "
                "int_identity__record_persons, dim_member or a model that does."
            )
        keeps = model.config.get("materialized") == "incremental"
        if keeps and model.folder != "identity" and PERSON.search(model.sql) is not None:
            yield (
                f"{model.path} keeps one_id from run to run, and a merge would leave it behind. "
                "Keep the source record and join the person in the model that reads this one."
            )


def _descends_from_identity(project: Project, model: Model) -> bool:
    waiting, seen = [model], {model.unique_id}
    while waiting:
        for parent in _parents(project, waiting.pop()):
            if parent.layer == "intermediate" and parent.folder == "identity":
                return True
            if parent.unique_id not in seen:
                seen.add(parent.unique_id)
                waiting.append(parent)
    return False
