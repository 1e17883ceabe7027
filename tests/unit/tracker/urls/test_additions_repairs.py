"""Which parameters are ours, by the configuration."""

from config.schema import Config
from tracker.urls.additions import NO_ADDITIONS, Additions


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
