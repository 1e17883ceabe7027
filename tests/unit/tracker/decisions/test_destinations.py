"""Where a link leads now, as decisions and configuration change."""

from config.schema import Config
from tracker.decisions.destinations import Destinations
from tracker.decisions.overrides import Overrides
from tracker.tokens import Link

SENT = "https://shop.example.com/old?utm_source=mail"
LINK = Link(bytes(8), 1, 1, 1_795_430_400, SENT)
UTM = Config.model_validate({"tracking": {"url_params": {"utm_source": "mail"}}})


def test_each_link_is_judged_by_the_decisions_of_that_moment() -> None:
    """They may change at any time; none needs a restart."""
    overrides = Overrides()
    destinations = Destinations(lambda: overrides, Config())
    assert destinations(LINK) == SENT
    overrides.hosts.add("shop.example.com")
    assert destinations(LINK) is None


def test_a_repair_finds_what_the_configuration_of_that_moment_adds() -> None:
    """Named as its author wrote it, a URL is found with its parameters once they are configured."""
    old, new = "https://shop.example.com/old", "https://shop.example.com/new"
    repaired = Overrides(destinations={old: new}, places={old})
    destinations = Destinations(lambda: repaired, Config())
    assert destinations(LINK) == SENT
    destinations.configure(UTM)
    assert destinations(LINK) == f"{new}?utm_source=mail"
