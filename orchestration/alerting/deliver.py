"""Delivers waiting messages, each until its receiver has it or it is a dead letter."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from orchestration.alerting.channels import AlertSettings, Channel
from orchestration.alerting.send import SendError, send
from orchestration.alerting.store import AlertStore, Letter
from orchestration.alerting.wording import SEVERITIES, Entry, compose
from orchestration.clock import utc
from orchestration.errors import RekindleError

SECONDS_TO_WAIT = 120.0
"""How long a delivery waits for another one of the same brand."""


@dataclass(frozen=True)
class Failure:
    """A message that did not arrive."""

    channel: str
    reason: str


@dataclass(frozen=True)
class Delivery:
    """What became of the messages of one delivery."""

    delivered: int
    failures: tuple[Failure, ...]


def deliver(
    store_file: Path,
    settings: AlertSettings,
    brand: str,
    *,
    with_dead: bool = False,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] | None = None,
) -> Delivery:
    """Send what waits in a store, and dead letters too on wish.

    A message counts as delivered once its receiver has answered. Being killed between the two sends
    it again, under the same key. `clock` gives aware times. Raises RekindleError while another
    delivery of this brand goes on.
    """
    if not store_file.is_file():
        return Delivery(0, ())
    with _only_sender(store_file):
        store = AlertStore(store_file)
        try:
            delivered, failures = 0, []
            for letter in store.waiting(with_dead=with_dead):
                failure = _deliver(store, letter, settings, brand, clock, sleep)
                if failure is None:
                    delivered += 1
                else:
                    failures.append(failure)
        finally:
            store.close()
    return Delivery(delivered, tuple(failures))


def try_channels(
    settings: AlertSettings,
    brand: str,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] | None = None,
) -> dict[str, str | None]:
    """Send a sample to every channel; why it failed for each, or None where it arrived."""
    found: dict[str, str | None] = {}
    for name, channel in settings.channels.items():
        key = hashlib.sha256(f"sample {brand} {name} {clock().isoformat()}".encode())
        letter = Letter(key.hexdigest()[:32], name, (SAMPLE,), 0)
        try:
            _send(channel, letter, settings, brand, lambda: None, sleep)
        except SendError as error:
            found[name] = error.reason
        else:
            found[name] = None
    return found


SAMPLE = Entry(
    state="opened",
    severity="info",
    title_en="Sample of an alert",
    title_zh="预警示例",
    text_en="This is a sample: rekindle alerts test sent it, and nothing is wrong.",
    text_zh="这是一条示例：由 rekindle alerts test 发出，并无异常。",
    owner="whoever set up this channel / 渠道配置人",
)


def _deliver(
    store: AlertStore,
    letter: Letter,
    settings: AlertSettings,
    brand: str,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None] | None,
) -> Failure | None:
    channel = settings.channels.get(letter.channel)
    if channel is None:
        reason = "alerts.yml has no channel of this name"
    else:
        try:
            _send(channel, letter, settings, brand, lambda: store.begin_attempt(letter), sleep)
        except SendError as error:
            reason = error.reason
        else:
            store.mark_delivered(letter, utc(clock()))
            return None
    store.mark_dead(letter, reason, utc(clock()))
    return Failure(letter.channel, reason)


def _send(
    channel: Channel,
    letter: Letter,
    settings: AlertSettings,
    brand: str,
    before_attempt: Callable[[], None],
    sleep: Callable[[float], None] | None,
) -> None:
    is_good_news = all(entry.state == "recovered" for entry in letter.entries)
    worst = min((entry.severity for entry in letter.entries), key=SEVERITIES.index)
    send(
        channel,
        compose(letter.entries, brand, channel.language, channel.limit, settings.board_url),
        letter.message_id,
        severity="recovered" if is_good_news else worst,
        timeout=settings.timeout_seconds,
        before_attempt=before_attempt,
        sleep=sleep,
    )


@contextmanager
def _only_sender(store_file: Path) -> Iterator[None]:
    lock = FileLock(store_file.with_name(f".{store_file.name}.lock"))
    try:
        lock.acquire(timeout=SECONDS_TO_WAIT)
    except Timeout as error:
        raise RekindleError(
            f"Another delivery of the alerts in {store_file} goes on; wait until it has ended."
        ) from error
    try:
        yield
    finally:
        lock.release()
