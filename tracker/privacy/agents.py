"""What is kept of a user agent: all of it, the browser and system that it names, or nothing.

Owns: the choice, and reading a family with ua-parser, once for each agent.
Does not own: what judging needs of an agent, which is computed when it comes (`tracker.judging.signals`), or
comparing agents that are not kept (`pseudonyms`).

Families are shown, never compared: many agents have one. It takes up to some hundredths of a second to read
one that nobody knows, so it is done before the store is locked, and never while a reader waits.
"""

import functools
import importlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType

from config.schema import UserAgentPrivacy
from tracker.privacy.pseudonyms import DaySecrets

MAX_READ_CHARACTERS = 256
"""Looked at of an agent; what browsers and systems are called stands before that."""
MAX_WORD_CHARACTERS = 30
OTHER = "other"
_ODD = re.compile(r"[^A-Za-z0-9 .+_-]")
_AGENTS = DaySecrets()


@functools.cache
def _parser() -> ModuleType:
    """Return ua-parser, which takes longer to load than most commands take altogether."""
    return importlib.import_module("ua_parser")


@functools.lru_cache(maxsize=16_384)
def family(agent: str) -> str:
    """Return what browser on which system an agent names, as "Firefox on Linux"; without versions.

    Only letters, digits and few marks of what it says of itself are kept, as anybody may say anything.
    """
    if not agent:
        return ""
    read = agent[:MAX_READ_CHARACTERS]
    browser, system = _parser().parse_user_agent(read), _parser().parse_os(read)
    named = _word(browser.family if browser else None)
    return f"{named} on {_word(system.family)}" if system else named


def _word(name: str | None) -> str:
    return _ODD.sub("", name or "")[:MAX_WORD_CHARACTERS].strip() or OTHER


@dataclass(frozen=True, slots=True)
class Agents:
    """What is kept of agents, and what stands for them while clicks are compared."""

    mode: UserAgentPrivacy = "full"

    def prepare(self, agents: Iterable[str]) -> None:
        """Read families that will be asked for."""
        if self.mode == "family":
            for agent in set(agents):
                family(agent)

    def kept(self, agent: str) -> str:
        """Return what is written down of an agent."""
        match self.mode:
            case "full":
                return agent
            case "family":
                return family(agent)
        return ""

    def compared(self, agent: str, at_s: float) -> str:
        """Return what an agent that was seen at a moment is compared by."""
        if self.mode == "full" or not agent:
            return agent
        return _AGENTS.pseudonym(agent, at_s)
