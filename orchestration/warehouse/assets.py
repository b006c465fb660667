"""Dagster wiring of the warehouse: every dbt node an asset, every data test an asset check."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from orchestration.brand_resource import BrandResource
from orchestration.retries import TRANSIENT, failing_at_once
from orchestration.warehouse.build import (
    BuildOptions,
    building,
    dbt_files,
    finish_build,
    note_partial_build,
    table_rows,
)
from orchestration.warehouse.dbt_run import dbt_environment, failure_message, read_results
from orchestration.warehouse.manifest import prepared_manifest
from orchestration.workspace import PROJECT

POOL = "rekindle_build"
"""Whoever uses a build file runs in this pool, one at a time."""

MANIFEST = prepared_manifest()


class Translator(DagsterDbtTranslator):
    """Sources are tables of the raw lake; a group is the dbt group, or else the schema."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`lake/<system>/<table>` for a source, `<schema>/<name>` for everything else."""
        key = super().get_asset_key(dbt_resource_props)
        return key.with_prefix("lake") if dbt_resource_props["resource_type"] == "source" else key

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The dbt group of a mart; the schema of seeds, staging, intermediate and snapshots."""
        config = dbt_resource_props.get("config") or {}
        return (
            super().get_group_name(dbt_resource_props)
            or config.get("group")
            or config.get("schema")
            or dbt_resource_props.get("schema")
        )


class BuildConfig(dg.Config):
    """What a run may choose; empty is the project's default."""

    rfm_mode: str | None = None
    lifecycle_mode: str | None = None
    full_refresh: bool = False


@dbt_assets(
    manifest=MANIFEST,
    dagster_dbt_translator=Translator(),
    name="warehouse",
    pool=POOL,
    retry_policy=TRANSIENT,
)
def warehouse(
    context: dg.AssetExecutionContext, config: BuildConfig, brand: BrandResource
) -> Iterator[Any]:
    """Build the brand's warehouse for the last business date of its data."""
    workspace = brand.workspace()
    options = BuildOptions(
        rfm_mode=config.rfm_mode,
        lifecycle_mode=config.lifecycle_mode,
        full_refresh=config.full_refresh,
    )
    with failing_at_once(), building(workspace, options) as plan:
        files = dbt_files(plan.build_file)
        environment = dbt_environment(plan.sources, plan.build_file, plan.lake.business_zone)
        how = f"full refresh: {plan.full_refresh}" if plan.full_refresh else "incremental"
        context.log.info("as of %s, %s", plan.as_of, how)
        with _environment(environment):
            dbt = DbtCliResource(
                project_dir=str(PROJECT),
                profiles_dir=str(PROJECT),
                dbt_executable=str(Path(sys.executable).with_name("dbt")),
            )
            invocation = dbt.cli(
                list(plan.dbt_arguments), context=context, target_path=files.target
            )
            events, broken = _to_its_end(invocation.stream())
            yield from _with_rows(events, table_rows(plan.build_file), context)
            if broken is not None:
                raise dg.Failure(
                    failure_message(read_results(files), files), allow_retries=False
                ) from broken
        if context.is_subset:
            note_partial_build(plan)
        else:
            finish_build(plan, files, dict(read_results(files).counts))


def _to_its_end(stream: Iterable[Any]) -> tuple[list[Any], DagsterDbtCliRuntimeError | None]:
    """What dbt told until it ended, and how it failed. Before, its file has no other reader."""
    events: list[Any] = []
    try:
        events.extend(stream)
    except DagsterDbtCliRuntimeError as error:
        return events, error
    return events, None


def _with_rows(
    events: Iterable[Any], rows: Mapping[tuple[str, str], int], context: dg.AssetExecutionContext
) -> Iterator[Any]:
    """Add the rows of tables to what is told of them; dbt tells how many seconds they took."""
    for event in events:
        if isinstance(event, dg.Output):
            schema, name = context.asset_key_for_output(event.output_name).path[-2:]
            if (schema, name) in rows:
                yield event.with_metadata(
                    {**event.metadata, "dagster/row_count": rows[schema, name]}
                )
                continue
        yield event


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """The process environment with `values`; dbt inherits it, then it is put back."""
    former = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(former)
