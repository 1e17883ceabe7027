"""What a client hears of a message that must not go out unsigned, and cannot or may not be signed.

Owns: the reply for each reason; all of them are final, and name the cure.
Does not own: finding the reason (`proxy.rewrite.senders`), or the replies (`proxy.smtp.replies`).
"""

from collections.abc import Mapping
from types import MappingProxyType

from proxy.policy.reasons import Untouched
from proxy.rewrite.submission import Outgoing
from proxy.signing.relay_alterations import Alteration
from proxy.smtp import replies
from proxy.smtp.replies import Reply

_BY_REASON: Mapping[Untouched, Reply] = MappingProxyType(
    {
        Untouched.NO_FROM: replies.ONE_FROM_WANTED,
        Untouched.SEVERAL_FROM: replies.ONE_FROM_WANTED,
        Untouched.UNSIGNABLE: replies.UNSIGNABLE,
    }
)


def refusal_of(outgoing: Outgoing) -> Reply:
    """Return the reply to a message that is refused."""
    diagnosis = outgoing.findings.diagnosis if outgoing.findings else None
    if diagnosis is not None and diagnosis.what == Alteration.BARE_NEWLINE:
        return replies.BARE_NEWLINE
    if outgoing.untouched is None:
        return replies.NOT_ITS_ACCOUNT
    return _BY_REASON.get(outgoing.untouched, replies.NOT_ITS_ACCOUNT)
