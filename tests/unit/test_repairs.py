"""What an author may have written, found from what was sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.schema import Config
from tracker.params import Params, added
from tracker.repairs import NO_ADDITIONS, Additions, originals, place

NAMES = ("utm_source", "utm_campaign", "wp_id")
URLS = st.lists(
    st.sampled_from(
        ["/", "?", "&", ";", "#", "=", "%", "%20", "+", "a", "utm_source", "utm%5Fsource", "wp_id"]
    ),
    max_size=12,
).map(lambda parts: "https://example.com" + "".join(parts))
PARAMS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.text(max_size=5)), unique_by=lambda pair: pair[0]
).map(tuple)


@given(URLS, PARAMS)
def test_what_was_written_is_found_from_what_was_sent(written: str, params: Params) -> None:
    """Whatever the author wrote, a URL in our own manner included."""
    sent = added(written, params)
    if sent != written:
        assert written in [each for each, _ in originals(sent, frozenset(NAMES))]


@given(URLS, PARAMS)
def test_nothing_is_found_that_would_not_have_been_sent_so(written: str, params: Params) -> None:
    """Each find becomes the same octets again, at the same place, and none is the destination."""
    sent = added(written, params)
    for each, ours in originals(sent, frozenset(NAMES)):
        assert added(each, ours) == sent
        assert each != sent
        assert place(each) == place(sent)
        assert {name for name, _ in ours} <= set(NAMES)


@given(URLS, PARAMS, st.frozensets(st.sampled_from(NAMES)))
def test_only_names_of_ours_are_taken_away(
    written: str, params: Params, names: frozenset[str]
) -> None:
    """With no name configured, no URL was anything else before."""
    sent = added(written, params)
    assert list(originals(sent, frozenset())) == []
    for _, ours in originals(sent, names):
        assert {name for name, _ in ours} <= names


def test_the_authors_own_use_of_a_name_is_found_first() -> None:
    """A name that was there was kept; only what stands behind it is surely ours."""
    sent = "https://example.com/?utm_source=own&wp_id=7"
    found = [each for each, _ in originals(sent, frozenset(NAMES))]
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
    assert list(originals(sent, frozenset(NAMES))) == []


def test_a_configuration_says_what_is_added() -> None:
    """Parameters of all destinations, and the id of the reader for some hosts."""
    config = Config.model_validate(
        {
            "tracking": {
                "url_params": {"utm_source": "mail"},
                "identify": {"param": "wp_id", "hosts": ["Shop.example.com"]},
            }
        }
    )
    additions = Additions.of(config)
    assert additions == Additions(
        frozenset({"utm_source"}), frozenset({"wp_id"}), frozenset({"shop.example.com"})
    )
    assert Additions.of(Config()) == NO_ADDITIONS
