"""What looks like a key to an account is recognised, an article about passwords is not."""

import pytest

from tests.support.checks.growth import is_linear
from tracker.urls import secrets

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
    "https://example.com/reset/2026",
    "https://example.com/passwords/a-guide-of-2026",
]


@pytest.mark.parametrize("url", SENSITIVE)
def test_sensitive_links_are_recognised(url):
    """Password resets, magic links, one-time codes, pre-signed downloads, credentials."""
    assert secrets.is_sensitive(url)


@pytest.mark.parametrize("url", HARMLESS)
def test_ordinary_links_are_not(url):
    """A word alone does not make a secret."""
    assert not secrets.is_sensitive(url)


@pytest.mark.parametrize("url", [*SENSITIVE[-5:], "https://example.com/d?f=1&hmac=00ff"])
def test_signed_urls_are_recognised(url):
    """Another parameter would make their signature invalid."""
    assert secrets.is_signed(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/?u={{user.id}}",
        "https://example.com/*|UNIQID|*",
        "https://example.com/%%subscriber%%",
    ],
)
def test_placeholders_are_recognised(url):
    """Someone behind us will fill them in."""
    assert secrets.has_placeholder(url)


@pytest.mark.parametrize(
    "url", ["https://example.com/100%25", "https://example.com/{a}", "https://example.com/a%%b"]
)
def test_what_only_resembles_a_placeholder_is_none(url):
    """One brace or an escaped percent sign is part of an URL."""
    assert not secrets.has_placeholder(url)


@pytest.mark.parametrize("piece", ["/reset", "?token=", "/reset?", "&sig=1", "eyJaaaaaaaa.", "{{"])
def test_time_grows_with_the_length_alone(piece):
    """Whatever a URL repeats."""

    def look(octets: int) -> None:
        url = "https://example.com" + piece * (octets // len(piece))
        secrets.is_sensitive(url)
        secrets.is_signed(url)
        secrets.has_placeholder(url)

    assert is_linear(look, 20_000)
