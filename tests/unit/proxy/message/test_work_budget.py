"""Work on a message is counted, and broken off where it is too much for one turn of the loop."""

import threading

import pytest

from proxy.message.editing import parse
from proxy.message.work_budget import BudgetExceeded, limit, spend
from proxy.policy import Policy
from proxy.rewrite.planner import plan, plan_message
from proxy.scheduling.dispatch import LARGE_MESSAGE_OCTETS, MAX_STEPS_IN_LOOP
from tests.support.mail import html_message, link
from tests.support.slow_mail import KINDS

POLICY = Policy(plain_text=True, opens=True, url_params=(("utm_source", "mail"),))


def test_work_past_its_bound_is_broken_off() -> None:
    """It may be as much as was said, and no more."""
    with limit(3):
        spend(1)
        spend(2)
        with pytest.raises(BudgetExceeded):
            spend(1)


def test_a_bound_ends_with_its_block() -> None:
    """Before and after it, and around one within it, work is counted as if it were not there."""
    spend(100)
    with limit(3):
        with limit(1), pytest.raises(BudgetExceeded):
            spend(2)
        spend(3)
    spend(100)


def test_a_bound_holds_for_its_thread_alone() -> None:
    """Others work on messages of their own."""
    spent: list[int] = []
    with limit(0):
        thread = threading.Thread(target=lambda: spent.append(spend(1) or 1))
        thread.start()
        thread.join()
    assert spent == [1]


def test_what_was_broken_off_is_no_fault() -> None:
    """A fault leaves the message untouched; this must reach who set the bound."""
    with limit(10), pytest.raises(BudgetExceeded):
        plan(html_message(link("https://example.com/")), Policy())


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_slow_counts(kind: str) -> None:
    """A message that is not large can be too much for a turn, whatever it has many of."""
    message = KINDS[kind](200_000)
    assert len(message) < LARGE_MESSAGE_OCTETS
    with limit(MAX_STEPS_IN_LOOP), pytest.raises(BudgetExceeded):
        _planned_and_read(message)


def _planned_and_read(message: bytes) -> list[str]:
    """Do what is done for each message: what people read on its links is told to the store."""
    return [each.text for each in plan_message(parse(message), POLICY).links]


@pytest.mark.parametrize("kind", ["html", "plain"])
def test_a_thousand_links_are_too_much(kind: str) -> None:
    """Wherever they stand, and whatever else the message holds."""
    text = link("https://e.x/") if kind == "html" else "https://e.x/\r\n"
    message = html_message(text * 1000).replace(b"text/html", b"text/" + kind.encode())
    with limit(MAX_STEPS_IN_LOOP), pytest.raises(BudgetExceeded):
        plan_message(parse(message), POLICY)


@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable", "base64"])
def test_a_long_newsletter_is_not_too_much(encoding: str) -> None:
    """Some hundred links, with the markup that newsletters have."""
    row = '<table><tr><td style="padding:12px;color:#333" align="left"><p>text</p>{}</td></tr></table>'
    url = "https://shop.example.com/item?utm_source=mail&amp;n={}"
    rows = (row.format(link(url.format(n), 'target="_blank" class="b"')) for n in range(300))
    message = html_message("".join(rows), encoding=encoding)
    with limit(MAX_STEPS_IN_LOOP):
        assert len(plan_message(parse(message), POLICY).links) == 300
