"""Sends one message through Apprise, and finds out whether it arrived.

Apprise says only whether it thinks so, and takes every 200 of WeCom and DingTalk for a success,
though they say in it that they failed. So the answers are looked at here. Reasons never hold the
URL: it is the secret.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import apprise
import requests
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from orchestration.alerting.channels import Channel
from orchestration.alerting.wording import Message

ATTEMPTS = 4
KEY_HEADER = "Idempotency-Key"
"""Header of webhooks and e-mails by which a receiver knows a message that comes again."""

_TOO_EARLY = frozenset({408, 425, 429})
"""Client errors that mean: later."""
_FAILURE_FIELDS = {"feishu": ("code", "StatusCode")}
_LONGEST_REASON = 300


class SendError(Exception):
    """A message did not arrive. `is_passing` where trying again may help."""

    def __init__(self, reason: str, *, is_passing: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_passing = is_passing


@dataclass
class _Seen:
    """What went over the wire during one attempt."""

    answers: list[requests.Response] = field(default_factory=list)
    errors: list[requests.RequestException] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def send(
    channel: Channel,
    message: Message,
    key: str,
    *,
    severity: str,
    timeout: float,
    before_attempt: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] | None = None,
) -> None:
    """Send a message, up to ATTEMPTS times with growing pauses. Raises SendError.

    `key` is the same whenever this message is sent, `timeout` counts seconds of a connection and of
    an answer, `before_attempt` is called ahead of each attempt, `sleep` waits between them.
    """
    waiting: dict[str, Any] = {} if sleep is None else {"sleep": sleep}
    for attempt in Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential_jitter(initial=1, max=20, jitter=1),
        retry=retry_if_exception(lambda error: isinstance(error, SendError) and error.is_passing),
        reraise=True,
        before=lambda _state: before_attempt(),
        **waiting,
    ):
        with attempt:
            _attempt(channel, message, key, severity, timeout)


def _attempt(channel: Channel, message: Message, key: str, severity: str, timeout: float) -> None:
    with _watched() as seen:
        plugin = _plugin(channel, key, timeout)
        sender = apprise.Apprise()
        sender.add(plugin)
        is_sent = sender.notify(
            title=message.title,
            body=message.body,
            notify_type=_TYPES[severity],
            body_format=apprise.NotifyFormat.TEXT,
        )
    for answer in seen.answers:
        _check(channel, answer)
    if is_sent:
        return
    if seen.errors:
        raise SendError(_network_reason(seen.errors[-1], timeout), is_passing=True)
    said = seen.complaints[-1] if seen.complaints else "Apprise gave no reason"
    raise SendError(said[:_LONGEST_REASON], is_passing=True)


_TYPES = {
    "info": apprise.NotifyType.INFO,
    "warning": apprise.NotifyType.WARNING,
    "critical": apprise.NotifyType.FAILURE,
    "recovered": apprise.NotifyType.SUCCESS,
}


def _plugin(channel: Channel, key: str, timeout: float) -> Any:
    """Apprise's object for a channel. Raises SendError for a URL that it does not take."""
    plugin = apprise.Apprise.instantiate(channel.url, suppress_exceptions=True)
    if plugin is None:
        raise SendError(
            f"Apprise does not take the url of the channel {channel.name} "
            f"({channel.service}://…); see its documentation of this service",
            is_passing=False,
        )
    if len(plugin) > 1:
        raise SendError(
            f"the url of the channel {channel.name} names {len(plugin)} receivers, of which one "
            "may fail alone; make a channel of each",
            is_passing=False,
        )
    plugin.socket_connect_timeout = timeout
    plugin.socket_read_timeout = timeout
    headers = getattr(plugin, "headers", None)
    if isinstance(headers, dict):
        headers[KEY_HEADER] = key
    return plugin


@contextmanager
def _watched() -> Iterator[_Seen]:
    """Record every answer, error and complaint of the sending inside; quiet Apprise's logger.

    Requests has no hook for all sessions, so its one function through which everything goes is
    wrapped meanwhile. Deliveries run one after the other in one thread.
    """
    seen = _Seen()
    original = requests.Session.send

    def recording(
        session: requests.Session, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        options["allow_redirects"] = False
        try:
            answer = original(session, request, **options)
        except requests.RequestException as error:
            seen.errors.append(error)
            raise
        seen.answers.append(answer)
        return answer

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = record.getMessage()
            if text.startswith("Socket Exception: "):
                seen.complaints.append(text.removeprefix("Socket Exception: "))

    logger, listener = logging.getLogger("apprise"), Listener()
    level, propagates = logger.level, logger.propagate
    logger.addHandler(listener)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    requests.Session.send = recording  # type: ignore[assignment,method-assign]
    try:
        yield seen
    finally:
        requests.Session.send = original  # type: ignore[method-assign]
        logger.removeHandler(listener)
        logger.setLevel(level)
        logger.propagate = propagates


def _check(channel: Channel, answer: requests.Response) -> None:
    """Raise SendError for an answer that is none, or that says in a 200 that it failed."""
    host = _host(answer.request.url)
    status = answer.status_code
    if not 200 <= status < 300:
        is_passing = status >= 500 or status in _TOO_EARLY
        raise SendError(f"{host} answered with status {status}", is_passing=is_passing)
    try:
        body = answer.json()
    except ValueError:
        return
    if not isinstance(body, dict):
        return
    for name in ("errcode", *_FAILURE_FIELDS.get(channel.service, ())):
        if body.get(name) not in (None, 0, "0"):
            said = str(body.get("errmsg") or body.get("msg") or body.get("StatusMessage") or "")
            raise SendError(
                f"{host} answered with status {status} and {name} {body[name]}: {said}"[
                    :_LONGEST_REASON
                ],
                is_passing=True,
            )
    if body.get("ok") is False:
        raise SendError(
            f"{host} answered with status {status} and ok false: {body.get('error')}"[
                :_LONGEST_REASON
            ],
            is_passing=True,
        )


def _network_reason(error: requests.RequestException, timeout: float) -> str:
    host = _host(error.request.url if error.request is not None else None)
    if isinstance(error, requests.Timeout):
        return f"{host} did not answer within {timeout:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        return f"{host} has no certificate that can be trusted"
    return f"{host} cannot be reached ({type(error).__name__})"


def _host(url: str | bytes | None) -> str:
    text = url.decode() if isinstance(url, bytes) else url or ""
    return text.partition("://")[2].partition("/")[0].rpartition("@")[2] or "the receiver"
