"""The reading rules as SQL: from a delivered column to a typed one, and from a bad value to a reason.

Every expression has a quick branch for the spelling that files mostly use, and a careful branch
(the macros below) for everything else; DuckDB evaluates the careful one only for the rows that
need it. An expression yields null both for "absent" and for "bad": which of the two it was is
decided afterwards, by `reason_code`, for the few rows where it matters.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.loading.brand import Cast
from orchestration.loading.contract import Column, Limits
from orchestration.loading.lake import sql_text
from orchestration.loading.zones import local_from_utc, utc_from_local

# White space as spreadsheets and tills write it: ASCII, no-break, full-width, zero-width, BOM.
_SPACE = (
    r"\s\x0B\x{0085}\x{00A0}\x{1680}\x{2000}-\x{200B}\x{2028}\x{2029}\x{202F}\x{205F}"
    r"\x{3000}\x{FEFF}"
)
_CJK = r"\x{4E00}-\x{9FFF}"
_OFFSET = r"[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?"
_DAY = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
_QUICK_INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
PLAIN_MOBILE = "1[3-9][0-9]{9}"

_TRUE = ("true", "t", "yes", "y", "1", "1.0", "是")
_FALSE = ("false", "f", "no", "n", "0", "0.0", "否")
_GENDERS = {
    "male": ("male", "m", "man", "1", "1.0", "男", "男性", "男士", "先生"),
    "female": ("female", "f", "woman", "2", "2.0", "女", "女性", "女士"),
    "other": ("other", "o", "其他", "其它"),
}
_UNKNOWN_GENDERS = ("unknown", "u", "0", "0.0", "9", "9.0", "未知", "保密", "不详")


def _among(values: tuple[str, ...]) -> str:
    return "(" + ", ".join(sql_text(value) for value in values) + ")"


def _spellings(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f(v) for v in values for f in (str, str.upper, str.capitalize)))


MACROS = (
    f"stripped(r) AS regexp_replace(r, '^[{_SPACE}]+|[{_SPACE}]+$', '', 'g')",
    f"is_blank(r) AS coalesce(regexp_full_match(r, '[{_SPACE}]*'), true)",
    # Full-width digits and signs as ASCII, and the apostrophe that keeps a spreadsheet from
    # reading a number taken off.
    """unspoilt(r) AS regexp_replace(
        translate(stripped(r), '０１２３４５６７８９．，－＋ｅＥ−：／', '0123456789.,-+eE-:/'),
        '^''+', '')""",
    "no_nul(r) AS CASE WHEN NOT contains(r, chr(0)) THEN r END",
    f"""as_text(r) AS CASE
        WHEN r IS NULL THEN NULL
        WHEN regexp_full_match(r, '[!-~{_CJK}](?:[ -~{_CJK}]*[!-~{_CJK}])?') THEN r
        ELSE no_nul(nullif(nfc_normalize(stripped(r)), '')) END""",
    """as_id(r) AS CASE
        WHEN r IS NULL THEN NULL
        WHEN regexp_full_match(r, '[0-9A-Za-z_:@#/+=-]+') THEN r
        ELSE no_nul(nullif(regexp_replace(regexp_replace(stripped(r), '^''+', ''),
            '^([0-9]+)\\.0$', '\\1'), '')) END""",
    """as_code(r) AS CASE
        WHEN r IS NULL THEN NULL
        WHEN regexp_full_match(r, '[a-z0-9_]+') THEN r
        ELSE lower(as_text(r)) END""",
    f"""as_gender(r) AS CASE
        WHEN r IS NULL OR is_blank(r) THEN NULL
        {
        " ".join(
            f"WHEN lower(stripped(r)) IN {_among(of)} THEN '{code}'"
            for code, of in _GENDERS.items()
        )
    }
        WHEN lower(stripped(r)) IN {_among(_UNKNOWN_GENDERS)} THEN NULL
        ELSE no_nul(lower(stripped(r))) END""",
    r"""careful_email(s) AS CASE
        WHEN strlen(s) <= 254 AND NOT contains(s, '..')
             AND regexp_full_match(s, '[^\s@"<>()\[\],;:\\*\x00-\x1F]{1,64}@[^\s@"<>()\[\],;:\\*_\x00-\x1F]+')
             AND regexp_matches(s, '[^.]@[^.@-](?:[^@]*[^.@-])?\.[^.@0-9-][^.@]*$') THEN s END""",
    r"""as_email(r) AS CASE
        WHEN r IS NULL THEN NULL
        WHEN regexp_full_match(r, '[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@[a-z0-9]+(?:[.-][a-z0-9]+)*\.[a-z]+')
             AND strlen(r) <= 254 THEN r
        ELSE careful_email(lower(regexp_replace(stripped(r), '^''+', ''))) END""",
    r"""plain_number(s) AS CASE
        WHEN regexp_full_match(s, '[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?') THEN s
        WHEN regexp_full_match(s, '[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?')
        THEN replace(s, ',', '') END""",
    r"""number_text(r) AS plain_number(unspoilt(r))""",
    r"""as_money(r) AS CASE
        WHEN r IS NULL THEN NULL
        WHEN regexp_full_match(r, '[0-9]{1,16}(?:\.[0-9]{1,2})?') THEN TRY_CAST(r AS DECIMAL(18,2))
        ELSE TRY_CAST(number_text(r) AS DECIMAL(18,2)) END""",
    r"""is_rounded(r, t) AS CASE
        WHEN t IS NULL OR regexp_full_match(r, '[0-9]{1,16}(?:\.[0-9]{1,2})?') THEN 0
        WHEN TRY_CAST(number_text(r) AS DECIMAL(38,18)) <> t THEN 1 ELSE 0 END""",
    r"""whole_number(s) AS CASE
        WHEN regexp_full_match(s, '[+-]?[0-9]+(?:\.0*)?')
        THEN TRY_CAST(regexp_replace(s, '\..*$', '') AS BIGINT)
        WHEN regexp_matches(s, '[eE]')
             AND TRY_CAST(s AS DECIMAL(38,15)) = trunc(TRY_CAST(s AS DECIMAL(38,15)))
        THEN TRY_CAST(TRY_CAST(s AS DECIMAL(38,15)) AS BIGINT) END""",
    r"""as_integer(r) AS CASE
        WHEN r IS NULL THEN NULL
        WHEN regexp_full_match(r, '-?[0-9]{1,18}') THEN TRY_CAST(r AS BIGINT)
        ELSE whole_number(number_text(r)) END""",
    "finite(x) AS CASE WHEN isfinite(x) THEN x END",
    r"""as_number(r) AS CASE
        WHEN r IS NULL THEN NULL
        WHEN regexp_full_match(r, '-?[0-9]{1,15}(?:\.[0-9]{1,15})?') THEN TRY_CAST(r AS DOUBLE)
        ELSE finite(TRY_CAST(number_text(r) AS DOUBLE)) END""",
    f"""as_boolean(r) AS CASE
        WHEN r IN {_among(_spellings(_TRUE))} THEN true
        WHEN r IN {_among(_spellings(_FALSE))} THEN false
        WHEN r IS NULL THEN NULL
        WHEN lower(unspoilt(r)) IN {_among(_TRUE)} THEN true
        WHEN lower(unspoilt(r)) IN {_among(_FALSE)} THEN false END""",
    # ISO form of whatever date and time notation; the result may still be nonsense.
    r"""iso_form(r) AS regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
        regexp_replace(regexp_replace(upper(unspoilt(r)),
        '^([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日', '\1-\2-\3'),
        '^([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})', '\1-\2-\3'),
        '^([0-9]{4})([0-9]{2})([0-9]{2})(?:\.0$|([T ]|$))', '\1-\2-\3\4'),
        'T([0-9]{2})([0-9]{2})([0-9]{2})', 'T\1:\2:\3'),
        '[T ]+([0-9]{1,2}):', ' \1:'),
        '(:[0-9]{2}),([0-9]+)', '\1.\2'),
        ' *(?:Z|UTC)$', '+00'),
        '([0-9]) +([+-][0-9:]+)$', '\1\2')""",
    f"""zoned_form(s) AS CASE
        WHEN regexp_full_match(s, '{_DAY} {_CLOCK} ?{_OFFSET}')
        THEN make_timestamp(epoch_us(TRY_CAST(s AS TIMESTAMPTZ))) END""",
    f"""naive_form(s) AS CASE
        WHEN regexp_full_match(s, '{_DAY}(?: {_CLOCK})?') THEN TRY_CAST(s AS TIMESTAMP) END""",
    f"""as_zoned(r) AS CASE
        WHEN r IS NULL THEN NULL
        WHEN regexp_full_match(r, '{_QUICK_INSTANT}Z') THEN TRY_CAST(r AS TIMESTAMP)
        WHEN regexp_full_match(r, '{_QUICK_INSTANT}{_OFFSET}')
        THEN make_timestamp(epoch_us(TRY_CAST(r AS TIMESTAMPTZ)))
        WHEN regexp_full_match(r, '{_QUICK_INSTANT}') THEN NULL
        ELSE zoned_form(iso_form(r)) END""",
    f"""as_naive(r) AS CASE
        WHEN r IS NULL THEN NULL
        WHEN regexp_full_match(r, '{_QUICK_INSTANT}') THEN TRY_CAST(r AS TIMESTAMP)
        WHEN regexp_full_match(r, '{_QUICK_INSTANT}(?:Z|{_OFFSET})') THEN NULL
        ELSE naive_form(iso_form(r)) END""",
    f"""as_day(r) AS CASE
        WHEN r IS NULL THEN NULL
        WHEN regexp_full_match(r, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') THEN TRY_CAST(r AS DATE)
        ELSE CAST(naive_form(iso_form(r)) AS DATE) END""",
)


@dataclass(frozen=True)
class Typing:
    """How one contract column is read out of one delivered column.

    `layers` are helper columns, projected one layer after the other; a layer may refer to those
    before it, and `typed` and `rounded` (0 or 1: a money value lost decimals) to all of them.
    """

    layers: tuple[tuple[tuple[str, str], ...], ...]
    typed: str
    rounded: str | None = None


@dataclass(frozen=True)
class TypingContext:
    """What the reading of one column depends on besides its own values."""

    limits: Limits
    business_zone: str
    source_zone: str | None = None
    cast: Cast = Cast()


def typing_of(column: Column, source: str, kind: str, context: TypingContext) -> Typing:
    """SQL for `column`, delivered as the SQL column `source` of the DuckDB type `kind`."""
    text = _replaced(text_of(source, kind), context.cast)
    if context.cast.values or context.cast.format or context.cast.unit:
        kind = "VARCHAR"
    reader = {
        "money": _money,
        "integer": _integer,
        "number": _number,
        "boolean": _boolean,
        "date": _date,
        "timestamp": _timestamp,
    }.get(column.type)
    if reader is not None:
        return reader(column, source, kind, text, context)
    return Typing((), _textual(column, text))


def text_of(source: str, kind: str) -> str:
    """SQL for the text of a delivered value, whatever its type."""
    if kind == "VARCHAR":
        return source
    if kind in {"DOUBLE", "FLOAT"}:
        # A whole number that a data frame turned into a float is a whole number.
        is_whole = f"{source} = trunc({source}) AND abs({source}) < 9e15"
        return (
            f"CASE WHEN {is_whole} THEN CAST(CAST({source} AS BIGINT) AS VARCHAR) "
            f"ELSE CAST({source} AS VARCHAR) END"
        )
    if kind.startswith("DECIMAL"):
        return f"regexp_replace(CAST({source} AS VARCHAR), '\\.0+$', '')"
    if is_nested(kind):
        return f"CAST(to_json({source}) AS VARCHAR)"
    return f"CAST({source} AS VARCHAR)"


def is_nested(kind: str) -> bool:
    """Whether a DuckDB type is a list, struct or map."""
    return kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION", "VARIANT"))


def is_naive_type(kind: str) -> bool:
    """Whether every value of a DuckDB type is a time without a zone."""
    return kind == "DATE" or (kind.startswith("TIMESTAMP") and "ZONE" not in kind)


def _replaced(text: str, cast: Cast) -> str:
    if not cast.values:
        return text
    cases = " ".join(
        f"WHEN {sql_text(source)} THEN {sql_text(target)}" for source, target in cast.values
    )
    return f"CASE stripped({text}) {cases} ELSE {text} END"


def _textual(column: Column, text: str) -> str:
    if column.type == "phone":
        plain = f"regexp_full_match({text}, '{PLAIN_MOBILE}')"
        return f"CASE WHEN {plain} THEN {text} ELSE no_nul(nullif(stripped({text}), '')) END"
    macro = {"name": "as_text", "text": "as_text", "buyer_key": "as_id"}.get(column.type)
    typed = f"{macro or 'as_' + column.type}({text})"
    if column.unknown_code_rejects:
        return f"CASE WHEN {typed} IN {_among(column.codes)} THEN {typed} END"
    return typed


def _money(column: Column, source: str, kind: str, text: str, context: TypingContext) -> Typing:
    name = f"_parsed_{column.name}"
    rounded = f"is_rounded({text}, {name})"
    if context.cast.unit == "cents":
        exact = f"TRY_CAST(number_text({text}) AS DECIMAL(30,8)) * 0.01::DECIMAL(3,2)"
        parsed = f"TRY_CAST({exact} AS DECIMAL(18,2))"
        rounded = f"CASE WHEN {exact} <> {name} THEN 1 ELSE 0 END"
    elif kind in _INTEGERS:
        parsed, rounded = f"TRY_CAST({source} AS DECIMAL(18,2))", "0"
    elif kind.startswith("DECIMAL"):
        parsed = f"TRY_CAST({source} AS DECIMAL(18,2))"
        rounded = f"CASE WHEN {source} <> {name} THEN 1 ELSE 0 END"
    elif kind in {"DOUBLE", "FLOAT"}:
        # The shortest decimal that reads back as the float is what its writer meant.
        quick = f"TRY_CAST({source} AS DECIMAL(18,2))"
        parsed = (
            f"CASE WHEN abs({source}) < 1e12 AND CAST({quick} AS {kind}) = {source} "
            f"THEN {quick} ELSE as_money(CAST({source} AS VARCHAR)) END"
        )
        rounded = f"CASE WHEN CAST({name} AS {kind}) = {source} THEN 0 ELSE {rounded} END"
    else:
        parsed = f"as_money({text})"
    return Typing((((name, parsed),),), _in_range(column, name), rounded)


def _integer(column: Column, source: str, kind: str, text: str, _: TypingContext) -> Typing:
    name = f"_parsed_{column.name}"
    parsed = f"TRY_CAST({source} AS BIGINT)" if kind in _INTEGERS else f"as_integer({text})"
    return Typing((((name, parsed),),), _in_range(column, name))


def _number(column: Column, source: str, kind: str, text: str, _: TypingContext) -> Typing:
    name = f"_parsed_{column.name}"
    parsed = f"as_number({text})"
    if kind in _INTEGERS or kind in {"DOUBLE", "FLOAT"} or kind.startswith("DECIMAL"):
        parsed = f"finite(TRY_CAST({source} AS DOUBLE))"
    return Typing((((name, parsed),),), _in_range(column, name))


def _boolean(_: Column, source: str, kind: str, text: str, __: TypingContext) -> Typing:
    return Typing((), source if kind == "BOOLEAN" else f"as_boolean({text})")


def _date(column: Column, source: str, kind: str, text: str, context: TypingContext) -> Typing:
    name, zoned = f"_parsed_{column.name}", f"_zoned_{column.name}"
    first, last = context.limits.earliest_year, context.limits.latest_year
    in_range = (
        f"CASE WHEN {name} BETWEEN DATE '{first}-01-01' AND DATE '{last}-12-31' THEN {name} END"
    )
    if context.cast.format:
        return Typing((((name, f"TRY_CAST({_formatted(text, context)} AS DATE)"),),), in_range)
    if kind == "DATE" or is_naive_type(kind):
        return Typing((((name, f"TRY_CAST({source} AS DATE)"),),), in_range)
    if kind.startswith("TIMESTAMP"):
        instant = f"make_timestamp(epoch_us({source}))"
    else:
        instant = f"as_zoned({text})"
    local = f"CAST({local_from_utc(zoned, context.business_zone)} AS DATE)"
    if kind.startswith("TIMESTAMP"):
        return Typing((((zoned, instant),), ((name, local),)), in_range)
    day = f"_day_{column.name}"
    layers = (((zoned, instant), (day, f"as_day({text})")), ((name, f"coalesce({day}, {local})"),))
    return Typing(layers, in_range)


def _timestamp(column: Column, source: str, kind: str, text: str, context: TypingContext) -> Typing:
    naive, zoned = f"_naive_{column.name}", f"_zoned_{column.name}"
    parsed: list[tuple[str, str]] = []
    if context.cast.unit:
        fold = 1_000_000 if context.cast.unit == "epoch_seconds" else 1_000
        count = f"TRY_CAST(number_text({text}) AS DECIMAL(30,8)) * {fold}"
        parsed.append((zoned, f"make_timestamp(TRY_CAST({count} AS BIGINT))"))
    elif context.cast.format and ("%z" in context.cast.format or "%Z" in context.cast.format):
        parsed.append((zoned, f"make_timestamp(epoch_us({_formatted(text, context)}))"))
    elif context.cast.format:
        parsed.append((naive, _formatted(text, context)))
    elif is_naive_type(kind):
        parsed.append((naive, f"TRY_CAST({source} AS TIMESTAMP)"))
    elif kind.startswith("TIMESTAMP"):
        parsed.append((zoned, f"make_timestamp(epoch_us({source}))"))
    else:
        parsed.append((zoned, f"as_zoned({text})"))
        if context.source_zone:
            parsed.append((naive, f"as_naive({text})"))
    names = {name for name, _ in parsed}
    candidates = [zoned] if zoned in names else []
    if naive in names and context.source_zone:
        candidates.append(utc_from_local(naive, context.source_zone))
    if not candidates:
        return Typing((), "CAST(NULL AS TIMESTAMP)")
    first, last = context.limits.earliest_year, context.limits.latest_year
    bounds = f"TIMESTAMP '{first}-01-01' AND TIMESTAMP '{last}-12-31 23:59:59.999999'"
    value = f"_instant_{column.name}"
    layers = (tuple(parsed), ((value, f"coalesce({', '.join(candidates)})"),))
    return Typing(layers, f"CASE WHEN {value} BETWEEN {bounds} THEN {value} END")


def _formatted(text: str, context: TypingContext) -> str:
    return f"try_strptime(unspoilt({text}), {sql_text(context.cast.format or '')})"


def _in_range(column: Column, name: str) -> str:
    bounds = range_conditions(name, column.minimum, column.maximum, column.above)
    return f"CASE WHEN {bounds} THEN {name} END" if bounds else name


def range_conditions(
    name: str, minimum: float | None, maximum: float | None, above: float | None = None
) -> str:
    """SQL that is true inside the range; empty where there is no bound."""
    bounds = (("<=", maximum), (">=", minimum), (">", above))
    return " AND ".join(f"{name} {sign} {bound}" for sign, bound in bounds if bound is not None)


_INTEGERS = frozenset(
    {
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
        "UHUGEINT",
    }
)
