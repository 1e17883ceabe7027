"""What is kept of a user agent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.readers.readers import BROWSER
from tracker.privacy import agents
from tracker.privacy.agents import Agents, family
from tracker.privacy.pseudonyms import differ, is_pseudonym

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
OLDER = FIREFOX.replace("128", "115")
NOW_S = 1_790_000_000.0


@pytest.mark.parametrize(
    ("agent", "named"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile Safari/604.1",
            "Mobile Safari on iOS",
        ),
        ("curl/8.7.1", "curl"),
        ("nobody knows this", "other"),
        ("", ""),
    ],
)
def test_a_family_is_a_browser_on_a_system(agent: str, named: str) -> None:
    """Without versions."""
    assert family(agent) == named


@given(st.text(max_size=600))
def test_a_family_is_plain_and_short_whatever_somebody_says(agent: str) -> None:
    """Nothing that a page or a terminal would obey."""
    assert len(family(agent)) <= 64
    assert all(each.isascii() and (each.isalnum() or each in " .+_-") for each in family(agent))


def test_what_is_kept_and_what_is_compared() -> None:
    """Agents of one family are told apart all the same."""
    whole, reduced, nothing = Agents("full"), Agents("family"), Agents("none")
    assert whole.kept(FIREFOX) == whole.compared(FIREFOX, NOW_S) == FIREFOX
    assert reduced.kept(FIREFOX) == reduced.kept(OLDER) == "Firefox on Linux"
    assert nothing.kept(FIREFOX) == ""
    for mode in (reduced, nothing):
        one, other = (mode.compared(each, NOW_S) for each in (FIREFOX, OLDER))
        assert is_pseudonym(one)
        assert mode.compared(FIREFOX, NOW_S) == one
        assert differ(one, other)
        assert mode.compared("", NOW_S) == ""


def test_a_family_is_read_once_and_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where it is kept."""
    read: list[str] = []
    monkeypatch.setattr(agents, "family", lambda agent: read.append(agent) or "x")
    for mode in ("full", "none"):
        Agents(mode).prepare([FIREFOX])
    assert read == []
    Agents("family").prepare([FIREFOX, FIREFOX])
    assert read == [FIREFOX]


def test_browsers_of_tests_have_a_family() -> None:
    """As people's have."""
    assert family(BROWSER["User-Agent"]).startswith(("Chrome on ", "Firefox on "))
