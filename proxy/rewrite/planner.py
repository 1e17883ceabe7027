"""The plan for one message: which links are tracked, which are not and why, and what changes.

Owns: whether a message may be changed, by everything that has a say in it, and what its links
share.
Does not own: the shape of a plan and rendering it (`planned`), going through the parts
(`part_planner`), tracked URLs, headers and signatures (`render`), or any single rule.

What must be true, and is tested: outside of `Plan.edits` every octet of the message stays; the
header block stays, but for the Content-Transfer-Encoding of a message that is encoded anew; a plan
that changes nothing renders to the very object it was made from; `plan` raises for no input whatsoever.
"""

from collections.abc import Sequence
from dataclasses import replace

from proxy.message.bodies.reencoded import ReencodedBody
from proxy.message.editing import Message, parse
from proxy.policy.decide import MessageFacts
from proxy.policy.headers import Switches, campaign, switches, unsubscribe_urls, verdict
from proxy.policy.reasons import Untouched
from proxy.policy.settings import Policy
from proxy.policy.substitutions import tags
from proxy.rewrite.diagnosis import Diagnosis, diagnose
from proxy.rewrite.eligibility import mentions_others, reason_untouched
from proxy.rewrite.part_planner import OFF, PartPlanner
from proxy.rewrite.planned import PartPlan, Plan, PlannedLink, SkippedLink
from proxy.smtp.octets import has_long_line
from tracker.decisions.consents import Consent
from tracker.urls.params import Params, filled
from tracker.urls.reader_id import widest

__all__ = ["Plan", "PlannedLink", "SkippedLink", "plan", "plan_message"]


def plan(message: bytes, policy: Policy) -> Plan:
    """Return what is to be done with `message`. Never raises: a fault of ours is a plan's `failure`."""
    try:
        parsed = parse(message)
        return plan_message(parsed, policy, mentions_others(parsed))
    except Exception as failure:  # noqa: BLE001 - promise 3: mail passes, whatever is wrong with us
        return Plan(message, Untouched.PLAN_FAILED, failure=failure)


def plan_message(
    message: Message,
    policy: Policy,
    untouched: Untouched | None = None,
    *,
    lists_links: bool = True,
    sender_known: bool = False,
) -> Plan:
    """Return the plan for a message that is parsed already; raises for a fault of ours.

    `untouched` is a reason, found before the message was read, to leave it alone. Unless the plan
    `lists_links`, those of a message in which nothing can change are not looked for. `sender_known` as
    in `reason_untouched`.
    """
    asked = switches(message, policy)
    untouched = _untouched(message, policy, asked, untouched, sender_known=sender_known)
    counts_for = campaign(message, policy, asked)
    adds = policy.url_params and asked.params is not False
    adds = adds and (untouched is None or (policy.params_when_off and untouched in OFF))
    if untouched is not None and not adds and not lists_links:
        diagnosis = _diagnosis(message, policy, untouched)
        return Plan(message.raw, untouched, asked=asked, counts_for=counts_for, diagnosis=diagnosis)
    facts = MessageFacts(
        unsubscribe=unsubscribe_urls(message),
        params=filled(policy.url_params, counts_for.name) if adds else (),
        identify=_identify(policy, asked),
        tags=tags(message),
    )
    planner = PartPlanner(message, policy, facts, untouched, asked)
    parts = tuple(planner.parts())
    if policy.max_growth is not None and planner.growth_octets > policy.max_growth:
        less = replace(policy, url_params=())
        return plan_message(message, less, Untouched.MAX_GROWTH, lists_links=lists_links)
    mends = policy.reencodes and policy.signing.signs
    if mends and parts and untouched is None and _keeps_long_line(message, parts):
        altered = Untouched.RELAY_WOULD_ALTER
        return plan_message(message, policy, altered, lists_links=lists_links)
    left = None if parts else (untouched or planner.nothing_to_do())
    return Plan(
        message.raw,
        left,
        tuple(planner.links),
        tuple(planner.skipped),
        asked,
        counts_for,
        diagnosis=_diagnosis(message, policy, left),
        parts=parts,
    )


def _untouched(
    message: Message,
    policy: Policy,
    asked: Switches,
    before: Untouched | None,
    *,
    sender_known: bool,
) -> Untouched | None:
    if not policy.enabled and not (policy.params_when_off and policy.url_params):
        return Untouched.DISABLED
    if reason := before or reason_untouched(message, policy, sender_known=sender_known):
        return reason
    if asked.consent is Consent.NONE:
        return Untouched.CONSENT_NONE
    if not policy.enabled:
        return Untouched.DISABLED
    return verdict(switch=_switch(policy, asked), default=policy.default)


def _diagnosis(message: Message, policy: Policy, left: Untouched | None) -> Diagnosis | None:
    if left is None:
        return None
    return diagnose(message, left, policy.signing)


def _keeps_long_line(message: Message, parts: Sequence[PartPlan]) -> bool:
    """Return whether a line is too long for relays, outside of the parts that are encoded anew."""
    at, kept = message.body_start, []
    for part in sorted(parts, key=_start_of):
        if isinstance(part.body, ReencodedBody):
            kept.append(message.raw[at : part.body.start])
            at = part.body.end
    return any(map(has_long_line, (*kept, message.raw[at:])))


def _start_of(part: PartPlan) -> int:
    return part.body.start if isinstance(part.body, ReencodedBody) else 0


def _identify(policy: Policy, asked: Switches) -> Params:
    """Return room for an id, where the message's readers may be told apart."""
    if policy.identify_param is None or asked.consent not in (None, Consent.FULL):
        return ()
    return widest(policy.identify_param, asked.person)


def _switch(policy: Policy, asked: Switches) -> bool | None:
    """Return the switch of the whole message: off only where no kind of part is left."""
    if not policy.plain_text:
        return asked.html
    kinds = (asked.html, asked.text)
    return None if None in kinds and True not in kinds else True in kinds
