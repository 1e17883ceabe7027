"""What somebody signed is recognised, as another parameter would make it invalid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks.growth import is_linear
from tracker.urls.secrets.signed import is_signed, signatures
from tracker.urls.secrets.texts import Texts

SIGNED = [
    "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=A&X-Amz-Signature=0a1b",
    "https://b.s3.amazonaws.com/k?AWSAccessKeyId=AK&Signature=v%3D&Expires=1",
    "https://storage.googleapis.com/b/o?X-Goog-Algorithm=G&X-Goog-Signature=0a1b",
    "https://a.blob.core.windows.net/c/b?sv=2022-11-02&se=2030-01-01&sr=b&sig=abc%3D",
    "https://d111.cloudfront.net/f?Expires=1&Signature=abc&Key-Pair-Id=K",
    "https://example.com/d?f=1&hmac=00ff",
    "https://example.com/f.pdf?hdnea=exp=1700003600~acl=/*~hmac=3e6538a43ce657fbd0652b6c",
    "https://example.com/f.pdf?verify=1700003600-kq8Zb4nTq5Jr0w6VgC9sYgkq8Zb4nTq5",
    "https://example.com/f.pdf?token=kq8Zb4nTq5Jr0w6VgC9sYg&expires=1700000000",
    "https://example.com/dl/8f14e45fceea167a5a36dedd4bea2543/65536d80/f.pdf",
]


@pytest.mark.parametrize("url", SIGNED)
def test_signed_urls_are_recognised(url):
    """As clouds, content networks and web frameworks sign them."""
    assert is_signed(url)


@pytest.mark.parametrize(
    "url",
    ["https://example.com/", "https://example.com/a?t=1700000000", "https://example.com/?token=abc",
     "https://example.com/acme/commit/8f14e45fceea167a5a36dedd4bea2543/1700000000/x"],
)  # fmt: skip
def test_other_urls_are_not(url):
    """A time alone signs nothing."""
    assert not is_signed(url)


def test_a_signature_is_told_as_it_is_written():
    """With what says when it ends."""
    url = "https://example.com/f?Expires=1700000000&Signature=a%3D&Key-Pair-Id=K"
    assert set(signatures(Texts.of(url))) == {"1700000000", "a%3D"}


@given(st.text(alphabet="/?#&=;:@%.-_~|aZ0{}", max_size=60))
def test_whatever_a_url_is_it_is_read(text):
    """Without a fault."""
    assert is_signed(text) in (True, False)


@pytest.mark.parametrize("piece", ["/a", "&sig=1", "hmac=", "1700000000-", "?e=1700000000&h="])
def test_time_grows_with_the_length_alone(piece):
    """Whatever a URL repeats."""
    start = "https://example.com?"
    assert is_linear(lambda octets: is_signed(start + piece * (octets // len(piece))), 20_000)
