"""What may have happened to a few messages, as Hypothesis draws it."""

from functools import partial

from hypothesis import strategies as st

from tests.support.checks.facts import LINKS, SENT_S, clicked, own_click, own_link, pending
from tracker.events import Event, MessageAccepted, MessageRefused, Recipient, SentLink

SECONDS = st.sampled_from([0, 0.1, 0.2, 1, 30, 50, 100, 700, 4000])
VISITORS = {
    "ip": st.sampled_from([None, "192.0.2.0", "198.51.100.0", "203.0.113.0"]),
    "user_agent": st.sampled_from(["Browser/1", "Browser/2"]),
    "signals": st.sampled_from([(), (), ("head",), ("no-html",), ("no-language", "stale-agent")]),
}
GROUPS = st.sampled_from([None, "offer", "https://example.net/"])
DESTINATIONS = {link: f"https://example.net/{link}" for link in range(1, 5)}


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Draw what may have happened to a few messages, some events lost, some twice, in any order."""
    events: list[Event] = []
    for number in range(draw(st.integers(1, 4))):
        message = f"m{number}"
        shared = draw(st.booleans())
        day = 86400 * draw(st.integers(0, 1))
        # Tokens of earlier versions may tell another second than their events do.
        sent_s = draw(st.sampled_from([None, SENT_S + day]))
        token_s = sent_s or SENT_S + day + draw(st.integers(0, 1))
        readers = draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True))
        people = tuple(Recipient(n, f"{name}@example.net") for n, name in enumerate(readers, 1))
        campaign = draw(st.sampled_from([None, "x", "y"]))
        about = pending(
            message,
            shared=shared,
            recipients=people,
            campaign=campaign,
            at_s=SENT_S + day,
            sent_s=sent_s,
            links=(
                *LINKS[:2],
                SentLink(3, "https://example.net/", draw(GROUPS), "three"),
                own_link(own := draw(st.sampled_from([message, "all"]))),
            ),
        )
        taken = draw(st.sets(st.integers(1, len(people))))
        events += [about, MessageAccepted(message, SENT_S + day + 1, tuple(sorted(taken)))]
        left = draw(st.sets(st.integers(1, len(people))))
        events.append(MessageRefused(message, SENT_S + day, tuple(sorted(left))))
        for click in range(draw(st.integers(0, 4))):
            event = draw(st.sampled_from([clicked, partial(own_click, reader=own)]))
            where = {"link": (link := draw(st.integers(1, 4))), "destination": DESTINATIONS[link]}
            events.append(
                event(
                    f"{message}c{click}",
                    message,
                    at_s=SENT_S + day + 86400 * draw(st.integers(0, 1)) + draw(SECONDS),
                    sent_at_s=token_s,
                    recipient=0 if shared else draw(st.integers(1, len(people))),
                    **{name: draw(values) for name, values in VISITORS.items()},
                    **(where if event is clicked else {}),
                )
            )
    kept = draw(st.lists(st.sampled_from(events), min_size=1, max_size=2 * len(events)))
    return draw(st.permutations(kept))
