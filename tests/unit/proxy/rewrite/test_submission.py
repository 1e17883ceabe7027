"""What goes in and what comes out, as values."""

from config.telemetry.observe import CLIPPED_MESSAGES, LINKS, PLANNED_MESSAGES
from proxy.rewrite.submission import Counts


def test_what_was_counted_is_added_to_the_metrics():
    """Each decision under its name."""
    metrics = (PLANNED_MESSAGES.labels("changed"), LINKS.labels("tracked"), CLIPPED_MESSAGES)
    before = [metric._value.get() for metric in metrics]
    Counts("changed", {"tracked": 3}, clipped=1).add()
    assert [metric._value.get() for metric in metrics] == [
        before[0] + 1,
        before[1] + 3,
        before[2] + 1,
    ]
