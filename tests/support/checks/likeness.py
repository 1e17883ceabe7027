"""One dialogue said to a Postfix and to Waypost before it: what each of them answers and keeps.

Owns: saying a dialogue, putting the answers side by side, and finding what became of each message.
Does not own: which differences are wanted (`differences`), or making up dialogues (`dialogues`).
"""

import asyncio
import re
import socket
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from proxy.smtp.replies import GO_AHEAD_CODE, Reply, ReplyParser
from tests.support.clients.smtp_client import Dialogue
from tests.support.dialogues import Turn
from tests.support.relays.postfix import Postfix, sent
from tracker.tokens import Keyring, Link, read

HUNG_UP = "hung up"
SILENT = "silent"
PATIENCE_S = 8.0
PAUSE_S = 0.002
_QUEUED = re.compile(rb"queued as (\w+)")
_RECEIVED = re.compile(rb"^Received: from (\S+) .*?\bid (\w+)", re.MULTILINE | re.DOTALL)
_ADDRESSES = re.compile(rb"Return-Path: (.*)\r\nX-Original-To: (.*)\r\n")
_OUR_URL = re.compile(rb"http://127\.0\.0\.1:\d+/c/([\w-]+)")
_OUR_SIGNATURE = re.compile(rb"DKIM-Signature:.*?\r\n(?![ \t])", re.DOTALL)


@dataclass(frozen=True)
class Answer:
    """What came back to one line or message: a code with its enhanced code, or how it failed."""

    said: bytes
    heard: str
    queue_id: str | None = None


@dataclass(frozen=True)
class Pair:
    """The answers of both to the same: of the server itself, and through Waypost."""

    said: bytes
    direct: str
    through: str

    @property
    def parts_company(self) -> bool:
        """What comes after it cannot be compared: one of them did it, the other did not."""
        return self.direct[:1] != self.through[:1] or HUNG_UP in (self.direct, self.through)


async def play(port: int, turns: Sequence[Turn]) -> list[Answer]:
    """Say a dialogue; the last answer tells whether the session went on."""
    return await play_on(await Dialogue.connect(port), turns)


async def play_on(client: Dialogue, turns: Sequence[Turn]) -> list[Answer]:
    """Say a dialogue on a connection whose greeting is still to come."""
    answers = [await _answer(client, b"")]
    for turn in turns:
        if turn.after is not None and not answers[-1].heard.startswith(str(turn.after)):
            continue
        await _say(client, turn.pieces)
        for said in turn.said:
            answers.append(await _answer(client, said))
            if answers[-1].heard in (HUNG_UP, SILENT):
                client.writer.transport.abort()
                return answers
    answers.append(await _ending(client))
    await client.close()
    return answers


async def pour(port: int, turns: Sequence[Turn]) -> list[Answer]:
    """Say all of a dialogue at once, as a shell pipeline does, and hear all of the answers."""
    octets = b"".join(b"".join(turn.said) for turn in turns)
    received = await asyncio.to_thread(_poured, port, octets)
    answers: list[Answer] = []
    parser, said = ReplyParser(), b""
    for line in received.splitlines(keepends=True):
        reply = parser.feed(line)
        if reply is not None:
            answers.append(_answer_of(said, reply))
            said, octets = _next_said(octets, answers[-1].heard)
    return [*answers, Answer(said, HUNG_UP)]


def _poured(port: int, octets: bytes) -> bytes:
    """Return all that came back; asyncio's streams lose what came right before a reset."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        with suppress(OSError):  # it may have hung up already
            connection.sendall(octets)
            connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while chunk := connection.recv(65536):
                received += chunk
    return received


def _next_said(octets: bytes, heard: str) -> tuple[bytes, bytes]:
    """Split off what a server answers next: a line, or a message."""
    if heard != str(GO_AHEAD_CODE):
        before, found, after = octets.partition(b"\n")
    elif octets.startswith(b".\r\n"):
        before, found, after = b"", octets[:3], octets[3:]
    else:
        before, found, after = octets.partition(b"\r\n.\r\n")
    return before + found, after


async def _say(client: Dialogue, pieces: Sequence[bytes]) -> None:
    with suppress(ConnectionError):  # it may have hung up already, as the answers will tell
        for piece in pieces:
            client.send(piece)
            await client.writer.drain()
            await asyncio.sleep(PAUSE_S if len(pieces) > 1 else 0)


async def _answer(client: Dialogue, said: bytes) -> Answer:
    try:
        reply = await client.reply()
    except (EOFError, ConnectionError):
        return Answer(said, HUNG_UP)
    except TimeoutError:
        return Answer(said, SILENT)
    return _answer_of(said, reply)


def _answer_of(said: bytes, reply: Reply) -> Answer:
    queued = _QUEUED.search(b" ".join(reply.lines))
    heard = f"{reply.code} {reply.enhanced or ''}".rstrip()
    return Answer(said, heard, queued[1].decode() if queued else None)


async def _ending(client: Dialogue) -> Answer:
    """Tell whether the session is still there: it answers one more command."""
    await _say(client, [b"NOOP\r\n"])
    return await _answer(client, b"(one more)")


class Kept(NamedTuple):
    """A message as it was delivered: by whom it was handed in, for whom, and what."""

    client: str
    sender: bytes
    rcpt: bytes
    content: bytes


def kept(postfix: Postfix) -> dict[str, list[Kept]]:
    """Return what was delivered, by queue id, as it was handed in."""
    by_id: dict[str, list[Kept]] = defaultdict(list)
    for stored in postfix.delivered():
        received, addresses = _RECEIVED.search(stored), _ADDRESSES.match(stored)
        assert received, stored[:500]
        assert addresses, stored[:500]
        one = Kept(received[1].decode(), addresses[1], addresses[2], sent(stored))
        by_id[received[2].decode()].append(one)
    return {queue_id: sorted(each) for queue_id, each in by_id.items()}


def untracked(content: bytes, keyring: Keyring) -> bytes:
    """Undo tracking: put the URLs back, and take the signature away."""

    def destination(url: re.Match[bytes]) -> bytes:
        link = read(keyring, url[1].decode())
        assert isinstance(link, Link)
        return link.destination.encode()

    unsigned = _OUR_SIGNATURE.sub(b"", content, count=1) if _OUR_URL.search(content) else content
    return _OUR_URL.sub(destination, unsigned)


def pairs(direct: Sequence[Answer], through: Sequence[Answer]) -> Iterator[Pair]:
    """Put answers side by side, as long as both speak of the same."""
    for one, other in zip(direct, through, strict=False):
        pair = Pair(one.said, one.heard, other.heard)
        yield pair
        if pair.parts_company:
            return
