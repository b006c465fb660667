"""Writing landing files: Parquet mostly, and CSV and JSON lines where brands use them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from orchestration.demo_brand.columns import Column
from orchestration.demo_brand.settings import ZONE, ZONE_SECONDS

CSV_TABLES = {
    "crm.members": {"member_no": "会员号", "phone": "手机号", "registered_at": "注册时间"},
    "crm.staff": {},
    "crm.erasure_requests": {},
    "campaigns.ad_spend": {},
}
"""Tables written as CSV with local times, and the headers that brand.yml renames."""
JSON_TABLES = {"wecom.contacts", "wecom.groups", "service.tickets"}
_LOCAL = timezone(timedelta(seconds=ZONE_SECONDS))


def brand_text() -> str:
    """The brand.yml of the demo brand."""
    lines = [
        "# A beauty brand in China. Its shop system writes CSV files with local times.",
        f"business_zone: {ZONE}",
        "currency: CNY",
        "tables:",
    ]
    for name, headers in CSV_TABLES.items():
        lines += [f"  {name}:", f"    source_zone: {ZONE}"]
        if headers:
            lines.append("    rename:")
            lines += [f"      {header}: {column}" for column, header in headers.items()]
    return "\n".join(lines) + "\n"


class TableWriter:
    """Appends tables to one landing file, which appears when the writer is closed."""

    def __init__(self, folder: Path, name: str, stem: str) -> None:
        self._name = name
        kind = "csv" if name in CSV_TABLES else "jsonl" if name in JSON_TABLES else "parquet"
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{stem}.{kind}"
        self._hidden = folder / f".{stem}.{kind}"
        self._writer: Any = None
        self._lines: IO[str] | None = None

    def write(self, table: pa.Table) -> None:
        """Append the rows of a table."""
        if self._name in JSON_TABLES:
            self._write_lines(table)
        elif self._name in CSV_TABLES:
            renamed = _for_csv(table, CSV_TABLES[self._name])
            if self._writer is None:
                self._writer = pa_csv.CSVWriter(str(self._hidden), renamed.schema)
            self._writer.write_table(renamed)
        else:
            if self._writer is None:
                self._writer = pq.ParquetWriter(
                    self._hidden, table.schema, compression="zstd", store_schema=False
                )
            self._writer.write_table(table)

    def close(self) -> None:
        """Finish the file and give it its name."""
        if self._lines is not None:
            self._lines.close()
        if self._writer is not None:
            self._writer.close()
        if self._lines is not None or self._writer is not None:
            self._hidden.replace(self._path)

    def _write_lines(self, table: pa.Table) -> None:
        if self._lines is None:
            self._lines = self._hidden.open("w", encoding="utf-8", newline="\n")
        for row in table.to_pylist():
            known = {key: _plain(value) for key, value in row.items() if value is not None}
            self._lines.write(json.dumps(known, ensure_ascii=False) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()


def local_texts(moments: Column) -> Column:
    """Instants of whole seconds as text: local time without a zone."""
    local = pc.add(moments.cast(pa.timestamp("s")), pa.scalar(ZONE_SECONDS, pa.duration("s")))
    return local.cast(pa.string())


def zoned_texts(moments: Column) -> Column:
    """Instants of whole seconds as text, with their zone."""
    return pc.strftime(moments.cast(pa.timestamp("s", "UTC")), format="%Y-%m-%dT%H:%M:%S+00:00")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return float(value) if isinstance(value, Decimal) else value


def _for_csv(table: pa.Table, headers: dict[str, str]) -> pa.Table:
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        if pa.types.is_timestamp(column.type):
            column = local_texts(column)
        columns[headers.get(name, name)] = column
    return pa.table(columns)
