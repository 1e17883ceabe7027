"""Tokens, and what their records come to."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from tracker.access.access import Access, Scope
from tracker.access.tokens import PREFIX, AccessRecord, Tokens, digest_of, new_token

NOW = datetime.now(UTC)


def record(action: str = "add", token: str = "wpt_a", **own: object) -> AccessRecord:
    """Return a record of a token called crm."""
    values = {"scopes": (Scope.FIGURES,), **own}
    return AccessRecord(NOW.isoformat(), "ann", action, "crm", digest_of(token), **values)  # type: ignore[arg-type]


def test_tokens_are_told_by_their_looks_and_alike_in_nothing_else() -> None:
    """Programs that look for lost secrets know the prefix; 32 octets are random."""
    made = {new_token() for _ in range(20)}
    assert len(made) == 20
    assert {each[:4] for each in made} == {PREFIX}
    assert {len(each) for each in made} == {47}


def test_a_token_opens_what_its_scopes_say() -> None:
    """By its digest; nobody else's."""
    tokens = Tokens.from_records([record(scopes=(Scope.PERSONS,))])
    found = tokens.by_digest(digest_of(b"wpt_a"))
    assert found is not None
    assert found.access == Access.of("crm", Scope.PERSONS)
    assert tokens.by_digest(digest_of("wpt_b")) is None


def test_what_is_revoked_stays_so_in_any_order() -> None:
    """Files that were lost and found again need not be in order."""
    records = [record(), record(token="wpt_b"), record("revoke"), record("logout", "session")]
    for order in itertools.permutations(records):
        tokens = Tokens.from_records(order)
        assert list(tokens.in_use) == [digest_of("wpt_b")]
        assert tokens.ended_sessions == {digest_of("session")}
        assert [each.digest for each in tokens.named("crm")] == [digest_of("wpt_b")]


def test_an_expired_token_opens_nothing() -> None:
    """From the moment on, without anybody doing anything."""
    over, later = (NOW + timedelta(seconds=s) for s in (-1, 3600))
    tokens = Tokens.from_records(
        [record(expires=over.isoformat()), record(token="wpt_b", expires=later.isoformat())]
    )
    assert tokens.by_digest(digest_of("wpt_a")) is None
    assert tokens.by_digest(digest_of("wpt_b")) is not None
    assert tokens.in_force == 1


@pytest.mark.parametrize(
    ("own", "makes_sense"),
    [
        ({}, True),
        ({"expires": NOW.isoformat()}, True),
        ({"action": "revoke", "scopes": ()}, True),
        ({"action": "logout", "scopes": ()}, True),
        ({"scopes": ()}, False),
        ({"expires": "tomorrow"}, False),
        ({"expires": "2027-01-31"}, False),
    ],
)
def test_records_by_hand_are_looked_at(own: dict[str, object], *, makes_sense: bool) -> None:
    """A moment without a zone would be compared with one that has it."""
    assert record(**own).makes_sense == makes_sense  # type: ignore[arg-type]


def test_a_digest_is_one() -> None:
    """Else nothing could be told by it."""
    assert not AccessRecord("", "", "add", "crm", "x", (Scope.LINKS,)).makes_sense
