"""The five figures at the head of a page."""

from tracker.pages.rendering.cards import cards, link_cards
from tracker.reports.figures import Figures

NOW = Figures(
    messages=90, deliveries=100, clicked=20, clicks_human=30, clicks_doubtful=3, clicks_all=50,
    unique_human=15, unique_doubtful=1,
)  # fmt: skip


def test_five_figures_are_told_with_their_words() -> None:
    """People and machines apart."""
    told = {each.name: (each.value, each.note) for each in cards(NOW)}
    assert told == {
        "Click rate": ("20.0%", "20 of 100 deliveries clicked"),
        "People who clicked": ("15", "1 of them doubtful"),
        "Clicks by people": ("30", "3 of them doubtful"),
        "Clicks by machines": ("20", "in none of the other figures"),
        "Deliveries": ("100", "of 90 messages"),
    }
    assert all(each.change is None for each in cards(NOW))


def test_each_tells_how_it_changed() -> None:
    """Up, down or not at all; of nothing there is no rate to compare."""
    before = Figures(deliveries=200, clicked=20, clicks_human=30, clicks_all=30, unique_human=30)
    signs = [each.change.sign for each in cards(NOW, before) if each.change]
    assert signs == ["▲", "▼", "=", "▲", "▼"]
    assert cards(NOW, Figures())[0].change is None


def test_a_link_has_no_deliveries() -> None:
    """And so no rate of its own."""
    names = [each.name for each in link_cards(NOW)]
    assert names == ["People who clicked", "Clicks by people", "Clicks by machines"]
