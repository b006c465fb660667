"""What every page is made of: charts and tables with their definition and their export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dashboard.language import Words
from dashboard.published import Published

PLOT = {"displayModeBar": False, "responsive": True}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""

LARGE_AMOUNT = 100_000

Sources = Mapping[str, Sequence[str]]
"""Tables as `schema.table`, and the columns of each that a chart shows."""


@dataclass(frozen=True)
class Board:
    """What a page is drawn from: the open publication, and words in the reader's language."""

    published: Published
    words: Words

    @property
    def as_of(self) -> str:
        """The business date as text; empty for an empty brand."""
        day = self.published.publication.as_of_date
        return day.isoformat() if day else ""

    def has(self, *tables: str) -> bool:
        """Whether the tables are published; says so on the page where one is not."""
        missing = [table for table in tables if not self.published.has(table)]
        if missing:
            st.info(self.words("parts.not_published", tables=", ".join(missing)))
        return not missing

    def has_rows(self, frame: pd.DataFrame, key: str) -> bool:
        """Whether there is something to show; says under the title of `key` where there is not."""
        if frame.empty:
            st.subheader(self.words(f"{key}.title"), anchor=False)
            st.info(self.words("parts.nothing"))
        return not frame.empty

    def chart(self, key: str, figure: go.Figure, frame: pd.DataFrame, sources: Sources) -> None:
        """A chart with title, definition and the export of `frame`, its data.

        `key` names the texts `<key>.title` and `<key>.definition`.
        """
        self._head(key)
        st.plotly_chart(figure, width="stretch", theme=None, config=PLOT, key=f"chart {key}")
        self._foot(key, frame, sources)

    def table(
        self,
        key: str,
        frame: pd.DataFrame,
        sources: Sources,
        *,
        shown: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """A table with title, definition and export; its instants in the business zone.

        `shown` has columns whose values are shown as these texts and exported as they are.
        """
        self._head(key)
        told = frame.assign(
            **{
                column: frame[column]
                .dt.tz_localize("UTC")
                .dt.tz_convert(self.zone)
                .dt.tz_localize(None)
                for column in frame.columns
                if _is_instant(frame[column])
            }
        )
        table = next(iter(sources))
        figures: dict[str, Any] = {
            column: told[column].map(readable)
            for column in told.columns
            if pd.api.types.is_float_dtype(told[column])
        }
        figures.update(shown or {})
        seen = told.assign(**figures)
        st.dataframe(
            seen,
            hide_index=True,
            width="stretch",
            column_config={
                column: _formatted(
                    seen[column], self.column(table, column), is_figure=column in (shown or {})
                )
                for column in seen.columns
            },
            placeholder="–",
            key=f"table {key}",
        )
        self._foot(key, told, sources)

    @property
    def zone(self) -> ZoneInfo:
        """The business zone of the brand."""
        return ZoneInfo(self.published.publication.business_zone)

    def column(self, table: str, column: str = "") -> str:
        """How a column of a table, or the table, is called."""
        name = column or table.partition(".")[2]
        return self.words.column(name, self.published.comment(table, column).label_zh)

    def described(self, table: str, column: str = "") -> str:
        """What the file says about a column or a table, which it says in English alone."""
        return self.published.comment(table, column).text if self.words.language == "en" else ""

    def _head(self, key: str) -> None:
        st.subheader(self.words(f"{key}.title"), anchor=False)

    def _foot(self, key: str, frame: pd.DataFrame, sources: Sources) -> None:
        left, right, _ = st.columns([2, 2, 6])
        with left.popover(self.words("parts.definition"), width="stretch"):
            st.markdown(self.words(f"{key}.definition"))
            for table, columns in sources.items():
                st.markdown(
                    "\n".join(
                        f"- `{table}.{column}` **{self.column(table, column)}**"
                        + (f" · {said}" if (said := self.described(table, column)) else "")
                        for column in columns
                    )
                )
        name = key.replace(".", "-").replace("_", "-")
        right.download_button(
            self.words("parts.export"),
            exported(frame),
            file_name=f"rekindle-{name}-{self.as_of or 'empty'}.csv",
            mime="text/csv",
            on_click="ignore",
            key=f"export {key}",
            width="stretch",
        )

    def money(self, value: float) -> str:
        """An amount with the currency of the brand; large ones without their cents."""
        digits = 0 if abs(value) >= LARGE_AMOUNT else 2
        return f"{value:,.{digits}f} {self.currency}"

    @property
    def currency(self) -> str:
        """The currency of the brand, as it is written behind an amount."""
        return self.words.code("currency", self.published.publication.currency)

    def quantity(self, unit: str, value: float) -> str:
        """A value of a unit of the KPI catalogue (ratio, money, count) as text."""
        if unit == "ratio":
            return f"{value:.1%}"
        if unit == "money":
            return self.money(value)
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"

    def quantities(self, units: Iterable[str], values: Iterable[float]) -> list[str]:
        """Values of a table, each in its unit; a dash where there is none."""
        return [
            "–" if pd.isna(value) else self.quantity(unit, value)
            for unit, value in zip(units, values, strict=True)
        ]

    def moment(self, utc: datetime) -> str:
        """An instant of the file (UTC) in the business zone, to the minute."""
        return f"{utc.replace(tzinfo=UTC).astimezone(self.zone):%Y-%m-%d %H:%M}"


def readable(value: float) -> float:
    """A number with the decimals that a reader can use; small ones keep their first digits."""
    return round(value, 2 if abs(value) >= 1 else 4)


def _is_instant(column: pd.Series) -> bool:
    return str(column.name).endswith("_at") and pd.api.types.is_datetime64_any_dtype(column)


def _formatted(column: pd.Series, label: str, *, is_figure: bool) -> Any:
    """How a column of a table is shown; `is_figure` for figures that are texts."""
    name = str(column.name)
    if _is_instant(column):
        return st.column_config.DatetimeColumn(label, format="YYYY-MM-DD HH:mm")
    if pd.api.types.is_datetime64_any_dtype(column):
        return st.column_config.DateColumn(label, format="YYYY-MM-DD")
    if is_figure:
        return st.column_config.TextColumn(label, alignment="right")
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return st.column_config.Column(label)
    is_share = name.endswith(("_share", "score"))
    return st.column_config.NumberColumn(label, format="percent" if is_share else "localized")


def exported(frame: pd.DataFrame) -> bytes:
    """A CSV file that spreadsheets read as it is: UTF-8 with its mark, texts never formulas."""
    safe = frame.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            safe[column] = safe[column].map(
                lambda value: (
                    f"'{value}"
                    if isinstance(value, str) and value.startswith(FORMULA_STARTS)
                    else value
                )
            )
    return safe.to_csv(index=False).encode("utf-8-sig")
