"""Real receivers on loopback: HTTP with answers as asked for, and SMTP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

from tests.ports import free_port


@dataclass(frozen=True)
class Answer:
    """What a receiver answers, after some seconds."""

    status: int = 200
    body: str = "{}"
    after: float = 0


@dataclass(frozen=True)
class Received:
    """A request: its path, its headers by lower-case name and its JSON."""

    path: str
    headers: dict[str, str]
    content: Any


@dataclass
class Receiver:
    """A running HTTP server. The last of `answers` is repeated."""

    port: int
    answers: list[Answer]
    received: list[Received] = field(default_factory=list)
    on_request: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def http_receiver(*answers: Answer) -> Iterator[Receiver]:
    """A server that gives these answers in turn."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            number = len(receiver.received)
            receiver.received.append(Received(self.path, headers, json.loads(data)))
            answer = receiver.answers[min(number, len(receiver.answers) - 1)]
            time.sleep(answer.after)
            receiver.on_request()
            try:
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(answer.body.encode())))
                self.end_headers()
                self.wfile.write(answer.body.encode())
            except OSError:
                pass  # who asked has gone

        def log_message(self, *_said: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(server.server_address[1], list(answers) or [Answer()])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Mailbox:
    """What an SMTP server has taken."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


@contextmanager
def smtp_receiver(*refusals: str) -> Iterator[Mailbox]:
    """An SMTP server that answers first so, then takes everything."""
    box = Mailbox(refusals=list(refusals))

    class Handler:
        async def handle_DATA(  # noqa: N802
            self, server: object, session: object, envelope: Any
        ) -> str:
            if box.refusals:
                return box.refusals.pop(0)
            mail = message_from_bytes(envelope.content, policy=policy.default)
            box.mails.append(mail)
            return "250 OK"

    box.port = free_port()  # the controller looks whether it listens, so it has to know where
    controller = Controller(Handler(), hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
