"""An application cannot tell Waypost from its relay, but by what docs/relay.md lists.

The same dialogues, made up from seeds, are said to a real Postfix and to the same Postfix through
Waypost, and the answers and the mail that came of them are put side by side.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme

from tests.support.checks.differences import DIFFERENCES, explained
from tests.support.checks.likeness import (
    HUNG_UP,
    SILENT,
    Answer,
    Kept,
    Pair,
    kept,
    pairs,
    play,
    play_on,
    pour,
    untracked,
)
from tests.support.clients.habits import HABITS
from tests.support.clients.programs import free_port
from tests.support.clients.strangers import connect_as
from tests.support.dialogues import GOOD, Turn, commands, dialogue
from tests.support.relays.dovecot_auth import dovecot_auth
from tests.support.relays.postfix import Postfix, postfix_running
from tests.support.stack import Stack
from tests.support.waiting import until
from tracker.tokens import Keyring

DIALOGUES = range(985, 1051)
"""Among these each of the differences comes about."""
HOSTNAME = "w.test"
POURED = range(2000, 2040)
STRANGERS = range(3000, 3030)
LOGGED_IN = (commands("EHLO client.test"), commands(f"AUTH PLAIN {GOOD}"))
"""What a client that is not trusted by address says first: nothing else would be answered alike."""
SETTINGS = {
    "smtpd_sasl_auth_enable": "yes",
    "smtpd_sasl_type": "dovecot",
    "smtpd_error_sleep_time": "0",
    "local_header_rewrite_clients": "",  # else each message gets a Message-ID of its own
    "enable_long_queue_ids": "yes",  # else they are used again
}
Say = Callable[[int, Sequence[Turn]], Coroutine[None, None, list[Answer]]]


@dataclass
class House:
    """A Postfix, the Waypost before it, and what both were told so far."""

    postfix: Postfix
    stack: Stack
    for_strangers: int
    """The port of another Waypost, where clients log in over TLS behind a load balancer."""
    authority: trustme.CA
    told: set[str] = field(default_factory=set)
    """Queue ids of which a client has heard."""
    twins: list[tuple[str, str]] = field(default_factory=list)
    """Queue ids of the same message, handed in directly and through Waypost."""
    cut_off: int = 0
    """Sessions with Waypost that ended before their client had heard all, or seem so: a reset overtakes
    answers (RFC 1122 §4.2.2.13), and a client does not wait for ever."""

    async def both(self, turns: Sequence[Turn], say: Say = play) -> list[Pair]:
        """Say a dialogue to both; return the answers as far as they can be compared."""
        direct, through = await asyncio.gather(
            say(self.postfix.port, turns), say(self.stack.smtp, turns)
        )
        return self._compared(direct, through)

    async def both_as_stranger(self, turns: Sequence[Turn]) -> list[Pair]:
        """Do the same as a client that is not trusted by address, and so has to log in."""
        stranger = await connect_as(self.for_strangers, "203.0.113.9", self.authority)
        direct, through = await asyncio.gather(
            play(self.postfix.port, turns), play_on(stranger, turns)
        )
        return self._compared(direct, through)

    def _compared(self, direct: list[Answer], through: list[Answer]) -> list[Pair]:
        heard = list(pairs(direct, through))
        for one, other in zip(direct[: len(heard)], through[: len(heard)], strict=True):
            if one.queue_id and other.queue_id:
                self.twins.append((one.queue_id, other.queue_id))
        self.cut_off += through[-1].heard in (HUNG_UP, SILENT)
        self.told |= {each.queue_id for each in (*direct, *through) if each.queue_id}
        if not heard[-1].parts_company:
            assert len(direct) == len(through), (direct, through)
        return heard

    def said_delivered(self, queue_id: str) -> bool:
        """Return whether Waypost says of a message, once, that the relay took it."""
        logs = self.stack.folder.parent.glob("*/waypost.log")
        lines = (line for log in logs for line in log.read_text().splitlines())
        return sum(queue_id in line for line in lines if "message_delivered" in line) == 1

    def delivered(self) -> dict[str, list[Kept]]:
        """Wait until all is delivered of which somebody was told; give it by queue id."""
        until(lambda: all(f"{queue_id}: removed" in self.postfix.log for queue_id in self.told))
        return kept(self.postfix)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Run both."""
    with dovecot_auth() as port:
        settings = SETTINGS | {"smtpd_sasl_path": f"inet:127.0.0.1:{port}"}
        with postfix_running(settings) as postfix:
            folder = tmp_path_factory.mktemp("house")
            stack = Stack(folder / "waypost", postfix.port).furnish(
                proxy=f'hostname = "{HOSTNAME}"'
            )
            authority = trustme.CA()
            strangers = _for_strangers(folder / "strangers", postfix.port, authority)
            with stack.serving("proxy"), strangers as tls_port:
                yield House(postfix, stack, tls_port, authority)


@contextmanager
def _for_strangers(folder: Path, relay: int, authority: trustme.CA) -> Iterator[int]:
    """Run a Waypost that trusts only who logs in; return its port for TLS behind a load balancer."""
    port = free_port()
    stack = Stack(folder, relay).furnish(
        proxy=f"""
        hostname = "{HOSTNAME}"
        listen_tls = ["127.0.0.1:{port}"]
        tls_cert = "{folder}/proxy.pem"
        proxy_protocol_networks = ["127.0.0.0/8"]
        """
    )
    certificate = folder / "proxy.pem"
    certificate.touch(mode=0o600)
    issued = authority.issue_cert("proxy.test").private_key_and_cert_chain_pem
    certificate.write_bytes(issued.bytes())
    with stack.serving("proxy"):
        yield port


@pytest.fixture(scope="module")
def heard(house: House) -> dict[int, list[Pair]]:
    """Have all dialogues said; return the answers by the number of the dialogue."""
    with asyncio.Runner() as runner:
        return {seed: runner.run(house.both(dialogue(seed))) for seed in DIALOGUES}


def unexplained(heard: Sequence[Pair]) -> list[Pair]:
    """Return what a client could tell them by."""
    return [pair for pair in heard if pair.direct != pair.through and not explained(pair)]


def test_the_answers_are_the_same(heard: dict[int, list[Pair]]) -> None:
    """Codes, enhanced codes, how many there are, and whether the session goes on."""
    found = {seed: unexplained(answers) for seed, answers in heard.items()}
    assert not {seed: answers for seed, answers in found.items() if answers}


def test_every_difference_that_is_allowed_is_there(heard: dict[int, list[Pair]]) -> None:
    """What has become the same leaves the list."""
    differ = [pair for answers in heard.values() for pair in answers if pair.direct != pair.through]
    assert [each.what for each in DIFFERENCES if not any(map(each.explains, differ))] == []


@pytest.mark.parametrize("seed", POURED)
async def test_a_dialogue_poured_in_at_once_is_answered_the_same(seed: int, house: House) -> None:
    """As by a shell pipeline, that waits for nothing and closes its half.

    Whoever ends a session with octets unread resets it, which may overtake the last answers.
    """
    answers = await house.both(dialogue(seed), pour)
    assert not unexplained([pair for pair in answers if HUNG_UP not in (pair.direct, pair.through)])


@pytest.mark.parametrize("habit", HABITS)
async def test_what_clients_are_used_to_works_the_same(habit: str, house: House) -> None:
    """To the last code: no difference is allowed here."""
    answers = await house.both(HABITS[habit])
    assert [pair for pair in answers if pair.direct != pair.through] == []
    assert answers[-1].said == b"(one more)"


@pytest.mark.parametrize("seed", STRANGERS)
async def test_a_client_that_has_to_log_in_hears_the_same(seed: int, house: House) -> None:
    """Once it has logged in, though its EHLO was answered without a relay session of its own.

    It has TLS already, which the Postfix here has not.
    """
    answers = await house.both_as_stranger([*LOGGED_IN, *dialogue(seed)])
    assert answers[2].through == "235 2.7.0"
    alike = [pair for pair in answers if not pair.said.upper().startswith(b"STARTTLS")]
    assert not unexplained(alike)


LOGIN_HABITS = [
    habit
    for habit, turns in HABITS.items()
    if any(said.upper().startswith(b"AUTH") for turn in turns for said in turn.said)
]


@pytest.mark.parametrize("habit", LOGIN_HABITS)
async def test_what_clients_that_log_in_are_used_to_works_the_same(
    habit: str, house: House
) -> None:
    """To the last code, also where they are not trusted by address."""
    answers = await house.both_as_stranger(HABITS[habit])
    assert [pair for pair in answers if pair.direct != pair.through] == []
    assert answers[-1].said == b"(one more)"


def test_the_mail_is_the_same(house: House, heard: dict[int, list[Pair]]) -> None:
    """To the octet, but for links and signature."""
    assert heard
    delivered = house.delivered()
    keyring = Keyring.load(house.stack.folder / "token.keys")
    tracked = 0
    for direct, through in house.twins:
        came = [each[1:] for each in delivered[through]]
        undone = [(*addresses, untracked(content, keyring)) for *addresses, content in came]
        there = [each[1:] for each in delivered[direct]]
        assert undone == there
        tracked += came != there
    assert tracked
    assert len(house.twins) > len(DIALOGUES) / 2


def test_no_mail_is_there_of_which_its_client_was_not_told(house: House) -> None:
    """Nothing is delivered twice, nor after a refusal."""
    through = {
        queue_id
        for queue_id, messages in house.delivered().items()
        if messages[0].client == HOSTNAME
    }
    untold = through - house.told
    assert len(untold) <= house.cut_off
    assert all(map(house.said_delivered, untold))
    assert len(through) >= len(house.twins)
