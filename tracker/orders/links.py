"""Links that were sent are withdrawn or repaired.

Owns: which decision an order comes to, and writing it down.
Does not own: what may be decided (`tracker.decisions.decide`), where decisions are kept
(`tracker.decisions.files`), or what was sent (`tracker.reports.sent_links`).
"""

from collections.abc import Callable, Collection
from dataclasses import replace

from config.schema import Config
from tracker.decisions import decide
from tracker.decisions.decide import CannotDecide
from tracker.decisions.files import DECISIONS
from tracker.decisions.overrides import MESSAGE_ID, Decision, Kind, decision
from tracker.minting import lookup
from tracker.tokens import BadToken, Keyring

NEITHER = "neither a message id (16 hexadecimal digits) nor a tracked link of ours"


def message_of(config: Config, text: str) -> str:
    """Return the id of a message that is named by its id, or by any link of it, full or short.

    Raises CannotDecide; KeyFileError and OSError where a link cannot be read: only this needs the keys.
    """
    if MESSAGE_ID.fullmatch(text.lower()):
        return text.lower()
    if config.keys.file is None:
        raise CannotDecide("to read a link, set keys.file; or name the message by its id")
    try:
        found = lookup.decode(Keyring.load(config.keys.file), config.store.file, text)
    except lookup.UnknownCode as error:
        raise CannotDecide(str(error)) from None
    except BadToken:
        raise CannotDecide(NEITHER) from None
    return found.link.message_id.hex()


def withdrawal(
    config: Config, kind: Kind, value: str, messages_of: Callable[[str], Collection[str]]
) -> Decision:
    """Return the decision to withdraw links of a message or a campaign, or to a host.

    `messages_of` returns the ids of a campaign's messages. Raises what `message_of` does.
    """
    if kind == "campaign":
        return decide.withdraw_campaign(value, messages_of(value))
    return decision("revoke", kind, _named(config, kind, value))


def restoration(config: Config, kind: Kind, value: str) -> Decision:
    """Return the decision that takes another back; raises CannotDecide where none is in force."""
    known = DECISIONS.merged(config.store.file)
    return decide.restore(known.records, kind, _named(config, kind, value))


def _named(config: Config, kind: Kind, value: str) -> str:
    match kind:
        case "message":
            return message_of(config, value)
        case "host":
            return decide.host(value)
        case "destination":
            return decide.destination(value)
    return value


def repair(config: Config, old: str, new: str) -> Decision:
    """Return the decision that leads links to `old` to `new`; raises CannotDecide and OSError."""
    urls = decide.destination(old), decide.destination(new)
    return decide.repair(DECISIONS.merged(config.store.file).records, *urls, config)


def keep(config: Config, made: Decision, by: str = "") -> Decision:
    """Write a decision down, in force within seconds; return it. Raises OSError.

    `by` is who made it, where that is not who runs this process.
    """
    kept = replace(made, by=by) if by else made
    DECISIONS.append(config.store.file, kept)
    return kept
