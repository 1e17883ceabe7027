"""The host of a destination is the one that a browser asks, and ours are known as ours."""

import pytest

from config.schema import Config
from tracker.urls.hosts import base_urls, host, is_below, own_hosts

CONFIG = Config.model_validate(
    {
        "tracking": {"base_url": "https://click.example.com"},
        "sender": [
            {"domain": "example.net", "base_url": "https://go.example.net:8443/mail"},
            {"domain": "example.org"},
        ],
    }
)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://X.Example/", "x.example"),
        ("http://u:p@x.example:8080?q", "x.example"),
        ("https://u@v@x.example#f", "x.example"),
        ("http://[2001:DB8::1]:80/", "[2001:db8::1]"),
        ("http://x%2Eexample/", "x.example"),
        ("http://%C3%A4.example", "xn--4ca.example"),
        ("http:\\\\x.example\\y", "x.example"),
        ("http:///x.example", "x.example"),
        ("http://%F0%9F%98%80/", "😀"),
        ("http://X.example.:80/", "x.example"),
        ("http://evil.test\\@x.example/", "evil.test"),
        ("http://x.example", "x.example"),
        ("nonsense", ""),
    ],
)
def test_the_host_is_the_one_that_a_browser_asks(url, name):
    """Whatever surrounds it, the host is told as browsers tell it."""
    assert host(url) == name


@pytest.mark.parametrize(
    ("name", "below"),
    [("example.com", True), ("www.example.com", True), ("notexample.com", False), ("com", False)],
)
def test_a_host_is_below_itself_and_its_parents(name, below):
    """Whole labels count."""
    assert is_below(name, ["example.net", "example.com"]) is below


def test_a_senders_own_tracking_host_comes_first():
    """All others are ours as well."""
    workspace, own = "https://click.example.com", "https://go.example.net:8443/mail"
    assert base_urls(CONFIG, CONFIG.sender[0]) == (own, workspace)
    assert base_urls(CONFIG, CONFIG.sender[1]) == (workspace, own)
    assert base_urls(CONFIG, None) == (workspace, own)


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("http://CLICK.example.com:80/c/x", True),
        ("https://go.example.net:8443/mail/c/x", True),
        ("https://go.example.net/mail/c/x", False),
        ("https://go.example.net:8443/mailing", False),
        ("https://www.example.com/?u=https://click.example.com/c/x", False),
    ],
)
def test_a_link_of_ours_is_recognised(url, ours):
    """By host, port and path, whatever its scheme and case."""
    assert bool(own_hosts(base_urls(CONFIG, None)).match(url)) is ours
