"""A clean contract landing folder, as it was known at the end of a business date.

"Clean" means: what a loader would keep. Nothing is quarantined or repaired here; a naive timestamp
or two different versions of a record with the same version time are errors.

Persons are not worked out here: the caller says which keys are the same person. A key is written
`<key type>:<value>`, with the key types of the contract (`member_no:M1`, `openid:o1`,
`buyer_id:tmall:b1`, `external_userid:x1` ...). A key that the caller does not mention is a person
of its own, named like the key; a key mapped to None is nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import yaml

DEFAULT_ZONE = "Asia/Shanghai"
INSTANT = pl.Datetime("us", "UTC")
ORDER_CHANNELS = ("website", "mini_program", "app", "tmall", "jd", "douyin", "pos")
ORDER_KINDS = ("sale", "sample", "gift", "points_mall")
SINCE_EVER = datetime(1, 1, 2, tzinfo=UTC)
UNTIL_EVER = datetime(9999, 12, 30, tzinfo=UTC)

Persons = Mapping[str, str | None]


@dataclass(frozen=True)
class Table:
    """What is read of one table of the contract.

    `columns` maps names to kinds (id, code, text, cents, integer, number, boolean, instant).
    `event` is the record's own time (its birth), `version` dates a version.
    `person_keys` are the columns that name a person: (key type, column).
    """

    key: tuple[str, ...]
    columns: dict[str, str]
    version: str | None = None
    event: str | None = None
    person_keys: tuple[tuple[str, str], ...] = ()
    earliest_before: bool = False  # the earliest version also holds before its own date


def _fact(
    key: str, event: str, person_key: str, version: str | None = None, **others: str
) -> Table:
    """A dated fact that is read for who it names, when it happened, and `others` (column=kind)."""
    column, kind = person_key, "buyer" if person_key == "buyer_key" else person_key
    columns = dict.fromkeys(key.split(), "id") | {column: "id", event: "instant"} | others
    if kind == "buyer":
        columns["buyer_key_type"] = "code"
    if version:
        columns[version] = "instant"
    return Table(tuple(key.split()), columns, version, event, ((kind, column),))


def _records(key: str, event: str, person_key: tuple[str, str]) -> Table:
    """Users, buyers and contacts: read for who they are and when they came."""
    columns = dict.fromkeys(key.split(), "id") | {event: "instant", "updated_at": "instant"}
    return Table(tuple(key.split()), columns, "updated_at", event, (person_key,))


EVENT = {"event_type": "code", "product_id": "id"}
TABLES: dict[str, Table] = {
    "crm.members": Table(
        ("member_no",),
        {
            "member_no": "id",
            "registered_at": "instant",
            "register_channel": "code",
            "is_test": "boolean",
            "updated_at": "instant",
        },
        "updated_at",
        "registered_at",
        (("member_no", "member_no"),),
    ),
    "crm.staff": Table(
        ("staff_id",),
        {"staff_id": "id", "member_no": "id", "phone": "id", "updated_at": "instant"},
        "updated_at",
        None,
    ),
    "mini_program.users": _records("openid", "created_at", ("openid", "openid")),
    "app.users": _records("app_user_id", "created_at", ("app_user_id", "app_user_id")),
    "website.users": _records("web_user_id", "created_at", ("web_user_id", "web_user_id")),
    "marketplace.buyers": _records("platform buyer_id", "created_at", ("platform", "buyer_id")),
    "wecom.contacts": _records("external_userid", "added_at", ("external_userid",) * 2),
    "commerce.orders": Table(
        ("order_id",),
        {
            "order_id": "id",
            "order_channel": "code",
            "buyer_key_type": "code",
            "buyer_key": "id",
            "store_id": "id",
            "status": "code",
            "order_kind": "code",
            "is_test": "boolean",
            "ordered_at": "instant",
            "paid_at": "instant",
            "cancelled_at": "instant",
            "gross_amount": "cents",
            "discount_amount": "cents",
            "net_amount": "cents",
            "coupon_code": "id",
            "campaign_id": "id",
            "is_private_domain": "boolean",
            "updated_at": "instant",
        },
        "updated_at",
        "ordered_at",
        (("buyer", "buyer_key"),),
    ),
    "commerce.order_lines": Table(
        ("order_id", "line_no"),
        {
            "order_id": "id",
            "line_no": "integer",
            "product_id": "id",
            "quantity": "integer",
            "unit_price": "cents",
            "promotion_discount": "cents",
            "coupon_discount": "cents",
            "tier_discount": "cents",
            "points_discount": "cents",
            "net_amount": "cents",
            "updated_at": "instant",
        },
        "updated_at",
    ),
    "commerce.refunds": Table(
        ("refund_id",),
        {"refund_id": "id", "order_id": "id", "refund_amount": "cents", "refunded_at": "instant"},
        None,
        "refunded_at",
    ),
    "catalog.products": Table(
        ("product_id",),
        {"product_id": "id", "category_id": "id", "unit_cost": "cents", "updated_at": "instant"},
        "updated_at",
        earliest_before=True,
    ),
    "catalog.categories": Table(
        ("category_id",),
        {"category_id": "id", "usage_cycle_days": "number", "updated_at": "instant"},
        "updated_at",
        earliest_before=True,
    ),
    "campaigns.campaigns": Table(
        ("campaign_id",),
        {
            "campaign_id": "id",
            "offer_kind": "code",
            "starts_at": "instant",
            "ends_at": "instant",
            "updated_at": "instant",
        },
        "updated_at",
    ),
    "catalog.price_changes": Table(
        ("product_id", "valid_from"),
        {"product_id": "id", "price": "cents", "valid_from": "instant"},
        None,
        "valid_from",
    ),
    "mini_program.events": _fact("event_id", "occurred_at", "openid", **EVENT),
    "app.events": _fact("event_id", "occurred_at", "app_user_id", **EVENT),
    "website.events": _fact("event_id", "occurred_at", "web_user_id", **EVENT),
    # Read only for who they name and when:
    "crm.member_attributes": _fact(
        "member_no attribute_code recorded_at", "recorded_at", "member_no", value="text"
    ),
    "crm.consents": _fact("member_no purpose channel changed_at", "changed_at", "member_no"),
    "commerce.carts": _fact(
        "cart_event_id",
        "occurred_at",
        "buyer_key",
        product_id="id",
        action="code",
        unit_price="cents",
    ),
    "catalog.favourites": _fact(
        "buyer_key_type buyer_key product_id occurred_at", "occurred_at", "buyer_key"
    ),
    "loyalty.points_transactions": _fact("transaction_id", "occurred_at", "member_no"),
    "loyalty.benefit_entitlements": _fact(
        "benefit_id member_no granted_at", "granted_at", "member_no"
    ),
    "loyalty.benefit_usages": _fact("usage_id", "used_at", "member_no"),
    "loyalty.task_completions": _fact("completion_id", "completed_at", "member_no"),
    "loyalty.tier_grants": _fact("grant_id", "granted_at", "member_no"),
    "loyalty.subscriptions": _fact("subscription_id", "started_at", "member_no", "updated_at"),
    "loyalty.attendances": _fact("activity_id member_no", "attended_at", "member_no"),
    "coupons.coupons": _fact(
        "coupon_code",
        "issued_at",
        "member_no",
        "updated_at",
        claimed_at="instant",
        redeemed_at="instant",
        expires_at="instant",
    ),
    "campaigns.sends": _fact(
        "send_id", "sent_at", "member_no", "updated_at", campaign_id="id", status="code"
    ),
    "campaigns.experiments": _fact("experiment_id member_no", "assigned_at", "member_no"),
    "wecom.group_members": _fact(
        "group_id external_userid joined_at", "joined_at", "external_userid", "updated_at"
    ),
    "wecom.messages": _fact("message_id", "occurred_at", "external_userid", direction="code"),
    "community.posts": _fact("post_id", "posted_at", "member_no"),
    "service.tickets": _fact(
        "ticket_id", "opened_at", "member_no", "updated_at", kind="code", csat="number"
    ),
    "service.surveys": _fact(
        "response_id", "responded_at", "member_no", survey_kind="code", score="number"
    ),
}
# Who a source system knows, and what persons do themselves; all else is done to them.
RECORDS = (
    "crm.members",
    "mini_program.users",
    "app.users",
    "website.users",
    "marketplace.buyers",
    "wecom.contacts",
)
LOGIN_EVENTS = ("mini_program.events", "app.events", "website.events")
OWN_ACTS = ("commerce.orders", "commerce.carts", "catalog.favourites", *LOGIN_EVENTS)

for _table in TABLES.values():
    # `occurred_at` and the like may be part of the key: the kind of the column stays an instant.
    if _table.event:
        _table.columns[_table.event] = "instant"


@dataclass(frozen=True)
class Landing:
    """Every version of every record of a landing folder, typed."""

    zone: str
    tables: dict[str, pl.DataFrame]

    def with_table(self, name: str, frame: pl.DataFrame) -> Landing:
        """Return a copy in which one table is another."""
        return replace(self, tables=self.tables | {name: frame})


@dataclass(frozen=True)
class Known:
    """What was known at the end of `as_of`; only the records of persons carry `person`.

    orders: order_id, person (null: nobody), order_channel, store_id, ordered_at, order_date, status
        (then), order_kind, is_test, paid_at, gross_cents, discount_cents, net_cents,
        refunded_cents, net_revenue_cents, coupon_code, campaign_id, is_private_domain,
        is_discounted, is_coupon_used, is_promoted_only, is_valid
    lines: order_id, line_no, product_id, category_id (null: not in the catalogue), quantity,
        unit_cost_cents, net_cents, promotion_cents, coupon_cents
    persons: person, birth_date, is_test, is_staff, is_member, registered_date (first member record
        to register; the birth date where it does not say), register_channel
    logins: person, login_date
    events: person, event_type, product_id, event_date (of digital events)
    carts: person, cart_event_id, product_id, action, unit_cents, occurred_at, cart_date
    coupons: person, coupon_code, issued_at, issued_date, claimed_date, redeemed_date, expires_date
    messages, posts: person, date (messages in)
    prices: product_id, price_cents, valid_from, from_date
    tickets: person, id, date, kind, csat (csat surveys as tickets of the kind csat)
    offers: person, date (sends that did not fail, of campaigns that offer a discount)
    births: person, attribute, value (attributes that are dates)
    campaigns: first_date, last_date
    cycles: category_id -> usage cycle in days
    """

    as_of: date
    zone: str
    orders: pl.DataFrame
    lines: pl.DataFrame
    persons: pl.DataFrame
    logins: pl.DataFrame
    events: pl.DataFrame
    carts: pl.DataFrame
    coupons: pl.DataFrame
    messages: pl.DataFrame
    posts: pl.DataFrame
    prices: pl.DataFrame
    tickets: pl.DataFrame
    offers: pl.DataFrame
    births: pl.DataFrame
    campaigns: pl.DataFrame
    cycles: dict[str, float]

    def people(self) -> pl.DataFrame:
        """Return the persons that insight, measurement and KPIs speak of: no test, no staff."""
        return self.persons.filter(~pl.col("is_test") & ~pl.col("is_staff"))


# ----------------------------------------------------------------------------------------- reading


def read_landing(folder: Path, naive_zone: str | None = None) -> Landing:
    """Read Parquet and CSV files of a landing folder; naive times are an error without a zone."""
    settings_file = folder / "brand.yml"
    settings = yaml.safe_load(settings_file.read_text("utf-8")) if settings_file.exists() else {}
    zone = (settings or {}).get("business_zone", DEFAULT_ZONE)
    tables = {}
    for name, table in TABLES.items():
        place = folder.joinpath(*name.split("."))
        files = sorted(p for p in place.rglob("*") if p.suffix.lower() in {".parquet", ".csv"})
        parts = [_read_file(file, table, naive_zone) for file in files]
        tables[name] = pl.concat([_typed(pl.DataFrame(), table, naive_zone), *parts]).unique()
    return Landing(zone, tables)


def _read_file(file: Path, table: Table, naive_zone: str | None) -> pl.DataFrame:
    if file.suffix.lower() == ".parquet":
        there = pl.read_parquet_schema(file)
        frame = pl.read_parquet(
            file, columns=[c for c in table.columns if c in there], hive_partitioning=False
        )
    else:
        frame = pl.read_csv(file, infer_schema=False)
    return _typed(frame, table, naive_zone)


def _typed(frame: pl.DataFrame, table: Table, naive_zone: str | None) -> pl.DataFrame:
    """Give every column of the table its type; absent columns are null."""
    columns = []
    for name, kind in table.columns.items():
        column = frame[name] if name in frame.columns else pl.Series(name, [None] * frame.height)
        columns.append(_column(column, kind, naive_zone).alias(name))
    return pl.DataFrame(columns)


def _column(column: pl.Series, kind: str, naive_zone: str | None) -> pl.Series:
    is_text = column.dtype == pl.String
    if kind in {"id", "text", "code"}:
        text = column.cast(pl.String).str.strip_chars()
        text = text.to_frame().select(pl.when(pl.first() != "").then(pl.first())).to_series()
        return text.str.to_lowercase() if kind == "code" else text
    if kind == "boolean":
        if is_text:
            return column.str.to_lowercase().is_in(["true", "t", "yes", "y", "1", "是"])
        return column.cast(pl.Boolean)
    if kind == "integer":
        return column.cast(pl.Int64)
    if kind == "number":
        return column.cast(pl.Float64)
    if kind == "cents":
        if is_text or column.dtype == pl.Null:
            column = column.cast(pl.Decimal(38, 2))
        if column.dtype.is_decimal():
            return (column.cast(pl.Decimal(38, 2)) * 100).cast(pl.Int64)
        return (column.cast(pl.Float64) * 100).round().cast(pl.Int64)
    if kind == "instant":
        return _instants(column, naive_zone)
    message = f"kind {kind!r} is unknown"
    raise ValueError(message)


def _instants(column: pl.Series, naive_zone: str | None) -> pl.Series:
    if column.dtype == pl.Null:
        return column.cast(INSTANT)
    if column.dtype == pl.String:
        meaning: dict[str, datetime] = {}
        for text in column.unique().drop_nulls().to_list():
            if text.strip():
                when = datetime.fromisoformat(text.strip())
                if when.tzinfo is None:
                    if naive_zone is None:
                        message = f"{column.name}: {text!r} has no zone"
                        raise ValueError(message)
                    when = when.replace(tzinfo=ZoneInfo(naive_zone))
                meaning[text] = when.astimezone(UTC)
        return pl.Series(
            column.name, [None if t is None else meaning.get(t) for t in column], INSTANT
        )
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is None:
        if naive_zone is None:
            message = f"{column.name}: its times have no zone"
            raise ValueError(message)
        column = column.dt.replace_time_zone(naive_zone)
    return column.dt.convert_time_zone("UTC").cast(INSTANT)


# --------------------------------------------------------------------------------------- known then


def end_of(day: date, zone: str) -> datetime:
    """Return the first instant after the business date `day`."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)


def business_date(column: str, zone: str) -> pl.Expr:
    """Return the date of an instant in the business zone."""
    return pl.col(column).dt.convert_time_zone(zone).dt.date()


def known_then(versions: pl.DataFrame, table: Table, end: datetime) -> pl.DataFrame:
    """Return one row per record: the version known before the instant `end`.

    The newest version dated before `end`; else the earliest version, if the record was born before
    `end`; else nothing. Records that have not happened yet are left out. Adds `_version` (its
    date) and `_is_early` (true where the version is dated later than `end`).
    """
    event = pl.col(table.event) if table.event else pl.lit(None, INSTANT)
    version = pl.coalesce(pl.col(table.version), event) if table.version else event
    dated = versions.with_columns(
        # A version without any date has been known since ever.
        version.fill_null(SINCE_EVER).alias("_version"),
        event.alias("_event"),
    )
    if dated.is_empty():
        return dated.with_columns(_is_early=pl.lit(value=False))
    if dated.group_by(*table.key, "_version").len().filter(pl.col("len") > 1).height:
        message = f"two versions of one record have the same date: key {table.key}"
        raise ValueError(message)
    before = pl.col("_version") < end
    newest = (
        dated.filter(before).sort("_version").group_by(table.key, maintain_order=True).last()
    ).with_columns(_is_early=pl.lit(False))
    earliest = (
        dated.sort("_version")
        .group_by(table.key, maintain_order=True)
        .first()
        .join(newest, on=table.key, how="anti", nulls_equal=True)
    ).with_columns(_is_early=pl.lit(True))
    if not table.earliest_before:
        earliest = earliest.filter(pl.col("_event") < end)
    known = pl.concat([newest, earliest.select(newest.columns)])
    has_happened = pl.col("_event").is_null() | (pl.col("_event") < end)
    return known.filter(has_happened)


def known_at(landing: Landing, as_of: date, persons: Persons | None = None) -> Known:
    """Return what was known at the end of `as_of`, with keys resolved by `persons`."""
    end = end_of(as_of, landing.zone)
    names = dict(persons or {})

    def known(name: str) -> pl.DataFrame:
        return known_then(landing.tables[name], TABLES[name], end)

    people = _persons(landing, known, names, end)
    orders = _orders(known("commerce.orders"), end, names, people)
    lines = _lines(landing.tables["commerce.order_lines"], orders, end)
    lines = _with_catalogue(lines, known("catalog.products"))
    refunds = known("commerce.refunds")
    orders = _with_refunds(orders, refunds)
    orders = _with_flags(orders, lines)
    orders = orders.with_columns(order_date=business_date("ordered_at", landing.zone))
    campaigns = known("campaigns.campaigns").select(
        first_date=business_date("starts_at", landing.zone),
        last_date=business_date("ends_at", landing.zone),
    )
    cycles = known("catalog.categories").drop_nulls("usage_cycle_days")
    return Known(
        as_of=as_of,
        zone=landing.zone,
        orders=orders.sort("order_id"),
        lines=lines.sort("order_id", "line_no"),
        persons=people.sort("person"),
        logins=_logins(known, landing.zone, names),
        events=_events(known, landing.zone, names),
        **_deeds(known, landing.zone, names),
        campaigns=campaigns,
        cycles=dict(zip(cycles["category_id"], cycles["usage_cycle_days"], strict=True)),
    )


# ------------------------------------------------------------------------------------------ persons


def with_person(frame: pl.DataFrame, table: Table, names: Mapping[str, str | None]) -> pl.DataFrame:
    """Add `key` and `person`: who the key column of a table names, null for nobody."""
    kind, column = table.person_keys[0]
    value = pl.col(column)
    if kind == "buyer":
        kind_of_key = pl.col("buyer_key_type")
        platform = pl.col("order_channel") + ":" if "order_channel" in frame.columns else pl.lit("")
        key = (
            pl.when(kind_of_key == "none")
            .then(None)
            .when(kind_of_key == "buyer_id")
            .then(pl.lit("buyer_id:") + platform + value)
            .otherwise(kind_of_key + ":" + value)
        )
    elif kind == "platform":
        key = pl.lit("buyer_id:") + pl.col("platform") + ":" + value
    else:
        key = pl.lit(kind + ":") + value
    keys = frame.select(key.alias("key"))["key"].to_list()
    persons = [None if key is None else names.get(key, key) for key in keys]
    return frame.with_columns(
        pl.Series("key", keys, pl.String), pl.Series("person", persons, pl.String)
    )


def _persons(
    landing: Landing,
    known: Callable[[str], pl.DataFrame],
    names: Mapping[str, str | None],
    end: datetime,
) -> pl.DataFrame:
    """Return everyone who is known, with birth, registration and whether test or staff."""
    seen = {
        name: with_person(known(name), table, names)
        for name, table in TABLES.items()
        if table.person_keys
    }
    recorded = pl.concat([seen[name].select("key") for name in RECORDS])["key"].unique().to_list()
    moments = []
    for name, rows in seen.items():
        if name not in RECORDS and name not in OWN_ACTS:
            # Sends, points, coupons ... bear only those that no source system knows.
            rows = rows.filter(~pl.col("key").is_in(recorded))
        moments.append(rows.select("person", pl.col("_event").alias("born_at")))
    everyone = (
        pl.concat(moments).drop_nulls("person").group_by("person").agg(pl.col("born_at").min())
    )

    members = with_person(known("crm.members"), TABLES["crm.members"], names)
    all_versions = with_person(landing.tables["crm.members"], TABLES["crm.members"], names)
    first_update = (
        all_versions.filter(pl.col("updated_at") < end)
        .group_by("person")
        .agg(first_update=pl.col("updated_at").min())
    )
    everyone = everyone.join(first_update, on="person", how="left").select(
        "person", born_at=pl.coalesce("born_at", "first_update")
    )
    everyone = everyone.with_columns(birth_date=business_date("born_at", landing.zone))

    registration = (
        members.group_by("person")
        .agg(
            pl.col("registered_at").min(),
            is_test=pl.col("is_test").fill_null(value=False).any(),
            is_member=pl.lit(value=True).any(),
        )
        .join(everyone, on="person")
        .select(
            "person",
            "is_test",
            "is_member",
            registered_date=pl.coalesce(business_date("registered_at", landing.zone), "birth_date"),
        )
    )
    channel = (
        members.drop_nulls("register_channel")
        .sort("registered_at", "member_no", nulls_last=True)
        .group_by("person", maintain_order=True)
        .first()
        .select("person", "register_channel")
    )
    staff = known("crm.staff")
    numbers, phones = (staff[column].drop_nulls().to_list() for column in ("member_no", "phone"))
    staff_persons = {names.get(f"member_no:{number}", f"member_no:{number}") for number in numbers}
    # A phone says who somebody is only where the caller knows whose it is.
    staff_persons |= {names.get(f"phone:{phone}") for phone in phones}
    return (
        everyone.join(registration, on="person", how="left")
        .join(channel, on="person", how="left")
        .with_columns(
            pl.col("is_test", "is_member").fill_null(value=False),
            is_staff=pl.col("person").is_in([p for p in staff_persons if p is not None]),
        )
        .select(
            "person",
            "birth_date",
            "is_test",
            "is_staff",
            "is_member",
            "registered_date",
            "register_channel",
        )
    )


def _logins(
    known: Callable[[str], pl.DataFrame], zone: str, names: Mapping[str, str | None]
) -> pl.DataFrame:
    """Return the days on which a person was seen in the app, mini-program or website (by name)."""
    parts = []
    for name in LOGIN_EVENTS:
        rows = with_person(known(name), TABLES[name], names)
        parts.append(rows.select("person", login_date=business_date("occurred_at", zone)))
    return pl.concat(parts).drop_nulls("person").unique().sort("person", "login_date")


def _events(
    known: Callable[[str], pl.DataFrame], zone: str, names: Mapping[str, str | None]
) -> pl.DataFrame:
    """Return digital events by person, product and date."""
    parts = [
        with_person(known(name), TABLES[name], names).select(
            "person", "event_type", "product_id", event_date=business_date("occurred_at", zone)
        )
        for name in LOGIN_EVENTS
    ]
    return pl.concat(parts).drop_nulls("person")


def _deeds(
    known: Callable[[str], pl.DataFrame], zone: str, names: Mapping[str, str | None]
) -> dict[str, pl.DataFrame]:
    """Return carts, coupons, messages in, posts and price changes (see Known)."""

    def of_persons(name: str) -> pl.DataFrame:
        return with_person(known(name), TABLES[name], names).drop_nulls("person")

    def dates(*columns: str) -> dict[str, pl.Expr]:
        return {f"{column}_date": business_date(f"{column}_at", zone) for column in columns}

    return {
        "carts": of_persons("commerce.carts").select(
            "person",
            "cart_event_id",
            "product_id",
            "action",
            "occurred_at",
            unit_cents="unit_price",
            cart_date=business_date("occurred_at", zone),
        ),
        "coupons": of_persons("coupons.coupons").select(
            "person",
            "coupon_code",
            "issued_at",
            **dates("issued", "claimed", "redeemed", "expires"),
        ),
        "messages": of_persons("wecom.messages")
        .filter(pl.col("direction") == "in")
        .select("person", date=business_date("occurred_at", zone)),
        "posts": of_persons("community.posts").select(
            "person", date=business_date("posted_at", zone)
        ),
        "tickets": pl.concat(
            [
                of_persons("service.tickets").select(
                    "person",
                    "kind",
                    "csat",
                    id="ticket_id",
                    date=business_date("opened_at", zone),
                ),
                of_persons("service.surveys")
                .filter(pl.col("survey_kind") == "csat")
                .select(
                    "person",
                    kind="survey_kind",
                    csat="score",
                    id="response_id",
                    date=business_date("responded_at", zone),
                ),
            ]
        ),
        "offers": of_persons("campaigns.sends")
        .filter(pl.col("status").ne_missing("failed"))
        .join(known("campaigns.campaigns").select("campaign_id", "offer_kind"), on="campaign_id")
        .filter(pl.col("offer_kind") == "discount")
        .select("person", date=business_date("sent_at", zone)),
        "births": of_persons("crm.member_attributes")
        .filter(pl.col("value").str.contains(r"^\d{4}-\d{2}-\d{2}$"))
        .select("person", "value", attribute="attribute_code"),
        "prices": known("catalog.price_changes").select(
            "product_id",
            "valid_from",
            price_cents="price",
            from_date=business_date("valid_from", zone),
        ),
    }


# ------------------------------------------------------------------------------- orders and lines


def status_then(end: datetime) -> pl.Expr:
    """Return the status that an order had just before `end`."""
    is_cancelled = pl.col("cancelled_at") < end
    cancelled_by_version = (
        pl.col("cancelled_at").is_null()
        & (pl.col("status") == "cancelled")
        & (pl.col("_version") < end)
    )
    is_created = (pl.col("paid_at") >= end) | (
        pl.col("paid_at").is_null() & pl.col("status").is_in(["created", "cancelled"])
    )
    return (
        pl.when(is_cancelled.fill_null(value=False) | cancelled_by_version)
        .then(pl.lit("cancelled"))
        .when(is_created.fill_null(value=False))
        .then(pl.lit("created"))
        .otherwise(pl.lit("paid"))
    )


def is_valid_order(end: datetime) -> pl.Expr:
    """Return whether an order counts (`status` is the status then)."""
    return (
        (pl.col("order_kind") == "sale")
        & ~pl.col("is_test")
        & ~pl.col("person_is_test")
        & ~pl.col("person_is_staff")
        & ~pl.col("status").is_in(["cancelled", "created"])
        & (pl.col("paid_at").is_null() | (pl.col("paid_at") < end))
    )


def _code_or_other(column: str, codes: tuple[str, ...]) -> pl.Expr:
    return (
        pl.when(pl.col(column).is_in(list(codes)) | pl.col(column).is_null())
        .then(pl.col(column))
        .otherwise(pl.lit("other"))
        .alias(column)
    )


def _orders(
    known: pl.DataFrame,
    end: datetime,
    names: Mapping[str, str | None],
    people: pl.DataFrame,
) -> pl.DataFrame:
    orders = with_person(known, TABLES["commerce.orders"], names)
    kinds = people.select("person", person_is_test="is_test", person_is_staff="is_staff")
    return (
        orders.join(kinds, on="person", how="left")
        .with_columns(
            pl.col("person_is_test", "person_is_staff", "is_test", "is_private_domain").fill_null(
                value=False
            ),
            pl.col("order_kind").fill_null("sale"),
            status_then(end).alias("status"),
        )
        .with_columns(
            _code_or_other("order_channel", ORDER_CHANNELS),
            _code_or_other("order_kind", ORDER_KINDS),
        )
        .with_columns(is_valid=is_valid_order(end))
        .rename(
            {
                "gross_amount": "gross_cents",
                "discount_amount": "discount_cents",
                "net_amount": "net_cents",
            }
        )
    )


def _lines(versions: pl.DataFrame, orders: pl.DataFrame, end: datetime) -> pl.DataFrame:
    """Return the lines of every order: its newest batch known then, else its first batch."""
    dated = versions.join(orders.select("order_id", "_version"), on="order_id").with_columns(
        line_date=pl.coalesce("updated_at", "_version")
    )
    line_date = pl.col("line_date")
    batch = dated.group_by("order_id").agg(
        batch=pl.coalesce(line_date.filter(line_date < end).max(), line_date.min())
    )
    lines = dated.join(batch, on="order_id").filter(line_date == pl.col("batch"))
    if lines.select(pl.struct("order_id", "line_no").is_duplicated().any()).item():
        message = "an order line has two versions of the same date"
        raise ValueError(message)
    return lines.select(
        "order_id",
        "line_no",
        "product_id",
        "quantity",
        net_cents="net_amount",
        promotion_cents="promotion_discount",
        coupon_cents="coupon_discount",
    )


def _with_catalogue(lines: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    catalogue = products.select("product_id", "category_id", unit_cost_cents="unit_cost")
    return lines.join(catalogue, on="product_id", how="left")


def net_revenue_cents() -> pl.Expr:
    """Return what is left of an order after its refunds, never below zero."""
    return pl.max_horizontal(pl.col("net_cents") - pl.col("refunded_cents"), pl.lit(0))


def _with_refunds(orders: pl.DataFrame, refunds: pl.DataFrame) -> pl.DataFrame:
    refunded = refunds.group_by("order_id").agg(refunded_cents=pl.col("refund_amount").sum())
    return (
        orders.join(refunded, on="order_id", how="left")
        .with_columns(pl.col("refunded_cents").fill_null(0))
        .with_columns(net_revenue_cents=net_revenue_cents())
    )


def _with_flags(orders: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Add is_discounted, is_coupon_used and is_promoted_only."""
    promotion, coupon = pl.col("promotion_cents"), pl.col("coupon_cents")
    split = lines.group_by("order_id").agg(
        has_split=(promotion.is_not_null() | coupon.is_not_null()).any(),
        has_promotion=(promotion > 0).fill_null(value=False).any(),
        has_coupon=(coupon > 0).fill_null(value=False).any(),
    )
    has_code = pl.col("coupon_code").is_not_null()
    return (
        orders.join(split, on="order_id", how="left")
        .with_columns(pl.col("has_split", "has_promotion", "has_coupon").fill_null(value=False))
        .with_columns(
            is_discounted=pl.when(pl.col("has_split"))
            .then(pl.col("has_promotion") | pl.col("has_coupon"))
            .otherwise(has_code | (pl.col("discount_cents") > 0)),
            is_coupon_used=has_code | pl.col("has_coupon"),
        )
        .with_columns(is_promoted_only=pl.col("is_discounted") & ~pl.col("is_coupon_used"))
    )
