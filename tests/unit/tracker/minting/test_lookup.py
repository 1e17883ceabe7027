"""A link that somebody holds is found in whatever they copied, and read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.keys import token_keys
from tests.support.state import beside
from tracker.minting import lookup, short_links
from tracker.minting.short_links import ShortLinks
from tracker.tokens import BadToken, Keyring, Link, mint

KEYRING = Keyring([token_keys.new_token_key()])
LINK = Link(bytes(range(8)), 5, 3, 1_795_430_400, "https://example.com/?a=1&b=[2]#c")
TOKEN = mint(KEYRING, LINK)


@pytest.mark.parametrize(
    "around",
    ["{}", "/c/{}", "http://a.test/c/app/{}", "http://a.test/t/c/{}?utm_x=1#y", " {}\n", "/c/{}#y"],
)
def test_a_token_is_found_in_whatever_was_copied(around: str) -> None:
    """Any host or prefix before it, a query or fragment after it, blanks around it."""
    assert lookup.token_in(around.format("AQ_-x")) == "AQ_-x"


@given(st.from_regex(r"https?://[a-z.]{1,20}(/[a-z]{1,5}){0,3}", fullmatch=True))
def test_a_link_is_read_under_every_base_url(base_url: str) -> None:
    """The base URL may have a path of its own."""
    decoded = lookup.decode(KEYRING, beside(Path("no store")), f"{base_url}/c/{TOKEN}")
    assert decoded == lookup.DecodedLink(LINK, 1)


def test_a_short_link_stands_for_its_token(tmp_path: Path) -> None:
    """As the file beside the store says."""
    code = ShortLinks(beside(tmp_path / "waypost.db")).add(TOKEN)
    short = f"https://t.example.com/s/{code}?utm_x=1"
    assert lookup.token_behind(beside(tmp_path / "waypost.db"), short) == TOKEN
    assert lookup.decode(KEYRING, beside(tmp_path / "waypost.db"), short).link == LINK


def test_a_code_that_is_not_in_the_file_is_told_with_the_file(tmp_path: Path) -> None:
    """Whether there is a file makes a difference to whoever looks for the reason."""
    store = tmp_path / "waypost.db"
    with pytest.raises(lookup.UnknownCode, match=r"ours: there is no .*waypost.db.shortlinks"):
        lookup.token_behind(beside(store), "https://t.example.com/s/x7Qm2Ab")
    short_links.file_of(beside(store)).touch()
    with pytest.raises(
        lookup.UnknownCode, match=r"ours: x7Qm2Ab is not in .*waypost.db.shortlinks"
    ):
        lookup.token_behind(beside(store), "https://t.example.com/s/x7Qm2Ab")


def test_a_file_that_cannot_be_read_is_an_error_of_the_system(tmp_path: Path) -> None:
    """With its name."""
    path = short_links.file_of(beside(tmp_path / "waypost.db"))
    path.mkdir()
    with pytest.raises(IsADirectoryError) as raised:
        lookup.token_behind(beside(tmp_path / "waypost.db"), "https://t.example.com/s/x7Qm2Ab")
    assert raised.value.filename == str(path)


@pytest.mark.parametrize(
    "text", ["", "https://example.com/", f"/c/{TOKEN[:-1]}"], ids=["nothing", "another", "cut off"]
)
def test_what_is_no_link_of_ours_is_a_bad_token(text: str) -> None:
    """As the redirector would say."""
    with pytest.raises(BadToken):
        lookup.decode(KEYRING, beside(Path("no store")), text)


def test_a_link_is_told_in_json() -> None:
    """All that it holds, and the key; the time in UTC."""
    assert lookup.DecodedLink(LINK, 7).json() == {
        "message_id": "0001020304050607",
        "recipient": 5,
        "link": 3,
        "sent_at": "2026-11-23T10:40:00+00:00",
        "key": 7,
        "destination": "https://example.com/?a=1&b=[2]#c",
        "preview": False,
    }
