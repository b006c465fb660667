"""The demo brand beside two real shops: the figures and pictures of docs/demo_brand.md.

python -m benchmarks.demo_brand_page
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestration.adapters import cdnow, complete_journey
from orchestration.demo_brand.chunk import make_chunk
from orchestration.demo_brand.columns import Floats, Ints
from orchestration.demo_brand.delivery import CORRECTED
from orchestration.demo_brand.generate import write_brand
from orchestration.demo_brand.settings import FIRST_DAY, BrandSpec
from orchestration.demo_brand.world import FESTIVALS, make_world
from orchestration.workspace import PROJECT

PAGE = PROJECT / "docs/demo_brand.md"
PICTURES = PROJECT / "docs/demo_brand"
COLOURS = {"Demo brand": "#c2185b", "The Complete Journey": "#00796b", "CDNOW": "#3949ab"}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTH = 365.25 / 12


@dataclass(frozen=True)
class Shop:
    """Orders of known customers, sorted by customer and day."""

    name: str
    customer: Ints
    day: Ints
    """Days since 1970-01-01."""
    revenue: Floats
    joined: Ints | None = None
    """First contact of each order's customer, where it is known."""

    def sequence(self) -> Ints:
        """0 for the first order of a customer, 1 for the second, and so on."""
        first = np.searchsorted(self.customer, self.customer)
        return np.asarray(np.arange(len(self.customer)) - first)

    def per_customer(self, values: Floats) -> Floats:
        """Sums of each customer's orders."""
        _, place = np.unique(self.customer, return_inverse=True)
        return np.asarray(np.bincount(place, weights=values))

    def gaps(self) -> Ints:
        """Days between successive order days of a customer."""
        days = np.unique(np.stack([self.customer, self.day]), axis=1)
        same = days[0, 1:] == days[0, :-1]
        return np.asarray(np.diff(days[1])[same])

    def newcomers(self) -> Shop:
        """Those whose first contact with the shop is in the data, where that is known."""
        if self.joined is None:
            return self
        new = self.joined >= self.day.min()
        return Shop(self.name, self.customer[new], self.day[new], self.revenue[new])


def demo_brand() -> Shop:
    """Valid orders of the default demo brand, by person."""
    spec = BrandSpec()
    parts: list[tuple[Ints, Ints, Floats, Ints]] = []
    for number in range(spec.chunks):
        chunk = make_chunk(make_world(spec), number)
        orders, people = chunk.orders, chunk.people
        refunded = np.bincount(
            orders.refund_order, weights=orders.refund_amount, minlength=len(orders)
        )
        net = np.maximum(orders.net - refunded, 0) / 100
        valid = orders.is_valid() & ~people.is_staff[orders.person] & ~people.is_test[orders.person]
        person = orders.person[valid]
        parts.append(
            (
                people.number[person],
                orders.day[valid] + FIRST_DAY,
                net[valid],
                people.entered_day[person] + FIRST_DAY,
            )
        )
    customer, day, revenue, joined = (np.concatenate(values) for values in zip(*parts, strict=True))
    return Shop("Demo brand", customer, day, revenue, joined)


def real_shop(name: str, write: Callable[[Path], None], zone: str) -> Shop:
    """Orders of a data set behind the landing contract."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        write(Path(folder) / "landing")
        found = connection.execute(
            f"""
            select
                dense_rank() over (order by buyer_key) as customer,
                date_diff('day', date '1970-01-01', cast(timezone('{zone}', ordered_at) as date))
                    as day,
                cast(net_amount as double) as revenue
            from '{folder}/landing/commerce/orders/*.parquet'
            order by customer, day, order_id
            """
        ).fetchnumpy()
    return Shop(name, *(np.asarray(found[column]) for column in ("customer", "day", "revenue")))


# Figures ------------------------------------------------------------------------------------------


def gini(revenue: Floats) -> float:
    """Gini coefficient of revenue over customers."""
    ordered = np.sort(revenue)
    count = len(ordered)
    ranks = np.arange(1, count + 1)
    return float(2 * (ranks * ordered).sum() / (count * ordered.sum()) - (count + 1) / count)


def retention(shop: Shop, months: int = 12) -> Floats:
    """Share of first-time customers who order in the n-th 30-day month after, where it is over."""
    new = shop.newcomers()
    customers, at, place = np.unique(new.customer, return_index=True, return_inverse=True)
    since = new.day - new.day[at][place]
    shares = []
    for month in range(1, months + 1):
        seen = new.day[at] + (month + 1) * MONTH <= new.day.max() + 1
        inside = (since >= month * MONTH) & (since < (month + 1) * MONTH) & seen[place]
        shares.append(
            len(np.unique(new.customer[inside])) / seen.sum() if seen.sum() >= 100 else np.nan
        )
    assert len(customers)
    return np.array(shares)


def weekday_index(shop: Shop) -> Floats:
    """Orders on each day of the week against the mean day."""
    days = np.bincount((shop.day + 3) % 7, minlength=7)
    return np.asarray(days / days.mean())


def bought_once(shop: Shop, days: int) -> tuple[int, float]:
    """Customers watched for some days from their first order, and the share who came once."""
    customers, at, place = np.unique(shop.customer, return_index=True, return_inverse=True)
    first = shop.day[at]
    again = np.zeros(len(customers), dtype=bool)
    later = (shop.sequence() > 0) & (shop.day - first[place] <= days)
    again[place[later]] = True
    watched = first + days <= shop.day.max()
    return int(watched.sum()), float((~again)[watched].mean()) if watched.any() else float("nan")


def percent(share: float) -> str:
    """A share as it stands in a table."""
    return "–" if np.isnan(share) else f"{100 * share:.1f} %"


def statistics(shop: Shop) -> dict[str, str]:
    """One column of the table."""
    spent = np.sort(shop.per_customer(shop.revenue))[::-1]
    orders = shop.per_customer(np.ones(len(shop.customer)))
    gaps, curve, week = shop.gaps(), retention(shop), weekday_index(shop)
    repeat = shop.sequence() > 0
    _, once = bought_once(shop.newcomers(), 365)
    _, half = bought_once(shop.newcomers(), 180)
    new = shop.newcomers()
    return {
        "Days": f"{int(shop.day.max() - shop.day.min()) + 1:,}",
        "Customers with an order": f"{len(spent):,}",
        "Orders": f"{len(shop.customer):,}",
        "Orders a customer, mean / median": f"{orders.mean():.1f} / {np.median(orders):.0f}",
        "Revenue an order, mean / median": (
            f"{shop.revenue.mean():.2f} / {np.median(shop.revenue):.2f}"
        ),
        "One order in all the data": percent(float((orders == 1).mean())),
        "Newcomers (first seen in the data)": f"{len(np.unique(new.customer)):,}",
        "Newcomers without a second order in 180 days": percent(half),
        "Newcomers without a second order in 365 days": percent(once),
        "Days between orders, median": f"{np.median(gaps):.0f}",
        "Days between orders, 90th percentile": f"{np.quantile(gaps, 0.9):.0f}",
        "Revenue of second and later orders": percent(
            float(shop.revenue[repeat].sum() / shop.revenue.sum())
        ),
        "The same among newcomers": percent(
            float(new.revenue[new.sequence() > 0].sum() / new.revenue.sum())
        ),
        "Newcomers who order in month 1 / 3 / 6 / 12 after": " / ".join(
            percent(curve[month - 1]) for month in (1, 3, 6, 12)
        ),
        "Gini of revenue over customers": f"{gini(spent):.2f}",
        "Revenue of the best 10 % / 20 % of customers": " / ".join(
            percent(float(spent[: round(len(spent) * share)].sum() / spent.sum()))
            for share in (0.1, 0.2)
        ),
        "Busiest and quietest day of the week": (
            f"{WEEKDAYS[int(week.argmax())]} {week.max():.2f}, "
            f"{WEEKDAYS[int(week.argmin())]} {week.min():.2f}"
        ),
    }


def festivals(shop: Shop) -> list[list[str]]:
    """Name, date, orders against the median day, and the days around against it."""
    count = np.bincount(shop.day - shop.day.min())
    first = int(shop.day.min())
    median = float(np.median(count))
    rows = []
    for code, month, day, *_ in FESTIVALS:
        for year in (2023, 2024, 2025):
            at = (date(year, month, day) - date(1970, 1, 1)).days - first
            if 0 <= at < len(count):
                after = count[at + 3 : at + 17]
                rows.append(
                    [
                        code,
                        str(date(year, month, day)),
                        f"{count[at] / median:.1f}",
                        f"{count[max(at - 10, 0) : at].mean() / median:.2f}",
                        f"{after.mean() / median:.2f}" if len(after) == 14 else "–",
                    ]
                )
    return sorted(rows, key=lambda row: row[1])


def sizes(brand: Path) -> list[list[str]]:
    """Tables, rows and megabytes of each system of a landing folder, duplicates included."""
    rows = []
    total = [0, 0, 0.0]
    with duckdb.connect() as connection:
        for system in sorted(path for path in (brand / "landing").iterdir() if path.is_dir()):
            files = sorted(system.rglob("*.*"))
            count = 0
            for file in files:
                reader = {".csv": "read_csv", ".jsonl": "read_json"}.get(
                    file.suffix, "read_parquet"
                )
                found = connection.execute(f"select count(*) from {reader}('{file}')").fetchone()
                count += int(found[0]) if found else 0
            part = [len(list(system.iterdir())), count, sum(f.stat().st_size for f in files) / 1e6]
            total = [one + other for one, other in zip(total, part, strict=True)]
            rows.append([system.name, f"{part[0]}", f"{count:,}", f"{part[2]:.1f}"])
    return [*rows, ["all", f"{total[0]}", f"{total[1]:,}", f"{total[2]:.1f}"]]


def planted(brand: Path) -> list[list[str]]:
    """What the truth counts of each kind of ugliness."""
    with duckdb.connect() as connection:
        found = connection.execute(
            f"""
            select kind, sum(rows), sum(of_rows) from '{brand}/truth/counts/*.parquet' group by all
            union all
            select kind, sum(rows), sum(of_rows) from '{brand}/truth/delivery/*.parquet'
            where kind <> 'correction' or "table" in {tuple(CORRECTED)} group by all
            order by all
            """
        ).fetchall()
    return [
        [kind.replace("_", " "), f"{rows:,}", f"{of:,}", f"{100 * float(rows) / float(of):.2f} %"]
        for kind, rows, of in found
    ]


# Pictures -----------------------------------------------------------------------------------------


def save(figure: Figure, name: str, folder: Path) -> None:
    """Write a picture whose bytes depend on what it shows alone."""
    mpl.rcParams["svg.hashsalt"] = name
    mpl.rcParams["svg.fonttype"] = "none"
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})


def figure_of(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """An empty picture."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = [figure.add_subplot(1, columns, at + 1) for at in range(columns)]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color="#dddddd", linewidth=0.6)
        axis.set_axisbelow(True)
    return figure, axes


def draw_year(shop: Shop, folder: Path) -> None:
    """Orders of each day, with the festivals."""
    figure, (axis,) = figure_of(10, 3.2)
    count = np.bincount(shop.day - shop.day.min())
    first = np.datetime64("1970-01-01") + int(shop.day.min())
    axis.plot(first + np.arange(len(count)), count, color=COLOURS[shop.name], linewidth=0.8)
    labels = {"double_11": "Double 11", "mid_year_618": "618", "double_12": "Double 12"}
    labels |= {"womens_day": "Women's Day", "may_day": "May Day", "qixi": "Qixi"}
    labels |= {"national_day": "National Day"}
    for code, month, day, *_ in FESTIVALS:
        for year in (2023, 2024, 2025):
            when = np.datetime64(date(year, month, day))
            at = int((when - first).astype(np.int64))
            if 0 <= at < len(count):
                axis.annotate(
                    labels[code], (when, count[at]), (0, 3), textcoords="offset points",
                    ha="center", fontsize=7,
                )  # fmt: skip
    axis.set_ylim(0, count.max() * 1.12)
    axis.set_ylabel("valid orders a day")
    save(figure, "orders", folder)


def draw_customers(shops: list[Shop], folder: Path) -> None:
    """Who comes back, and how revenue is spread."""
    figure, (curves, lorenz) = figure_of(10, 3.6, 2)
    for shop in shops:
        curve = retention(shop)
        curves.plot(
            np.arange(1, 13), 100 * curve, color=COLOURS[shop.name], marker="o", markersize=3,
            label=shop.name,
        )  # fmt: skip
        spent = np.sort(shop.per_customer(shop.revenue))
        share = np.concatenate([[0], np.cumsum(spent) / spent.sum()])
        at = np.linspace(0, len(share) - 1, 101).astype(int)
        lorenz.plot(
            100 * at / (len(share) - 1), 100 * share[at], color=COLOURS[shop.name],
            label=f"{shop.name} (Gini {gini(spent):.2f})",
        )  # fmt: skip
    curves.set_ylim(0)
    curves.set_xlabel("months after the first order")
    curves.set_ylabel("% of newcomers who order in it")
    curves.legend(frameon=False, fontsize=8)
    lorenz.plot([0, 100], [0, 100], color="#999999", linewidth=0.8, linestyle=":")
    lorenz.set_xlabel("% of customers, least revenue first")
    lorenz.set_ylabel("% of revenue")
    lorenz.legend(frameon=False, fontsize=8)
    save(figure, "customers", folder)


def draw_rhythm(shops: list[Shop], folder: Path) -> None:
    """Days between orders, and days of the week."""
    figure, (gaps, week) = figure_of(10, 3.6, 2)
    for number, shop in enumerate(shops):
        found = np.sort(shop.gaps())
        days = np.arange(1, 181)
        gaps.plot(
            days, 100 * np.searchsorted(found, days, side="right") / len(found),
            color=COLOURS[shop.name], label=f"{shop.name} (median {np.median(found):.0f})",
        )  # fmt: skip
        week.bar(
            np.arange(7) + 0.27 * (number - 1), weekday_index(shop), 0.25,
            color=COLOURS[shop.name], label=shop.name,
        )  # fmt: skip
    gaps.set_xlabel("days since the order before")
    gaps.set_ylabel("% of repeat orders")
    gaps.legend(frameon=False, fontsize=8)
    week.set_xticks(range(7), WEEKDAYS)
    week.set_ylabel("orders against the mean day")
    week.set_ylim(0, 1.9)
    week.legend(frameon=False, fontsize=8, loc="upper left")
    save(figure, "rhythm", folder)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    """Write the pictures, and the tables into the page."""
    shops = [
        demo_brand(),
        real_shop("The Complete Journey", complete_journey.write_landing, "America/New_York"),
        real_shop("CDNOW", cdnow.write_landing, "America/New_York"),
    ]
    PICTURES.mkdir(exist_ok=True)
    draw_year(shops[0], PICTURES)
    draw_customers(shops, PICTURES)
    draw_rhythm(shops, PICTURES)
    columns = [statistics(shop) for shop in shops]
    with tempfile.TemporaryDirectory() as folder:
        write_brand(Path(folder), BrandSpec())
        size_rows, planted_rows = sizes(Path(folder)), planted(Path(folder))
    blocks = {
        "sizes": table(["system", "tables", "rows", "MB"], size_rows),
        "planted": table(["kind", "planted", "of", "share"], planted_rows),
        "statistics": table(
            ["", *(shop.name for shop in shops)],
            [[name, *(column[name] for column in columns)] for name in columns[0]],
        ),
        "festivals": table(
            [
                "festival",
                "day",
                "orders against the median day",
                "ten days before",
                "two weeks after",
            ],
            festivals(shops[0]),
        ),
    }
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    for name, block in blocks.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, found, rest = text.partition(begin)
        if found:
            text = f"{before}{begin}\n{block}\n{end}{rest.partition(end)[2]}"
        sys.stdout.write(block + "\n\n")
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
