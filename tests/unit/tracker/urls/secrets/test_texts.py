"""A URL is taken apart into what may be a word or a secret."""

import pytest

from tracker.urls.secrets.texts import MAX_TEXTS, Texts


@pytest.mark.parametrize(
    ("url", "host", "segments", "pairs"),
    [
        ("https://a.test", "a.test", (), []),
        ("https://a.test/b//c/?d=e%20f&G", "a.test", ("b", "c"), [("d", "e f"), ("", "G")]),
        ("https://a.test/b#/c/d?e=f", "a.test", ("b", "c", "d"), [("e", "f")]),
        ("https://a.test/#token=x&Y=z", "a.test", (), [("token", "x"), ("y", "z")]),
        ("https://a.test/?a=b;c=d", "a.test", (), [("a", "b"), ("c", "d")]),
        ("https://a.test/t=1&e=2/f.pdf", "a.test", ("f.pdf",), [("t", "1"), ("e", "2")]),
        ("/b/c?d=e", "", ("b", "c"), [("d", "e")]),
    ],
)
def test_texts_are_found_wherever_they_stand(url, host, segments, pairs):
    """In the path, the query, and both of the fragment."""
    found = Texts.of(url)
    assert (found.host, found.segments) == (host, segments)
    assert [(text.name, text.value) for text in found.pairs] == pairs


def test_a_value_is_kept_as_it_is_written():
    """So is the name, whose case tells its words apart."""
    (text,) = Texts.of("https://a.test/?resetCode=a%2Fb").pairs
    assert (text.name, text.written, text.raw, text.value) == (
        "resetcode",
        "resetCode",
        "a%2Fb",
        "a/b",
    )


def test_of_very_many_the_first_ones_count():
    """Nobody writes as many."""
    found = Texts.of("https://a.test" + "/a" * 1_000 + "?" + "b=c&" * 1_000)
    assert (len(found.segments), len(found.pairs)) <= (MAX_TEXTS, MAX_TEXTS)
