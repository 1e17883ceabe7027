"""Values of the store that have a meaning of their own.

Owns: the campaigns that are always there, what a purged link is called, what stands for an erased
address, and days as numbers. It is sans-IO, so that the rules of counting may use it.
Does not own: the tables that hold these values (`schema`).
"""

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


def day_of(at_s: float) -> int:
    """Return the day of a moment, counted from 1970 in UTC; 1 for the first, as 0 is all days."""
    return max(1, int(at_s // DAY_S))
