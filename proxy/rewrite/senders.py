"""Whose mail is tracked, and how: the policies of a configuration by From-domain.

Owns: finding the [[sender]] that a message belongs to, what becomes of mail of those who may not
send as it, and the plan of the others' under that sender's policy.
Does not own: what a policy means (`proxy.policy.settings`), who may submit mail at all
(`proxy.client.trust`) and who as whom (`proxy.policy.accounts`), keys (`transformer`).
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Self

from config.schema import Config, RelayProfile, SenderConfig, closest
from config.value_objects import value
from proxy.message.editing import Message
from proxy.policy.accounts import Accounts, Submitter
from proxy.policy.reasons import Untouched
from proxy.policy.settings import Policy, Signing
from proxy.rewrite.diagnosis import diagnose
from proxy.rewrite.eligibility import domains_in_from, originator_of
from proxy.rewrite.planned import Plan
from proxy.rewrite.planner import plan_message
from proxy.signing.relay_alterations import unsignable


@dataclass(frozen=True, slots=True)
class Sender:
    """One [[sender]], or all mail where none is configured (`domain` is empty then).

    `signs`: what we change is signed; `signs_always`: everything is. `accounts` are those who may
    send as it, None where all may whose mail is trusted.
    """

    domain: str
    subdomains: bool
    signs: bool
    signs_always: bool
    policy: Policy
    policy_7bit: Policy
    accounts: Accounts | None = None

    @classmethod
    def of(cls, config: Config, sender: SenderConfig | None, *, has_keys: bool) -> Self:
        """Return what `config` says of one sender."""
        sign = sender.sign if sender and has_keys else "never"
        domains = frozenset({sender.domain.lower()}) if sender and has_keys else frozenset()
        accounts = sender.accounts if sender else None
        below = sender is not None and sender.subdomains
        signing = Signing(sign != "never", domains, below, relay_profile=_relay_profile(config))
        policy, policy_7bit = (
            Policy.from_config(config, sender, signing=replace(signing, relay_8bitmime=each))
            for each in (True, False)
        )
        return cls(
            domain=sender.domain.lower() if sender else "",
            subdomains=below,
            signs=sign != "never",
            signs_always=sign == "always",
            policy=policy,
            policy_7bit=policy_7bit,
            accounts=None if accounts is None else Accounts.of(accounts),
        )

    def may_be_used_by(self, submitter: Submitter) -> bool:
        """Return whether mail that `submitter` hands in is this sender's."""
        return self.accounts is None or submitter in self.accounts


@value
class SenderPlan:
    """A message's plan, its sender if there is one, and its From-domain ("" for none).

    `refused`: the message must not go out, as all mail of that domain is signed, and this may not be.
    """

    plan: Plan
    sender: Sender | None
    domain: str
    refused: bool = False


_FROM_MILD_TO_HARSH: tuple[RelayProfile, ...] = ("verbatim", "default", "sendmail")


def _relay_profile(config: Config) -> RelayProfile:
    """Return what the relay does to addresses; of several, what the worst of them does."""
    return max((relay.profile for relay in config.relays), key=_FROM_MILD_TO_HARSH.index)


class Senders:
    """The senders of one configuration."""

    def __init__(self, config: Config, with_keys: Collection[str] | None = None) -> None:
        """Take the domains that can be signed for from `with_keys`, else from `config`."""
        keys = {each.domain for each in config.sender if each.dkim}
        keys = keys if with_keys is None else set(with_keys)
        self._by_domain = {
            each.domain.lower(): Sender.of(config, each, has_keys=each.domain in keys)
            for each in config.sender
        }
        self._any = None if config.sender else Sender.of(config, None, has_keys=False)

    @property
    def sign_always(self) -> bool:
        """Whether some sender's mail must not go out unsigned."""
        return any(sender.signs_always for sender in self._by_domain.values())

    def find(self, domain: str) -> Sender | None:
        """Return the sender that a From-domain belongs to, the closest of several."""
        return self._any or closest(domain, self._by_domain)

    def assign(
        self,
        message: Message,
        submitter: Submitter | None = None,
        *,
        null_sender: bool = False,
        relay_8bitmime: bool = True,
        lists_links: bool = True,
    ) -> SenderPlan:
        """Return the plan for `message`, from a client that we trust; raises for a fault of ours.

        Without a `submitter`, as if whoever may send as its From-domain had sent it. `lists_links` as
        in `plan_message`.
        """
        whose = self._whose(message, submitter)
        untouched = whose.untouched
        if null_sender and not whose.refused and untouched is not Untouched.NOT_ITS_ACCOUNT:
            untouched = Untouched.NULL_SENDER
        if untouched is not None or whose.sender is None:
            diagnosis = diagnose(message, untouched) if untouched is not None else None
            return whose.with_plan(Plan(message.raw, untouched, diagnosis=diagnosis))
        policy = whose.sender.policy if relay_8bitmime else whose.sender.policy_7bit
        plan = plan_message(message, policy, lists_links=lists_links, sender_known=True)
        return whose.with_plan(plan)

    def left_alone(
        self, message: Message, reason: Untouched, submitter: Submitter | None = None
    ) -> SenderPlan:
        """Return a plan that changes nothing in `message`, for a reason that is known already."""
        whose = self._whose(message, submitter)
        if not whose.refused or whose.untouched is None:
            return whose.with_plan(Plan(message.raw, reason))
        diagnosis = diagnose(message, whose.untouched)
        return whose.with_plan(Plan(message.raw, whose.untouched, diagnosis=diagnosis))

    def _whose(self, message: Message, submitter: Submitter | None) -> "_Whose":
        found = originator_of(message)
        if isinstance(found, Untouched):
            return _Whose(None, "", found, self._must_be_signed(message))
        domain, sender = found.domain, self.find(found.domain)
        if sender is None:
            return _Whose(None, domain, Untouched.UNKNOWN_SENDER)
        if not all(self._are_one(domain, other) for other in found.mentions):
            return _Whose(None, "", Untouched.SEVERAL_FROM, sender.signs_always)
        if submitter is not None and not sender.may_be_used_by(submitter):
            return _Whose(None, domain, Untouched.NOT_ITS_ACCOUNT, sender.signs_always)
        if sender.signs_always and unsignable(message):
            return _Whose(None, domain, Untouched.UNSIGNABLE, refused=True)
        return _Whose(sender, domain)

    def _must_be_signed(self, message: Message) -> bool:
        """Whether a message that is nobody's for sure is in part one of whom all mail is signed."""
        if not self.sign_always:
            return False
        senders = map(self.find, domains_in_from(message))
        nobodys = not message.values(b"from")
        return nobodys or any(sender is not None and sender.signs_always for sender in senders)

    def _are_one(self, domain: str, other: str) -> bool:
        """Whether two domains are the same sender's; where there is none, the same domain."""
        if self._any is not None:
            return domain == other
        return self.find(domain) is self.find(other)


@value
class _Whose:
    """Whose mail a message is: that of `sender`, or of none and why."""

    sender: Sender | None
    domain: str
    untouched: Untouched | None = None
    refused: bool = False

    def with_plan(self, plan: Plan) -> SenderPlan:
        """Return this with what is to be done."""
        return SenderPlan(plan, self.sender, self.domain, self.refused)
