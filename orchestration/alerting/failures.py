"""Tells the channels that a run of Dagster failed, once for each run."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from orchestration.alerting.channels import AlertSettings
from orchestration.alerting.store import AlertStore, Letter
from orchestration.alerting.wording import Entry

OWNER = "data platform / 数据平台"


def note_failed_run(
    store_file: Path,
    settings: AlertSettings,
    *,
    job: str,
    run_id: str,
    steps: tuple[str, ...],
    now: datetime,
) -> int:
    """Let messages about a failed run wait in the store; returns how many channels they go to.

    Error texts are left out: they may quote rows.
    """
    if not settings.run_failures:
        return 0
    failed_en = f" The failed steps: {', '.join(steps)}." if steps else ""
    failed_zh = f"失败步骤：{'、'.join(steps)}。" if steps else ""
    entry = Entry(
        state="opened",
        severity="critical",
        title_en=f"Run of {job} failed",
        title_zh=f"任务 {job} 运行失败",
        text_en=(
            f"Run {run_id} of {job} failed; what was published before is still there.{failed_en} "
            "Dagster shows why."
        ),
        text_zh=(
            f"{job} 的运行 {run_id} 失败，此前发布的数据仍然有效。{failed_zh}原因见 Dagster。"
        ),
        owner=OWNER,
    )
    store = AlertStore(store_file)
    try:
        with store.transaction():
            for channel in settings.run_failures:
                key = hashlib.sha256(f"{store.store_id()} run {run_id} {channel}".encode())
                letter = Letter(key.hexdigest()[:32], channel, (entry,), 0)
                store.add_message(letter, now.astimezone(UTC).replace(tzinfo=None))
    finally:
        store.close()
    return len(settings.run_failures)
