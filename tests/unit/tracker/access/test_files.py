"""The file of tokens beside the store."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.schema import TokenScope
from tests.support.state import beside
from tracker.access import files
from tracker.access.access import Scope
from tracker.access.files import ACCESS
from tracker.access.tokens import Tokens, digest_of
from tracker.records.live import LiveRecords


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Name a store."""
    return tmp_path / "waypost.db"


def known(store: Path) -> Tokens:
    """Return what the files come to."""
    return Tokens.from_records(ACCESS.merged(beside(store)).records)


def test_the_file_has_no_token_in_it_and_is_its_owners_alone(store: Path) -> None:
    """Who reads the file cannot ask with what is in it."""
    token, noted = files.add(beside(store), "crm", [Scope.LINKS, Scope.LINKS], None)
    text = ACCESS.file_of(beside(store)).read_text()
    assert token not in text
    assert digest_of(token) in text
    assert ACCESS.file_of(beside(store)).stat().st_mode & 0o777 == 0o600
    (kept,) = known(store).in_use.values()
    assert kept == noted
    assert (kept.name, kept.scopes, kept.expires_at) == ("crm", (Scope.LINKS,), None)


def test_when_a_token_expires_is_kept_in_utc(store: Path) -> None:
    """To be compared by anybody anywhere."""
    ends = datetime.now(UTC) + timedelta(days=1)
    files.add(beside(store), "crm", [Scope.FIGURES], ends)
    assert next(known(store).named("crm")).expires_at == ends


def test_what_was_revoked_stays_so_without_the_file(store: Path) -> None:
    """A service that read it has a copy; that the file is gone takes nothing back."""
    kept, gone = (
        files.add(beside(store), name, [Scope.FIGURES], None)[0] for name in ("kept", "gone")
    )
    files.revoke(beside(store), next(known(store).named("gone")))
    files.end_session(beside(store), digest_of("session"))
    LiveRecords(ACCESS, beside(store)).refresh()
    ACCESS.file_of(beside(store)).unlink()
    tokens = known(store)
    assert tokens.by_digest(digest_of(kept))
    assert tokens.by_digest(digest_of(gone)) is None
    assert tokens.ended_sessions == {digest_of("session")}


def test_where_nothing_can_be_read_nobody_is_let_in(store: Path) -> None:
    """Whoever asks is told why."""
    ACCESS.file_of(beside(store)).mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        LiveRecords(ACCESS, beside(store))()


def test_the_configuration_knows_the_same_scopes() -> None:
    """Those of `login_header_scopes`."""
    assert list(TokenScope.__args__) == [each.value for each in Scope]  # type: ignore[attr-defined]
