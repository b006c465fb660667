"""Everything that the reading of one table depends on, and its fingerprint."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

from orchestration.loading.brand import Brand, TableMapping
from orchestration.loading.contract import Contract, Limits, Table
from orchestration.loading.typing_sql import TypingContext

# Raised by one whenever the same file would be read differently than before.
READING_RULES = 1


@dataclass(frozen=True)
class Reading:
    """How the files of one table are read. `now` is the load time (aware).

    `of_table` is the fingerprint of the table's reading, where this is that of one of its folders.
    """

    table: Table
    mapping: TableMapping
    limits: Limits
    business_zone: str
    currency: str
    phone_region: str
    token_key_id: str
    now: datetime
    of_table: str | None = None

    def of_file(self, relative: str) -> Reading:
        """How one file of the table is read; `relative` is its path in the landing folder."""
        mapping = self.mapping.of_folder(tuple(relative.split("/"))[2:-1])
        return self if mapping is self.mapping else self._of_folders[mapping]

    def fingerprints(self) -> set[str]:
        """Those of the table and of its folders; all change whenever one does."""
        return {one.fingerprint() for one in (self, *self._of_folders.values())}

    @cached_property
    def _of_folders(self) -> dict[TableMapping, Reading]:
        return {
            mapping: replace(self, mapping=mapping, of_table=self.fingerprint())
            for _, mapping in self.mapping.folders
        }

    @property
    def future_from(self) -> datetime:
        """Event times and versions after this UTC instant (naive) are the future."""
        return self.now_utc + timedelta(days=self.limits.future_days)

    @property
    def now_utc(self) -> datetime:
        """The load time as a naive UTC instant."""
        return self.now.astimezone(UTC).replace(tzinfo=None)

    def typing_context(self, column: str) -> TypingContext:
        """What the typing of one column depends on."""
        casts = dict(self.mapping.cast)
        return TypingContext(
            limits=self.limits,
            business_zone=self.business_zone,
            source_zone=self.mapping.zone_of(column),
            currency=self.currency,
            **({"cast": casts[column]} if column in casts else {}),
        )

    def fingerprint(self) -> str:
        """Changes exactly when the same bytes could become other rows."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        kinds = {column.type for column in self.table.columns}
        mapping = asdict(self.mapping)
        for later in ("fill", "folders"):
            # Files of a brand that does without these were read alike before there were any.
            if not mapping[later]:
                del mapping[later]
        parts = {
            "rules": READING_RULES,
            "table": self.table.fingerprint(),
            "limits": asdict(self.limits),
            "mapping": mapping,
            "business_zone": self.business_zone if "date" in kinds else None,
            "phone_region": self.phone_region if {"phone", "buyer_key"} & kinds else None,
            "currency": self.currency if "money" in kinds else None,
            "token_key": self.token_key_id if self.table.has_tokens else None,
        }
        if self.of_table is not None:
            parts["of_table"] = self.of_table
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def reading_of(
    table: Table, contract: Contract, brand: Brand, token_key_id: str, now: datetime
) -> Reading:
    """The reading of one table of a brand."""
    return Reading(
        table=table,
        mapping=brand.mapping(table),
        limits=contract.limits,
        business_zone=brand.business_zone,
        currency=brand.currency,
        phone_region=brand.phone_region,
        token_key_id=token_key_id,
        now=now,
    )
