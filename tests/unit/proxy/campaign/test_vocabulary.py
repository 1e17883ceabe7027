"""How words are compared, and that the lists hold what can be found."""

import pytest

from proxy.campaign import vocabulary
from proxy.campaign.vocabulary import folded, spellings


def test_words_are_compared_without_case_and_accents():
    """As people leave both out."""
    assert folded("ÉMILE") == folded("emile") == "emile"
    assert folded("Łukasz") == "lukasz"
    assert folded("Groß") == "gross"
    assert folded("Сергей") == folded("СЕРГЕИ")


def test_an_umlaut_may_be_written_in_two_ways():
    """`joerg@` and `jorg@` are both Jörg's."""
    assert spellings("Jörg") == {"jorg", "joerg"}
    assert spellings("Jo\u0308rg") == {"jorg", "joerg"}
    assert spellings("Anna") == {"anna"}


@pytest.mark.parametrize(
    "name", sorted(name for name, value in vars(vocabulary).items() if isinstance(value, frozenset))
)
def test_lists_hold_words_as_they_are_compared(name):
    """A word that is written otherwise would never be found."""
    words = getattr(vocabulary, name)
    assert words == set(map(folded, words))
