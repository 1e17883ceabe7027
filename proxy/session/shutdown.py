"""When we end a session: a graceful stop (RFC 5321 §3.8), or a relay that cannot be replaced.

Owns: which commands are still served once a stop is asked for, and whether a client that says
nothing is told 421 without having asked.
Does not own: saying that 421 and closing (`session`), asking every session to stop
(`proxy.server.server`), or whether the relay is lost (`proxy.relay.upstream`).

No I/O, no clock: the session tells what was said and when, and asks.

A client amid a conversation has a message to send, and may be a program that never tries twice:
it goes on to the verdict on that message. Then it may say QUIT: a 421 that it did not ask for
would be read as the answer to its QUIT, and some programs take their message for refused then,
and send it again.
"""

import math
from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

from proxy.session.limits import SILENCE_S
from proxy.smtp import replies
from proxy.smtp.replies import Reply


class State(Enum):
    """How much a client may still do."""

    SERVING = auto()
    """No stop was asked for."""
    ONE_MORE = auto()
    """The stop came before its first transaction: that one may still begin."""
    LAST = auto()
    """No transaction may begin; one that has begun goes on to its verdict."""


class Command(Enum):
    """What a command means for a stop."""

    IN_TRANSACTION = auto()
    """Any command during a transaction."""
    MAIL = auto()
    """It begins a transaction."""
    BEFORE_MAIL = auto()
    """It may come before MAIL: EHLO, HELO, STARTTLS, AUTH, XCLIENT, XFORWARD."""
    PARTING = auto()
    """QUIT, and the RSET that some programs say before it."""
    OTHER = auto()
    """It does not lead to a message: NOOP, HELP, VRFY, any out of order or unknown."""


TRANSITIONS: Mapping[State, Mapping[Command, State]] = MappingProxyType(
    {
        State.SERVING: dict.fromkeys(Command, State.SERVING),
        State.ONE_MORE: {
            Command.IN_TRANSACTION: State.ONE_MORE,
            Command.MAIL: State.LAST,
            Command.BEFORE_MAIL: State.ONE_MORE,
            Command.PARTING: State.ONE_MORE,
        },
        State.LAST: {
            Command.IN_TRANSACTION: State.LAST,
            Command.PARTING: State.LAST,
        },
    }
)
"""The state after each command that is served; one that is missing here is answered 421."""

_VERBS: Mapping[bytes, Command] = MappingProxyType(
    {
        b"MAIL": Command.MAIL,
        b"QUIT": Command.PARTING,
        b"RSET": Command.PARTING,
        **dict.fromkeys(
            (b"AUTH", b"EHLO", b"HELO", b"STARTTLS", b"XCLIENT", b"XFORWARD"), Command.BEFORE_MAIL
        ),
    }
)


class Shutdown:
    """Whether, and how, one session is being ended by us."""

    def __init__(self) -> None:
        self.state = State.SERVING
        self.committing = False
        """A message is between its client's final dot and the relay's verdict."""
        self.replied_at_s = -math.inf
        """When the client has last heard something from us; the session notes it."""
        self._verdict_at_s = -math.inf

    @property
    def stopping(self) -> bool:
        """A stop was asked for."""
        return self.state is not State.SERVING

    def stop(self, *, in_transaction: bool) -> None:
        """Begin the stop; a client that has heard no verdict yet came for one transaction."""
        came_for_one = self._verdict_at_s == -math.inf and not in_transaction
        self.state = State.ONE_MORE if came_for_one else State.LAST

    def serves(self, verb: bytes, *, in_transaction: bool) -> bool:
        """Take note of a command; False: it is answered 421."""
        command = Command.IN_TRANSACTION if in_transaction else _VERBS.get(verb, Command.OTHER)
        after = TRANSITIONS[self.state].get(command)
        self.state = after or self.state
        return after is not None

    def farewell(self, *, in_transaction: bool, relay_lost: bool) -> Reply | None:
        """Return the 421 for a client that stays silent; None: we wait for its next command.

        `relay_lost`: the relay session is lost, and cannot be replaced.
        """
        if self.stopping and not in_transaction:
            return replies.SHUTTING_DOWN
        return replies.NO_RELAY_AT_HELLO if relay_lost else None

    def told_verdict(self, now_s: float) -> None:
        """Note that the client has heard what became of a message."""
        self._verdict_at_s = now_s

    def silence_left_s(self, now_s: float) -> float:
        """Return how much longer to wait for a client that has just had a reply."""
        return _left_s(self.replied_at_s, now_s)

    def may_be_cut_off(self, now_s: float) -> bool:
        """Return whether no client could take the end of the session for a verdict."""
        return not self.committing and not _left_s(self._verdict_at_s, now_s)


def _left_s(since_s: float, now_s: float) -> float:
    return max(since_s + SILENCE_S - now_s, 0.0)
