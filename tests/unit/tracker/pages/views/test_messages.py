"""Pages about messages."""

import pytest

from tests.support.checks.facts import SENT_S, accepted, clicked, pending, refused
from tests.support.clients.admin import Client
from tests.support.engines import engine, gives_back, store_table
from tests.support.told_fixtures import ANN, FORMULA, MESSAGE, Put, read, rows
from tracker.pages.views import messages

__all__ = ["engine", "gives_back", "store_table"]


@pytest.mark.usefixtures("told")
async def test_the_latest_messages_are_listed(client: Client) -> None:
    """What they are called, to whom they went, what became of them."""
    (row,) = rows(read((await client.ask("/messages")).body), "messages")
    assert row[0] == f"Your order {ANN} and 1 more"
    assert (row[1], row[3], row[4]) == (FORMULA, "delivered", "5")


@pytest.mark.parametrize("text", [ANN, "1@example.com", "4Fk2", MESSAGE, "%3C1%40example.com%3E"])
@pytest.mark.usefixtures("told")
async def test_the_only_one_that_is_found_is_led_to(client: Client, text: str) -> None:
    """By recipient, Message-ID, queue id or id."""
    answer = await client.ask(f"/messages?q={text}")
    assert (answer.status, answer.headers.get("location")) == (303, f"/messages/{MESSAGE}")


@pytest.mark.usefixtures("told")
async def test_a_message_tells_what_became_of_it_and_its_clicks(client: Client) -> None:
    """Client, account, outcome, the relay's reply, queue id; each recipient; each click and why."""
    page = read((await client.ask(f"/messages/{MESSAGE}")).body)
    facts = {each.get_text(): each.find_next("dd").get_text() for each in page.select("dt")}
    assert facts["Reply of the relay"] == "250 2.0.0 Ok: queued as 4Fk2"
    assert facts["Client"] == "192.0.2.7, logged in as shop"
    assert (facts["Outcome"], facts["Queue id"]) == ("delivered", "4Fk2")
    assert rows(page, "recipients") == [
        [ANN, "delivered", "3", "3"],
        [f"bob@example.net {FORMULA}", "delivered", "1", "2"],
    ]
    listed = rows(page, "clicks")
    assert len(listed) == 5
    assert listed[1][2] == "a machine asked by HEAD"


async def test_a_message_without_details_is_told_of(client: Client, store_events: Put) -> None:
    """A copy that was refused, one that went, and a click that nobody can be known to have made."""
    store_events(pending(MESSAGE, shared=True), accepted(MESSAGE, 1), refused(MESSAGE, 2))
    store_events(clicked("c", MESSAGE, recipient=0, at_s=SENT_S + 9000))
    page = read((await client.ask(f"/messages/{MESSAGE}")).body)
    assert "is not kept any more" in page.get_text()
    assert [row[:2] for row in rows(page, "recipients")] == [
        ["shared by several", "unknown"],
        [ANN, "delivered"],
        ["bob@example.net", "refused"],
    ]
    assert "nobody knows who" in rows(page, "clicks")[0][0]


async def test_pages_follow_each_other(
    client: Client, store_events: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last, each message once."""
    monkeypatch.setattr(messages, "ROWS", 2)
    ids = [f"00000000000000a{n}" for n in range(5)]
    store_events(*(pending(each, at_s=SENT_S + n) for n, each in enumerate(ids)))
    found, path = [], "/messages"
    while path:
        page = read((await client.ask(path)).body)
        found += [each["href"][-16:] for each in page.select("tbody th a")]
        following = page.select_one("a[rel=next]")
        path = f"/messages{following['href']}" if following else ""
    assert found == ids[::-1]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/messages/zz", 404),
        ("/messages/0123456789abcdef", 404),
        (f"/messages/{MESSAGE}?colour=red", 400),
        ("/messages?after=zz", 400),
    ],
)
@pytest.mark.usefixtures("told")
async def test_what_cannot_be_answered_is_told(client: Client, path: str, status: int) -> None:
    """Neither a fault, nor an empty page."""
    assert (await client.ask(path)).status == status


@pytest.mark.usefixtures("told")
async def test_nothing_is_found_in_words(client: Client) -> None:
    """With how long such things are kept."""
    page = read((await client.ask("/messages?q=nothing")).body)
    assert "[privacy] details" in page.select_one(".empty").get_text()
