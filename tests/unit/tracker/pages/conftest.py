"""What tests of pages share: a store of two campaigns, and names that nobody may believe."""

import pytest

from config.schema import Config
from tests.support.checks.facts import LINKS, SENT_S, accepted, clicked, pending
from tracker.events import Event, Recipient, SentLink
from tracker.ingest.catch_up import catch_up
from tracker.spool.writer import Spool

HOSTILE = '=HYPERLINK("x")<script>alert(1)</script>'
OFFER = SentLink(4, "https://example.net/4?who=1", "@offer", "<img src=x onerror=alert(1)>")


@pytest.fixture
def sent(config: Config) -> Config:
    """Return a configuration of whose store two campaigns are known; the first has an evil name."""
    bob = Recipient(1, "bob@example.net", "=id-7")
    machine = {"human": False, "method": "HEAD", "reasons": ("head/1",), "signals": ("head",)}
    later_s = SENT_S + 86400
    put(config, pending(campaign=HOSTILE, links=(*LINKS, OFFER)), accepted())
    catch_up(config)  # so that it has the first free row
    put(
        config,
        pending("m2", campaign="news", recipients=(bob,), at_s=later_s),
        accepted("m2", 1, sent_s=later_s),
        clicked("c1"),
        clicked("c2", link=4, destination=OFFER.url, at_s=SENT_S + 9000),
        clicked("c3", "m2", sent_at_s=later_s, at_s=later_s + 90_000),
        clicked("c4", recipient=2, at_s=SENT_S + 2, **machine),
    )
    return config


def put(config: Config, *events: Event) -> None:
    """Have events in the spool."""
    spool = Spool.open(config.store.spool_dir, "proxy")
    for each in events:
        spool.append(each)
    spool.close()
