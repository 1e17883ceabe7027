"""People over HTTP: who they are, what happened to them, and what they agreed to."""

import json
from pathlib import Path

from config.keys import token_keys
from config.schema import Config, KeysConfig
from tests.support.clients.admin import JSON, Client
from tests.support.engines import engine, gives_back, store_table
from tests.support.feeding import spool_message
from tracker.admin.admin import Admin
from tracker.decisions.consents import Consent, Consents
from tracker.decisions.files import CONSENTS
from tracker.urls.reader_id import Identifier

__all__ = ["engine", "gives_back", "store_table"]


async def test_consent_is_noted_and_listed(client: Client, config: Config) -> None:
    """The last word of each person counts, for the proxy as well."""
    for consent in ("none", "anonymous"):
        body = json.dumps({"person": "a@example.org", "consent": consent}).encode()
        answer = await client.ask("/api/v1/consents", "POST", body, content_type=JSON)
        assert (answer.status, answer.json["consent"]) == (201, consent)
    listed = (await client.ask("/api/v1/consents")).json
    assert [(each["person"], each["consent"]) for each in listed] == [
        ("a@example.org", "anonymous")
    ]
    known = Consents.from_records(CONSENTS.merged(config.store.file).records)
    assert known.of("a@example.org") is Consent.ANONYMOUS
    body = b'{"person": " ", "consent": "some"}'
    refused = await client.ask("/api/v1/consents", "POST", body, content_type=JSON)
    assert {each["field"] for each in refused.json["problems"]} == {"person", "consent"}


async def test_the_person_behind_an_id_is_told(
    client: Client, admin: Admin, tmp_path: Path
) -> None:
    """As `waypost identify` does; 404 for an id of nobody."""
    file = tmp_path / "token.keys"
    token_keys.write_token_keys(file, [token_keys.new_token_key()])
    admin.config = admin.config.model_copy(update={"keys": KeysConfig(file=file)})
    spool_message(admin.config, "sale", 1)
    person_id = Identifier.load("", file).hashed("reader@example.net")
    answer = await client.ask(f"/api/v1/identify?id={person_id}")
    assert answer.json == {
        "id": person_id,
        "person": "reader@example.net",
        "addresses": ["reader@example.net"],
    }
    assert (await client.ask("/api/v1/identify?id=nobody")).status == 404
    assert (await client.ask("/api/v1/identify")).status == 400


async def test_people_are_listed_found_and_told_of(client: Client, config: Config) -> None:
    """By number, by how their address begins, or whoever is known by it; each with a timeline."""
    spool_message(config, "sale", 1, at_s=1_790_000_000)
    spool_message(config, "news", 2, at_s=1_790_000_100)
    (person,) = (await client.ask("/api/v1/people")).json["data"]
    assert (person["person"], person["messages"]) == ("reader@example.net", 2)
    assert person["addresses"] == ["reader@example.net"]
    for search, found in (("READ", [person]), ("x", [])):
        assert (await client.ask(f"/api/v1/people?search={search}")).json["data"] == found
    (one,) = (await client.ask("/api/v1/people?person=Reader@Example.net")).json["data"]
    assert one == {**person, "consent": None}
    told = (await client.ask(f"{person['timeline']}?limit=1")).json
    rest = (await client.ask(f"{person['timeline']}?limit=1&after={told['next']}")).json
    assert [each["campaign"] for each in told["data"] + rest["data"]] == ["news", "sale"]
    assert (rest["next"], told["data"][0]["event"]) == (None, "sent")


async def test_who_is_not_known_is_nobody(client: Client) -> None:
    """No error in a list; 404 for a timeline."""
    assert (await client.ask("/api/v1/people?person=x")).json == {"data": [], "next": None}
    assert (await client.ask("/api/v1/people/999/timeline")).status == 404


async def test_consent_is_told_of_who_was_asked_for(client: Client, config: Config) -> None:
    """What they said last."""
    spool_message(config, "sale", 1)
    body = b'{"person": "READER@example.net", "consent": "none"}'
    await client.ask("/api/v1/consents", "POST", body, content_type=JSON)
    (one,) = (await client.ask("/api/v1/people?person=reader@example.net")).json["data"]
    assert one["consent"] == "none"


async def test_what_makes_no_sense_is_told_by_its_field(client: Client) -> None:
    """400."""
    for query, field in (
        ("?after=x", "after"),
        ("?after=99999999999999999999", "after"),
        ("?search=a&after=x", "after"),
        ("?person=a&search=b", "query"),
        ("?person=", "person"),
        ("/1/timeline?after=nan", "after"),
        ("/1/timeline?after=1e300", "after"),
        ("/x/timeline", "id"),
    ):
        answer = await client.ask(f"/api/v1/people{query}")
        assert (answer.status, [each["field"] for each in answer.json["problems"]]) == (
            400,
            [field],
        ), query
