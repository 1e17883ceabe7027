"""Which webhooks are told of which clicks, as a configuration says.

Owns: these wishes as values.
Does not own: the keys of the configuration (`config.schema`), or what is queued by them (`filling`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import time
from typing import NamedTuple

from config.schema import Config, WebhookConfig


class Label(NamedTuple):
    """What a click was judged to be, and the campaign that it counts for."""

    campaign_id: int
    human: bool
    doubtful: bool

    @property
    def judged(self) -> tuple[bool, bool]:
        """What it was judged to be."""
        return self.human, self.doubtful


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a webhook wants: clicks of some campaigns (none named: of all), and whose.

    `settle_s` is how long a click waits until it is told.
    """

    name: str
    campaigns: frozenset[str] = frozenset()
    machines: bool = False
    settle_s: float = 15.0

    @classmethod
    def of(cls, webhook: WebhookConfig) -> "Subscription":
        """Return what a webhook of a configuration wants."""
        campaigns = frozenset(webhook.campaigns)
        return cls(webhook.called, campaigns, webhook.machines, webhook.settle)

    def wants(self, label: Label, campaigns: frozenset[int]) -> bool:
        """Return whether it is told of such a click; `campaigns` are the rows of those that it names."""
        of_these = not self.campaigns or label.campaign_id in campaigns
        return of_these and (label.human or self.machines)


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Those of all webhooks, and the clock by which they wait; none: nothing is queued."""

    webhooks: tuple[Subscription, ...] = ()
    clock: Callable[[], float] = time

    @classmethod
    def of(cls, config: Config) -> "Subscriptions":
        """Return those of a configuration."""
        return cls(tuple(map(Subscription.of, config.webhook)))

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self.webhooks)
