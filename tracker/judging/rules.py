"""The rules by which clicks are judged: each with a name, a version and points, declared once.

Owns: the declaration, and the settings of judging.
Does not own: what the rules look at (`signals`, `sequences`, `company`), or the sum (`judge`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from config.schema import ClickRule, Config


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to take a click for a machine's. A changed test gets a higher version.

    `points` are what it weighs at most; `sees` completes "a click counts as such where …".
    """

    name: ClickRule
    points: int
    sees: str
    version: int = 1
    shares: str = ""

    @property
    def label(self) -> str:
        """The rule's name and version, as they stand among a click's reasons."""
        return f"{self.name}/{self.version}"


EARLY_STEPS = ((5.0, 1.0), (60.0, 5 / 6), (120.0, 2 / 3), (300.0, 1 / 6))
"""Seconds since sending, and the share of the points of `early` before that."""
NETWORK_S: Mapping[str, float] = MappingProxyType(
    {"probable-network": 600.0, "cloud-network": 300.0}
)
"""Seconds since sending for which a network counts where people may be, too."""
BURSTS = ((2, 0.25), (3, 0.6))
"""So many links of one copy within so many seconds, faster than anybody opens tabs."""
PAIRS = ((2, 4.5), (3, 10.0))
PAIR_AGE_S = 300.0
FLEET = (3, 45.0)
"""Networks, and the seconds within which they come for one copy."""
CROWD = (5, 45.0)
"""The same for networks that nobody moves between, whatever their agents."""
ECHO_S = 60.0
SWEEP_SHARE, SWEEP_LEAST, SWEEP_S = 0.9, 7, 900.0
WALK_LEAST, WALK_STEP_S, WALK_PACE_S = 3, 6.0, 0.95
COMPANY_S = 900.0
APART_S = 900.0
"""Clicks that are further apart say nothing of each other: no rule looks further."""
FLOOD = 1000
"""So many clicks on one copy are judged together; more are nobody's reading."""
SAME_BOTH, SAME_NETWORK, SAME_AGENT = 1.0, 0.4, 0.3

RULES: tuple[Rule, ...] = (
    Rule("head", 100, "the request is HEAD: no browser sends it when its user follows a link"),
    Rule(
        "prefetch",
        100,
        "a header says that it was fetched ahead (`Sec-Purpose`, `Purpose`, `X-Purpose`, `X-Moz`)",
    ),
    Rule(
        "robot-agent",
        100,
        "the agent is missing, or that of a crawler, a preview, a mail filter or an HTTP library",
    ),
    Rule("scanner-network", 100, "it comes from a published network of a mail filter"),
    Rule(
        "probable-network",
        60,
        "it comes from a security vendor's network within 10 minutes of sending",
    ),
    Rule(
        "cloud-network",
        60,
        "it comes from a network of a cloud provider within 5 minutes of sending",
    ),
    Rule(
        "no-fetch-metadata",
        90,
        (
            "the agent is a browser that says over HTTPS that it navigates (`Sec-Fetch-Mode`), "
            "and it did not"
        ),
    ),
    Rule("stale-agent", 90, "the agent is a desktop browser that hardly anybody has any more"),
    Rule("no-language", 50, "there is no `Accept-Language`"),
    Rule("no-html", 50, "`Accept` does not name `text/html`"),
    Rule(
        "flood",
        100,
        "the copy was clicked more than 1,000 times (of a shared copy: by one visitor within an hour)",
    ),
    Rule("burst", 100, "2 links of the copy were fetched within 0.25 seconds, or 3 within 0.6"),
    Rule(
        "many-networks",
        100,
        (
            "3 networks (/24, /48) came for links of the copy within 45 seconds; after the first "
            "5 minutes, with more than one agent, and second fetches left aside; or 5 networks"
        ),
    ),
    Rule(
        "echo",
        100,
        (
            "somebody had followed the same link within the 60 seconds before, from another "
            "network and with another agent; the first click stays a person's"
        ),
    ),
    Rule(
        "early",
        60,
        "it came soon after sending",
        shares="60 within 5 seconds, 50 within a minute, 40 within two, 10 within five",
    ),
    Rule(
        "early-pair",
        80,
        (
            "one visitor fetched 2 links of the copy within 4.5 seconds, or 3 within 10, in the "
            "first 5 minutes after sending"
        ),
    ),
    Rule("all-links", 60, "one visitor fetched 9 in 10 of at least 7 links within 15 minutes"),
    Rule(
        "in-order",
        40,
        (
            "one visitor fetched 9 in 10 of at least 3 links in the order of the text, each "
            "within 6 seconds of the one before, and more slowly than tabs are opened (0.95 "
            "seconds a link)"
        ),
    ),
    Rule(
        "company",
        100,
        "a machine's click on the same copy is within 15 minutes",
        shares="100 for the same network and agent, 40 for the same network, 30 for the same agent",
    ),
)
"""All rules. `make docs` writes their table into docs/machines.md."""

BY_NAME: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule in RULES})


@dataclass(frozen=True, slots=True)
class Settings:
    """From how many points a click is a machine's, or doubtful, and the points of rules that differ."""

    threshold: int = 100
    doubtful: int = 50
    points: Mapping[ClickRule, int] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Config) -> "Settings":
        """Return the settings of a configuration."""
        clicks = config.clicks
        return cls(clicks.threshold, clicks.doubtful, clicks.points)

    def weight(self, name: str) -> int:
        """Return the most points that a rule gives."""
        rule = BY_NAME[name]
        return self.points.get(rule.name, rule.points)
