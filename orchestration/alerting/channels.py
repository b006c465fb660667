"""Where alerts go: `alerts.yml` beside brand.yml, or the file that REKINDLE_ALERTS names.

Secrets stay out of it: `${NAME}` stands for an environment variable.
"""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestration.errors import UsageError
from orchestration.settings_text import read_settings_text
from orchestration.workspace import ALERTS_FILE, POLICY, Workspace

FILE_VARIABLE = "REKINDLE_ALERTS"

LIMITS: Mapping[str, int] = {"wecombot": 2048, "dingtalk": 6_000, "feishu": 6_000, "slack": 9_000}
"""Bytes of UTF-8 in a message. DingTalk and Feishu count 20,000 bytes of JSON, in which a Chinese
character takes six; Slack counts characters."""
OTHER_LIMIT = 60_000

_CODE = r"^[a-z][a-z0-9_]{0,63}$"


class ChannelError(UsageError):
    """alerts.yml says something that cannot be."""


@dataclass(frozen=True)
class Channel:
    """A receiver. `url` is Apprise's, secrets filled in: it is never shown nor kept."""

    name: str
    url: str
    language: Literal["en", "zh", "both"]

    @property
    def service(self) -> str:
        """The kind of receiver: wecombot, dingtalk, feishu, slack, mailtos, jsons or other."""
        return self.url.partition("://")[0].lower()

    @property
    def limit(self) -> int:
        """Bytes that a message may take."""
        return LIMITS.get(self.service, OTHER_LIMIT)


@dataclass(frozen=True)
class AlertSettings:
    """What alerts.yml says; `run_failures` are the channels that hear of failed runs."""

    channels: Mapping[str, Channel]
    board_url: str | None
    timeout_seconds: float
    run_failures: tuple[str, ...]


NO_SETTINGS = AlertSettings({}, None, 5.0, ())


class _ChannelText(BaseModel):
    model_config = ConfigDict(extra="forbid")
    url: str
    language: Literal["en", "zh", "both"] | None = None


class _SettingsText(BaseModel):
    model_config = ConfigDict(extra="forbid")
    board_url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
    language: Literal["en", "zh", "both"] = "both"
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = NO_SETTINGS.timeout_seconds
    run_failures: list[str] | None = None
    channels: dict[Annotated[str, Field(pattern=_CODE)], _ChannelText | str] = {}


def settings_file(workspace: Workspace) -> Path:
    """The file that says where alerts of a brand go; it need not exist."""
    named = os.environ.get(FILE_VARIABLE)
    return Path(named) if named else workspace.landing / ALERTS_FILE


def read_settings(workspace: Workspace) -> AlertSettings:
    """Where the alerts of a brand go; nowhere if there is no file. Raises ChannelError."""
    path = settings_file(workspace)
    if not path.is_file():
        if os.environ.get(FILE_VARIABLE):
            raise ChannelError(f"{FILE_VARIABLE} names {path}, which is not there: correct it.")
        return NO_SETTINGS
    text = read_settings_text(path, ChannelError)
    try:
        found = _SettingsText.model_validate(text)
    except ValidationError as error:
        raise ChannelError(_sentence(path, error)) from error
    channels = {
        name: _channel(path, name, one, found.language) for name, one in found.channels.items()
    }
    failures = tuple(channels if found.run_failures is None else found.run_failures)
    for name in failures:
        if name not in channels:
            raise ChannelError(
                f"{path}, run_failures: there is no channel {name}; the channels are "
                f"{', '.join(channels) or 'none'}."
            )
    return AlertSettings(channels, found.board_url, found.timeout_seconds, failures)


def known_channels(workspace: Workspace) -> frozenset[str]:
    """The names of the channels; none where alerts.yml is wrong, which the delivery says."""
    try:
        return frozenset(read_settings(workspace).channels)
    except ChannelError:
        return frozenset()


def misnamed(
    settings: AlertSettings, on: date, rules: Path = POLICY / "alert_rules.csv"
) -> Iterator[str]:
    """Sentences about channels that only the rules in force on a day, or only alerts.yml names.

    None where no channel is configured at all. Rules that `rekindle policy check` refuses name
    nothing.
    """
    if not settings.channels:
        return
    named = _named_by_rules(rules, on)
    for name, number in sorted(named.items()):
        if name not in settings.channels:
            verb = "rule names" if number == 1 else "rules name"
            yield (
                f"{number} {verb} the channel {name}, which alerts.yml does not have: of these "
                f"nobody is told. The channels are {', '.join(settings.channels)}."
            )
    for name in settings.channels:
        if name not in named:
            hears = "failed runs of Dagster only" if name in settings.run_failures else "nothing"
            yield f"No rule names the channel {name}: it hears of {hears}."


def _named_by_rules(rules: Path, on: date) -> Counter[str]:
    """How many of the rules in force name each channel."""
    newest: dict[str, dict[str, str]] = {}
    with rules.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            code, day = row.get("rule_code") or "", row.get("valid_from") or ""
            if day <= on.isoformat() and day >= newest.get(code, {}).get("valid_from", ""):
                newest[code] = row
    return Counter(
        channel
        for row in newest.values()
        if (row.get("is_active") or "").lower() == "true"
        for channel in (row.get("channels") or "").split()
    )


def _channel(
    path: Path, name: str, said: _ChannelText | str, language: Literal["en", "zh", "both"]
) -> Channel:
    url = said if isinstance(said, str) else said.url

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if not found:
            raise ChannelError(
                f"{path}, channel {name}: the environment variable {match[1]} is not set; set it."
            )
        return found

    url = re.sub(r"\$\{(\w+)\}", value, url)
    if not re.match(r"^[a-z][a-z0-9+.-]*://\S+$", url, re.IGNORECASE):
        raise ChannelError(
            f"{path}, channel {name}: its url is none; write one of Apprise's, such as "
            "wecombot://${WECOM_BOT_KEY}."
        )
    own = None if isinstance(said, str) else said.language
    return Channel(name, url, own or language)


def _sentence(path: Path, error: ValidationError) -> str:
    """The first thing that is wrong; values are not repeated, they may be secret."""
    detail: Any = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(
        str(part) for part in detail["loc"] if part not in {"_ChannelText", "str", "[key]"}
    )
    message = str(detail["msg"])
    return f"{path}, {place or 'the file'}: {message[:1].lower()}{message[1:]}; see docs/alerts.md."
