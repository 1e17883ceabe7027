"""What a later system fills in is left for it to fill in."""

import pytest

from tests.support.checks.growth import is_linear
from tracker.urls.placeholders import has_placeholder

PLACEHOLDERS = [
    "https://example.com/?u={{user.id}}",
    "https://example.com/?u={{{ pm:unsubscribe_url }}}",
    'https://example.com/?u={{var:name:"x"}}',
    "https://example.com/{%if%20a%}",
    "https://example.com/*|UNIQID|*",
    "https://example.com/%%subscriber%%",
    "https://example.com/?u=%%=v(@id)=%%",
    "https://example.com/?m=[[email]]",
    "https://example.com/u/%recipient.unique_id%/x",
    "https://example.com/u/%recipient.id%20x",
    "https://example.com/?e=%EMAIL%",
    "https://example.com/?e=%DATE%&x=1",
    "https://example.com/?u=<%asm_group_unsubscribe_raw_url%>",
    "https://example.com/?u=[%member:email%]",
    "https://example.com/?u=${EMAIL}",
    "https://example.com/?u={!Contact.Id}",
    "https://example.com/?u={$email}",
    "https://example.com/?u={contactfield=email}",
    "https://example.com/?u=~Contact.Email~",
    "https://example.com/?u=~~eloqua..type--emailfield..syntax--x..~~",
    "https://example.com/?u=#recipient:email#",
    "https://example.com/?u=[subscriber:email]",
    "https://example.com/?u=[EMAIL]",
    "https://example.com/?u=[Email,fallback=]".replace("Email", "EMAIL"),
    "https://example.com/?m=%7B%7Bshort_guid%7D%7D",
    "https://example.com/?m=%7b%7b%20short_guid%20%7d%7d",
    "https://example.com/*%7CUNIQID%7C*",
    "https://example.com/?e=%5B%5Bemail%5D%5D",
    "https://example.com/?e=%25%25email%25%25",
    "https://example.com/?e=%25recipient.email%25",
    "https://example.com/?u=%3C%25tag%25%3E",
]


@pytest.mark.parametrize("url", PLACEHOLDERS)
def test_placeholders_are_recognised(url):
    """As sending services and newsletter programs write them, and as inliners encode them."""
    assert has_placeholder(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/100%25",
        "https://example.com/{a}",
        "https://example.com/a%%b",
        "https://example.com/?q=%C3%BC%C3%A4",
        "https://example.com/?q=50%25%20off%20today",
        "https://example.com/search?fulltext=campus&f[0]=themes:2&f[1]=themes:1706",
        "https://example.com/?filter[color]=red",
        "https://example.com/?a[]=1&a[]=2",
        "https://example.com/~ann/a~b",
        "https://example.com/#recipient",
        "https://example.com/?q=a*b*c|d",
        "https://example.com/?json=%7B%22a%22%3A%7B%22b%22%3A1%7D%7D",
    ],
)
def test_what_only_resembles_a_placeholder_is_none(url):
    """One brace or an escaped percent sign is part of an URL."""
    assert not has_placeholder(url)


def test_a_message_may_name_tags_of_its_own():
    """Which look like nothing in particular."""
    assert has_placeholder("https://example.com/?id=-customerID-", ("-customerID-",))
    assert not has_placeholder("https://example.com/?id=customerID", ("-customerID-",))


@pytest.mark.parametrize(
    "piece", ["{{", "%%a", "[[", "*|", "%a", "~A", "%7B%7B", "{%", "[%", "<%", "#recipient:"]
)
def test_time_grows_with_the_length_alone(piece):
    """Whatever a URL repeats."""
    assert is_linear(lambda octets: has_placeholder(piece * (octets // len(piece))), 20_000)
