"""Programs that have no login, and a Postfix that takes none of their mail without one.

The relay is a real Postfix with SASL, as a sending service is set up: STARTTLS or nothing, and whoever is
not logged in may not send, from this machine either.
"""

import contextlib
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.support.clients.mailers import (
    RCPT,
    SENDER,
    Client,
    django,
    msmtp,
    nodemailer,
    python,
    run,
)
from tests.support.clients.programs import waypost
from tests.support.relays.dovecot_auth import LOGIN, PASSWORD, dovecot_auth
from tests.support.relays.postfix import Postfix, postfix_running
from tests.support.stack import Stack

CLIENTS: list[Client] = [msmtp, nodemailer, django, python]

SETTINGS = {
    "mynetworks": "192.0.2.1/32",
    "smtpd_sasl_auth_enable": "yes",
    "smtpd_sasl_type": "dovecot",
    "smtpd_tls_security_level": "encrypt",
    "smtpd_tls_auth_only": "yes",
    "smtpd_relay_restrictions": "permit_sasl_authenticated, reject",
    "smtpd_recipient_restrictions": "permit_sasl_authenticated, reject",
}

RELAY = """\
host = "localhost"
port = {port}
tls = "required"
ca_file = "{folder}/authority.pem"
user = "{user}"
password_file = "{folder}/relay.password"
"""


@dataclass(frozen=True)
class House:
    """The relay, and Waypost in front of it."""

    postfix: Postfix
    stack: Stack


@contextlib.contextmanager
def house_with(folder: Path, password: str) -> Iterator[House]:
    """Run both; Waypost knows this password."""
    folder.mkdir(exist_ok=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    issued = authority.issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(folder / "postfix.pem")
    (folder / "relay.password").write_text(password)
    (folder / "relay.password").chmod(0o600)
    with dovecot_auth() as port:
        settings = SETTINGS | {
            "smtpd_sasl_path": f"inet:127.0.0.1:{port}",
            "smtpd_tls_chain_files": str(folder / "postfix.pem"),
        }
        with postfix_running(settings) as postfix:
            stack = Stack(folder / "waypost", postfix.port).furnish()
            usual = f'host = "127.0.0.1"\nport = {postfix.port}\ntls = "none"\n'
            table = RELAY.format(port=postfix.port, folder=folder, user=LOGIN)
            text = stack.config.read_text()
            assert usual in text
            stack.config.write_text(text.replace(usual, table))
            with stack.serving("proxy"):
                yield House(postfix, stack)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Run both, with the right password."""
    with house_with(tmp_path_factory.mktemp("house"), PASSWORD) as running:
        yield running


def test_the_relay_takes_no_mail_without_a_login(house: House) -> None:
    """So what follows is our login's doing."""
    with smtplib.SMTP("127.0.0.1", house.postfix.port, "client.test") as client:
        code, _ = client.mail(SENDER)
    assert code == 530


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
async def test_each_program_sends(client: Client, house: House, tmp_path: Path) -> None:
    """It has neither login nor TLS; the relay notes under which login the message came."""
    before = len(house.postfix.delivered())
    told = await run(client, house.stack.smtp, tmp_path)
    assert told.status == 0, told.text
    *_, stored = house.postfix.wait_for(before + 1)
    assert RCPT.encode() in stored
    assert f"sasl_username={LOGIN}" in house.postfix.log


def test_check_knows_for_whom_it_is(house: House) -> None:
    """A warning, and nothing that would keep it from starting."""
    done = waypost("check", "-c", house.stack.config)
    assert done.returncode == 0, done.stderr.decode()
    assert b"relay.user: is used for whatever connects from this machine" in done.stdout


async def test_a_wrong_password_is_tried_once(tmp_path: Path) -> None:
    """Programs hear that it is for now; the relay hears no second guess; the log says it once."""
    with house_with(tmp_path / "house", "wrong") as house:
        for _ in range(3):
            told = await run(msmtp, house.stack.smtp, tmp_path)
            assert told.status != 0
            assert "451 4.3.5" in told.text
        assert house.postfix.log.count("authentication failed") == 1
        assert house.stack.log.read_text().count("relay_login_failed") == 1
