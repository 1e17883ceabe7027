"""Who asks, of all the ways in which a request can say so."""

from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from config.keys import password_hash
from config.telemetry import observe
from tests.support.clients.admin import authenticator
from tests.support.state import beside
from tracker.access import files
from tracker.access.access import EVERYTHING, Access, Scope
from tracker.access.asked import Asked
from tracker.access.authentication import MAX_WRONG_PASSWORDS, Authenticator, Refused
from tracker.access.files import ACCESS
from tracker.access.tokens import Tokens

PASSWORD = b"horse staple"
PROXY, READER = "192.0.2.1", "203.0.113.9"
LOGGED_IN = Access("", EVERYTHING.scopes, logged_in=True)

Make = Callable[..., Authenticator]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Name a store, beside which tokens are kept."""
    return tmp_path / "waypost.db"


@pytest.fixture
def make(store: Path) -> Make:
    """Return what makes an authenticator for that store."""

    def made(password: bytes | None = PASSWORD, **tracker: object) -> Authenticator:
        settings = {"trusted_proxies": [PROXY], **tracker}
        return authenticator(password, store=store, **settings)  # type: ignore[arg-type]

    return made


def asked(peer: str = READER, **headers: str) -> Asked:
    """Return a request with these headers, in whose names `_` stands for `-`."""
    raw = [
        (name.replace("_", "-").lower().encode(), value.encode("latin-1"))
        for name, value in headers.items()
    ]
    scope = {"type": "http", "method": "GET", "headers": raw, "client": (peer, 0)}
    return Asked.of(scope, [])


def of_proxy(make: Make, peer: str, **headers: str) -> Asked:
    """Return a request as an authenticator of `make` reads it."""
    given = asked(peer, **headers)
    return Asked(given.method, given.headers, peer, make().trusted_proxies)


def bearer(secret: str | bytes) -> Asked:
    """Return a request with a password or token."""
    text = secret if isinstance(secret, str) else secret.decode()
    return asked(authorization=f"Bearer {text}")


async def reason(who: Authenticator, given: Asked) -> str:
    """Return why a request lets nobody in."""
    with pytest.raises(Refused) as refused:
        await who.access_of(given)
    return refused.value.reason


def revoked(store: Path, name: str) -> None:
    """Revoke a token."""
    tokens = Tokens.from_records(ACCESS.merged(beside(store)).records)
    for each in tokens.named(name):
        files.revoke(beside(store), each)


@pytest.mark.parametrize(
    "kept", [PASSWORD, password_hash.make(PASSWORD).encode()], ids=["as it is", "a hash"]
)
async def test_the_password_lets_in_and_what_is_kept_of_it_does_not(
    make: Make, kept: bytes
) -> None:
    """Whoever stole the file with the hash has no password yet."""
    who = make(kept)
    assert await who.access_of(bearer(PASSWORD)) == EVERYTHING
    assert await reason(who, bearer(PASSWORD + b"x")) == "password"
    if kept != PASSWORD:
        assert await reason(who, bearer(kept)) == "password"


async def test_a_password_that_changes_while_it_is_hashed_opens_nothing(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session would be one of the new password."""
    who = make(PASSWORD)
    matches = who._check.matches

    async def changed_meanwhile(*args: Any) -> bool:
        is_right = await matches(*args)
        who._password = lambda: b"another"
        return is_right

    monkeypatch.setattr(type(who._check), "matches", lambda _, *args: changed_meanwhile(*args))
    with pytest.raises(Refused, match="password"):
        await who.log_in(asked(), PASSWORD)


async def test_who_says_nothing_is_nobody(make: Make) -> None:
    """And counts as no wrong password; nor does what is no password at all."""
    who = make()
    for _ in range(MAX_WRONG_PASSWORDS + 1):
        assert await who.access_of(asked()) is None
        assert await who.access_of(asked(authorization="Digest x")) is None
        assert await who.access_of(asked(cookie="waypost=forged")) is None
    assert await who.access_of(bearer(PASSWORD)) == EVERYTHING


async def test_a_token_opens_what_it_is_for(make: Make, store: Path) -> None:
    """At once, though it was made after the start; once revoked, nothing."""
    who = make()
    token, _ = files.add(beside(store), "grafana", [Scope.FIGURES], None)
    assert await who.access_of(bearer(token)) == Access.of("grafana", Scope.FIGURES)
    assert await reason(who, bearer(token + "x")) == "password"
    revoked(store, "grafana")
    who._tokens.refresh()
    assert await reason(who, bearer(token)) == "password"


async def test_wrong_tokens_count_as_wrong_passwords(
    make: Make, logged: list[MutableMapping[str, Any]]
) -> None:
    """Ten of both; then even the right one of that address is not looked at."""
    who = make()
    for number in range(MAX_WRONG_PASSWORDS):
        wrong = f"wpt_{number}" if number % 2 else "wrong"
        assert await reason(who, bearer(wrong)) == "password"
    assert await reason(who, bearer(PASSWORD)) == "too_many"
    with pytest.raises(Refused, match="too_many"):
        await who.log_in(asked(), PASSWORD)
    told = [line["event"] for line in logged]
    assert told == ["admin_password_wrong"] * MAX_WRONG_PASSWORDS + ["admin_locked"]


async def test_tokens_that_cannot_be_read_let_nobody_in(make: Make, store: Path) -> None:
    """The password still does."""
    ACCESS.file_of(beside(store)).mkdir()
    who = make()
    assert await reason(who, bearer("wpt_x")) == "unavailable"
    assert await who.access_of(bearer(PASSWORD)) == EVERYTHING


async def session(who: Authenticator, password: bytes = PASSWORD) -> Asked:
    """Log in; return a request that has the cookie."""
    field = await who.log_in(asked(), password)
    return asked(cookie=field.partition(";")[0])


async def test_whoever_logged_in_is_known_until_they_log_out(make: Make, store: Path) -> None:
    """In this process, in others, and after a restart; of two sessions one goes on."""
    who = make()
    mine, other = await session(who), await session(who)
    assert who.session_of(mine) == LOGGED_IN
    assert await make().access_of(mine) == LOGGED_IN
    assert "Max-Age=0" in await who.log_out(mine)
    assert who.session_of(mine) is None
    assert make().session_of(mine) is None
    assert who.session_of(other) == LOGGED_IN


async def test_a_session_is_written_down_once_as_ended(make: Make, store: Path) -> None:
    """However often somebody sends the form."""
    who = make()
    mine = await session(who)
    for _ in range(3):
        await who.log_out(mine)
        await who.log_out(asked())
    assert len(ACCESS.merged(beside(store)).records) == 1


async def test_a_session_ends_with_its_password(make: Make) -> None:
    """The one that is kept: also if it is the same, hashed anew."""
    mine = await session(make())
    assert make(b"another").session_of(mine) is None
    assert make(None).session_of(mine) is None


async def test_a_session_by_a_token_is_the_tokens(make: Make, store: Path) -> None:
    """It shows what the token does, and ends with it."""
    who = make()
    mine = await session(who, files.add(beside(store), "ann", [Scope.PERSONS], None)[0].encode())
    access = who.session_of(mine)
    assert access is not None
    assert (access.name, access.logged_in) == ("ann", True)
    assert access.scopes == {Scope.PERSONS, Scope.FIGURES}
    revoked(store, "ann")
    who._tokens.refresh()
    assert who.session_of(mine) is None


async def test_logins_are_told(make: Make, logged: list[MutableMapping[str, Any]]) -> None:
    """Never with the password."""
    who = make()
    await who.log_out(await session(who))
    assert [line["event"] for line in logged] == ["admin_login", "admin_logout"]
    assert "horse" not in str(logged)


async def test_https_is_told_by_a_trusted_proxy_alone(make: Make) -> None:
    """Then the cookie is bound to this host, and one over HTTP does not count."""
    who = make()
    https = {"x_forwarded_for": READER, "x_forwarded_proto": "https"}
    field = await who.log_in(of_proxy(make, PROXY, **https), PASSWORD)
    assert field.startswith("__Host-waypost=")
    cookie = field.partition(";")[0]
    assert who.session_of(of_proxy(make, PROXY, cookie=cookie, **https)) == LOGGED_IN
    renamed = cookie.removeprefix("__Host-")
    assert who.session_of(of_proxy(make, PROXY, cookie=renamed, **https)) is None
    stranger = await who.log_in(of_proxy(make, READER, **https), PASSWORD)
    assert stranger.startswith("waypost=")


@pytest.fixture
def vouched(make: Make) -> Authenticator:
    """Return an authenticator that believes a web server."""
    return make(login_header="Remote-User")


async def test_a_web_server_vouches_for_a_name(make: Make, vouched: Authenticator) -> None:
    """Whatever else the request says: an Authorization field may be the web server's own."""
    given = of_proxy(make, PROXY, remote_user="ann", authorization="Basic YW5uOng=")
    access = await vouched.access_of(given)
    assert access == Access("ann", EVERYTHING.scopes)


async def test_scopes_of_those_people_may_be_fewer(make: Make) -> None:
    """By the configuration."""
    who = make(login_header="Remote-User", login_header_scopes=["figures"])
    access = await who.access_of(of_proxy(make, PROXY, remote_user="ann"))
    assert access == Access.of("ann", Scope.FIGURES)


@pytest.mark.parametrize("peer", [READER, "127.0.0.1"])
async def test_nobody_else_vouches_for_anybody(
    make: Make, vouched: Authenticator, peer: str, logged: list[MutableMapping[str, Any]]
) -> None:
    """Whatever it says of where it comes from; it is counted, and told once a minute."""
    before = observe.REGISTRY.get_sample_value("waypost_admin_login_headers_ignored_total") or 0
    for _ in range(3):
        given = of_proxy(make, peer, remote_user="ann", x_forwarded_for=PROXY)
        assert await vouched.access_of(given) is None
    after = observe.REGISTRY.get_sample_value("waypost_admin_login_headers_ignored_total")
    assert after == before + 3
    assert [(line["event"], line["client"]) for line in logged] == [
        ("admin_login_header_ignored", peer)
    ]


async def test_a_header_that_was_not_asked_for_says_nothing(make: Make) -> None:
    """Without `login_header`."""
    assert await make().access_of(of_proxy(make, PROXY, remote_user="ann")) is None


async def test_an_empty_name_is_nobodys(make: Make, vouched: Authenticator) -> None:
    """As web servers send it for whoever did not log in; a password still counts."""
    assert await vouched.access_of(of_proxy(make, PROXY, remote_user="")) is None
    given = of_proxy(make, PROXY, remote_user="", authorization="Bearer horse staple")
    assert await vouched.access_of(given) == EVERYTHING
