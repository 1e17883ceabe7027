"""Who lacks a scope gets nothing of it, whichever operation is asked."""

import json
import re

import pytest

from config.schema import Config
from tests.support.checks.facts import accepted, clicked, pending
from tests.support.clients.admin import JSON, Answer, Client, serving
from tracker.access.access import Access, Scope
from tracker.admin.admin import Admin
from tracker.api.api import PREFIX
from tracker.api.operations import Operation
from tracker.events import Recipient
from tracker.spool.writer import Spool

MESSAGE = "00000000000000ab"
BODIES = {
    "/links": {"url": "https://example.com/"},
    "/consents": {"person": "ann@example.net", "consent": "full"},
    "/revocations": {"kind": "message", "value": "00000000000000cd"},
    "/redirects": {"old": "https://example.com/a", "new": "https://example.com/b"},
    "/forget": {"person": "somebody@example.net"},
}
QUERIES = {"/identify": "?id=id-7"}
ANN, BOB = Recipient(1, "ann@example.net"), Recipient(2, "bob@example.net", "id-7")
PERSONAL = re.compile(rb"ann|bob|id-7|@|00000000000000ab|[0-9a-f]{32}|198\.51\.100", re.IGNORECASE)


@pytest.fixture(autouse=True)
def _clicked(config: Config) -> None:
    """Have a message sent to two people, and clicked by both."""
    spool = Spool.open(config.store.spool_dir, "tracker")
    for event in (
        pending(MESSAGE, recipients=(ANN, BOB)),
        accepted(MESSAGE),
        clicked("a" * 32, MESSAGE, ip="198.51.100.7"),
        clicked("b" * 32, MESSAGE, recipient=2, ip="198.51.100.8"),
    ):
        spool.append(event).result(5)
    spool.close()


async def ask(admin: Admin, operation: Operation, *scopes: Scope) -> Answer:
    """Ask an operation as somebody with these scopes alone."""

    async def app(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        scope["state"] = {"access": Access.of("shop", *scopes)}
        await admin.app(scope, receive, send)

    path = operation.path.replace("{id}", MESSAGE if "messages" in operation.path else "1")
    body = json.dumps(BODIES[operation.path]).encode() if operation.method == "POST" else None
    query = QUERIES.get(operation.path, "")
    async with serving(app) as client:
        return await client.ask(f"{PREFIX}{path}{query}", operation.method, body, content_type=JSON)


async def test_an_operation_is_refused_to_whoever_lacks_its_scope(admin: Admin) -> None:
    """403, with nothing done or told; with all that it needs, it is answered."""
    for each in admin.api.operations:
        assert each.scopes
        for lacking in each.scopes:
            others = [scope for scope in Scope if scope is not lacking]
            if lacking is Scope.FIGURES:
                others.remove(Scope.PERSONS)  # which includes it
            answer = await ask(admin, each, *others)
            assert (answer.status, list(answer.json)) == (403, ["error"]), each.path
        answer = await ask(admin, each, *each.scopes)
        assert answer.status in {200, 201, 202}, (each.path, answer.body)


async def test_figures_alone_tell_of_no_person_address_message_or_click(admin: Admin) -> None:
    """Whatever is asked; those who may see persons are told of them, so that this means something."""
    told = {}
    for each in admin.api.operations:
        answer = await ask(admin, each, Scope.FIGURES)
        assert PERSONAL.search(answer.body) is None, (each.path, answer.body)
        told[each.path] = answer.status
    assert told["/report"] == told["/campaigns"] == told["/links/{id}"] == 200
    persons = [each for each in admin.api.operations if each.path == "/clicks"]
    assert PERSONAL.search((await ask(admin, persons[0], Scope.PERSONS)).body)


async def test_without_a_guard_nothing_is_answered(admin: Admin, client: Client) -> None:
    """An application that stands alone by mistake tells nothing; behind the guard it does."""
    (first, *_) = admin.api.operations
    assert (await client.ask(f"{PREFIX}{first.path}")).status == 200
    assert (await ask(admin, first)).status == 403
