"""URL parameters are appended without disturbing what is there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks.growth import is_linear
from tracker.urls import params

URL_TEXT = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40)


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        ("https://example.com", "https://example.com?utm_source=mail"),
        ("https://example.com/", "https://example.com/?utm_source=mail"),
        ("https://example.com/?", "https://example.com/?utm_source=mail"),
        ("https://example.com/?a=1", "https://example.com/?a=1&utm_source=mail"),
        ("https://example.com/?a=1&", "https://example.com/?a=1&utm_source=mail"),
        ("https://example.com/#top", "https://example.com/?utm_source=mail#top"),
        ("https://example.com/?a#b?c", "https://example.com/?a&utm_source=mail#b?c"),
        ("https://example.com/?q=%7E+%2f", "https://example.com/?q=%7E+%2f&utm_source=mail"),
    ],
)
def test_parameters_go_before_the_fragment(destination, expected):
    """The place of the question mark and the fragment decide, nothing is re-encoded."""
    assert params.added(destination, (("utm_source", "mail"),)) == expected


@pytest.mark.parametrize("name", ["utm_source", "utm%5Fsource"])
def test_a_name_that_is_there_is_kept_and_not_doubled(name):
    """The author's own value wins, however its name is written."""
    destination = f"https://example.com/?{name}=blog"
    assert params.added(destination, (("utm_source", "mail"),)) == destination


def test_values_are_percent_encoded():
    """A value can hold anything, the campaign's name too."""
    filled = params.filled((("utm_campaign", "{campaign}"),), "Grüße & more #1")
    expected = "https://example.com/?utm_campaign=Gr%C3%BC%C3%9Fe%20%26%20more%20%231"
    assert params.added("https://example.com/", filled) == expected


def test_a_parameter_for_an_unknown_campaign_is_left_out():
    """An empty utm_campaign would be worse than none."""
    table = (("utm_campaign", "{campaign}"), ("utm_source", "mail"))
    assert params.filled(table, None) == (("utm_source", "mail"),)


@given(URL_TEXT, st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=3))
def test_taking_the_addition_out_gives_the_original(rest, table):
    """Whatever stands in the destination, its octets are all there, in their order."""
    destination = "https://example.com/" + rest
    with_params = params.added(destination, tuple(table))
    base, mark, fragment = destination.partition("#")
    assert with_params.startswith(base)
    assert with_params.endswith(mark + fragment)
    assert len(with_params) == len(destination) + len(params.addition(destination, tuple(table)))


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        ("https://example.com/?uid=7&page=2", "https://example.com/?page=2"),
        ("https://example.com/?page=2&UID=7#x", "https://example.com/?page=2#x"),
        ("https://example.com/?uid=7", "https://example.com/"),
        ("https://example.com/?", "https://example.com/"),
        ("https://example.com/#?uid=7", "https://example.com/#?uid=7"),
    ],
)
def test_volatile_parameters_are_taken_out(destination, expected):
    """What remains is verbatim."""
    assert params.without(destination, frozenset({"uid"})) == expected


NAMES = ("utm_source", "utm_campaign", "wp_id")
URLS = st.lists(
    st.sampled_from(
        ["/", "?", "&", ";", "#", "=", "%", "%20", "+", "a", "utm_source", "utm%5Fsource", "wp_id"]
    ),
    max_size=12,
).map(lambda parts: "https://example.com" + "".join(parts))
OURS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.text(max_size=5)), unique_by=lambda pair: pair[0]
).map(tuple)


@given(URLS, OURS)
def test_what_was_written_is_found_from_what_was_sent(written: str, ours: params.Params) -> None:
    """Whatever the author wrote, a URL in our own manner included."""
    sent = params.added(written, ours)
    if sent != written:
        assert written in [each for each, _ in params.originals(sent, frozenset(NAMES))]


@given(URLS, OURS)
def test_nothing_is_found_that_would_not_have_been_sent_so(
    written: str, ours: params.Params
) -> None:
    """Each find becomes the same octets again, at the same place, and none is the destination."""
    sent = params.added(written, ours)
    for each, found in params.originals(sent, frozenset(NAMES)):
        assert params.added(each, found) == sent
        assert each != sent
        assert params.place(each) == params.place(sent)
        assert {name for name, _ in found} <= set(NAMES)


@given(URLS, OURS, st.frozensets(st.sampled_from(NAMES)))
def test_only_names_of_ours_are_taken_away(
    written: str, ours: params.Params, names: frozenset[str]
) -> None:
    """With no name configured, no URL was anything else before."""
    sent = params.added(written, ours)
    assert list(params.originals(sent, frozenset())) == []
    for _, found in params.originals(sent, names):
        assert {name for name, _ in found} <= names


def test_the_authors_own_use_of_a_name_is_found_first() -> None:
    """A name that was there was kept; only what stands behind it is surely ours."""
    sent = "https://example.com/?utm_source=own&wp_id=7"
    found = [each for each, _ in params.originals(sent, frozenset(NAMES))]
    assert found[0] == "https://example.com/?utm_source=own"
    assert "https://example.com/" in found


@pytest.mark.parametrize(
    "sent",
    ["https://example.com/?utm_source=a&utm_source=b", "https://example.com/?utm_source=%7e",
     "https://example.com/?utm_source", "https://example.com/#?utm_source=mail"],
    ids=["twice", "another spelling", "no value", "in the fragment"],
)  # fmt: skip
def test_what_we_never_write_is_not_ours(sent: str) -> None:
    """Ours are spelled in one way, stand once, and before the fragment."""
    assert list(params.originals(sent, frozenset(NAMES))) == []


def test_however_many_parameters_are_ours_each_is_read_once() -> None:
    """A click on a link at the place of a repair costs what its destination is long."""
    names = [f"p{number}" for number in range(4000)]

    def look(count: int) -> None:
        ours = names[:count]
        sent = "https://example.com/?own=1&p0=own&" + "&".join(f"{name}=v" for name in ours)
        assert next(params.originals(sent, frozenset(ours)), None) is not None
        assert sum(1 for _ in params.originals(sent, frozenset(ours))) == 2 * (count - 1)

    assert is_linear(look, 250)
