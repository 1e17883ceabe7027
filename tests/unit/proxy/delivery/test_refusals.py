"""What a client hears of a message that must not go out unsigned."""

import pytest

from proxy.delivery.refusals import refusal_of
from proxy.policy.reasons import Untouched
from proxy.rewrite.diagnosis import Diagnosis
from proxy.rewrite.submission import Findings, Outgoing
from proxy.smtp import replies
from proxy.smtp.replies import Reply


@pytest.mark.parametrize(
    ("reason", "what", "reply"),
    [
        (Untouched.NOT_ITS_ACCOUNT, "", replies.NOT_ITS_ACCOUNT),
        (Untouched.NO_FROM, "", replies.ONE_FROM_WANTED),
        (Untouched.SEVERAL_FROM, "2 From headers", replies.ONE_FROM_WANTED),
        (Untouched.UNSIGNABLE, "bare_newline", replies.BARE_NEWLINE),
        (Untouched.UNSIGNABLE, "header_malformed", replies.UNSIGNABLE),
    ],
)
def test_each_reason_has_a_final_reply(reason: Untouched, what: str, reply: Reply) -> None:
    """That says what to do."""
    findings = Findings(diagnosis=Diagnosis(what))
    outgoing = Outgoing(b"", None, reason, findings, refused=True)
    assert refusal_of(outgoing) is reply
    assert reply.permanent
