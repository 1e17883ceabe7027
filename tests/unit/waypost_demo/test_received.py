"""What the demo shows of a message that came out of the proxy."""

import io
import time
from pathlib import Path

import pytest
from rich.console import Console

from config.keys import dkim_keys
from proxy.policy.reasons import Skip, Untouched
from proxy.rewrite.submission import Submission
from proxy.rewrite.transformer import Transformer
from tracker.decisions.consents import Consents
from tracker.events import MessageHandled
from tracker.spool.writer import Spool
from tracker.tokens import Keyring
from waypost_demo import received, set_up
from waypost_demo.inbox import Received
from waypost_demo.set_up import Demo

HTML = (
    '<a href="https://example.com/mine">Mine [x]</a>'
    '<a class="untracked" href="https://example.com/no">No</a>'
)
MESSAGE = (
    "From: shop@example.com\r\nTo: reader@example.net\r\nSubject: [b]Hi[/b]\r\n{}"
    "MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n{}\r\n"
)


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    """Return a demo that is set up."""
    return set_up.set_up(tmp_path, 2600, "http://localhost:8082")


def through_the_proxy(demo: Demo, header: str = "") -> Received:
    """Return what comes out for a message, once the store was told of it."""
    submission = Submission(b"shop@example.com", (b"reader@example.net",), trusted=True)
    transformer = Transformer.from_config(demo.config, Consents)
    outgoing = transformer.prepare(
        MESSAGE.format(header, HTML).encode(), submission, time.time()
    ).shared()
    spool = Spool.open(demo.config.store.spool_dir, "proxy")
    told = MessageHandled(
        submission.message_id.hex(), int(time.time()), 1, "shop@example.com", "delivered", "250 2.0.0",
        queue_id="4F21A0", untouched=outgoing.untouched,
    )  # fmt: skip
    spool.append(told)
    spool.close()
    return Received("4F21A0", outgoing.content)


def shown(demo: Demo, message: Received) -> str:
    """Return what is printed of a message."""
    console = Console(file=io.StringIO(), width=40)
    received.show(demo, console, message, Keyring.load(demo.folder / "token.keys"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_each_link_is_shown_with_its_reason(demo: Demo) -> None:
    """Markup of a subject is no markup of ours."""
    printed = shown(demo, through_the_proxy(demo))
    assert "Received: [b]Hi[/b], to reader@example.net\n" in printed
    assert "  Mine [x] tracked: http://127.0.0.1:" in printed
    assert "leads to https://example.com/mine\n" in printed
    assert f"  https://example.com/no not tracked: {Skip.UNTRACKED_CLASS}: " in printed


def test_a_message_that_was_left_alone_says_why(demo: Demo) -> None:
    """Though the header that asked for it is gone."""
    message = through_the_proxy(demo, "X-Track-Links: off\r\n")
    assert b"X-Track-Links" not in message.content
    printed = shown(demo, message)
    assert f"left untouched: {Untouched.TRACKING_OFF}: " in printed
    assert f"https://example.com/mine not tracked: {Untouched.TRACKING_OFF}: " in printed


def test_its_page_is_named(demo: Demo) -> None:
    """Where its clicks will be seen."""
    printed = shown(demo, through_the_proxy(demo))
    assert f"what became of it: {demo.page}messages/" in printed


def test_a_signature_is_valid_or_not_or_none_of_ours(demo: Demo) -> None:
    """By the record that a name server would have."""
    content, record = through_the_proxy(demo).content, demo.dkim_record()
    altered = content.replace(b"Mine", b"Yours")
    other = dkim_keys.dkim_record((demo.folder / "dkim.pem").read_bytes()).encode()
    assert record == other
    assert received.signature(content, {"example.com"}, record) == "valid"
    assert received.signature(altered, {"example.com"}, record) == "not valid"
    assert received.signature(content, {"example.org"}, record) == "none of ours"


def test_a_message_that_the_store_does_not_hear_of_is_shown_all_the_same(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without what only the store knows."""
    monkeypatch.setattr(received, "PATIENCE_S", 0.0)
    content = through_the_proxy(demo).content
    printed = shown(demo, Received("unheard", content))
    assert "  Mine [x] tracked: " in printed
    assert "what became of it" not in printed
