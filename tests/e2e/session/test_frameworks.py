"""Web frameworks with the settings of docs/applications.md: STARTTLS, the name checked, a login, and mail."""

import asyncio
import base64
from pathlib import Path

import pytest

from config.keys.local_authority import ALWAYS, LocalAuthority
from tests.support.clients.frameworks import FRAMEWORKS, Framework, Post
from tests.support.relays.scripted_relay import EXTENSIONS, ScriptedRelay
from tests.support.session_fixtures import StartProxy

PATIENCE_S = 100
"""A compiler may be among what is started."""


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda each: each.__name__)
async def test_a_framework_sends_with_the_settings_of_the_page(
    framework: Framework, start_proxy: StartProxy, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """And the link in its mail is tracked."""
    relay.extensions = (*EXTENSIONS, "AUTH PLAIN")
    authority = LocalAuthority(tmp_path / "tls")
    authority.make(ALWAYS)
    tls = {"tls_cert": str(authority.certificate), "tls_key": str(authority.key)}
    proxy = await start_proxy(proxy={"listen": ["[::]:0"], "trust_loopback": False, **tls})
    command = framework(Post(proxy.port, authority.authority, tmp_path))
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(PATIENCE_S):
        told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
    assert any(_logs_in(line) for line in relay.commands)
    (kept,) = relay.messages
    assert b"/c/" in kept.data
    assert b"https://shop.example/" not in kept.data.replace(b"=\r\n", b"")


def _logs_in(line: bytes) -> bool:
    """Tell whether a line says the name and password of the page (RFC 4616 §2)."""
    try:
        said = base64.b64decode(line.split()[-1], validate=True)
    except (ValueError, IndexError):
        return False
    return said.endswith(b"\0user\0password")
