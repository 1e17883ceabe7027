"""Events are fed as a configuration says."""

from pathlib import Path

import pytest

from config.keys.token_keys import new_token_key, write_token_keys
from config.schema import (
    ClicksConfig,
    Config,
    IdentifyConfig,
    KeysConfig,
    PrivacyConfig,
    StoreConfig,
    TrackingConfig,
)
from tests.support.checks.facts import SENT_S, accepted, clicked, pending, totals
from tests.support.engines import engine, gives_back
from tracker.counting.feeder import Feeder
from tracker.sql.sqlite import SQLite

__all__ = ["engine", "gives_back"]


@pytest.mark.parametrize(
    ("points", "human"), [(ClicksConfig(), 1), (ClicksConfig(points={"no-html": 100}), 0)]
)
def test_clicks_are_judged_by_its_points(
    db: SQLite, tmp_path: Path, points: ClicksConfig, human: int
) -> None:
    """Those of docs/machines.md, where it has none."""
    config = Config(store=StoreConfig(url=f"sqlite:///{tmp_path}/waypost.db"), clicks=points)
    feeder = Feeder.of(config)
    click = clicked("c1", at_s=SENT_S + 9000, signals=("no-html",))
    with db.atomic():
        assert feeder.feed(db, [pending(), accepted(), click]) == frozenset()
        feeder.move(db)
    assert totals(db).clicks_human == human


def test_persons_get_the_ids_that_destinations_are_told(db: SQLite, tmp_path: Path) -> None:
    """Where any are told; without their secret, counting goes on."""
    secret = tmp_path / "token.keys"
    config = Config(
        store=StoreConfig(url=f"sqlite:///{tmp_path}/waypost.db"),
        keys=KeysConfig(file=secret),
        tracking=TrackingConfig(identify=IdentifyConfig(param="wp_id", hosts=("example.net",))),
    )
    with db.atomic():
        Feeder.of(config).feed(db, [pending("m1")])
    assert db["persons"].count_where("told IS NOT NULL") == 0
    write_token_keys(secret, [new_token_key()])
    with db.atomic():
        Feeder.of(config).feed(db, [pending("m2")])
    assert db["persons"].count_where("told IS NOT NULL") == 2


def test_agents_are_kept_as_it_says(db: SQLite) -> None:
    """Families are read before the store is locked."""
    feeder = Feeder.of(Config(privacy=PrivacyConfig(user_agent="family")))
    click = clicked("c1", user_agent="curl/8.7.1")
    feeder.prepare([pending(), click])
    with db.atomic():
        feeder.feed(db, [pending(), click])
    assert [row["name"] for row in db["user_agents"].rows] == ["curl"]
