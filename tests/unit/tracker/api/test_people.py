"""Persons over HTTP: who is behind an id, and what they agreed to."""

import json
from pathlib import Path

from config.keys import token_keys
from config.schema import Config, KeysConfig
from tests.support.clients.admin import JSON, Client
from tests.support.feeding import spool_message
from tracker.admin.admin import Admin
from tracker.decisions.consents import Consent, Consents
from tracker.decisions.files import CONSENTS
from tracker.urls.reader_id import Identifier


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
    known = Consents.from_records(CONSENTS.merged(config.store.path).records)
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
