"""Pages about persons."""

from pathlib import Path

import pytest

from config.keys import token_keys
from config.schema import Config, PrivacyConfig
from tests.support.checks.facts import SENT_S, accepted, clicked, pending
from tests.support.clients.admin import Client
from tests.support.engines import engine, gives_back, store_table
from tests.support.told_fixtures import ANN, FORMULA, MESSAGE, Put, read, rows
from tracker.admin.admin import Admin
from tracker.decisions import files
from tracker.decisions.consents import Consent
from tracker.events import Recipient
from tracker.pages.views import people
from tracker.urls.reader_id import Identifier

__all__ = ["engine", "gives_back", "store_table"]


@pytest.mark.usefixtures("told")
async def test_all_persons_are_listed_by_name(client: Client) -> None:
    """With the address where mail went, where that is not the name."""
    listed = rows(read((await client.ask("/people")).body), "people")
    assert [each[0] for each in listed] == [FORMULA, ANN, f"{FORMULA} bob@example.net"]


@pytest.mark.parametrize("text", ["ann", "ANN@EXAMPLE.net", "bob@example.net", "bob"])
@pytest.mark.usefixtures("told")
async def test_the_only_one_who_can_be_meant_is_led_to(client: Client, text: str) -> None:
    """One click less for who has an address."""
    answer = await client.ask(f"/people?q={text}")
    assert answer.status == 303
    expected = "/people/%3DHYPERLINK" if "bob" in text else "/people/ann@example.net"
    assert answer.headers["location"].startswith(expected)
    assert (await client.ask(answer.headers["location"])).status == 200


async def test_one_who_is_called_exactly_so_is_meant(client: Client, store_events: Put) -> None:
    """Though others begin so."""
    names = (Recipient(1, "an@example.net"), Recipient(2, "an@example.net.example"))
    store_events(pending(recipients=names), accepted())
    answer = await client.ask("/people?q=an@example.net")
    assert answer.headers["location"] == "/people/an@example.net"
    assert (await client.ask("/people?q=an@example")).status == 200


async def test_pages_follow_each_other(
    client: Client, store_events: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last, each person once."""
    monkeypatch.setattr(people, "ROWS", 2)
    names = [f"r{n}@example.net" for n in range(5)]
    recipients = tuple(Recipient(n, name) for n, name in enumerate(names, 1))
    store_events(pending(recipients=recipients), accepted("m1", *range(1, 6)))
    found, path = [], "/people?q=r"
    while path:
        page = read((await client.ask(path)).body)
        found += [each[0] for each in rows(page, "people")]
        following = page.select_one("a[rel=next]")
        path = f"/people{following['href']}" if following else ""
    assert found == names


@pytest.mark.usefixtures("told")
async def test_a_timeline_tells_what_was_sent_and_clicked_and_why(client: Client) -> None:
    """The latest first, with subject, campaign and reasons."""
    page = read((await client.ask(f"/people/{ANN}")).body)
    listed = rows(page, "timeline")
    assert [each[0].split()[0] for each in listed] == ["Clicked", "Clicked", "Clicked", "Sent"]
    assert listed[3][:2] == ["Sent Your order", FORMULA]
    assert listed[1][3] == "doubtful did not ask for HTML"
    assert page.select_one(f"a[href='/messages/{MESSAGE}']").get_text() == "Your order"


@pytest.mark.usefixtures("told")
async def test_a_timeline_goes_on(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page."""
    monkeypatch.setattr(people, "ROWS", 2)
    first = read((await client.ask(f"/people/{ANN}")).body)
    more = first.select_one("a[rel=next]")["href"]
    second = read((await client.ask(f"/people/{ANN}{more}")).body)
    assert len(rows(first, "timeline")) == len(rows(second, "timeline")) == 2
    assert rows(second, "timeline")[-1][0] == "Sent Your order"


@pytest.mark.parametrize(
    ("level", "words"),
    [(None, "never said"), ("none", "nothing in their mail"), ("anonymous", "whose")],
)
@pytest.mark.usefixtures("told")
async def test_consent_is_told(
    client: Client, config: Config, level: str | None, words: str
) -> None:
    """What they agreed to, and since when."""
    if level:
        files.record(config.store.file, ANN.upper(), Consent(level))
    text = read((await client.ask(f"/people/{ANN}")).body).get_text(" ", strip=True)
    assert words in text
    assert ("They said so on" in text) == bool(level)


def test_the_level_of_who_never_said_is_that_of_the_configuration(config: Config) -> None:
    """`[privacy] consent`."""
    strict = config.model_copy(update={"privacy": PrivacyConfig(consent="none")})
    assert people._consent(strict, [ANN]) == (people.LEVELS[Consent.NONE], None)
    files.record(config.store.file, ANN, Consent.FULL)
    assert people._consent(strict, [ANN])[0] == people.LEVELS[Consent.FULL]


async def test_the_command_that_forgets_is_safe_to_copy(client: Client, store_events: Put) -> None:
    """Whatever stands in the name, which a shell would obey."""
    name = "$(reboot);'x"
    store_events(pending(recipients=(Recipient(1, "e@example.net", name),)), accepted("m1", 1))
    page = read((await client.ask("/people/%24%28reboot%29%3B%27x")).body)
    assert page.select_one("code.command").get_text() == "waypost forget '$(reboot);'\"'\"'x'"


async def test_a_name_may_hold_slashes_and_anything(client: Client, store_events: Put) -> None:
    """A link to it leads there."""
    name = "a/b?c=d#e %41 é 😀"
    store_events(pending(recipients=(Recipient(1, "e@example.net", name),)), accepted("m1", 1))
    store_events(clicked("c", at_s=SENT_S + 9000))
    page = read((await client.ask("/people")).body)
    answer = await client.ask(page.select_one("tbody a")["href"])
    assert read(answer.body).select_one("h1").get_text() == name


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/people/nobody@example.net", 404),
        ("/people/" + "x" * 9000, 404),
        ("/people?after=zz", 400),
        ("/people?q=" + "x" * 3000, 400),
        ("/people/ann@example.net?after=zz", 400),
        ("/people/ann@example.net?after=WzFd", 200),
    ],
)
@pytest.mark.usefixtures("told")
async def test_what_cannot_be_answered_is_told(client: Client, path: str, status: int) -> None:
    """Neither a fault, nor an empty page."""
    assert (await client.ask(path)).status == status


@pytest.mark.usefixtures("told")
async def test_an_id_that_a_shop_was_told_leads_to_the_person(
    client: Client, admin: Admin, tmp_path: Path
) -> None:
    """As it stands in the shop's own log."""
    path = tmp_path / "token.keys"
    token_keys.write_token_keys(path, [token_keys.new_token_key()])
    keyed = admin.config.keys.model_copy(update={"file": path})
    admin.config = admin.config.model_copy(update={"keys": keyed})
    person_id = Identifier.of(admin.config).hashed(ANN)
    answer = await client.ask(f"/people?q={person_id}")
    assert (answer.status, answer.headers.get("location")) == (303, f"/people/{ANN}")


@pytest.mark.usefixtures("told")
async def test_nobody_is_found_in_words(client: Client) -> None:
    """Where nothing begins so."""
    page = read((await client.ask("/people?q=zz")).body)
    assert page.select_one(".empty").get_text().startswith("Nobody whose name")


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("ann@example.net", "waypost forget ann@example.net"),
        ("it's me", "waypost forget 'it'\"'\"'s me'"),
        ("--insist", "waypost forget -- --insist"),
    ],
)
def test_the_command_that_forgets_takes_the_name_as_it_is(name, command):
    """In a shell, and where it looks like an option."""
    assert people._forget(name) == command
