"""Which events are about one message, where the second they tell differs.

Owns: finding the one key of each message. It is sans-IO.
Does not own: keys (`tracker.store.keys`), or renaming the rows of a message that was known by another
second (`rows`).

Earlier versions read the clock twice, once for tokens and once for events. So what has the same id and
is at most a second apart is one message; it is named by the least second that its own events tell, else
by the least that any does. That is the same in whatever order events come.
"""

from collections.abc import Collection, Iterator, Mapping

from tracker.counting.model import Message
from tracker.store.keys import SAME_MESSAGE_S, MessageKey

Renamed = dict[MessageKey, MessageKey]
"""The keys that events or rows have, and those by which their messages are named from now on."""


def near(key: MessageKey) -> Iterator[MessageKey]:
    """Yield the other keys by which a message may be told of that is told of by this one."""
    for seconds in range(1, SAME_MESSAGE_S + 1):
        yield MessageKey(key.sent_s - seconds, key.message_id)
        yield MessageKey(key.sent_s + seconds, key.message_id)


def renamed(
    told: Collection[MessageKey], own: Collection[MessageKey], known: Mapping[MessageKey, Message]
) -> Renamed:
    """Return the new names of messages that are told of by several keys; most are by one.

    `told` are the keys of events, `own` those of messages' own events among them, `known` are the
    messages that the store has under these keys or next to them.
    """
    every = {*told, *known}
    if len({key.message_id for key in every}) == len(every):
        return {}
    found: Renamed = {}
    taken: set[MessageKey] = set()
    for key in sorted(told):
        if key in taken:
            continue
        cluster = {key, *(each for each in near(key) if each in every and each not in taken)}
        # What the store has under two keys was never told of by events between them: two messages.
        rows = sorted(each for each in cluster if each in known)
        cluster -= set(rows) - ({key} if key in known else set(rows[:1]))
        taken |= cluster
        described = {each for each in cluster if each in known and known[each].is_described}
        name = min(described | cluster.intersection(own) or cluster)
        found |= {each: name for each in cluster if each != name}
    return found
