"""Whom an erasure concerns: the records of a person as the last build joined them.

The only step that sees who the person was. What it returns is without personal data: tombstones are
keyed, and what stands for the person is random.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.loading.contract import Column, load_contract
from orchestration.loading.erased_rows import ERASED, basket_key, likeness, with_tokens
from orchestration.loading.lake import Lake, sql_text
from orchestration.loading.register import Erasure, Tombstone

_SURROGATE = "erased-"
_IDENTITY_TABLES = {
    "crm.members": "member_no",
    "mini_program.users": "openid",
    "app.users": "app_user_id",
    "website.users": "web_user_id",
    "marketplace.buyers": "platform || ':' || buyer_id",
    "wecom.contacts": "external_userid",
}
_FACT_PREFIX = "commerce.orders:"
_CARD_PREFIX = f"{_FACT_PREFIX}card_no:"
_LETTERS, _DIGITS = 4, 6
"""How long a word has to be, with letters in it and without."""


@dataclass(frozen=True)
class Request:
    """An erasure request as the member centre handed it over."""

    request_id: str
    member_no: str
    requested_at: datetime | None


@dataclass(frozen=True)
class ErasurePlan:
    """Whom to erase: requests with the random person, tombstones, and random record keys."""

    erasures: tuple[Erasure, ...]
    tombstones: tuple[Tombstone, ...]
    records: Mapping[str, str]


@dataclass(frozen=True)
class _Held:
    """An identifier that a record holds, with the spellings it was delivered in."""

    record: str
    kind: str
    value: str
    token: str
    spelling: str


def pending_requests(
    connection: duckdb.DuckDBPyConnection, lake: Lake, done: Iterable[str]
) -> list[Request]:
    """The requests in a lake that are not among `done`, in order of their ids."""
    files = sql_text(str(lake.raw / "crm" / "erasure_requests" / "*.parquet"))
    rows = connection.execute(
        f"""SELECT request_id, min(member_no), min(requested_at) FROM read_parquet({files})
        GROUP BY request_id ORDER BY request_id"""
    ).fetchall()
    taken_up = set(done)
    return [Request(*row) for row in rows if row[0] not in taken_up]


def plan_erasure(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    build_file: Path,
    requests: list[Request],
    known: Mapping[str, str],
    now: datetime,
) -> ErasurePlan:
    """Decide what stands for the persons of some requests.

    `connection` is one of the loader's, which knows the token key; `known` are the records of
    persons who were erased before. Nothing is changed.
    """
    clusters = _clusters(build_file)
    persons: dict[str, str] = {}
    erasures = []
    records: dict[str, str] = {}
    for request in requests:
        if request.member_no == ERASED:  # who asked was erased before
            erasures.append(Erasure(request.request_id, _random_person(), request.requested_at))
            continue
        card = f"crm.members:{request.member_no}"
        if card in known:
            erasures.append(Erasure(request.request_id, known[card], request.requested_at))
            continue
        former = clusters.person_of.get(card)
        members = clusters.records_of[former] if former else [card]
        person = next((records[one] for one in members if one in records), None)
        person = person or _random_person()
        records |= dict.fromkeys([*members, card], person)
        if former:
            persons[former] = person
        erasures.append(Erasure(request.request_id, person, request.requested_at))
    surrogates = {record: f"{_SURROGATE}{secrets.token_hex(12)}" for record in sorted(records)}
    held = _held_identifiers(connection, lake)
    phones, cards = (_keys_of_facts(connection, lake, kind) for kind in ("phone", "card_no"))
    plain = [
        *_record_tombstones(records, surrogates, clusters),
        *_card_tombstones(records, surrogates, cards),
        *_fact_tombstones(records, surrogates, clusters, phones),
        *_identifier_tombstones(records, surrogates, held, clusters, now),
        *_person_tombstones(records, persons, clusters),
        *_likeness_tombstones(connection, lake, records, surrogates, now),
    ]
    return ErasurePlan(
        tuple(erasures),
        tuple(with_tokens(connection, plain)),
        {_standing_for(record, surrogates[record]): person for record, person in records.items()},
    )


def _random_person() -> str:
    return secrets.token_hex(10)


@dataclass(frozen=True)
class _Clusters:
    """What the last build says: persons, their records, former persons, and phones in turn.

    `tenures` are, by record of a phone, from when and until when it was that record's.
    """

    person_of: Mapping[str, str]
    records_of: Mapping[str, list[str]]
    former_ids: Mapping[str, set[str]]
    tenures: Mapping[str, tuple[datetime | None, datetime | None]]


def _clusters(build_file: Path) -> _Clusters:
    with duckdb.connect(str(build_file), read_only=True) as build:
        person_of = dict(
            build.execute(
                "SELECT source_record_key, one_id FROM intermediate.int_identity__record_persons"
            ).fetchall()
        )
        assigned = build.execute(
            "SELECT source_record_key, one_id FROM intermediate.int_identity__assignments"
        ).fetchall()
        tenures = build.execute(
            "SELECT identifier_token, tenure, begins_at, ends_at "
            "FROM intermediate.int_identity__identifier_tenures WHERE identifier_type = 'phone'"
        ).fetchall()
    records_of: dict[str, list[str]] = defaultdict(list)
    for record, one_id in person_of.items():
        records_of[one_id].append(record)
    former_ids: dict[str, set[str]] = defaultdict(set)
    for record, one_id in assigned:
        former_ids[record].add(one_id)
    windows: dict[str, tuple[datetime | None, datetime | None]] = {}
    first_ends: dict[str, datetime] = {}
    for token, tenure, begins_at, ends_at in tenures:
        windows[f"{_FACT_PREFIX}phone:{token}#{tenure}"] = (begins_at, ends_at)
        first_ends[token] = min(begins_at, first_ends.get(token, begins_at))
    for token, ends_at in first_ends.items():
        windows[f"{_FACT_PREFIX}phone:{token}"] = (None, ends_at)
    return _Clusters(person_of, records_of, former_ids, windows)


def _standing_for(record: str, surrogate: str) -> str:
    """The record key under which a stripped row is known from now on."""
    table, _, key = record.partition(":")
    if table == "commerce.orders":
        return f"crm.members:{surrogate}"
    if table == "marketplace.buyers":
        return f"{table}:{key.partition(':')[0]}:{surrogate}"
    return f"{table}:{surrogate}"


def _record_tombstones(
    records: Mapping[str, str], surrogates: Mapping[str, str], clusters: _Clusters
) -> list[Tombstone]:
    platforms: dict[str, set[str]] = defaultdict(set)
    for record in clusters.person_of:
        table, _, key = record.partition(":")
        if table == "marketplace.buyers":
            platforms[key.partition(":")[2]].add(key.partition(":")[0])
    found = []
    for record, person in records.items():
        found.append(Tombstone("record", record, surrogates[record], person))
        table, _, key = record.partition(":")
        buyer_id = key.partition(":")[2]
        if table == "marketplace.buyers" and len(platforms[buyer_id]) == 1:
            found.append(Tombstone("record", basket_key(buyer_id), surrogates[record], person))
    return found


def _card_tombstones(
    records: Mapping[str, str], surrogates: Mapping[str, str], cards: Mapping[str, str]
) -> list[Tombstone]:
    """Cards that facts name by their number and builds by its token, and the word they are."""
    found = []
    for record, person in records.items():
        number = cards.get(record.removeprefix(_CARD_PREFIX))
        if record.startswith(_CARD_PREFIX) and number is not None:
            named = f"{_CARD_PREFIX}{number}"
            found.append(Tombstone("record", named, surrogates[record], person))
            if _is_telling(number):
                found.append(Tombstone("word", number.lower(), surrogates[record], person))
    return found


def _fact_tombstones(
    records: Mapping[str, str],
    surrogates: Mapping[str, str],
    clusters: _Clusters,
    phones: Mapping[str, str],
) -> list[Tombstone]:
    found = []
    for record, person in records.items():
        kind, _, key = record.removeprefix(_FACT_PREFIX).partition(":")
        if record.startswith(_FACT_PREFIX) and kind == "phone":
            phone = phones.get(key.partition("#")[0])
            window = clusters.tenures.get(record, (None, None))
            if phone is not None:
                found.append(Tombstone("phone", phone, surrogates[record], person, *window))
    return found


def _keys_of_facts(connection: duckdb.DuckDBPyConnection, lake: Lake, kind: str) -> dict[str, str]:
    """The phones or card numbers by which facts name buyers, by token."""
    queries = [
        f"SELECT buyer_key_token, buyer_key FROM read_parquet("
        f"{sql_text(str(lake.raw / table / '*.parquet'))}) "
        f"WHERE buyer_key_type = {sql_text(kind)} AND buyer_key_token IS NOT NULL"
        for table in ("commerce/orders", "commerce/carts", "catalog/favourites")
    ]
    return dict(connection.execute(" UNION ".join(queries)).fetchall())


def _identifier_tombstones(
    records: Mapping[str, str],
    surrogates: Mapping[str, str],
    held: list[_Held],
    clusters: _Clusters,
    now: datetime,
) -> list[Tombstone]:
    """Identifiers that nobody else holds, and the words that give the person away in a text."""
    holders: dict[tuple[str, str], set[str | None]] = defaultdict(set)
    for one in held:
        holders[one.kind, one.token].add(records.get(one.record))
    for record in clusters.person_of:
        kind, _, key = record.removeprefix(_FACT_PREFIX).partition(":")
        if record.startswith(_FACT_PREFIX) and kind == "phone":
            holders["phone", key.partition("#")[0]].add(records.get(record))
    found: dict[tuple[str, str], Tombstone] = {}
    for one in held:
        person = records.get(one.record)
        if person is None or holders[one.kind, one.token] != {person}:
            continue
        of_person = sorted(record for record in records if records[record] == person)
        cards = [record for record in of_person if record.startswith("crm.members:")]
        surrogate = surrogates[(cards or of_person)[0]]
        what = f"{one.kind}:{one.value}"
        found["identifier", what] = Tombstone("identifier", what, surrogate, person, until_at=now)
        for word in _words(one):
            found["word", word] = Tombstone("word", word, surrogate, person)
    for record, person in records.items():
        table, _, key = record.partition(":")
        word = key.rpartition(":")[2] if table in {"marketplace.buyers", "commerce.orders"} else key
        found["word", word.lower()] = Tombstone("word", word.lower(), surrogates[record], person)
    return [one for one in found.values() if one.kind != "word" or _is_telling(one.token)]


def _is_telling(word: str) -> bool:
    """Whether a word in a raw text can only mean the person: `12` may be an amount."""
    return len(word) >= (_LETTERS if any(map(str.isalpha, word)) else _DIGITS)


def _words(held: _Held) -> set[str]:
    """The words by which a text may name an identifier."""
    words = {held.value.lower(), held.spelling.strip().lower()}
    if held.kind == "phone":
        national = held.value.removeprefix("+86")
        words |= {held.value.removeprefix("+"), national, held.value.removeprefix("+")}
    return words


def _person_tombstones(
    records: Mapping[str, str], persons: Mapping[str, str], clusters: _Clusters
) -> list[Tombstone]:
    """Ids under which the person was known, unless they are somebody else's now."""
    found = dict(persons)
    for record, person in records.items():
        for former in clusters.former_ids.get(record, ()):
            if former not in clusters.records_of:
                found.setdefault(former, person)
    return [Tombstone("person", former, person, person) for former, person in found.items()]


def _identity_columns(lake: Lake) -> Iterator[tuple[Column, str, str]]:
    """The columns of all records of a lake: with SQL for a record's key, and for its table."""
    contract = load_contract()
    for full_name, key in _IDENTITY_TABLES.items():
        table = contract.table(*full_name.split("."))
        if table is None:
            continue
        files = sql_text(str(lake.raw / table.system / table.name / "*.parquet"))
        for column in table.columns:
            yield column, f"'{full_name}:' || {key}", f"read_parquet({files})"


def _held_identifiers(connection: duckdb.DuckDBPyConnection, lake: Lake) -> list[_Held]:
    """All identifiers in the records of a lake, whatever their version."""
    queries = []
    for column, record, rows in _identity_columns(lake):
        if column.identifier:
            spelling = f"{column.name}_raw" if column.type == "phone" else column.name
            queries.append(
                f"SELECT DISTINCT {record}, '{column.identifier}', "
                f"{column.name}, {column.name}_token, {spelling} "
                f"FROM {rows} WHERE {column.name}_token IS NOT NULL"
            )
    return [_Held(*row) for row in connection.execute(" UNION ALL ".join(queries)).fetchall()]


def _likeness_tombstones(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    records: Mapping[str, str],
    surrogates: Mapping[str, str],
    now: datetime,
) -> list[Tombstone]:
    """Each name of a person beside each birthday and each address, in whatever record they are."""
    said: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for record, kind, value in _said_of_persons(connection, lake):
        if record in records:
            said[records[record]][kind].add(value)
    standing: dict[str, str] = {}
    for record in sorted(records):
        standing.setdefault(records[record], surrogates[record])
    return [
        Tombstone(kind, what, standing[person], person, until_at=now)
        for person, of_kind in said.items()
        for kind, what in likeness(of_kind["name"], of_kind["date"], of_kind["address"])
    ]


def _said_of_persons(
    connection: duckdb.DuckDBPyConnection, lake: Lake
) -> list[tuple[str, str, str]]:
    """Record, type of column, and value of the names, birthdays and addresses in a lake."""
    queries = []
    for column, record, rows in _identity_columns(lake):
        if column.personal and column.type in {"name", "date", "address"}:
            suffix = "" if column.type == "date" else "_normalised"
            queries.append(
                f"SELECT DISTINCT {record}, '{column.type}', "
                f"CAST({column.name}{suffix} AS VARCHAR) "
                f"FROM {rows} WHERE {column.name}{suffix} IS NOT NULL"
            )
    return connection.execute(" UNION ALL ".join(queries)).fetchall()
