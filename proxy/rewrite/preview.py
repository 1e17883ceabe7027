"""What would become of one message, without sending it.

Owns: judging it as one from a client that we trust, and that may send as its From-domain; links
that redirect and never count; naming the links of a message that is left alone, too.
Does not own: the plan (`planner`, `senders`), or showing it (`proxy.cli.inspect`).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from config.schema import Config
from proxy.message.editing import Message, parse, splice
from proxy.policy.settings import Policy
from proxy.rewrite.header_edits import header_edits
from proxy.rewrite.missing_fields import UNIQUE_OCTETS, MissingFields, host_for
from proxy.rewrite.planned import Plan, PlannedLink
from proxy.rewrite.planner import plan_message
from proxy.rewrite.senders import Sender, Senders
from tracker.tokens import Keyring, Link, mint, new_message_id, tracked_url


@dataclass(frozen=True, slots=True)
class Preview:
    """One message under one configuration; `url_for` makes the preview of a tracked link.

    `plan` is the one that is carried out, `sender` whose mail the message is (None: nobody's),
    `missing` what it gets if it lacks it; `refused`: it would not go out at all.
    """

    message: Message
    plan: Plan
    sender: Sender | None
    provider: str | None
    url_for: Callable[[PlannedLink], str]
    missing: MissingFields | None = None
    refused: bool = False

    @classmethod
    def of(cls, content: bytes, config: Config, keyring: Keyring, now_s: int) -> Self:
        """Return the preview of a message with links of this time; raises for a fault of ours."""
        message = parse(content)
        assigned = Senders(config).assign(message)
        base_url = assigned.sender.policy.base_urls[0] if assigned.sender else ""
        url_for = _previews(keyring, base_url, now_s)
        provider, missing = config.relay.provider, None
        if config.proxy.add_missing and assigned.sender is not None:
            host = host_for(assigned.domain, assigned.sender.domain)
            missing = MissingFields(now_s, os.urandom(UNIQUE_OCTETS), host)
        told = (assigned.plan, assigned.sender, provider, url_for, missing, assigned.refused)
        return cls(message, *told)

    def rewritten(self) -> bytes:
        """Return the message as the relay would get it, but unsigned."""
        changes = self.plan.changes(self.url_for)
        signs = self.sender is not None and self.sender.signs_always
        missing = self.missing if changes or signs else None
        headers = header_edits(
            self.message, self.provider, body_changes=bool(changes), missing=missing
        )
        return splice(self.message.raw, [*headers, *changes])

    def plan_in_full(self) -> Plan:
        """Return the plan with the links, too, of a message that is left alone without a look at them."""
        plan = self.plan
        if plan.untouched is None or plan.skipped or plan.failure:
            return plan
        return plan_message(self.message, Policy(), plan.untouched)

    def growth_octets(self) -> int:
        """Return by how much the body grows."""
        return len(self.plan.render(self.url_for)) - len(self.message.raw)


def _previews(keyring: Keyring, base_url: str, now_s: int) -> Callable[[PlannedLink], str]:
    message_id = new_message_id()

    def url_for(link: PlannedLink) -> str:
        preview = Link(message_id, 1, link.number, now_s, link.destination, preview=True)
        return tracked_url(base_url, mint(keyring, preview), app=link.app)

    return url_for
