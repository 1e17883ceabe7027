"""What looks like a key to an account is recognised, an article about passwords is not.

`tests/support/destinations` holds links as widely used programs send them: `tuning.tsv` is what the
rules were written by, `held_out.tsv` only ever tells how well they do on others.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks.growth import is_linear
from tests.support.repository import ROOT
from tracker.urls.secrets import rules

DESTINATIONS = ROOT / "tests" / "support" / "destinations"

SENSITIVE = [
    "https://example.com/reset-password?token=abc",
    "https://example.com/users/password/edit?reset_password_token=abc",
    "https://example.com/magic-link?token=xyz",
    "https://example.com/resetPassword?token=abc123",
    "https://example.com/verify?code=1234",
    "https://example.com/password/reset/abc123def",
    "https://example.com/magic/abc123/",
    "https://example.com/otp/123456",
    "https://example.com/users/password/edit?reset_password_token=iFyQ9T3sN8zw",
    "https://example.com/password/reset/8f14e45fceea167a5a36dedd4bea2543?email=a%40example.com",
    "https://example.com/reset/Mg/5x8-2f0cba3e44a9e1b0c8d7/",
    "https://example.com/accounts/reset-password?token=8f14e45fcee",
    "https://example.com/auth/confirm?token_hash=1&token=8f14e45fcee",
    "https://example.com/magic/3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "https://example.com/login?code=483920",
    "https://example.com/?otp=483920",
    "https://example.firebaseapp.com/__/auth/action?mode=resetPassword&oobCode=ABC1234",
    "https://example.com/verify?t=8f14e45fcee",
    "https://example.com/activation/42/Z8k2M4q1",
    "https://example.com/register/verify?c=839201",
    "https://example.com/login?email=ann%40example.net&pin=4839",
    "https://example.com/secure/1700000000/8f14e45fceea167a5a36dedd4bea2543/file.zip",
    "https://example.com/checkout/pay?order_key=wc_order_kq8Zb4nTq5Jr0",
    "https://example.com/redirect?to=https%3A%2F%2Fexample.com%2Freset%3Ftoken%3D8f14e45fceea167a",
    "https://example.com/invite/AbCdEf0123456789-_xyz",
    "https://example.com/users/confirmation?confirmation_token=yS7Jq2",
    "https://example.com/go#access_token=8f14e45fcee",
    "https://example.com/s?jwt=eyJhbGciOi.eyJzdWIiOi.SflKxwRJ",
    "https://example.com/x/eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeKKF2QT4",
    "https://user:secret@example.com/",
    "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=A&X-Amz-Signature=0a1b",
    "https://b.s3.amazonaws.com/k?AWSAccessKeyId=AK&Signature=v%3D&Expires=1",
    "https://storage.googleapis.com/b/o?X-Goog-Algorithm=G&X-Goog-Signature=0a1b",
    "https://a.blob.core.windows.net/c/b?sv=2022-11-02&se=2030-01-01&sr=b&sig=abc%3D",
    "https://d111.cloudfront.net/f?Expires=1&Signature=abc&Key-Pair-Id=K",
]

HARMLESS = [
    "https://example.com/",
    "https://example.com/blog/how-to-reset-your-password",
    "https://example.com/blog/how-to-reset/2026-01-01-your-password-safely",
    "https://example.com/login",
    "https://example.com/login?utm_source=newsletter&utm_campaign=spring",
    "https://login.example.com/offers/a-long-name-of-an-offer-2026",
    "https://example.com/products/1234567890123456789?code=SUMMER26",
    "https://example.com/verification",
    "https://example.com/magic-the-gathering/cards?page=2",
    "https://example.com/?next=/password/reset",
    "https://example.com/articles/eyJ-is-how-json-begins",
    "https://example.com/tokens?type=erc20",
    "https://example.com/authors/agatha-christie?key=novels1",
    "https://example.com:8443/a@b",
    "https://example.com/login?code=en",
    "https://example.com/verify?t=1",
    "https://example.com/account/orders/3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "https://example.com/invite?invite_code=FRIEND10",
    "https://example.com/magic/2026/spring-collection",
    "https://example.com/events/3f2504e0-4f89-11d3-9a0c-0305e82c3301/register",
    "https://example.com/login?redirect=%2Fprojects%2F3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "https://example.com/signup?gclid=Cj0KCQiA8f14e45fceea167a5a36dedd4bea2543",
    "https://example.com/acme/login/commit/8f14e45fceea167a5a36dedd4bea2543aabbccdd",
    "https://example.com/reset/2026",
    "https://example.com/passwords/a-guide-of-2026",
]


@pytest.mark.parametrize("url", SENSITIVE)
def test_sensitive_links_are_recognised(url):
    """Password resets, magic links, one-time codes, pre-signed downloads, credentials."""
    assert rules.is_sensitive(url)


@pytest.mark.parametrize("url", HARMLESS)
def test_ordinary_links_are_not(url):
    """A word alone does not make a secret."""
    assert not rules.is_sensitive(url)


@pytest.mark.parametrize("piece", ["/reset", "?token=", "/reset?", "&sig=1", "eyJaaaaaaaa.", "{{"])
def test_time_grows_with_the_length_alone(piece):
    """Whatever a URL repeats."""

    def look(octets: int) -> None:
        url = "https://example.com" + piece * (octets // len(piece))
        rules.is_sensitive(url)
        rules.without_secrets(url)

    assert is_linear(look, 20_000)


def rows(name: str) -> list[tuple[bool, str, str]]:
    """Return of each line of a file whether it is a secret, what sends it, and its URL."""
    lines = (DESTINATIONS / f"{name}.tsv").read_text(encoding="ascii").splitlines()
    parts = [line.split("\t") for line in lines]
    return [(kind == "secret", sender, url) for kind, sender, url in parts]


@pytest.mark.parametrize(
    ("name", "recall", "precision"), [("tuning", 0.98, 0.99), ("held_out", 0.98, 0.95)]
)
def test_secrets_of_widely_used_programs_are_told_from_ordinary_links(name, recall, precision):
    """Of what is one, nearly all is found; of what is found, nearly all is one."""
    found = [(secret, rules.is_sensitive(url)) for secret, _, url in rows(name)]
    assert len(found) >= 150
    both = found.count((True, True))
    assert both / (both + found.count((True, False))) >= recall
    assert both / (both + found.count((False, True))) >= precision


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        (
            "https://example.com/reset/8f14e45fceea167a5a36dedd4bea2543",
            "https://example.com/reset/…",
        ),
        ("https://example.com/x?reset_token=8f14e45fcee&a=1#b", "https://example.com/x?a=1#b"),
        (
            "https://example.com/#/reset-password/8f14e45fceea167a5a36dedd4bea2543",
            "https://example.com/#/reset-password/…",
        ),
        ("https://user:secret@example.com/a", "https://…example.com/a"),
        ("https://abc.example.com/reset?token=abc&x=abcd", "https://abc.example.com/reset?x=abcd"),
        ("https://example.com/?action=activate;code=r04j97;u=7", "https://example.com/"),
        (
            "https://example.com/blog/reset-your-password",
            "https://example.com/blog/reset-your-password",
        ),
    ],
)
def test_a_url_can_do_without_its_secrets(url, safe):
    """What is left tells what the link was for."""
    assert rules.without_secrets(url) == safe


@pytest.mark.parametrize("name", ["tuning", "held_out"])
def test_nothing_of_a_secret_is_left(name):
    """However it stands in the URL."""
    for _, sender, url in rows(name):
        safe = rules.without_secrets(url)
        found = [each for each in rules.secrets_of(url) if len(each) >= 8]
        assert not any(each in safe for each in found), sender


@given(
    st.text(alphabet="/?#&=;:@%.-_~|aZ0{}", max_size=60),
    st.sampled_from(["", "https://a.b/reset/"]),
)
def test_whatever_a_url_is_it_is_read(text, before):
    """And what is taken out of it is not found again."""
    url = before + text
    safe = rules.without_secrets(url)
    assert (safe == url) or rules.is_sensitive(url)
