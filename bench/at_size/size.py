"""How large a store of size is, and what its rows are called."""

from dataclasses import dataclass

from tracker.store.reserved import DAY_S

BEGUN_S = 1_770_000_000 // DAY_S * DAY_S
DAYS = 200
LINKS = 25
AGENTS = 300


@dataclass(frozen=True, slots=True)
class Size:
    """How large a store is to be."""

    clicks: int

    @property
    def messages(self) -> int:
        """Each has five clicks."""
        return self.clicks // 5

    @property
    def persons(self) -> int:
        """Each gets ten messages."""
        return max(100, self.messages // 10)


def link_name(campaign: int, number: int) -> str:
    """Return what a link is called, and where it leads."""
    return f"https://www.example.com/campaigns/{campaign}/articles/{number}?ref=newsletter"


def person_name(number: int) -> str:
    """Return the address of a reader."""
    return f"reader{number}@{number % 997}.example.net"
