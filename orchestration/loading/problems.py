"""Why staged rows are quarantined, or lose an optional value: codes, columns and sentences.

Works on the few rows that `staged` marks for a second look, and leaves the table `problems` (row,
_file, line, reason_code, column_name, reason, record): one row for each quarantined row and one
for each optional value that became null in a row that stays.

Sentences are published, records are not: a value that names a person is told by its shape alone.
"""

from __future__ import annotations

import duckdb

from orchestration.loading.contract import Column
from orchestration.loading.erased_rows import untold_columns
from orchestration.loading.lake import count_of, sql_text
from orchestration.loading.phones import MALFORMED
from orchestration.loading.reading import Reading
from orchestration.loading.relation import RawRelation, delivered_columns
from orchestration.loading.staging import SHOWN_TEXT, future_condition, time_columns
from orchestration.loading.typing_sql import formatted, without_sign

OPTIONAL_VALUE = "optional_value"
_ROW_CODES = ("naive_timestamp", "future", "limit_exceeded")
_SHORTENED = r"^\s*[0-9]([.,][0-9]+)?[eE][+]?[0-9]+\s*$"
_DAY_FIRST = r"^\s*[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}\b"
_SHOWN = 60
_NUMBER_OR_MAIL = r"@|(?:^|[^0-9])(?:86)?1[3-9][0-9]{9}(?:[^0-9]|$)"
"""What is personal in whatever column it stands."""
_KINDS = (
    ("digit", r"\p{Nd}"),
    ("letter", r"\p{L}"),
    ("space", r"[\s\p{Z}]"),
    ("sign", r"[^\p{Nd}\p{L}\s\p{Z}]"),
)
_LARGEST = {"money": ", below 10 000 000 000 000 000", "integer": ", below 2^63"}
"""What the lake can hold."""
_EXPECTED = {
    "id": "a text without control characters",
    "text": "a text without control characters",
    "name": "a text without control characters",
    "address": "a text without control characters",
    "code": "a code of letters and digits",
    "gender": "male, female or other",
    "phone": "a telephone number such as 13900001234 or 010-62345678",
    "email": "an e-mail address such as name@example.com",
    "buyer_key": "a key such as a member number or a telephone number",
    "money": "an amount such as 12.50",
    "integer": "a whole number such as 3",
    "number": "a number such as 1.5",
    "boolean": "true or false (also yes/no, 1/0, 是/否)",
    "date": "a date such as 2025-03-01 or 2025年3月1日",
    "timestamp": "a time such as 2025-03-01T10:00:00+08:00",
}


def explain(connection: duckdb.DuckDBPyConnection, reading: Reading, relation: RawRelation) -> int:
    """Fill the table `problems` from `staged`; returns the number of its rows."""
    if not count_of(connection, "SELECT count(_texts) FROM staged"):
        return 0
    present = [
        (position, column)
        for position, column in enumerate(reading.table.columns, start=1)
        if column.name in delivered_columns(relation, reading.mapping)
    ]
    untold = untold_columns(reading.table)
    found = ", ".join(
        f"struct_pack(place := {position}, name := {sql_text(column.name)}, "
        f"code := {_code(column, position, reading)}, text := staged._texts[{position}], "
        f"expected := {sql_text(_expected(column, reading))}, "
        f"most := {sql_text(_LARGEST.get(column.type, ''))}, "
        f"is_untold := {str(column.name in untold).lower()}, is_fatal := {_is_fatal(column)})"
        for position, column in present
    )
    joins = "".join(
        f" LEFT JOIN phone_map AS phone_{column.name} "
        f"ON phone_{column.name}.raw = staged.{column.name}"
        for _, column in present
        if column.type in {"phone", "buyer_key"}
    )
    codes = ", ".join(sql_text(code) for code in _ROW_CODES)
    connection.execute(
        f"""CREATE OR REPLACE TABLE problems AS
        WITH looked_at AS (
            SELECT staged.rowid AS row, staged._file, staged._line, staged._record,
                staged._oversize, list_filter([{found}], lambda one: one.code IS NOT NULL) AS found
            FROM staged{joins}
            WHERE staged._texts IS NOT NULL
        ),
        judged AS (
            SELECT *, list_filter(found, lambda one: one.is_fatal OR one.code IN ({codes})) AS fatal
            FROM looked_at
            WHERE len(found) > 0
        ),
        entries AS (
            SELECT row, _file, _line, _record, fatal[1] AS one, fatal[1].code AS reason_code,
                len(fatal) - 1 AS others
            FROM judged
            WHERE len(fatal) > 0
            UNION ALL
            SELECT row, _file, _line, _record, unnest(found), '{OPTIONAL_VALUE}', 0
            FROM judged
            WHERE len(fatal) = 0
        )
        SELECT row, _file, _line AS line, reason_code, one.name AS column_name,
            {_sentence(reading)} AS reason, _record AS record
        FROM entries
        ORDER BY row, one.place"""
    )
    return count_of(connection, "SELECT count(*) FROM problems")


def _code(column: Column, position: int, reading: Reading) -> str:
    """SQL for the reason code of one column of a row, null where nothing is wrong."""
    name, text = f"staged.{column.name}", f"staged._texts[{position}]"
    blank = "'missing_required'" if column.required else "NULL"
    cases = [
        f"WHEN staged._oversize = {sql_text(column.name)} THEN 'limit_exceeded'",
        f"WHEN {name} IS NULL AND is_blank({text}) THEN {blank}",
    ]
    if column.type == "gender":
        return f"CASE {cases[0]} END"
    if column.type == "timestamp":
        context = reading.typing_context(column.name)
        zoned, naive = (
            f"zoned_form(iso_form(unspoilt({text})))",
            f"naive_form(iso_form(unspoilt({text})))",
        )
        if not context.source_zone and not context.cast.unit and not context.cast.format:
            cases.append(f"WHEN {name} IS NULL AND {naive} IS NOT NULL THEN 'naive_timestamp'")
        parsed = formatted(text, context) or f"coalesce({zoned}, {naive})"
        cases.append(f"WHEN {name} IS NULL AND {parsed} IS NOT NULL THEN 'out_of_range'")
    if column.type == "date":
        context = reading.typing_context(column.name)
        parsed = formatted(text, context) or f"naive_form(iso_form(unspoilt({text})))"
        cases.append(f"WHEN {name} IS NULL AND {parsed} IS NOT NULL THEN 'out_of_range'")
    if column.type in {"money", "number"}:
        currency = reading.typing_context(column.name).currency if column.type == "money" else ""
        bare = without_sign(f"unspoilt({text})", currency)
        finite = f"finite(TRY_CAST(plain_number({bare}) AS DOUBLE)) IS NOT NULL"
        cases.append(f"WHEN {name} IS NULL AND {finite} THEN 'out_of_range'")
    if column.type == "integer":
        number = f"TRY_CAST(number_text({text}) AS DOUBLE)"
        whole = f"trunc({number}) = {number}"
        cases.append(f"WHEN {name} IS NULL AND {whole} THEN 'out_of_range'")
    if column.unknown_code_rejects:
        cases.append(f"WHEN {name} IS NULL THEN 'unknown_code'")
    cases.append(f"WHEN {name} IS NULL THEN 'invalid_value'")
    if column.type in {"phone", "buyer_key"}:
        of_type = f"staged.{column.key_type} = 'phone' AND " if column.key_type else ""
        status = f"phone_{column.name}.status"
        cases.append(f"WHEN {of_type}{status} = '{MALFORMED}' THEN 'invalid_value'")
    if column.name in time_columns(reading):
        cases.append(f"WHEN {future_condition(reading, column.name, name)} THEN 'future'")
    return f"CASE {' '.join(cases)} END"


def _is_fatal(column: Column) -> str:
    return "true" if column.required else "false"


def _expected(column: Column, reading: Reading) -> str:
    expected = _EXPECTED[column.type]
    context = reading.typing_context(column.name)
    if column.codes:
        expected = f"one of {', '.join(column.codes)}"
    elif context.cast.format:
        expected = f"a time written like {context.cast.format}"
    elif context.cast.unit:
        expected = f"a number of {context.cast.unit.replace('_', ' ')}"
    bounds = [
        f"{word} {bound:,}".replace(",", " ")
        for word, bound in (
            ("at least", column.minimum),
            ("above", column.above),
            ("at most", column.maximum),
        )
        if bound is not None
    ]
    bounds += [
        f"{rule.minimum} to {rule.maximum} where {rule.when} is {rule.equals}"
        for rule in reading.table.rules
        if rule.column == column.name
    ]
    if column.type in {"date", "timestamp"}:
        bounds.append(
            f"of the years {reading.limits.earliest_year} to {reading.limits.latest_year}"
        )
    return ", ".join([expected, *bounds])


def _sentence(reading: Reading) -> str:
    """SQL for the sentence of an entry `one` with `others` more problems in its row."""
    limits = reading.limits
    quoted = (
        f"'''' || translate(left(one.text, {_SHOWN}), chr(10) || chr(13) || chr(0), '  ') || "
        f"CASE WHEN length(one.text) > {_SHOWN} THEN '…' ELSE '' END || ''''"
    )
    plain = "regexp_replace(unspoilt(one.text), '[ ()-]', '', 'g')"
    shown = (
        f"CASE WHEN one.is_untold OR regexp_matches({plain}, {sql_text(_NUMBER_OR_MAIL)}) "
        f"THEN {_shape('one.text')} ELSE {quoted} END"
    )
    after = f"{reading.future_from.isoformat(sep=' ', timespec='seconds')} UTC"
    sentences = {
        "missing_required": "' is required and is empty; fill it with ' || one.expected",
        "out_of_range": f"' is ' || {shown} || ', out of range; write ' "
        "|| one.expected || one.most",
        "naive_timestamp": f"' is ' || {shown} || ', a time without a zone; add its zone (such as "
        "+08:00) or declare source_zone for this table in brand.yml'",
        "unknown_code": f"' is ' || {shown} || ', an unknown code; write ' || one.expected",
        "future": f"' is ' || {shown} || ', later than {after} ({limits.future_days} day(s) after "
        "this load); correct it, or leave its file in place: it is tried again when it is due'",
        "limit_exceeded": f"' is longer than {limits.field_bytes} bytes, the limit; shorten it'",
    }
    cases = " ".join(f"WHEN '{code}' THEN {sentence}" for code, sentence in sentences.items())
    hint = (
        f"CASE WHEN regexp_matches(one.text, {sql_text(_SHORTENED)}) THEN '. A spreadsheet has "
        "shortened it: format the column as text before it is saved' "
        f"WHEN regexp_matches(one.text, {sql_text(_DAY_FIRST)}) "
        "AND regexp_matches(one.expected, '^a (date|time) such as') "
        "THEN '. Or say in brand.yml how it is written: cast: {' || one.name || "
        "': {format: \"%d/%m/%Y' || CASE WHEN contains(one.text, ':') THEN ' %H:%M' ELSE '' END "
        "|| '\"}}' ELSE '' END"
    )
    otherwise = f"' is ' || {shown} || '; write ' || one.expected || {hint}"
    return f"""one.name || CASE one.code {cases} ELSE {otherwise} END || '.' || CASE others
        WHEN 0 THEN '' WHEN 1 THEN ' One more value of this row is bad.'
        ELSE ' ' || others || ' more values of this row are bad.' END"""


def _shape(text: str) -> str:
    """SQL for what a value is made of, which helps to mend it and does not tell it."""
    counts = ", ".join(
        f"CASE len(regexp_extract_all({text}, {sql_text(pattern)})) WHEN 0 THEN NULL "
        f"WHEN 1 THEN '1 {kind}' "
        f"ELSE len(regexp_extract_all({text}, {sql_text(pattern)})) || ' {kind}s' END"
        for kind, pattern in _KINDS
    )
    return (
        f"CASE WHEN length({text}) >= {SHOWN_TEXT} THEN '{SHOWN_TEXT} characters or more' "
        f"ELSE concat_ws(' and ', {counts}) END"
    )
