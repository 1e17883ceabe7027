"""Whose mail is tracked, and how: the policies of a configuration by From-domain.

Owns: finding the [[sender]] that a message belongs to, and its plan under that sender's policy.
Does not own: what a policy means (`proxy.policy.settings`), who may submit mail
(`proxy.session.trust`), keys (`transformer`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from config.schema import Config, SenderConfig, closest
from proxy.message.editing import Message
from proxy.policy.eligibility import from_domain
from proxy.policy.reasons import Untouched
from proxy.policy.settings import Policy, Signing
from proxy.rewrite.planned import Plan
from proxy.rewrite.planner import plan_message


@dataclass(frozen=True, slots=True)
class Sender:
    """One [[sender]], or all mail where none is configured (`domain` is empty then).

    `signs`: what we change is signed; `signs_always`: everything is.
    """

    domain: str
    subdomains: bool
    signs: bool
    signs_always: bool
    policy: Policy
    policy_7bit: Policy

    @classmethod
    def of(cls, config: Config, sender: SenderConfig | None, *, has_keys: bool) -> Self:
        """Return what `config` says of one sender."""
        sign = sender.sign if sender and has_keys else "never"
        domains = frozenset({sender.domain.lower()}) if sender and has_keys else frozenset()
        policy, policy_7bit = (
            Policy.from_config(
                config, sender, signing=Signing(sign != "never", domains, relay_8bitmime)
            )
            for relay_8bitmime in (True, False)
        )
        return cls(
            domain=sender.domain.lower() if sender else "",
            subdomains=sender is not None and sender.subdomains,
            signs=sign != "never",
            signs_always=sign == "always",
            policy=policy,
            policy_7bit=policy_7bit,
        )


@dataclass(frozen=True, slots=True)
class SenderPlan:
    """A message's plan, its sender if there is one, and its From-domain ("" for none)."""

    plan: Plan
    sender: Sender | None
    domain: str


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
        self, message: Message, *, null_sender: bool = False, relay_8bitmime: bool = True
    ) -> SenderPlan:
        """Return the plan for `message`, from a client that we trust; raises for a fault of ours."""
        domain = from_domain(message)
        sender = None if isinstance(domain, Untouched) else self.find(domain)
        if null_sender:
            return SenderPlan(Plan(message.raw, Untouched.NULL_SENDER), sender, domain)
        if isinstance(domain, Untouched):
            return SenderPlan(Plan(message.raw, domain), None, "")
        if sender is None:
            return SenderPlan(Plan(message.raw, Untouched.UNKNOWN_SENDER), None, domain)
        policy = sender.policy if relay_8bitmime else sender.policy_7bit
        return SenderPlan(plan_message(message, policy), sender, domain)

    def left_alone(self, message: Message, reason: Untouched) -> SenderPlan:
        """Return a plan that changes nothing in `message`, for a reason that is known already."""
        domain = from_domain(message)
        if isinstance(domain, Untouched):
            return SenderPlan(Plan(message.raw, reason), None, "")
        return SenderPlan(Plan(message.raw, reason), self.find(domain), domain)
