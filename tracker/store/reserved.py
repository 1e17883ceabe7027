"""Values of the store that have a meaning of their own.

Owns: the campaigns that are always there, what a purged link is called, what stands for an erased
address, kinds of clicks and of who made them, and days and hours as numbers. It is sans-IO, so that the rules of counting may use it.
Does not own: the tables that hold these values (`file.schema`, `server.tables`).
"""

from enum import IntEnum

NO_CAMPAIGN = 1
"""Row of `campaigns` for messages without one, and for clicks whose message is not known."""
PURGED = 2
"""Row of `campaigns` for clicks whose message was purged."""
PURGED_NAME = "(purged)"
"""What reports call that campaign, and the link to which the clicks of purged links are added."""
RESERVED_NAME = ""
"""What stands for that name in tables: no author can call anything so."""
ERASED_ADDRESS = ""
"""Address of a delivery whose recipient was forgotten. It stays, even if the event comes again."""
DAY_S = 86400
HOUR_S = 3600
HOURS_A_DAY = 24


class Kind(IntEnum):
    """What a click is, or the best of somebody's clicks."""

    NOBODY = 0
    MACHINE = 1
    DOUBTFUL = 2
    CERTAIN = 3

    @classmethod
    def of(cls, *, human: bool, doubtful: bool) -> "Kind":
        """Return the kind of a click."""
        if not human:
            return cls.MACHINE
        return cls.DOUBTFUL if doubtful else cls.CERTAIN


def day_of(at_s: float) -> int:
    """Return the day of a moment, counted from 1970 in UTC; 1 for the first, as 0 is all days."""
    return max(1, int(at_s // DAY_S))


def hour_of(at_s: float) -> int:
    """Return the hour of a moment, counted from 1970; of the first day for what was before."""
    return max(HOURS_A_DAY, int(at_s // HOUR_S))
