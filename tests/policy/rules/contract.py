"""Staging beside the landing contract: every table once, every column used."""

from collections.abc import Iterator

from sqlglot import ParseError, TokenError, exp

from tests.policy.portable import RenderError, expressions, render
from tests.policy.project import Model, Project
from tests.policy.rule import rule


def _staging(project: Project) -> Iterator[tuple[tuple[str, str], Model | None, str]]:
    """For each contract table: its staging model (if any) and where that model should be."""
    by_path = {str(model.path): model for model in project.models}
    for system, table in project.contract:
        path = f"models/staging/{system}/stg_{system}__{table}.sql"
        yield (system, table), by_path.get(path), path


@rule
def every_contract_table_is_staged(project: Project) -> Iterator[str]:
    """stg_<system>__<table> exists for each table of the contract and reads that table."""
    for (system, table), model, path in _staging(project):
        if model is None:
            yield f"{path} is missing: the contract has {system}.{table}. Add the staging model."
            continue
        read = {
            project.sources[parent]["name"] for parent in model.parents if parent in project.sources
        }
        if read != {table}:
            yield (
                f"{path} reads {', '.join(sorted(read)) or 'no source'}. The staging model of "
                f"{system}.{table} reads that source and no other."
            )


@rule
def staging_uses_every_contract_column(project: Project) -> Iterator[str]:
    """Each non-personal column of a contract table is in its staging model, renamed or not."""
    for key, model, path in _staging(project):
        if model is None:
            continue
        try:
            columns = expressions(render(project, model.sql)[0])
        except (RenderError, ParseError, TokenError):
            continue  # shared_sql_only says so
        if "*" in columns:
            yield f"{path} ends in a star. List its columns, so that the contract can be held."
            continue
        used = set(columns)
        for expression in columns.values():
            used |= {column.name for column in expression.find_all(exp.Column)}
        for name, definition in project.contract[key].items():
            if not definition.get("personal") and name not in used:
                yield f"{path} leaves out the contract column {name}. Select it."
