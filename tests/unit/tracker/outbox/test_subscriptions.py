"""Which webhooks want which clicks."""

from pathlib import Path

import pytest

from config.schema import Config, WebhookConfig
from tracker.outbox.subscriptions import Label, Subscription, Subscriptions

HUMAN, DOUBTFUL = Label(3, human=True, doubtful=False), Label(3, human=True, doubtful=True)
MACHINE = Label(3, human=False, doubtful=False)


def test_a_configuration_says_what_each_wants() -> None:
    """And without one, nobody wants anything."""
    one = WebhookConfig(url="https://Hooks.example.com:8443/x?y", secret_file=Path("s"))
    two = WebhookConfig(
        url="https://hooks.example.com/", name="crm", secret_file=Path("s"),
        campaigns=("news",), machines=True, settle=3.0,
    )  # fmt: skip
    assert Subscriptions.of(Config(webhook=(one, two))).webhooks == (
        Subscription("hooks.example.com:8443"),
        Subscription("crm", frozenset({"news"}), machines=True, settle_s=3.0),
    )
    assert not Subscriptions.of(Config())


@pytest.mark.parametrize(
    ("label", "machines", "wanted"),
    [(HUMAN, False, True), (DOUBTFUL, False, True), (MACHINE, False, False), (MACHINE, True, True)],
)
def test_machines_are_told_where_they_are_wanted(
    label: Label, *, machines: bool, wanted: bool
) -> None:
    """Doubtful clicks are people's."""
    assert Subscription("x", machines=machines).wants(label, frozenset()) is wanted


def test_named_campaigns_are_the_only_ones() -> None:
    """Also where no campaign of that name is known yet."""
    named = Subscription("x", campaigns=frozenset({"news"}))
    assert named.wants(HUMAN, frozenset({3}))
    assert not named.wants(HUMAN, frozenset({4}))
    assert not named.wants(HUMAN, frozenset())
