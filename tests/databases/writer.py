"""Commits inserts and updates to `orders` until its input ends: python writer.py ADDRESS SEED.

Every third transaction stays open while others commit, so that it is seen after rows with a later
`updated_at`. Ends with all of them committed.
"""

from __future__ import annotations

import random
import select
import sys

import psycopg

INSERT = """
    insert into orders (order_id, status, net_amount)
    select 'new-' || %s || '-' || n, 'created', n from generate_series(1, %s) n
"""
UPDATE = """
    update orders set status = %s, net_amount = net_amount + 1, updated_at = clock_timestamp()
    where order_id in (
        select order_id from orders order by md5(order_id || %s) limit 5 for update skip locked
    )
"""
PAUSE = 0.02
CONNECTIONS = 8


def main(address: str, seed: int) -> None:
    """Write until the input ends."""
    draw = random.Random(seed)
    idle = [psycopg.connect(address) for _ in range(CONNECTIONS)]
    waiting: list[tuple[int, psycopg.Connection[tuple[object, ...]]]] = []
    number = 0
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        number += 1
        connection = idle.pop()
        if draw.random() < 0.5:
            connection.execute(INSERT, (number, draw.randint(1, 4)))
        else:
            connection.execute(UPDATE, (draw.choice(["paid", "shipped"]), str(number)))
        waiting.append((number + draw.choice([0, 0, CONNECTIONS - 1]), connection))
        for due, open_one in list(waiting):
            if due <= number:
                open_one.commit()
                waiting.remove((due, open_one))
                idle.append(open_one)
    for _, open_one in waiting:
        open_one.commit()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
