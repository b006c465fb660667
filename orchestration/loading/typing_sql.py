"""The reading rules as SQL: from a delivered column to a typed one.

Every expression has a quick branch for the spelling that files mostly use, and a careful branch
(the macros below) for everything else; DuckDB evaluates the careful one only for the rows that
need it. An expression yields null both for "absent" and for "bad": which of the two it was is
decided afterwards, in `problems`, for the few rows where it matters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestration.loading.brand import Cast
from orchestration.loading.contract import FREE_TEXTS, Column, Limits
from orchestration.loading.lake import sql_text
from orchestration.loading.zones import local_from_utc, utc_from_local

# White space as spreadsheets and tills write it: ASCII, no-break, full-width, zero-width, BOM.
_SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200C)))
    + "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_CJK = r"\x{4E00}-\x{9FFF}"
_OFFSET = r"[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?"
_DAY = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
_QUICK_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_QUICK_INSTANT = _QUICK_DAY + r"[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
_QUICK_MONEY = r"[0-9]+(?:\.[0-9]{1,2})?"
_QUICK_INTEGER = "-?[0-9]+"
_QUICK_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_MAIL_LETTER = r"[^\s@.\"<>()\[\],;:\\*\x00-\x1F]"
_HOST_LETTER = r"[^\s@._\"<>()\[\],;:\\*\x00-\x1F-]"
_TOP_LETTER = r"[^0-9\s@._\"<>()\[\],;:\\*\x00-\x1F-]"
PLAIN_MOBILE = "1[3-9][0-9]{9}"

CURRENCY_SIGNS = {
    "CNY": ("¥", "￥", "元"),
    "JPY": ("¥", "￥", "円"),
    "USD": ("$", "US$"),
    "HKD": ("$", "HK$"),
    "TWD": ("$", "NT$"),
    "SGD": ("$", "S$"),
    "EUR": ("€",),
    "GBP": ("£",),
    "KRW": ("₩",),
}
"""What spreadsheets write beside an amount of a currency, besides its code."""

_TRUE = ("true", "t", "yes", "y", "1", "1.0", "是")
FALSE = ("false", "f", "no", "n", "0", "0.0", "否")
_GENDERS = {
    "male": ("male", "m", "man", "1", "1.0", "男", "男性", "男士", "先生"),
    "female": ("female", "f", "woman", "2", "2.0", "女", "女性", "女士"),
    "other": ("other", "o", "其他", "其它"),
}
_QUICK_BOOLEANS = (("true", "true"), ("false", "false"), ("1", "true"), ("0", "false"))
_UNKNOWN_GENDERS = ("unknown", "u", "0", "0.0", "9", "9.0", "未知", "保密", "不详")


def _among(values: tuple[str, ...]) -> str:
    return "(" + ", ".join(sql_text(value) for value in values) + ")"


# A parameter that is used more than once is spelled out more than once, so what is passed to these
# is a column wherever it can be.
MACROS = (
    f"stripped(r) AS trim(r, '{_SPACES}')",
    "is_blank(r) AS coalesce(stripped(r) = '', true)",
    # Full-width digits and signs as ASCII, without the apostrophe that keeps a spreadsheet from
    # reading a number.
    """unspoilt(r) AS ltrim(translate(stripped(r),
        '０１２３４５６７８９．，－＋ｅＥ−：／', '0123456789.,-+eE-:/'), chr(39))""",
    "no_nul(r) AS CASE WHEN NOT contains(r, chr(0)) THEN r END",
    f"""as_text(r) AS CASE
        WHEN NOT regexp_full_match(r, '[!-~{_CJK}](?:[ -~{_CJK}]*[!-~{_CJK}])?')
        THEN no_nul(nullif(nfc_normalize(stripped(r)), '')) ELSE r END""",
    r"""as_id(r) AS CASE
        WHEN NOT regexp_full_match(r, '[0-9A-Za-z_:@#/+=-]+')
        THEN no_nul(nullif(regexp_replace(
            ltrim(stripped(r), chr(39)), '^([0-9]+)\.0$', '\1'), '')) ELSE r END""",
    """as_code(r) AS CASE
        WHEN NOT regexp_full_match(r, '[a-z0-9_]+') THEN lower(as_text(r)) ELSE r END""",
    f"""gender_of(c) AS CASE
        {" ".join(f"WHEN c IN {_among(of)} THEN '{code}'" for code, of in _GENDERS.items())}
        WHEN c IN {_among(_UNKNOWN_GENDERS)} THEN NULL ELSE c END""",
    f"""email_of(s) AS CASE WHEN strlen(s) <= 254 AND regexp_full_match(s,
        '{_MAIL_LETTER}+(?:\\.{_MAIL_LETTER}+)*@(?:{_HOST_LETTER}+(?:-+{_HOST_LETTER}+)*\\.)+'
        '{_TOP_LETTER}{_HOST_LETTER}*(?:-+{_HOST_LETTER}+)*') THEN s END""",
    r"""plain_number(s) AS CASE
        WHEN regexp_full_match(s, '[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?')
        THEN s
        WHEN regexp_full_match(s, '[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?')
        THEN replace(s, ',', '') END""",
    "number_text(r) AS plain_number(unspoilt(r))",
    r"""whole_number(s) AS CASE
        WHEN regexp_full_match(s, '[+-]?[0-9]+(?:\.0*)?')
        THEN TRY_CAST(regexp_replace(s, '\..*$', '') AS BIGINT)
        WHEN regexp_matches(s, '[eE]')
             AND TRY_CAST(s AS DECIMAL(38,15)) = trunc(TRY_CAST(s AS DECIMAL(38,15)))
        THEN TRY_CAST(TRY_CAST(s AS DECIMAL(38,15)) AS BIGINT) END""",
    "finite(x) AS CASE WHEN isfinite(x) THEN x END",
    f"""as_boolean(r) AS CASE
        WHEN lower(unspoilt(r)) IN {_among(_TRUE)} THEN true
        WHEN lower(unspoilt(r)) IN {_among(FALSE)} THEN false END""",
    # Other notations of dates and times as ISO; what is none of them stays what it is.
    r"""iso_day(s) AS CASE
        WHEN regexp_matches(s, '^[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}') THEN replace(s, '/', '-')
        WHEN regexp_matches(s, '^[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日')
        THEN replace(translate(s, '年月', '--'), '日', '')
        WHEN regexp_matches(s, '^[0-9]{8}(?:\.0$|[T ]|$)')
        THEN s[1:4] || '-' || s[5:6] || '-' || replace(s[7:], '.0', '')
        ELSE s END""",
    r"""iso_form(s) AS replace(replace(regexp_replace(regexp_replace(regexp_replace(
        replace(replace(iso_day(upper(s)), 'UTC', 'Z'), ',', '.'),
        '[T ]([0-9]{2})([0-9]{2})([0-9]{2})', 'T\1:\2:\3'),
        '[T ]+([0-9]{1,2}:)', ' \1'),
        ' *Z$', '+00'), ' +', '+'), ' -', '-')""",
    f"""zoned_form(s) AS CASE
        WHEN regexp_full_match(s, '{_DAY} {_CLOCK}{_OFFSET}')
        THEN make_timestamp(epoch_us(TRY_CAST(s AS TIMESTAMPTZ))) END""",
    f"""naive_form(s) AS CASE
        WHEN regexp_full_match(s, '{_DAY}(?: {_CLOCK})?') THEN TRY_CAST(s AS TIMESTAMP) END""",
)


Layer = tuple[tuple[str, str], ...]
"""Helper columns, name and SQL, that are projected together."""


@dataclass(frozen=True)
class Typing:
    """How one contract column is read out of one delivered column.

    `layers` are helper columns, projected one layer after the other; a layer may refer to those
    before it, and `typed` and `rounded` (0 or 1: a money value lost decimals) to all of them.
    """

    layers: tuple[Layer, ...]
    typed: str
    rounded: str | None = None


NO_CAST = Cast()


@dataclass(frozen=True)
class TypingContext:
    """What the reading of one column depends on besides its own values."""

    limits: Limits
    business_zone: str
    source_zone: str | None = None
    cast: Cast = NO_CAST
    currency: str = ""


def typing_of(column: Column, source: str, kind: str, context: TypingContext) -> Typing:
    """SQL for `column`, delivered as the SQL column `source` of the DuckDB type `kind`."""
    text = text_of(source, kind)
    cast = context.cast
    before: tuple[Layer, ...] = ()
    if cast.values:
        name = f"_replaced_{column.name}"
        before, text = (((name, _replaced(text, cast)),),), name
    if cast.values or cast.format or cast.unit:
        kind = "VARCHAR"
    reader = {
        "gender": _gender,
        "email": _email,
        "money": _money,
        "integer": _integer,
        "number": _number,
        "boolean": _boolean,
        "date": _date,
        "timestamp": _timestamp,
    }.get(column.type, _textual)
    typing = reader(column, source, kind, text, context)
    return Typing((*before, *typing.layers), typing.typed, typing.rounded)


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
    is_zoned = kind.startswith("TIMESTAMPTZ") or "WITH TIME ZONE" in kind
    return kind == "DATE" or (kind.startswith("TIMESTAMP") and not is_zoned)


def _replaced(text: str, cast: Cast) -> str:
    if not cast.values:
        return text
    cases = " ".join(
        f"WHEN {sql_text(source)} THEN {sql_text(target)}" for source, target in cast.values
    )
    return f"CASE stripped({text}) {cases} ELSE {text} END"


def _textual(column: Column, source: str, kind: str, text: str, _: TypingContext) -> Typing:
    if is_nested(kind) and column.type not in FREE_TEXTS:
        return Typing((), "CAST(NULL AS VARCHAR)")
    if kind in {"DOUBLE", "FLOAT"}:
        text = f"CASE WHEN isfinite({source}) THEN {text} END"
    if column.type == "phone":
        is_odd = f"NOT regexp_full_match({text}, '{PLAIN_MOBILE}')"
        return Typing(
            (), f"CASE WHEN {is_odd} THEN no_nul(nullif(stripped({text}), '')) ELSE {text} END"
        )
    if column.type == "code" and column.codes:
        known = _among(column.codes)
        code = f"CASE WHEN {text} IN {known} THEN {text} ELSE as_code({text}) END"
        if not column.unknown_code_rejects:
            return Typing((), code)
        name = f"_code_{column.name}"
        return Typing((((name, code),),), f"CASE WHEN {name} IN {known} THEN {name} END")
    macro = {"code": "as_code", "id": "as_id", "buyer_key": "as_id"}.get(column.type, "as_text")
    return Typing((), f"{macro}({text})")


def _gender(column: Column, _: str, __: str, text: str, ___: TypingContext) -> Typing:
    name = f"_code_{column.name}"
    return Typing((((name, f"as_code({text})"),),), f"gender_of({name})")


def _email(column: Column, _: str, __: str, text: str, ___: TypingContext) -> Typing:
    name = f"_mail_{column.name}"
    return Typing((((name, f"ltrim(lower(as_text({text})), chr(39))"),),), f"email_of({name})")


def _numeric(
    column: Column, text: str, pattern: str, target: str, careful: str, currency: str = ""
) -> tuple[Layer, ...]:
    """Layers that end in `_parsed_<column>`; `_number_<column>` is the spelling where it was odd.

    `careful` is SQL with `{}` for that spelling. A sign of `currency` beside it does not count.
    """
    quick, odd, bare, number = (
        f"_{part}_{column.name}" for part in ("quick", "odd", "bare", "number")
    )
    careful = _where_filled(number, careful.format(number))
    signless: tuple[Layer, ...] = ()
    if currency:
        signless, odd = (((bare, _where_filled(odd, without_sign(odd, currency))),),), bare
    return (
        *_quick_or_odd(column, text, pattern, target),
        *signless,
        ((number, _where_filled(odd, f"plain_number({odd})")),),
        ((f"_parsed_{column.name}", f"coalesce({quick}, {careful})"),),
    )


def _money(column: Column, source: str, kind: str, text: str, context: TypingContext) -> Typing:
    name, number = f"_parsed_{column.name}", f"_number_{column.name}"
    if context.cast.unit == "cents":
        exact = f"_exact_{column.name}"
        cents = f"TRY_CAST(number_text({text}) AS DECIMAL(30,8)) * 0.01::DECIMAL(3,2)"
        layers: tuple[Layer, ...] = (
            ((exact, cents),),
            ((name, f"TRY_CAST({exact} AS DECIMAL(18,2))"),),
        )
        return Typing(layers, _in_range(column, name), _differs(exact, name))
    if kind in _INTEGERS or kind.startswith("DECIMAL"):
        layers = (((name, f"TRY_CAST({source} AS DECIMAL(18,2))"),),)
        rounded = _differs(source, name) if kind.startswith("DECIMAL") else None
        return Typing(layers, _in_range(column, name), rounded)
    careful = "TRY_CAST({} AS DECIMAL(18,2))"
    rounded = _differs(f"TRY_CAST({number} AS DECIMAL(38,18))", name)
    if kind not in {"DOUBLE", "FLOAT"}:
        layers = _numeric(column, text, _QUICK_MONEY, "DECIMAL(18,2)", careful, context.currency)
        return Typing(layers, _in_range(column, name), rounded)
    # The shortest decimal that reads back as the float is what its writer meant.
    quick = f"_quick_{column.name}"
    is_exact = f"abs({source}) < 1e12 AND CAST({quick} AS {kind}) = {source}"
    spelling = f"CASE WHEN NOT coalesce({is_exact}, false) THEN CAST({source} AS VARCHAR) END"
    layers = (
        ((quick, f"TRY_CAST({source} AS DECIMAL(18,2))"),),
        ((number, f"plain_number({spelling})"),),
        ((name, f"CASE WHEN {is_exact} THEN {quick} ELSE {careful.format(number)} END"),),
    )
    return Typing(layers, _in_range(column, name), rounded)


def without_sign(text: str, currency: str) -> str:
    """SQL for an amount without the sign or the code of its currency before or behind it."""
    if not currency:
        return text
    signs = "|".join(re.escape(sign) for sign in (*CURRENCY_SIGNS.get(currency, ()), currency))
    pattern = sql_text(f"^(?:{signs}) *| *(?:{signs})$")
    return f"regexp_replace({text}, {pattern}, '', 'g')"


def _differs(exact: str, rounded: str) -> str:
    return f"CASE WHEN {exact} <> {rounded} THEN 1 ELSE 0 END"


def _integer(column: Column, source: str, kind: str, text: str, _: TypingContext) -> Typing:
    name = f"_parsed_{column.name}"
    if kind in _INTEGERS:
        layers: tuple[Layer, ...] = (((name, f"TRY_CAST({source} AS BIGINT)"),),)
    else:
        layers = _numeric(column, text, _QUICK_INTEGER, "BIGINT", "whole_number({})")
    return Typing(layers, _in_range(column, name))


def _number(column: Column, source: str, kind: str, text: str, _: TypingContext) -> Typing:
    name = f"_parsed_{column.name}"
    if kind in _INTEGERS or kind in {"DOUBLE", "FLOAT"} or kind.startswith("DECIMAL"):
        layers: tuple[Layer, ...] = (((name, f"finite(TRY_CAST({source} AS DOUBLE))"),),)
    else:
        careful = "finite(TRY_CAST({} AS DOUBLE))"
        layers = _numeric(column, text, _QUICK_NUMBER, "DOUBLE", careful)
        # Hundreds of digits are a number to the quick pattern and infinite to the cast.
        return Typing(layers, _in_range(column, f"finite({name})"))
    return Typing(layers, _in_range(column, name))


def _boolean(_: Column, source: str, kind: str, text: str, __: TypingContext) -> Typing:
    if kind == "BOOLEAN":
        return Typing((), source)
    quick = " ".join(f"WHEN '{word}' THEN {truth}" for word, truth in _QUICK_BOOLEANS)
    careful = _where_filled(text, f"as_boolean({text})")
    return Typing((), f"CASE {text} {quick} ELSE {careful} END")


def _date(column: Column, source: str, kind: str, text: str, context: TypingContext) -> Typing:
    name, zoned = f"_parsed_{column.name}", f"_zoned_{column.name}"
    first, last = context.limits.earliest_year, context.limits.latest_year
    bounds = f"DATE '{first}-01-01' AND DATE '{last}-12-31'"
    typed = f"CASE WHEN {name} BETWEEN {bounds} THEN {name} END"
    if context.cast.format:
        return Typing((((name, f"TRY_CAST({formatted(text, context)} AS DATE)"),),), typed)
    if is_naive_type(kind):
        return Typing((((name, f"TRY_CAST({source} AS DATE)"),),), typed)
    local = f"CAST({local_from_utc(zoned, context.business_zone)} AS DATE)"
    if kind.startswith("TIMESTAMP"):
        instant = _utc_of(source)
        return Typing((((zoned, instant),), ((name, local),)), typed)
    quick, odd = f"_quick_{column.name}", f"_odd_{column.name}"
    layers = (
        *_quick_or_odd(column, text, _QUICK_DAY, "DATE"),
        ((f"_iso_{column.name}", _where_filled(odd, f"iso_form({odd})")),),
        ((zoned, f"zoned_form(_iso_{column.name})"),),
        ((name, f"coalesce({quick}, CAST(naive_form(_iso_{column.name}) AS DATE), {local})"),),
    )
    return Typing(layers, typed)


def _timestamp(column: Column, source: str, kind: str, text: str, context: TypingContext) -> Typing:
    naive, zoned = f"_naive_{column.name}", f"_zoned_{column.name}"
    zone = context.source_zone
    layers: tuple[Layer, ...]
    if context.cast.unit:
        fold = 1_000_000 if context.cast.unit == "epoch_seconds" else 1_000
        count = f"TRY_CAST(number_text({text}) AS DECIMAL(30,8)) * {fold}"
        layers = (((zoned, f"make_timestamp(TRY_CAST({count} AS BIGINT))"),),)
    elif context.cast.format and ("%z" in context.cast.format or "%Z" in context.cast.format):
        layers = (((zoned, f"make_timestamp(epoch_us({formatted(text, context)}))"),),)
    elif context.cast.format:
        layers = (((naive, formatted(text, context)),),)
    elif is_naive_type(kind):
        layers = (((naive, f"TRY_CAST({source} AS TIMESTAMP)"),),)
    elif kind.startswith("TIMESTAMP"):
        layers = (((zoned, _utc_of(source)),),)
    else:
        layers = _spelled_instant(column, text, zone)
    names = {name for layer in layers for name, _ in layer}
    candidates = [zoned] if zoned in names else []
    if naive in names and zone:
        candidates.append(utc_from_local(naive, zone))
    if not candidates:
        return Typing((), "CAST(NULL AS TIMESTAMP)")
    first, last = context.limits.earliest_year, context.limits.latest_year
    bounds = f"TIMESTAMP '{first}-01-01' AND TIMESTAMP '{last}-12-31 23:59:59.999999'"
    value = f"_instant_{column.name}"
    layers = (*layers, ((value, f"coalesce({', '.join(candidates)})"),))
    return Typing(layers, f"CASE WHEN {value} BETWEEN {bounds} THEN {value} END")


def _utc_of(source: str) -> str:
    """SQL for a zoned timestamp of whatever precision as UTC without a zone."""
    return f"make_timestamp(epoch_us(CAST({source} AS TIMESTAMPTZ)))"


def _spelled_instant(column: Column, text: str, zone: str | None) -> tuple[Layer, ...]:
    """Layers that end in `_zoned_<column>` and, where a zone is declared, `_naive_<column>`."""
    quick, odd, iso = (f"_{part}_{column.name}" for part in ("quick", "odd", "iso"))
    naive, zoned = f"_naive_{column.name}", f"_zoned_{column.name}"
    if zone is None:
        utc, offset = f"{_QUICK_INSTANT}Z", f"{_QUICK_INSTANT}{_OFFSET}"
        quickly = (
            f"CASE WHEN regexp_full_match({text}, '{utc}') THEN TRY_CAST({text} AS TIMESTAMP) "
            f"WHEN regexp_full_match({text}, '{offset}') "
            f"THEN make_timestamp(epoch_us(TRY_CAST({text} AS TIMESTAMPTZ))) END"
        )
        return (
            ((quick, quickly),),
            ((iso, _where_filled(text, f"iso_form(unspoilt({text}))", f"{quick} IS NULL")),),
            ((zoned, f"coalesce({quick}, zoned_form({iso}))"),),
        )
    return (
        *_quick_or_odd(column, text, _QUICK_INSTANT, "TIMESTAMP"),
        ((iso, _where_filled(odd, f"iso_form({odd})")),),
        ((zoned, f"zoned_form({iso})"), (naive, f"coalesce({quick}, naive_form({iso}))")),
    )


def _quick_or_odd(column: Column, text: str, pattern: str, target: str) -> tuple[Layer, Layer]:
    """Layers that end in the value where its spelling is the usual one, else the tidied spelling.

    The columns are `_quick_<column>` and `_odd_<column>`.
    """
    quick, odd, is_usual = (f"_{part}_{column.name}" for part in ("quick", "odd", "usual"))
    return (
        ((is_usual, f"regexp_full_match({text}, '{pattern}')"),),
        (
            (quick, f"TRY_CAST(CASE WHEN {is_usual} THEN {text} END AS {target})"),
            (odd, f"CASE WHEN NOT {is_usual} THEN unspoilt({text}) END"),
        ),
    )


def _where_filled(text: str, sql: str, condition: str = "true") -> str:
    """`sql`, which is null where `text` is, evaluated only where it is not and `condition` holds.

    Most rows have nothing for the careful branch, and a null costs a function a call.
    """
    also = "" if condition == "true" else f" AND {condition}"
    return f"CASE WHEN {text} IS NOT NULL{also} THEN {sql} END"


def formatted(text: str, context: TypingContext) -> str:
    """SQL that reads a text in the brand's own format; empty where the brand names none."""
    layout = context.cast.format
    return f"try_strptime(unspoilt({text}), {sql_text(layout)})" if layout else ""


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
