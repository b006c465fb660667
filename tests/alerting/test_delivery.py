"""Messages to real receivers: what arrives, what is tried again, what becomes a dead letter."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apprise
import pytest

from orchestration.alerting.channels import AlertSettings, Channel
from orchestration.alerting.deliver import Delivery, deliver, try_channels
from orchestration.alerting.failures import note_failed_run
from orchestration.alerting.store import AlertStore, Letter
from orchestration.alerting.wording import Entry
from tests.alerting.receivers import Answer, Receiver, http_receiver, smtp_receiver
from tests.ports import free_port

NOW = datetime(2025, 7, 1, 3)  # noqa: DTZ001
ENTRY = Entry(
    state="opened",
    severity="critical",
    title_en="Activation is low",
    title_zh="沉睡会员激活率偏低",
    text_en="Activation is low: 7.0% in 2025-06, 12.5% below the limit 8.0%; <all> & members.",
    text_zh="沉睡会员激活率偏低：2025-06 为 7.0%，低于限值 8.0%；全体会员。",
    owner="recall / 唤醒",
)
LONG = Entry(**{**ENTRY.__dict__, "text_zh": "很长的中文" * 2000, "text_en": "long " * 4000})
OK = {
    "wecombot": '{"errcode":0,"errmsg":"ok"}',
    "dingtalk": '{"errcode":0,"errmsg":"ok"}',
    "feishu": '{"code":0,"msg":"success","data":{}}',
    "slack": "ok",
    "json": "",
}
FAILED = {
    "wecombot": '{"errcode":93000,"errmsg":"invalid webhook url"}',
    "dingtalk": '{"errcode":310000,"errmsg":"keywords not in content"}',
    "feishu": '{"code":19024,"msg":"Key Words Not Found"}',
    "slack": '{"ok":false,"error":"invalid_token"}',
    "json": '{"errcode":7,"errmsg":"no"}',
}
URLS = {
    "wecombot": "wecombot://botkey-s3cret",
    "dingtalk": "dingtalk://s3crettoken",
    "feishu": "feishu://s3cret-feishu-token",
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#alerts",
}


def text_of(service: str, content: Any) -> str:
    """What a person reads of a request."""
    if service == "wecombot":
        return str(content["text"]["content"])
    if service == "dingtalk":
        return str(content["text"]["content"])
    if service == "feishu":
        return str(content["content"]["text"])
    if service == "slack":
        return json.dumps(content, ensure_ascii=False)
    return f"{content['title']}\r\n{content['message']}"


Connect = Callable[[str, Receiver], Channel]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Points a kind of channel at a receiver."""

    def channel(service: str, receiver: Receiver) -> Channel:
        if service == "json":
            url = f"json://127.0.0.1:{receiver.port}/hook"
            return Channel("operations", url, "both")
        kind: Any = type(apprise.Apprise.instantiate(URLS[service]))
        if service == "slack":
            monkeypatch.setattr(kind, "webhook_url", f"{receiver.url}/services")
        else:
            own = kind.notify_url.partition("://")[2].partition("/")[2]
            monkeypatch.setattr(kind, "notify_url", f"{receiver.url}/{own}")
        return Channel("operations", URLS[service], "both")

    return channel


class Post:
    """A store with messages, and deliveries without pauses."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "alerts.sqlite"
        self.store = AlertStore(self.file)
        self.pauses: list[float] = []

    def add(self, message_id: str, *entries: Entry, channel: str = "operations") -> None:
        self.store.add_message(Letter(message_id, channel, entries, 0), NOW)

    def deliver(self, *channels: Channel, timeout: float = 5, with_dead: bool = False) -> Delivery:
        named = {one.name: one for one in channels}
        settings = AlertSettings(named, "https://b.example/", timeout, ())
        return deliver(
            self.file,
            settings,
            "shop",
            with_dead=with_dead,
            clock=lambda: datetime(2025, 7, 1, 4, tzinfo=UTC),
            sleep=self.pauses.append,
        )

    def reasons(self) -> list[str]:
        return [letter.reason for letter in self.store.dead_letters()]


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    made = Post(tmp_path)
    yield made
    made.store.close()


@pytest.mark.parametrize("service", OK)
def test_a_message_arrives_whole(service: str, post: Post, connect: Connect) -> None:
    post.add("m1", ENTRY)
    with http_receiver(Answer(body=OK[service])) as receiver:
        channel = connect(service, receiver)
        assert post.deliver(channel) == Delivery(1, ())
        assert post.deliver(channel) == Delivery(0, ()), "and once only"
    (received,) = receiver.received
    text = text_of(service, received.content)
    for part in (
        "沉睡会员激活率偏低",
        "12.5% below the limit 8.0%",
        "recall / 唤醒",
        "https://b.example/",
    ):
        assert part in text
    assert post.store.waiting() == ()
    assert post.reasons() == []


@pytest.mark.parametrize("service", OK)
def test_a_long_message_fits_its_channel(service: str, post: Post, connect: Connect) -> None:
    post.add("one", LONG)
    post.add("storm", *[ENTRY] * 300)
    with http_receiver(Answer(body=OK[service])) as receiver:
        channel = connect(service, receiver)
        assert post.deliver(channel).delivered == 2
    assert len(receiver.received) == 2, "neither is split"
    for received in receiver.received:
        text = text_of(service, received.content)
        assert len(text.encode()) <= channel.limit + (1000 if service == "slack" else 0)
        assert "�" not in text
    if channel.limit < 60_000:
        assert any(" more" in text_of(service, one.content) for one in receiver.received)


@pytest.mark.parametrize("service", OK)
def test_an_error_in_a_200_is_a_failure(service: str, post: Post, connect: Connect) -> None:
    post.add("m1", ENTRY)
    with http_receiver(Answer(body=FAILED[service])) as receiver:
        failed = post.deliver(connect(service, receiver))
        assert failed.delivered == 0
        assert len(receiver.received) == 4
        (reason,) = post.reasons()
        assert "answered with status 200 and " in reason
        said = ("93000", "310000", "19024", "invalid_token", "7: no")
        assert any(part in reason for part in said)
        assert "s3cret" not in reason
        receiver.answers = [Answer(body=OK[service])]
        assert post.deliver(connect(service, receiver)) == Delivery(0, ()), "only on wish"
        assert post.deliver(connect(service, receiver), with_dead=True) == Delivery(1, ())
    assert post.reasons() == []


@pytest.mark.parametrize("service", OK)
def test_500_then_200(service: str, post: Post, connect: Connect) -> None:
    post.add("m1", ENTRY)
    with http_receiver(Answer(500), Answer(429), Answer(body=OK[service])) as receiver:
        assert post.deliver(connect(service, receiver)) == Delivery(1, ())
    assert len(receiver.received) == 3
    assert len(post.pauses) == 2
    assert 0 < post.pauses[0] <= 2
    assert post.pauses[0] < post.pauses[1] <= 3.001, "pauses grow"


@pytest.mark.parametrize("status", [400, 403, 404, 302])
def test_a_client_error_is_not_tried_again(status: int, post: Post, connect: Connect) -> None:
    post.add("m1", ENTRY)
    with http_receiver(Answer(status)) as receiver:
        assert post.deliver(connect("json", receiver)).delivered == 0
    assert len(receiver.received) == 1
    assert post.reasons() == [f"127.0.0.1:{receiver.port} answered with status {status}"]


def test_a_receiver_that_is_down(post: Post) -> None:
    post.add("m1", ENTRY)
    port = free_port()
    channel = Channel("operations", f"json://user:s3cret@127.0.0.1:{port}/", "en")
    (failure,) = post.deliver(channel).failures
    assert failure.channel == "operations"
    assert failure.reason == f"127.0.0.1:{port} cannot be reached (ConnectionError)"
    assert len(post.pauses) == 3


def test_a_receiver_that_is_slow(post: Post, connect: Connect) -> None:
    post.add("m1", ENTRY)
    with http_receiver(Answer(after=0.6)) as receiver:
        began = time.monotonic()
        post.deliver(connect("json", receiver), timeout=0.1)
        assert time.monotonic() - began < 3
    assert post.reasons() == [f"127.0.0.1:{receiver.port} did not answer within 0.1 s"]


def test_one_channel_that_fails_keeps_no_other_from_its_message(
    post: Post, connect: Connect
) -> None:
    post.add("a", ENTRY, channel="broken")
    post.add("b", ENTRY)
    post.add("c", ENTRY, channel="gone")
    broken = Channel("broken", f"json://127.0.0.1:{free_port()}", "en")
    with http_receiver() as receiver:
        done = post.deliver(broken, connect("json", receiver))
    assert done.delivered == 1
    assert [failure.channel for failure in done.failures] == ["broken", "gone"]
    assert "alerts.yml has no channel of this name" in post.reasons()


def test_a_webhook_gets_the_same_key_every_time(post: Post, connect: Connect) -> None:
    post.add("key-of-m1", ENTRY)
    post.add("key-of-m2", ENTRY)
    with http_receiver(Answer(500), Answer(200)) as receiver:
        post.deliver(connect("json", receiver))
    keys = [received.headers["idempotency-key"] for received in receiver.received]
    assert keys == ["key-of-m1", "key-of-m1", "key-of-m2"]


def test_mail_arrives_with_chinese_text(post: Post) -> None:
    post.add("key-of-mail", ENTRY)
    with smtp_receiver("451 later, please") as box:
        url = f"mailto://127.0.0.1:{box.port}?from=a@example.com&to=ops@example.com&mode=insecure"
        assert post.deliver(Channel("operations", url, "both")) == Delivery(1, ())
    (mail,) = box.mails
    assert mail["To"] == "ops@example.com"
    assert "沉睡会员激活率偏低 / [critical] Activation is low" in mail["Subject"]
    assert mail["Idempotency-Key"] == "key-of-mail"
    plain = mail.get_body(("plain",))
    assert plain is not None
    for part in (ENTRY.text_zh, "<all> & members", "负责人：recall / 唤醒"):
        assert part in plain.get_content()
    assert len(post.pauses) == 1


def test_mail_that_is_refused(post: Post) -> None:
    post.add("m1", ENTRY)
    with smtp_receiver(*["554 no such list"] * 4) as box:
        url = f"mailto://127.0.0.1:{box.port}?from=a@example.com&to=ops@example.com&mode=insecure"
        assert post.deliver(Channel("operations", url, "both")).delivered == 0
    (reason,) = post.reasons()
    assert "554" in reason
    assert "no such list" in reason


def test_a_url_that_apprise_does_not_take(post: Post) -> None:
    post.add("m1", ENTRY)
    post.add("m2", ENTRY, channel="many")
    post.deliver(
        Channel("operations", "carrierpigeon://loft", "en"),
        Channel(
            "many",
            "mailto://127.0.0.1?from=a@example.com&to=b@example.com,c@example.com&mode=insecure",
            "en",
        ),
    )
    unknown, many = sorted(post.reasons())
    assert unknown.startswith("Apprise does not take the url of the channel operations")
    assert many.startswith("the url of the channel many names 2 receivers")


def test_samples_tell_which_channel_failed_and_why(connect: Connect) -> None:
    port = free_port()
    with http_receiver() as receiver:
        good = connect("json", receiver)
        bad = Channel("data", f"json://127.0.0.1:{port}", "en")
        settings = AlertSettings({"operations": good, "data": bad}, None, 5, ())
        outcomes = try_channels(settings, "shop", sleep=lambda _seconds: None)
    assert outcomes == {
        "operations": None,
        "data": f"127.0.0.1:{port} cannot be reached (ConnectionError)",
    }
    assert "这是一条示例" in receiver.received[0].content["message"]


def test_a_failed_run_is_told_once(post: Post, connect: Connect) -> None:
    with http_receiver() as receiver:
        channel = connect("json", receiver)
        settings = AlertSettings({"operations": channel}, None, 5, ("operations",))
        for _ in range(2):
            told = note_failed_run(
                post.file,
                settings,
                job="daily_build",
                run_id="run-1",
                steps=("warehouse",),
                now=datetime(2025, 7, 1, tzinfo=UTC),
            )
            assert told == 1
            deliver(post.file, settings, "shop")
    (received,) = receiver.received
    assert "daily_build" in received.content["title"]
    assert "warehouse" in received.content["message"]


def test_without_a_store_there_is_nothing_to_deliver(tmp_path: Path) -> None:
    settings = AlertSettings({}, None, 5, ())
    assert deliver(tmp_path / "none.sqlite", settings, "shop") == Delivery(0, ())
    assert not (tmp_path / "none.sqlite").exists()
