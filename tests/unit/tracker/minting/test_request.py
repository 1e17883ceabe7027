"""What may be asked of a link, and what a configuration makes of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.schema import Config
from tracker.minting.request import (
    CannotMake,
    LinkRequest,
    ResolvedRequest,
    TooLong,
    UnknownSender,
    problems_of,
)

URL = "https://www.example.com/sale?a=1#top"


def configured(*senders: dict[str, object], **tracking: object) -> Config:
    """Return a configuration with these keys of [tracking], and these [[sender]]s."""
    return Config.model_validate({"tracking": tracking, "sender": senders})


def resolved(config: Config | None = None, **asked: Any) -> ResolvedRequest:
    """Resolve a request for a link to URL."""
    request = LinkRequest(**({"url": URL} | asked))
    return ResolvedRequest.of(request, config or Config())


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "url"),
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": "https://b\u00fccher.example/"}, "url"),
        ({"url": URL, "person": ""}, "person"),
        ({"url": URL, "campaign": "a\nb"}, "campaign"),
        ({"url": URL, "short": "yes"}, "short"),
        ({"url": URL, "prson": "1"}, "prson"),
    ],
)
def test_what_makes_no_sense_is_told_by_field(asked: dict[str, object], field: str) -> None:
    """In words that need no knowledge of pydantic."""
    with pytest.raises(ValidationError) as raised:
        LinkRequest.model_validate(asked)
    ((named, problem),) = problems_of(raised.value)
    assert named == field
    assert "Value error" not in problem


def test_a_destination_has_a_greatest_length() -> None:
    """As in mail."""
    config = configured(max_destination=len(URL))
    assert resolved(config).destination == URL
    with pytest.raises(TooLong, match=f"longer than {len(URL)} characters"):
        resolved(config, url=f"{URL}x")


def test_what_cannot_be_made_names_the_field_that_asks_for_it() -> None:
    """So that each way of asking can name it in its own words."""
    assert issubclass(TooLong, CannotMake)
    with pytest.raises(UnknownSender) as raised:
        resolved(sender="example.edu")
    assert (raised.value.field, TooLong.field) == ("sender", "url")


def test_a_sender_is_found_in_any_case() -> None:
    """Its host begins the link, and reports are told its domain."""
    config = configured({"domain": "example.net", "base_url": "https://go.example.net"})
    request = resolved(config, sender="Example.NET")
    assert (request.base_url, request.sender_domain) == ("https://go.example.net", "example.net")
    assert resolved(config).sender_domain == ""


@pytest.mark.parametrize(
    ("tracking", "asked"),
    [
        ({}, {"track": False}),
        ({"enabled": False}, {}),
        ({"untracked_hosts": ["example.com"]}, {}),
        ({}, {"url": "http://127.0.0.1:8080/c/AQtoken"}),
        ({}, {"url": "https://example.com/{{name}}"}),
    ],
    ids=["not wanted", "switched off", "untracked host", "tracked already", "placeholder"],
)
def test_what_is_final_in_mail_is_final_here(
    tracking: dict[str, object], asked: dict[str, object]
) -> None:
    """No request overrides it."""
    assert not resolved(configured(**tracking), **asked).may_be_tracked
    assert resolved().may_be_tracked


def test_the_default_of_mail_is_for_mail() -> None:
    """Whoever asks for a link has said that it is to be tracked."""
    assert resolved(configured(default="off")).may_be_tracked


@pytest.mark.parametrize(
    ("tracking", "asked", "is_added"),
    [
        ({}, {}, True),
        ({}, {"url_params": False}, False),
        ({}, {"url": "https://example.com/{{name}}"}, False),
        ({"enabled": False}, {}, False),
        ({"enabled": False, "params_when_off": True}, {}, True),
    ],
    ids=["as a rule", "not wanted", "placeholder", "switched off", "even then"],
)
def test_parameters_are_added_as_in_mail(
    tracking: dict[str, object], asked: dict[str, object], *, is_added: bool
) -> None:
    """With the switches that mail has."""
    request = resolved(configured(url_params={"utm_source": "wp"}, **tracking), **asked)
    assert ("utm_source=wp" in request.destination) == is_added


IDENTIFY = {"param": "wp_id", "hosts": ["www.example.com"]}


@pytest.mark.parametrize(
    ("url", "param"),
    [
        (URL, "wp_id"),
        ("https://other.example.com/", None),
        ("https://www.example.com/reset?token=0123456789abcdef0123456789abcdef", None),
    ],
    ids=["its host", "another host", "a secret"],
)
def test_only_sites_that_are_named_learn_who_comes(url: str, param: str | None) -> None:
    """And not by a URL that holds a secret."""
    assert resolved(configured(identify=IDENTIFY), url=url, person="7").id_param == param


def test_nobody_learns_who_comes_without_identify() -> None:
    """As by default."""
    assert resolved(person="7").id_param is None


def test_reports_know_a_link_by_its_group_or_its_url() -> None:
    """The parameter of an id is no part of the name."""
    config = configured(identify=IDENTIFY, url_params={"utm_source": "wp"})
    named = resolved(config, group="sale").sent_link(identified=True)
    assert (named.number, named.group) == (1, "sale")
    unnamed = resolved(config).sent_link(identified=True)
    assert (unnamed.group, set(unnamed.ignored)) == (None, {"utm_source", "wp_id"})
    assert set(resolved(config).sent_link(identified=False).ignored) == {"utm_source"}


@given(st.from_regex(r"https?://[a-z]{1,8}\.test(/[\x21-\x7e]{0,20})?", fullmatch=True))
def test_a_destination_keeps_what_was_asked_for(url: str) -> None:
    """Parameters are put in; nothing of the URL itself changes."""
    config = configured(url_params={"utm_source": "wp"})
    destination = resolved(config, url=url).destination
    head, mark, fragment = url.partition("#")
    assert destination.startswith(head)
    assert destination.endswith(mark + fragment)
