"""Rows of erased persons, told from others and stripped, wherever they are delivered or lie.

Works on the table `staged` and leaves the table `hits`: one row for each staged row of an erased
person. Keys become the random ones that stand for the person, whatever tells of it becomes empty,
and the content hash follows; so a row that is delivered again is one that the lake has already.
A record that nobody knew, but that holds an identifier of an erased person, is kept out. A row
without any key, which no table takes, is the person's where its name and its birthday, or its name
and its address, are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import product

import duckdb

from orchestration.loading.contract import Column, Table
from orchestration.loading.held_rows import hold_rows
from orchestration.loading.lake import count_of, sql_text
from orchestration.loading.names import normalise_name
from orchestration.loading.reading import Reading
from orchestration.loading.register import Tombstone
from orchestration.loading.staging import content_hash
from orchestration.loading.standardising import phone_value

ERASED = "erased"
"""The reason code of a record that is kept out, and what a required text becomes."""

ASKED = "crm.erasure_requests"
"""The table of requests. Who asked becomes nobody: others may know whose a request was."""

_RECORDS = {
    "member_no": "crm.members",
    "referrer_member_no": "crm.members",
    "reference_id": "crm.members",
    "openid": "mini_program.users",
    "app_user_id": "app.users",
    "web_user_id": "website.users",
    "external_userid": "wecom.contacts",
}
"""Columns of the contract that name a record, and the table it is a record of."""
_OTHERS = {"referrer_member_no", "reference_id"}
"""Columns that name somebody else than the person the row is about. A reference names many things,
and whom points for a referral were given for."""
_OWN_KEYS = {
    "crm.members": "member_no",
    "mini_program.users": "openid",
    "app.users": "app_user_id",
    "website.users": "web_user_id",
    "marketplace.buyers": "buyer_id",
    "wecom.contacts": "external_userid",
}
"""Tables whose rows are records of persons, and the column of the record's own key."""
_KEY_TYPES = {
    "member_no": "crm.members",
    "openid": "mini_program.users",
    "app_user_id": "app.users",
    "web_user_id": "website.users",
}
_TELLING = {
    "province", "city", "district", "device_id", "anonymous_id", "session_id", "keyword", "comment",
    "topic", "tags",
}  # fmt: skip
"""Columns that are not personal by contract and still would tell who somebody was."""
NAME_AND_BIRTHDAY, NAME_AND_ADDRESS = "name_and_birthday", "name_and_address"
"""Kinds of tombstones by which a row without any key is known."""
_FIELD_ENDS = re.compile(r"""[,;\t|"\r\n{}\[\]]+|:\s*""")
_DAY = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[T ].*)?")
_FIELDS = 60
"""As many fields of a text are looked at; a longer one is no row of the contract."""
_PAGE = 1_000
"""Texts that are looked at together."""
_WORDS = r"[\w.@+*-]+"
_DIGITS = r"\d{7,}"


@dataclass(frozen=True)
class PersonKey:
    """A column that names a record of a person, and the SQL of the record key it names."""

    column: str
    record_sql: str
    is_own: bool


def person_keys(table: Table) -> tuple[PersonKey, ...]:
    """The columns of a table that name a person; empty where it has none."""
    found = []
    for column in table.columns:
        name = column.name
        if name in _RECORDS:
            record = f"'{_RECORDS[name]}:' || staged.{name}"
            found.append(PersonKey(name, record, name not in _OTHERS))
        elif table.full_name == "marketplace.buyers" and name == "buyer_id":
            record = "'marketplace.buyers:' || staged.platform || ':' || staged.buyer_id"
            found.append(PersonKey(name, record, is_own=True))
        elif column.type == "buyer_key":
            found.append(PersonKey(name, _buyer_record(table, column), is_own=True))
    return tuple(found)


def names_persons(table: Table) -> bool:
    """Whether rows of a table can be about a person."""
    return bool(person_keys(table)) or any(column.identifier for column in table.columns)


def own_key(table: Table) -> str | None:
    """The column of a record's own key, where the rows of a table are records of persons."""
    return _OWN_KEYS.get(table.full_name)


def basket_key(buyer_id: str) -> str:
    """The record key of a buyer whom a basket names without a platform."""
    return f"marketplace.buyers:basket:{buyer_id}"


def install_tombstones(
    connection: duckdb.DuckDBPyConnection, tombstones: list[tuple[object, ...]]
) -> None:
    """Make the table `tombstones` known to a connection of the loader."""
    columns = (
        ("kind", "VARCHAR"),
        ("token", "VARCHAR"),
        ("from_at", "TIMESTAMP"),
        ("until_at", "TIMESTAMP"),
        ("surrogate", "VARCHAR"),
        ("one_id", "VARCHAR"),
    )
    hold_rows(connection, "tombstones", columns, tombstones)


def with_tokens(connection: duckdb.DuckDBPyConnection, plain: list[Tombstone]) -> list[Tombstone]:
    """Tombstones whose `token` is still what it is of, with the token in its place."""
    texts = [f"{one.kind}:{one.token}" for one in plain]
    tokens = connection.execute("SELECT tombstone_of(unnest($1))", [texts]).fetchall()
    return [
        Tombstone(one.kind, token, one.surrogate, one.one_id, one.from_at, one.until_at)
        for one, (token,) in zip(plain, tokens, strict=True)
    ]


def strip_erased(connection: duckdb.DuckDBPyConnection, reading: Reading) -> int:
    """Strip the rows of erased persons in `staged`; returns how many there are.

    Needs the maps of `standardise`, which have to be made again after it. The table `hits` has,
    besides the row: its file, person, `is_person` (false where only somebody else in it is erased),
    `is_unknown` (to be kept out), and what each key becomes.
    """
    table = reading.table
    connection.execute("CREATE OR REPLACE TABLE hits AS SELECT 0 AS row WHERE false")
    if not names_persons(table) or not count_of(connection, "SELECT count(*) FROM tombstones"):
        return 0
    keys = person_keys(table)
    _find_keys(connection, keys)
    buyer = next((column for column in table.columns if column.type == "buyer_key"), None)
    if buyer is not None:
        _find_phones(connection)
    identifiers = [column for column in table.columns if column.identifier]
    if table.full_name in _OWN_KEYS or table.full_name == "crm.staff":
        for column in identifiers:
            _find_identifier(connection, column, reading)
    else:
        identifiers = []
    find_keyless(connection, reading)
    _find_hits(connection, reading, keys, buyer, identifiers)
    found = count_of(connection, "SELECT count(*) FROM hits")
    if found:
        _strip(connection, table, keys, buyer)
    return found


def strip_malformed(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Empty the raw text of malformed rows that name an erased person; returns their lines."""
    if not count_of(connection, "SELECT count(*) FROM malformed") or not count_of(
        connection, "SELECT count(*) FROM tombstones"
    ):
        return []
    find_told(connection, "malformed", "rowid", "record")
    lines = connection.execute(
        "SELECT line FROM malformed WHERE rowid IN (SELECT row FROM told) ORDER BY line"
    ).fetchall()
    connection.execute("UPDATE malformed SET record = NULL WHERE rowid IN (SELECT row FROM told)")
    return [line for (line,) in lines]


def find_told(
    connection: duckdb.DuckDBPyConnection, relation: str, row: str, text: str, broken: str = "true"
) -> None:
    """Make the table `told` (row, one_id): rows of a relation whose text gives a person away.

    By a word; where the text is of a row that is no record (`broken`), so that nobody knows which
    field is which, by a name beside a birthday or an address, too.
    """
    connection.execute(f"CREATE OR REPLACE TABLE told AS {telling_rows(relation, row, text)}")
    if not _knows_likeness(connection):
        return
    with closing(connection.cursor()) as reader:
        reader.execute(
            f"SELECT {row}, {text} FROM {relation} WHERE {broken} AND {text} IS NOT NULL"
        )
        while page := reader.fetchmany(_PAGE):
            said = [(at, what) for at, of_row in page for what in _likeness_in(of_row)]
            _hold_likeness(connection, said)
            connection.execute(
                """INSERT INTO told SELECT row, one_id FROM erased_likeness
                WHERE row NOT IN (SELECT row FROM told)"""
            )


def likeness(
    names: Iterable[str], birthdays: Iterable[str], addresses: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """The kinds and contents of tombstones that know a row by what it says of a person.

    Names and addresses are normalised, birthdays are ISO dates.
    """
    known = list(names)
    for kind, others in ((NAME_AND_BIRTHDAY, birthdays), (NAME_AND_ADDRESS, addresses)):
        for name, other in product(known, others):
            if name != other:
                yield kind, f"{name}|{other}"


def telling_rows(relation: str, row: str, text: str) -> str:
    """SQL for the rows (row, one_id) of a relation whose text names an erased person by a word."""
    found = f"regexp_extract_all(lower({text}), '{_WORDS}')"
    # A word may end a sentence.
    words = (
        f"list_distinct(list_concat({found}, list_transform({found}, lambda one: trim(one, '.-')), "
        f"regexp_extract_all(regexp_replace({text}, '[ ()-]', '', 'g'), '{_DIGITS}')))"
    )
    return (
        f"SELECT row, min(one_id) AS one_id FROM (SELECT row, tombstone_of('word:' || word) AS "
        f"token FROM (SELECT {row} AS row, unnest({words}) AS word FROM {relation})) AS words "
        "JOIN tombstones ON kind = 'word' AND tombstones.token = words.token GROUP BY row"
    )


def reject_unknown(connection: duckdb.DuckDBPyConnection) -> int:
    """Put the records that are kept out among the `problems`; returns the size of that table."""
    connection.execute("DELETE FROM problems WHERE row IN (SELECT row FROM hits WHERE is_unknown)")
    connection.execute(
        f"""INSERT INTO problems SELECT staged.rowid, staged._file, staged._line, '{ERASED}', NULL,
            'The record holds an identifier of a person who was erased; it is kept out.', NULL
        FROM staged JOIN hits ON staged.rowid = hits.row WHERE hits.is_unknown"""
    )
    return count_of(connection, "SELECT count(*) FROM problems")


def stripped_values(table: Table) -> Mapping[str, str | None]:
    """What the columns that tell of a person become in a row of an erased one."""
    keys = {key.column for key in person_keys(table)}
    return {
        column.name: ERASED if column.required else None
        for column in table.columns
        if column.name not in keys and _tells(column)
    }


def untold_columns(table: Table) -> frozenset[str]:
    """The columns whose values no message quotes: they name a person or tell who it is."""
    keys = {key.column for key in person_keys(table)}
    return frozenset(
        column.name for column in table.columns if column.name in keys or _tells(column)
    )


def _tells(column: Column) -> bool:
    return (
        column.personal
        or column.identifier is not None
        or column.type in {"name", "address", "phone", "email", "gender"}
        or column.name in _TELLING
    )


def _buyer_record(table: Table, column: Column) -> str:
    kind, value = f"staged.{column.key_type}", f"staged.{column.name}"
    has_channel = any(other.name == "order_channel" for other in table.columns)
    platform = "staged.order_channel" if has_channel else "'basket'"
    cases = " ".join(
        f"WHEN '{key_type}' THEN '{record}:' || {value}" for key_type, record in _KEY_TYPES.items()
    )
    return (
        f"CASE {kind} {cases} WHEN 'buyer_id' THEN 'marketplace.buyers:' || {platform} || ':' || "
        f"{value} WHEN 'card_no' THEN 'commerce.orders:card_no:' || {value} "
        f"WHEN 'phone' THEN NULL WHEN 'none' THEN NULL "
        f"ELSE 'commerce.orders:other:' || {kind} || ':' || {value} END"
    )


def _find_keys(connection: duckdb.DuckDBPyConnection, keys: tuple[PersonKey, ...]) -> None:
    named = " UNION ".join(
        f"SELECT DISTINCT {key.record_sql} AS record FROM staged" for key in keys
    )
    named = named or "SELECT CAST(NULL AS VARCHAR) AS record"
    connection.execute(
        f"""CREATE OR REPLACE TABLE erased_keys AS
        SELECT record, surrogate, one_id
        FROM (SELECT record, tombstone_of('record:' || record) AS token FROM ({named})
            WHERE record IS NOT NULL) AS named
        JOIN tombstones ON kind = 'record' AND tombstones.token = named.token"""
    )


def _find_phones(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """CREATE OR REPLACE TABLE erased_phones AS
        SELECT raw, from_at, until_at, surrogate, one_id
        FROM (SELECT raw, tombstone_of('phone:' || value) AS token FROM buyer_map
            WHERE key_type = 'phone' AND value IS NOT NULL) AS named
        JOIN tombstones ON kind = 'phone' AND tombstones.token = named.token"""
    )


def _find_identifier(
    connection: duckdb.DuckDBPyConnection, column: Column, reading: Reading
) -> None:
    value, join = "named.raw", ""
    if column.type == "phone":
        value = phone_value("named.raw", "phone_map", reading)
        join = "LEFT JOIN phone_map ON phone_map.raw = named.raw"
    connection.execute(
        f"""CREATE OR REPLACE TABLE erased_{column.name} AS
        SELECT raw, until_at, surrogate, one_id
        FROM (
            SELECT named.raw,
                tombstone_of('identifier:{column.identifier}:' || {value})
                    AS token
            FROM (SELECT DISTINCT {column.name} AS raw FROM staged WHERE {column.name} IS NOT NULL)
                AS named
            {join}
        ) AS valued
        JOIN tombstones ON kind = 'identifier' AND tombstones.token = valued.token"""
    )


def find_keyless(connection: duckdb.DuckDBPyConnection, reading: Reading) -> None:
    """Make the table `erased_likeness` of the rows in `staged` that have no key to go by.

    (row, until_at, surrogate, one_id): rows without the record's own key and a usable identifier
    that are an erased person's by name and birthday, or name and address.
    """
    table = reading.table
    own = own_key(table)
    names = [column.name for column in table.columns if column.type == "name"]
    days = [column.name for column in table.columns if column.type == "date" and column.personal]
    places = [column.name for column in table.columns if column.type == "address"]
    rows: list[tuple[object, ...]] = []
    if own is not None and names and (days or places) and _knows_likeness(connection):
        usable, joins = [f"staged.{own}"], ""
        for column in table.columns:
            if column.type == "phone":
                alias = f"of_{column.name}"
                usable.append(phone_value(f"staged.{column.name}", alias, reading))
                joins += f" LEFT JOIN phone_map AS {alias} ON {alias}.raw = staged.{column.name}"
            elif column.identifier:
                usable.append(f"staged.{column.name}")
        values = ", ".join(f"CAST(staged.{name} AS VARCHAR)" for name in (*names, *days, *places))
        rows = connection.execute(
            f"SELECT staged.rowid, {values} FROM staged{joins} "
            f"WHERE {' AND '.join(f'({one}) IS NULL' for one in usable)}"
        ).fetchall()
    normalised = cache(normalise_name)
    first, second = len(names), len(names) + len(days)
    found = []
    for row, *said in rows:
        texts = [str(one) if one is not None else None for one in said]
        whats = likeness(
            [normalised(one) for one in texts[:first] if one],
            [one for one in texts[first:second] if one],
            [normalised(one) for one in texts[second:] if one],
        )
        found += [(row, what) for what in whats]
    _hold_likeness(connection, found)
    if found:
        born = ", ".join(f"staged.{one}" for one in (table.event_at, table.version_at) if one)
        connection.execute(
            f"""DELETE FROM erased_likeness USING staged
            WHERE staged.rowid = erased_likeness.row
                AND {_born("erased_likeness", born)} > erased_likeness.until_at"""
        )


def _hold_likeness(
    connection: duckdb.DuckDBPyConnection, found: Iterable[tuple[object, tuple[str, str]]]
) -> None:
    columns = (("row", "BIGINT"), ("kind", "VARCHAR"), ("what", "VARCHAR"))
    hold_rows(connection, "likeness", columns, [(row, *what) for row, what in found])
    connection.execute(
        """CREATE OR REPLACE TABLE erased_likeness AS
        SELECT row, max(until_at) AS until_at, min(surrogate) AS surrogate, min(one_id) AS one_id
        FROM (SELECT row, kind, tombstone_of(kind || ':' || what) AS token FROM likeness) AS named
        JOIN tombstones USING (kind, token)
        GROUP BY row"""
    )


def _knows_likeness(connection: duckdb.DuckDBPyConnection) -> bool:
    kinds = f"('{NAME_AND_BIRTHDAY}', '{NAME_AND_ADDRESS}')"
    return bool(count_of(connection, f"SELECT count(*) FROM tombstones WHERE kind IN {kinds}"))


def _likeness_in(text: str) -> Iterator[tuple[str, str]]:
    """What a text says of a person, whichever of its fields are name, birthday and address."""
    fields = dict.fromkeys(map(normalise_name, _FIELD_ENDS.split(text)[:_FIELDS]))
    told = [one for one in fields if any(map(str.isalpha, one))]
    names = [one for one in told if not any(map(str.isdigit, one))]
    days = set()
    for one in fields:
        if (found := _DAY.fullmatch(one)) is not None:
            with suppress(ValueError):
                days.add(date(*map(int, found.groups())).isoformat())
    return likeness(names, days, told)


def _find_hits(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    keys: tuple[PersonKey, ...],
    buyer: Column | None,
    identifiers: list[Column],
) -> None:
    table = reading.table
    own = own_key(table)
    happened = next((name for name in (table.event_at, table.version_at) if name), None)
    born = ", ".join(f"staged.{name}" for name in (table.event_at, table.version_at) if name)
    joins: list[str] = []
    values: list[str] = []
    persons: list[str] = []
    others: list[str] = []
    for key in keys:
        alias = f"of_{key.column}"
        joins.append(f"LEFT JOIN erased_keys AS {alias} ON {alias}.record = {key.record_sql}")
        surrogate = f"{alias}.surrogate"
        if buyer is not None and key.column == buyer.name:
            at = f"staged.{happened}"
            joins.append(
                f"LEFT JOIN erased_phones ON staged.{buyer.key_type} = 'phone' "
                f"AND erased_phones.raw = staged.{buyer.name} "
                f"AND (erased_phones.from_at IS NULL OR {at} >= erased_phones.from_at) "
                f"AND (erased_phones.until_at IS NULL OR {at} < erased_phones.until_at)"
            )
            surrogate = f"coalesce({surrogate}, erased_phones.surrogate)"
            persons.append("erased_phones.one_id")
        values.append(f"{surrogate} AS to_{key.column}")
        (persons if key.is_own else others).append(f"{alias}.one_id")
    matches = []
    for column in identifiers:
        alias = f"by_{column.name}"
        joins.append(
            f"LEFT JOIN erased_{column.name} AS {alias} ON {alias}.raw = staged.{column.name} "
            f"AND ({alias}.until_at IS NULL OR {_born(alias, born)} <= {alias}.until_at)"
        )
        persons.append(f"{alias}.one_id")
        matches.append(f"{alias}.surrogate")
    if own is not None:
        joins.append("LEFT JOIN erased_likeness AS alike ON alike.row = staged.rowid")
        persons.append("alike.one_id")
    is_unknown = "false"
    if own is not None and matches:
        is_unknown = (
            f"of_{own}.surrogate IS NULL AND staged.{own} IS NOT NULL "
            f"AND coalesce({', '.join(matches)}) IS NOT NULL"
        )
    if table.full_name == "crm.staff" and matches:
        values = [f"coalesce(of_member_no.surrogate, {', '.join(matches)}) AS to_member_no"]
    if table.full_name == ASKED:
        values = [
            f"CASE WHEN of_member_no.surrogate IS NOT NULL THEN '{ERASED}' END AS to_member_no"
        ]
    person = f"coalesce({', '.join([*persons, 'NULL'])})"
    connection.execute(
        f"""CREATE OR REPLACE TABLE hits AS
        SELECT staged.rowid AS row, staged._file, {", ".join([*values, "NULL AS to_nobody"])},
            coalesce({", ".join([person, *others])}) AS one_id,
            {person} IS NOT NULL AS is_person, {is_unknown} AS is_unknown
        FROM staged {" ".join(joins)}
        WHERE coalesce({", ".join([*persons, *others])}) IS NOT NULL"""
    )


def _born(alias: str, born: str) -> str:
    """SQL for when a record was born; one whose times are bad was there before, and is rejected."""
    return f"coalesce({born}, {alias}.until_at)"


def _strip(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    keys: tuple[PersonKey, ...],
    buyer: Column | None,
) -> None:
    own = own_key(table)
    changed: dict[str, str] = {}
    for key in keys:
        left = f"staged.{key.column}"
        if key.column == own:
            left = f"CASE WHEN hits.is_unknown THEN NULL ELSE {left} END"
        changed[key.column] = f"coalesce(hits.to_{key.column}, {left})"
    if buyer is not None:
        kind = f"staged.{buyer.key_type}"
        changed[str(buyer.key_type)] = (
            f"CASE WHEN hits.to_{buyer.name} IS NOT NULL AND {kind} IN ('phone', 'card_no') "
            f"THEN 'member_no' ELSE {kind} END"
        )
    for name, value in stripped_values(table).items():
        stripped = "NULL" if value is None else sql_text(value)
        changed[name] = f"CASE WHEN hits.is_person THEN {stripped} ELSE staged.{name} END"
        if table.column(name).type == "email":
            status = f"{name}_status"
            changed[status] = f"CASE WHEN hits.is_person THEN NULL ELSE staged.{status} END"
    texts = ", ".join(
        _text(position, column, changed, keys)
        for position, column in enumerate(table.columns, start=1)
    )
    changed["_texts"] = (
        f"CASE WHEN hits.row IS NULL OR staged._texts IS NULL THEN staged._texts ELSE [{texts}] END"
    )
    changed["_record"] = "CASE WHEN hits.row IS NULL THEN staged._record END"
    # rowid of the new table is the row's place: nothing may be missing in the old one.
    replaced = ", ".join(f"{sql} AS {name}" for name, sql in changed.items())
    connection.execute(
        f"""CREATE OR REPLACE TABLE staged AS
        SELECT * EXCLUDE (_is_hit, _place) REPLACE (
            CASE WHEN _is_hit THEN {content_hash(table.columns, "")} ELSE _content_hash END
                AS _content_hash
        )
        FROM (
            SELECT staged.* REPLACE ({replaced}), hits.row IS NOT NULL AS _is_hit,
                staged.rowid AS _place
            FROM staged LEFT JOIN hits ON hits.row = staged.rowid
        )
        ORDER BY _place"""
    )


def _text(
    position: int, column: Column, changed: Mapping[str, str], keys: tuple[PersonKey, ...]
) -> str:
    """SQL for the delivered text of a column of a hit row, as far as it tells nothing."""
    text = f"staged._texts[{position}]"
    if column.name in {key.column for key in keys}:
        return f"CAST({changed[column.name]} AS VARCHAR)"
    if column.name in changed and column.type != "code":
        return f"CASE WHEN NOT hits.is_person THEN {text} END"
    return text
