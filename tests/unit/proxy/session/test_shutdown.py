"""What a stop makes of each command, and who is told 421 unasked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.session.limits import SILENCE_S
from proxy.session.session import _VERBS
from proxy.session.shutdown import Shutdown, State
from proxy.smtp import replies

SERVING, ONE_MORE, LAST, REFUSED = State.SERVING, State.ONE_MORE, State.LAST, None
COMMANDS = {
    # verb: the state after it, from SERVING, ONE_MORE and LAST, outside of a transaction
    b"AUTH": (SERVING, ONE_MORE, REFUSED),
    b"DATA": (SERVING, REFUSED, REFUSED),
    b"EHLO": (SERVING, ONE_MORE, REFUSED),
    b"EXPN": (SERVING, REFUSED, REFUSED),
    b"HELO": (SERVING, ONE_MORE, REFUSED),
    b"HELP": (SERVING, REFUSED, REFUSED),
    b"MAIL": (SERVING, LAST, REFUSED),
    b"NOOP": (SERVING, REFUSED, REFUSED),
    b"QUIT": (SERVING, ONE_MORE, LAST),
    b"RCPT": (SERVING, REFUSED, REFUSED),
    b"RSET": (SERVING, ONE_MORE, LAST),
    b"STARTTLS": (SERVING, ONE_MORE, REFUSED),
    b"VRFY": (SERVING, REFUSED, REFUSED),
    b"XCLIENT": (SERVING, ONE_MORE, REFUSED),
    b"XFORWARD": (SERVING, ONE_MORE, REFUSED),
    b"XYZZY": (SERVING, REFUSED, REFUSED),
    b"": (SERVING, REFUSED, REFUSED),
}
SOME_VERB = st.sampled_from([*COMMANDS])


def shutdown(state: State) -> Shutdown:
    """Return a session's shutdown that has come to `state` by what the session does."""
    made = Shutdown()
    if state is not SERVING:
        made.stop(in_transaction=state is LAST)
    assert made.state is state
    return made


def test_every_command_has_its_row() -> None:
    """A verb that the session learns later must be thought of here."""
    assert COMMANDS.keys() >= {*_VERBS, b"MAIL", b"RCPT"}


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("verb", COMMANDS)
def test_a_command_outside_of_a_transaction(verb: bytes, before: State) -> None:
    """After the stop it is served where it leads to the client's one message, or to its end."""
    after = COMMANDS[verb][[*State].index(before)]
    made = shutdown(before)
    assert made.serves(verb, in_transaction=False) == (after is not REFUSED)
    assert made.state is (after or before)


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("verb", COMMANDS)
def test_a_command_in_a_transaction_is_served(verb: bytes, before: State) -> None:
    """What is on goes on to its verdict, whatever the client says meanwhile."""
    made = shutdown(before)
    assert made.serves(verb, in_transaction=True)
    assert made.state is before


@given(verbs=st.lists(st.tuples(SOME_VERB, st.booleans())), in_transaction=st.booleans())
def test_a_stop_lets_at_most_one_transaction_begin(
    verbs: list[tuple[bytes, bool]], *, in_transaction: bool
) -> None:
    """However a client goes on, and whatever becomes of its transactions."""
    made = Shutdown()
    made.stop(in_transaction=in_transaction)
    served = [
        verb for verb, within in verbs if made.serves(verb, in_transaction=within) and not within
    ]
    assert served.count(b"MAIL") <= (0 if in_transaction else 1)


@pytest.mark.parametrize(
    ("had_verdict", "in_transaction", "state"),
    [(False, False, ONE_MORE), (False, True, LAST), (True, False, LAST), (True, True, LAST)],
)
def test_the_stop_lets_a_transaction_begin_where_there_was_none(
    *, had_verdict: bool, in_transaction: bool, state: State
) -> None:
    """The client came for it, and may never try again."""
    made = Shutdown()
    if had_verdict:
        made.told_verdict(100.0)
    made.stop(in_transaction=in_transaction)
    assert made.state is state


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("in_transaction", [False, True])
@pytest.mark.parametrize("relay_lost", [False, True])
def test_who_is_silent_is_told_421_where_a_next_command_would_be(
    state: State, *, in_transaction: bool, relay_lost: bool
) -> None:
    """A stop spares a transaction; a relay that cannot be replaced spares nobody."""
    made = shutdown(state)
    told = made.farewell(in_transaction=in_transaction, relay_lost=relay_lost)
    if state is not SERVING and not in_transaction:
        assert told is replies.SHUTTING_DOWN
    else:
        assert told is (replies.NO_RELAY_AT_HELLO if relay_lost else None)


def test_who_has_just_heard_a_reply_may_be_about_to_speak() -> None:
    """For SILENCE_S; who has heard nothing yet keeps nobody waiting."""
    made = Shutdown()
    assert made.silence_left_s(100.0) == 0
    made.replied_at_s = 100.0
    assert made.silence_left_s(100.25) == SILENCE_S - 0.25
    assert made.silence_left_s(100.0 + SILENCE_S) == 0
    assert made.silence_left_s(200.0) == 0


def test_who_has_just_heard_a_verdict_may_not_be_cut_off() -> None:
    """The end of the connection would be taken for another verdict."""
    made = Shutdown()
    assert made.may_be_cut_off(100.0)
    made.told_verdict(100.0)
    assert not made.may_be_cut_off(100.5)
    assert made.may_be_cut_off(100.0 + SILENCE_S)


def test_a_message_at_its_final_dot_may_not_be_cut_off() -> None:
    """The relay may have taken it: its client must hear so."""
    made = Shutdown()
    made.committing = True
    assert not made.may_be_cut_off(100.0)
