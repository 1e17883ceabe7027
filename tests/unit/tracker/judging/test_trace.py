"""Traces: what a line may be, and verdicts by line."""

import json

import pytest

from tracker.judging.networks import built_in
from tracker.judging.rules import Settings
from tracker.judging.trace import BadLine, Line, MessageLine, RequestLine, classify, parse

MESSAGE = {"type": "message", "message_id": "a", "sent_at_s": 1000, "links": 3, "recipients": 2}
REQUEST = {
    "type": "request", "ts": 9000.5, "message_id": "a", "recipient": 1, "link": 1, "method": "GET",
    "https": True, "headers": [["User-Agent", "curl/8"]], "ip": "192.0.2.1",
}  # fmt: skip
BROWSER = [
    ["User-Agent", "Mozilla/5.0 (X11; rv:80.0)"],
    ["ACCEPT", "text/html"],
    ["Accept-Language", "en"],
]


def line(of: dict[str, object], **fields: object) -> Line:
    """Return a parsed line with other fields."""
    return parse(json.dumps(of | fields))


def test_both_kinds_are_read_and_other_fields_ignored() -> None:
    """As the page says."""
    assert isinstance(line(MESSAGE, colour="red"), MessageLine)
    assert isinstance(line(REQUEST, human=True), RequestLine)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nonsense", "JSON"),
        ("[]", "object"),
        ('{"type": "click"}', "type"),
        (json.dumps(REQUEST | {"ts": "soon"}), "ts"),
        (json.dumps(REQUEST | {"headers": [["a"]]}), "headers.0"),
        (json.dumps({"type": "message", "message_id": "a", "links": 1}), "sent_at_s"),
        (json.dumps(MESSAGE | {"links": -1}), "links"),
    ],
)
def test_a_line_that_is_neither_has_a_reason(text: str, reason: str) -> None:
    """With the field that is wrong."""
    with pytest.raises(BadLine, match=reason):
        parse(text)


def test_requests_are_judged_by_copy_in_the_order_of_their_lines() -> None:
    """Two readers of one message do not make a burst."""
    lines = [
        line(MESSAGE),
        line(REQUEST, recipient=1, link=1, headers=BROWSER),
        line(REQUEST, recipient=2, link=2, headers=BROWSER, ip="198.51.100.1"),
        line(REQUEST, recipient=1, link=1),
    ]
    found = classify(lines, built_in(), Settings())
    assert [each.human for each in found] == [True, True, False]


def test_a_request_for_a_message_that_is_not_there_is_judged_by_itself() -> None:
    """Nothing is known of when it was sent."""
    lines = [line(REQUEST, ts=1001, headers=BROWSER, ip=None)]
    [verdict] = classify(lines, built_in(), Settings())
    assert (verdict.human, verdict.score) == (True, 0)


def test_recipient_0_is_a_shared_copy() -> None:
    """Each visitor is judged apart."""
    fast = [
        line(REQUEST, recipient=0, link=n, headers=BROWSER, ip=f"192.0.{n}.1") for n in (1, 2, 3)
    ]
    found = classify([line(MESSAGE), *fast], built_in(), Settings())
    assert all(each.human for each in found)
