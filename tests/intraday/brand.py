"""A brand of few people, published by hand, and landing files that come in while a test runs."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from orchestration.intraday.store import FILE_NAME
from orchestration.workspace import BUILD_FILE_NAME, Workspace
from tests.conftest import TOKEN_KEY
from tests.orchestration.fakes import workspace_in

NOW = datetime(2025, 6, 30, 11, 45, tzinfo=UTC)
"""A quarter to eight in the evening in the business zone."""

CUT_PHONE, OLD_PHONE, TEST_NUMBER = "+8613920470037", "+8613920470074", "+8613800138000"
NEW_PHONE = "+8613920470111"


def token(value: str, kind: str = "phone") -> str:
    """The token of a phone or card under the key of the tests."""
    return hmac.digest(TOKEN_KEY, f"{kind}:{value}".encode(), hashlib.sha256).hex()[:32]


MAP = (
    ("crm", "members", "M1", "ann", "2024-01-01"),
    ("mini_program", "users", "openAnn", "ann", "2024-01-01"),
    ("app", "users", "appBob", "bob", "2024-01-01"),
    ("website", "users", "webBob", "bob", "2024-01-01"),
    ("marketplace", "buyers", "tmall:cyd", "cyd", "2024-01-01"),
    ("crm", "members", "M9", "tester", "2024-01-01"),
    ("crm", "members", "M8", "seller", "2024-01-01"),
    ("commerce", "orders", f"phone:{token(OLD_PHONE)}", "ann", "2024-01-01"),
    ("commerce", "orders", f"phone:{token(OLD_PHONE)}#2", "dee", "2025-06-30 08:00:00"),
)
MEMBERS = (
    ("ann", False, False), ("bob", False, False), ("cyd", False, False), ("dee", False, False),
    ("tester", True, False), ("seller", False, True),
)  # fmt: skip
ORDERS = (
    ("old-1", "cyd", "tmall", True),
    ("old-2", "cyd", "tmall", False),
    ("old-3", None, "pos", True),
)

EVENTS = "event_id,openid,event_type,product_id,occurred_at,device_id\n"
APP_EVENTS = "event_id,app_user_id,event_type,product_id,occurred_at\n"
WEB_EVENTS = "event_id,anonymous_id,web_user_id,event_type,product_id,occurred_at\n"
ORDER_ROWS = (
    "order_id,order_channel,buyer_key_type,buyer_key,status,order_kind,is_test,ordered_at,paid_at,"
    "cancelled_at,gross_amount,discount_amount,net_amount,updated_at\n"
)
REFUNDS = "refund_id,order_id,refund_amount,refunded_at\n"
CARTS = "cart_event_id,buyer_key_type,buyer_key,product_id,action,unit_price,occurred_at\n"


def make_workspace(folder: Path, brand: str = "tiny") -> Workspace:
    """A workspace whose folders all lie in `folder`, with an empty landing folder."""
    workspace = workspace_in(folder, brand)
    workspace.landing.mkdir(parents=True, exist_ok=True)
    return workspace


def publish_by_hand(
    workspace: Workspace, *, build_id: str = "build-1", as_of: str | None = "2025-06-29"
) -> None:
    """A published file with the tables that are read; without a date it is an empty brand's."""
    workspace.serving.mkdir(parents=True, exist_ok=True)
    unfinished = workspace.serving / ".making.duckdb"
    unfinished.unlink(missing_ok=True)
    with duckdb.connect(str(unfinished)) as connection:
        for table, columns, rows in (
            (
                "identity.oneid_map",
                (
                    "source_system text, source_table text, source_key text, one_id text, "
                    "first_seen_at timestamp"
                ),
                MAP,
            ),
            ("identity.dim_member", "one_id text, is_test boolean, is_staff boolean", MEMBERS),
            (
                "identity.oneid_cut_identifiers",
                "identifier_type text, identifier_token text",
                (("phone", token(CUT_PHONE)),),
            ),
            (
                "core.fct_orders",
                "order_id text, one_id text, order_channel text, is_valid boolean",
                ORDERS,
            ),
            (
                "insight.member_lifecycle",
                "one_id text, lifecycle_stage text",
                (("ann", "active"), ("bob", "dormant"), ("cyd", "new"), ("dee", "new")),
            ),
            ("insight.member_rfm", "one_id text, rfm_group text", (("ann", "champions"),)),
            (
                "ops.publication",
                (
                    "brand text, as_of_date date, build_id text, business_zone text, "
                    "currency text, published_at timestamp"
                ),
                (
                    (
                        workspace.brand, as_of, build_id, "Asia/Shanghai", "CNY",
                        "2025-06-30 00:00:00",
                    ),
                ),
            ),
        ):  # fmt: skip
            schema = table.partition(".")[0]
            connection.execute(f"create schema if not exists {schema}")
            connection.execute(f"create table {table} ({columns})")
            if as_of is not None or schema == "ops":
                marks = ", ".join("?" * len(rows[0]))
                connection.executemany(f"insert into {table} values ({marks})", list(rows))
    os.replace(unfinished, workspace.serving / BUILD_FILE_NAME)


def deliver(
    workspace: Workspace, place: str, text: str, *, at: datetime = NOW - timedelta(minutes=1)
) -> Path:
    """A landing file that arrived at a time; `place` is its path without the extension."""
    file = workspace.landing / f"{place}.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    os.utime(file, (at.timestamp(), at.timestamp()))
    return file


def deliver_a_day(workspace: Workspace) -> None:
    """What came in on a day: EXPECTED says what it means."""
    deliver(
        workspace,
        "mini_program/events/1",
        EVENTS
        + "e1,openAnn,open,,2025-06-30T10:00:00Z,\n"
        + "e2,openAnn,open,,2025-06-30T11:30:00Z,\n"
        + "e3,openAnn,add_to_cart,P1,2025-06-30T11:29:00Z,\n"
        + "e4,openNew,view,P2,2025-06-30T09:00:00Z,\n"
        + "e5,openNew,game_start,,2025-06-30T09:00:01Z,\n"
        + "e6,undefined,open,,2025-06-30T09:00:02Z,\n"
        + "late,openAnn,search,,2025-06-29T11:00:00Z,\n"
        + "gone,openAnn,search,,2025-06-29T10:59:59Z,\n"
        + "e7,openAnn,share,,2025-06-30T08:00:00Z,\n"
        + "tomorrow,openAnn,share,,2025-06-30T16:00:00Z,\n",
    )
    deliver(
        workspace,
        "mini_program/events/2",
        EVENTS
        + "e7,openAnn,check_in,,2025-06-30T08:00:01Z,\n"  # corrected
        + "e1,openAnn,open,,2025-06-30T10:00:00Z,\n",  # delivered twice
    )
    deliver(workspace, "app/events/1", APP_EVENTS + "e1,appBob,view,P3,2025-06-30T10:59:59Z\n")
    deliver(
        workspace,
        "website/events/1",
        WEB_EVENTS
        + "e1,anon1,webBob,coupon_claim,,2025-06-30T10:00:00Z\n"
        + "e2,anon2,,open,,2025-06-30T10:10:00Z\n"
        + "e3,anon3,,add_to_cart,P4,2025-06-30T10:11:00Z\n",
    )
    sale = "2025-06-30T10:30:00Z"
    deliver(
        workspace,
        "commerce/orders/1",
        ORDER_ROWS
        + f"o1,mini_program,member_no,M1,paid,sale,,{sale},{sale},,50,10,40,{sale}\n"
        + f"o2,tmall,buyer_id,cyd,completed,,,{sale},{sale},,9.5,0,9.5,{sale}\n"
        + f"o3,app,app_user_id,appBob,created,sale,,{sale},,,20,0,20,{sale}\n"  # not paid
        + f"o4,app,app_user_id,appBob,cancelled,sale,,{sale},{sale},{sale},20,0,20,{sale}\n"
        + f"o5,app,app_user_id,appBob,paid,gift,,{sale},{sale},,20,0,20,{sale}\n"
        + f"o6,app,app_user_id,appBob,paid,sale,true,{sale},{sale},,20,0,20,{sale}\n"
        + f"o7,pos,member_no,M9,paid,sale,,{sale},{sale},,20,0,20,{sale}\n"  # a test person
        + f"o8,pos,member_no,M8,paid,sale,,{sale},{sale},,20,0,20,{sale}\n"  # staff
        + f"o9,pos,none,,paid,sale,,{sale},{sale},,7,0,7,{sale}\n"
        + f"o10,pos,phone,{CUT_PHONE},paid,sale,,{sale},{sale},,8,0,8,{sale}\n"
        + f"o11,pos,phone,{TEST_NUMBER},paid,sale,,{sale},{sale},,8,0,8,{sale}\n"
        + f"o12,pos,phone,{OLD_PHONE},paid,sale,,2025-06-30T07:59:59Z,{sale},,3,0,3,{sale}\n"
        + f"o13,pos,phone,{OLD_PHONE},paid,sale,,2025-06-30T08:00:00Z,{sale},,5,0,5,{sale}\n"
        + f"o14,pos,phone,{NEW_PHONE},paid,sale,,{sale},{sale},,6,0,6,{sale}\n"
        + f"o15,vending,card_no,C-5,paid,sale,,{sale},{sale},,2,0,2,{sale}\n"
        + f"o16,app,app_user_id,appBob,created,sale,,{sale},,,11,0,11,{sale}\n"
        + f"o16,app,app_user_id,appBob,paid,sale,,{sale},{sale},,11,0,11,2025-06-30T11:00:00Z\n"
        + f"o17,app,app_user_id,appBob,paid,sale,,{sale},{sale},,12,0,12,{sale}\n"
        + f"o17,app,app_user_id,appBob,cancelled,sale,,{sale},{sale},,12,0,12,"
        + "2025-06-30T11:00:00Z\n"
        + f"o18,app,app_user_id,appBob,paid,sale,,{sale},2025-06-30T16:00:00Z,,1,0,1,{sale}\n"
        # an order of before that was cancelled in the window
        + "old-1,tmall,buyer_id,cyd,cancelled,sale,,2025-06-01T10:00:00Z,2025-06-01T10:00:00Z,"
        + f"{sale},30,0,30,{sale}\n",
    )
    deliver(
        workspace,
        "commerce/refunds/1",
        REFUNDS
        + "r1,o1,15,2025-06-30T11:00:00Z\n"
        + "r2,o4,20,2025-06-30T11:00:00Z\n"  # the order is cancelled
        + "r3,old-1,30,2025-06-30T11:00:00Z\n"  # so is this one, since it was published
        + "r4,old-2,30,2025-06-30T11:00:00Z\n"  # never valid
        + "r5,old-3,4,2025-06-30T11:00:00Z\n"  # of nobody
        + "r6,unknown,4,2025-06-30T11:00:00Z\n"
        + "r7,old-3,4,2025-06-29T10:00:00Z\n",  # before the window
    )
    deliver(
        workspace,
        "commerce/carts/1",
        CARTS
        + "c1,member_no,M1,P1,add,10,2025-06-30T11:29:30Z\n"  # the event of openAnn tells it
        + "c2,member_no,M1,P7,add,10,2025-06-30T11:10:00Z\n"
        + "c3,member_no,M1,P8,remove,10,2025-06-30T11:10:00Z\n"
        + "c4,web_user_id,webBob,P4,add,10,2025-06-30T10:11:00Z\n"  # names the visitor anon3
        + "c5,buyer_id,cyd,P5,add,10,2025-06-30T10:12:00Z\n",
    )


PHONED = f"commerce.orders:phone:{token(NEW_PHONE)}"
CARDED = f"commerce.orders:card_no:{token('C-5', 'card_no')}"
EXPECTED = {
    # person, activity: first and last on 30 June (UTC), times, amount, last channel, last product
    ("ann", "opened"): ("10:00:00", "11:30:00", 2, None, "mini_program", None),
    ("ann", "carted"): ("11:10:00", "11:29:00", 2, None, "mini_program", "P1"),
    ("ann", "checked_in"): ("08:00:01", "08:00:01", 1, None, "mini_program", None),
    ("ann", "searched"): ("11:00:00", "11:00:00", 1, None, "mini_program", None),
    ("ann", "ordered"): ("07:59:59", "10:30:00", 2, 43, "mini_program", None),
    ("ann", "returned"): ("11:00:00", "11:00:00", 1, 15, "mini_program", None),
    ("bob", "viewed"): ("10:59:59", "10:59:59", 1, None, "app", "P3"),
    ("bob", "claimed"): ("10:00:00", "10:00:00", 1, None, "website", None),
    ("bob", "carted"): ("10:11:00", "10:11:00", 1, None, "website", "P4"),
    ("bob", "ordered"): ("10:30:00", "10:30:00", 1, 11, "app", None),
    ("cyd", "ordered"): ("10:30:00", "10:30:00", 1, 9.5, "tmall", None),
    ("cyd", "carted"): ("10:12:00", "10:12:00", 1, None, "other", "P5"),
    ("dee", "ordered"): ("08:00:00", "08:00:00", 1, 5, "pos", None),
    ("mini_program.users:openNew", "viewed"): (
        "09:00:00", "09:00:00", 1, None, "mini_program", "P2",
    ),
    ("mini_program.users:openNew", "other"): (
        "09:00:01", "09:00:01", 1, None, "mini_program", None,
    ),
    (PHONED, "ordered"): ("10:30:00", "10:30:00", 1, 6, "pos", None),
    (CARDED, "ordered"): ("10:30:00", "10:30:00", 1, 2, "other", None),
}  # fmt: skip
"""What `deliver_a_day` means, by docs/definitions.md: what is valid, who is nobody, who is who."""

OF_NOBODY = {
    ("opened", "mini_program"): (1, None),
    ("opened", "website"): (1, None),
    ("ordered", "pos"): (3, 23),
    ("returned", "pos"): (1, 4),
}
"""Acts that name no person: activity and channel, times and amount."""

Rows = list[tuple[object, ...]]


def rows(workspace: Workspace, query: str) -> Rows:
    """Rows of the intraday store."""
    with duckdb.connect(str(workspace.serving / FILE_NAME), read_only=True) as connection:
        return connection.execute(query).fetchall()


def everything(workspace: Workspace) -> dict[str, Rows]:
    """All rows but moments and fingerprints, which no two runs share.

    An act of tomorrow is known here, so the window ends with the clock.
    """
    return {
        "member_activity": rows(workspace, "from member_activity"),
        "activity_hourly": rows(workspace, "from activity_hourly"),
        "freshness": rows(
            workspace,
            "select file_path, arrived_at, rows_loaded, acts, newest_at from freshness",
        ),
        "status": rows(
            workspace, "select * exclude (made_at, window_end_at, content) replace (null as "
            "latency_p50_seconds, null as latency_p95_seconds) from status",
        ),
    }  # fmt: skip


def told(found: Iterable[tuple[object, ...]]) -> dict[tuple[object, ...], tuple[object, ...]]:
    """Rows of member_activity in the form of EXPECTED."""
    return {
        (person, activity): (
            f"{first:%H:%M:%S}",
            f"{last:%H:%M:%S}",
            times,
            None if amount is None else float(str(amount)),
            channel,
            product,
        )
        for person, activity, first, last, times, amount, channel, product in found
    }


MEMBER_ACTIVITY = (
    "select person_key, activity, first_at, last_at, times, amount, last_channel, last_product_id "
    "from member_activity"
)
