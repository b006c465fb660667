"""Brings the log of ids back from what is published, where the build file is lost.

Without it, persons that once met get other ids, and ids on file elsewhere resolve no more.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.clock import utc
from orchestration.errors import UsageError
from orchestration.identity.as_of import has_history
from orchestration.loading.lake import Lake, sql_text
from orchestration.loading.register import read_register
from orchestration.publishing.publish import read_publication
from orchestration.warehouse.build import only_writer
from orchestration.workspace import BUILD_FILE_NAME, Workspace

LOG = "intermediate.int_identity__assignments"
_COLUMNS = """
    source_system || '.' || source_table || ':' || source_key as source_record_key,
    one_id,
    assignment_number,
    effective_at,
    changed_at,
    caused_by
"""
"""Those of the log, in their order, from identity.oneid_history."""


def restore_log(workspace: Workspace) -> int:
    """Begin a build file with the log that identity.oneid_history tells; returns its entries.

    The next build keeps it. Raises UsageError where there is a build file, nothing of the brand is
    published, or persons were erased since it was.
    """
    published = workspace.serving / BUILD_FILE_NAME
    build_file = workspace.build_file()
    with only_writer(build_file):
        if build_file.exists():
            raise UsageError(
                f"There is a build file {build_file}, which has its log: build, or delete "
                f"{build_file.parent} first."
            )
        _check_publication(workspace, published)
        unfinished = build_file.with_name(f".{build_file.name}.restoring")
        unfinished.unlink(missing_ok=True)
        with duckdb.connect(str(unfinished)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(f"attach {sql_text(str(published))} as published (read_only)")
            connection.execute("create schema intermediate")
            connection.execute(
                f"create table {LOG} as select {_COLUMNS} from published.identity.oneid_history"
            )
            ((entries,),) = connection.execute(f"select count(*) from {LOG}").fetchall()
        unfinished.replace(build_file)
    return int(entries)


def _check_publication(workspace: Workspace, published: Path) -> None:
    publication = read_publication(published)
    if publication is None or publication.brand != workspace.brand:
        raise UsageError(
            f"{published} holds nothing of {workspace.brand}, so there is no log to take from it: "
            "put the published file back from a backup, or build, and ids begin anew."
        )
    with duckdb.connect(str(published), read_only=True) as connection:
        is_told = has_history(connection)
    if not is_told:
        raise UsageError(
            f"{published} was published by a version without identity.oneid_history: build, and "
            "ids begin anew."
        )
    erasures, _ = read_register(Lake(workspace.lake).register_file)
    if any(
        one.completed_at is None or _without_zone(one.completed_at) > publication.published_at
        for one in erasures
    ):
        raise UsageError(
            f"Persons were erased after {published} was published, and it still names their "
            "records: build, and ids begin anew."
        )


def _without_zone(instant: datetime) -> datetime:
    return utc(instant) if instant.tzinfo else instant
