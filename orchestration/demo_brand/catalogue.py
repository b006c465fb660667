"""The tables of products, categories, shops, prices and stock."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from orchestration.demo_brand import chunk as keys
from orchestration.demo_brand.chunk import Rows, Tables, together
from orchestration.demo_brand.columns import (
    at_local,
    codes,
    flags,
    instants,
    joined,
    money,
    numbered,
    real,
    where_known,
    whole,
)
from orchestration.demo_brand.settings import DAYS, stream
from orchestration.demo_brand.world import (
    BRANDS,
    CATEGORIES,
    CITIES,
    PACK_UNITS,
    PACKS,
    SHOPS,
    World,
)

STOCK_EVERY_DAYS = 7


def catalogue_tables(world: World) -> Tables:
    """All tables of the system `catalog` but favourites, which people make."""
    return {
        "catalog.products": _products(world),
        "catalog.categories": _categories(),
        "catalog.stores": _stores(world),
        "catalog.price_changes": _price_changes(world),
        "catalog.stock_levels": _stock_levels(world),
    }


def _products(world: World) -> Rows:
    products = world.products
    count = len(products.price)
    number = np.arange(count, dtype=np.int64)
    launched = at_local(products.launched_day, np.full(count, 36_000))
    retired = products.retired_day < DAYS
    changed = np.where(retired, at_local(products.retired_day, np.full(count, 36_000)), launched)
    category_name = codes([row[1] for row in CATEGORIES], products.category)
    line = numbered("", number // len(PACKS) % 4 + 1)
    sizes = np.array([50.0 * size for size, _ in PACKS])[products.pack]
    names = joined(
        codes(BRANDS, products.brand),
        category_name,
        line,
        "号",
        codes(("小", "标准", "大"), products.pack),
    )

    def version(is_active: np.ndarray, at: np.ndarray, chosen: np.ndarray) -> Rows:
        return Rows(
            {
                "product_id": keys.product_ids(number),
                "product_name": names,
                "category_id": codes([row[0] for row in CATEGORIES], products.category),
                "brand": codes(BRANDS, products.brand),
                "pack_size": real(sizes),
                "pack_unit": codes(PACK_UNITS, products.category % len(PACK_UNITS)),
                "list_price": money(products.price),
                "unit_cost": money(products.cost, products.has_cost),
                "launched_at": instants(launched),
                "is_active": flags(is_active),
                "updated_at": instants(at),
            },
            at,
        ).only(chosen)

    everything = np.ones(count, dtype=bool)
    return together(
        [version(everything, launched, everything), version(~retired, changed, retired)]
    )


def _categories() -> Rows:
    count = len(CATEGORIES)
    changed = at_local(np.full(count, -900), np.full(count, 36_000))
    cycles = np.array([row[3] or 0.0 for row in CATEGORIES])
    return Rows(
        {
            "category_id": pa.array([row[0] for row in CATEGORIES]),
            "category_name": pa.array([row[1] for row in CATEGORIES]),
            "parent_category_id": pa.array([row[2] for row in CATEGORIES], pa.string()),
            "usage_cycle_days": real(cycles, cycles > 0),
            "updated_at": instants(changed),
        },
        changed,
    )


def _stores(world: World) -> Rows:
    shops = world.shops
    number = np.arange(SHOPS, dtype=np.int64)
    opened = at_local(shops.opened_day, np.full(SHOPS, 36_000))
    city = codes([row[1] for row in CITIES], shops.city)
    return Rows(
        {
            "store_id": keys.shop_ids(number),
            "store_name": joined(city, numbered("", number % 9 + 1), "店"),
            "city": city,
            "latitude": real(shops.latitude),
            "longitude": real(shops.longitude),
            "opened_at": instants(opened),
            "updated_at": instants(opened),
        },
        opened,
    )


def _price_changes(world: World) -> Rows:
    products = world.products
    product = np.nonzero(products.change_day < DAYS)[0]
    first = np.arange(len(products.price), dtype=np.int64)
    product = np.concatenate([first, product])
    price = np.concatenate([products.price, products.change_price[products.change_day < DAYS]])
    day = np.concatenate([products.launched_day, products.change_day[products.change_day < DAYS]])
    valid_from = at_local(day, np.zeros(len(day), dtype=np.int64))
    return Rows(
        {
            "product_id": keys.product_ids(product),
            "price": money(price),
            "valid_from": instants(valid_from),
        },
        valid_from,
    )


def _stock_levels(world: World) -> Rows:
    rng = stream(world.spec.seed, -1, "stock")
    products = world.products
    weeks = np.arange(0, DAYS, STOCK_EVERY_DAYS)
    places = np.arange(-1, 3)
    product, week, place = (
        axis.ravel()
        for axis in np.meshgrid(np.arange(len(products.price)), weeks, places, indexing="ij")
    )
    sold = (products.launched_day[product] <= week) & (products.retired_day[product] > week)
    product, week, place = product[sold], week[sold], place[sold]
    base = np.where(place < 0, 800, 40)
    low = rng.random(len(product)) < 0.04
    quantity = np.where(low, rng.integers(0, 5, len(product)), rng.poisson(base))
    observed = at_local(week, np.full(len(week), 6 * 3_600))
    return Rows(
        {
            "product_id": keys.product_ids(product),
            "store_id": where_known(keys.shop_ids(np.maximum(place, 0)), place >= 0),
            "quantity": whole(quantity),
            "observed_at": instants(observed),
        },
        observed,
    )
