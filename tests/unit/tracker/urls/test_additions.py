"""What a destination can bear: parameters and ids are added only where they do no harm."""

import pytest

from tracker.urls.additions import carried, id_octets, params_text

PARAMS = (("utm_source", "mail"),)
TEXT = "?utm_source=mail"
TOLD = (("wp_id", "4711"),)
HOSTS = frozenset({"shop.example.net"})
URL = "https://shop.example.net/a#top"
SIGNED = "https://shop.example.net/a?X-Amz-Signature=0123#top"


def test_parameters_are_left_out_where_they_would_do_harm():
    """A signed URL would be dead, one that is too long could not be tracked."""
    assert params_text(URL, PARAMS, len(URL) + len(TEXT)) == TEXT
    assert params_text(URL, PARAMS, len(URL) + len(TEXT) - 1) == ""
    assert params_text(SIGNED, PARAMS, 1300) == ""
    assert params_text(URL, (), 1300) == ""


@pytest.mark.parametrize(
    ("destination", "octets"),
    [
        (URL, len("&wp_id=4711")),
        ("https://SHOP.example.net.:443/", len("&wp_id=4711")),
        ("https://www.shop.example.net/", 0),
        ("https://shop.example.net/?wp_id=mine", 0),
        (SIGNED, 0),
    ],
)
def test_only_hosts_that_are_named_learn_an_id(destination, octets):
    """Subdomains do not, nor does one that has an id, or a signature that it would break."""
    assert id_octets(destination, TEXT, TOLD, HOSTS, 1300) == octets


def test_parameters_go_before_an_id():
    """Where both have no room, the id stays away."""
    room = len(URL) + len(TEXT) + len("&wp_id=4711")
    assert id_octets(URL, TEXT, TOLD, HOSTS, room) > 0
    assert id_octets(URL, TEXT, TOLD, HOSTS, room - 1) == 0


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        ("https://shop.example.net/b", "https://shop.example.net/b?utm_source=mail&wp_id=4711"),
        ("https://SHOP.example.net./b", "https://SHOP.example.net./b?utm_source=mail&wp_id=4711"),
        ("https://www.shop.example.net/", "https://www.shop.example.net/?utm_source=mail"),
        (SIGNED, SIGNED),
    ],
)
def test_what_goes_along_to_another_url_is_what_it_can_bear(destination, expected):
    """A foreign host learns no id, and a URL that somebody signed would be dead with anything more."""
    assert carried(destination, PARAMS + TOLD, {"wp_id"}, HOSTS) == expected


def test_parameters_may_be_for_named_hosts_alone():
    """One's own sites, as other people's would count them for themselves."""
    assert params_text(URL, PARAMS, 1300, HOSTS) == TEXT
    assert params_text(URL, PARAMS, 1300, {"other.example"}) == ""
    told = carried(URL, PARAMS, (), (), {"other.example"})
    assert told == URL
    assert carried(URL, PARAMS, (), (), HOSTS) != URL
