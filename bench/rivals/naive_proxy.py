"""The rival of `end_to_end`: a proxy as one would write it first, from the same packages.

aiosmtpd's own line reader, `email` and BeautifulSoup for the links, dkimpy for the signature,
`smtplib`-like sending through aiosmtplib, a connection a message.
Usage: python naive_proxy.py LISTEN_PORT RELAY_PORT DKIM_KEY_FILE
"""

import asyncio
import email
import email.policy
import sys
import uuid
from pathlib import Path
from typing import Any

import aiosmtplib
import dkim
from aiosmtpd.smtp import SMTP
from bs4 import BeautifulSoup


class Handler:
    """Rewrites, signs and forwards each message."""

    def __init__(self, relay_port: int, key: bytes) -> None:
        self.relay_port, self.key = relay_port, key

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: ANN401, N802
        """Do to one message what Waypost does, the usual way."""
        message = email.message_from_bytes(envelope.content, policy=email.policy.SMTP)
        for part in message.walk():
            if part.get_content_type() == "text/html":
                soup = BeautifulSoup(part.get_content(), "html.parser")
                for anchor in soup.find_all("a", href=True):
                    if str(anchor["href"]).startswith(("http://", "https://")):
                        anchor["href"] = f"http://127.0.0.1:8080/c/{uuid.uuid4().hex}"
                part.set_content(str(soup), subtype="html", cte="quoted-printable")
        content = message.as_bytes()
        content = dkim.sign(content, b"waypost1", b"example.com", self.key) + content
        await aiosmtplib.send(
            content,
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            hostname="127.0.0.1",
            port=self.relay_port,
        )
        return "250 OK"


async def main(listen_port: int, relay_port: int, key: bytes) -> None:
    """Serve until killed."""
    handler = Handler(relay_port, key)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="bench.test"), "127.0.0.1", listen_port
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]).read_bytes()))
