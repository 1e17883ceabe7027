"""A relay that says 250 only when the message's key is on disk, and is made to be killed.

`python sink.py PORT FILE`: appends a line per recipient to FILE: the message's X-Key and the
recipient's local part, after `HALF` where the end of the message is missing. It takes its time before and after, so that kills find it
at every stage. Needs nothing but the standard library, and so is up again within a moment.
"""

import asyncio
import os
import random
import re
import sys

EHLO = b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 50000000\r\n"
REPLIES = {
    b"EHLO": EHLO,
    b"HELO": b"250 sink.test\r\n",
    b"MAIL": b"250 2.1.0 ok\r\n",
    b"RCPT": b"250 2.1.5 ok\r\n",
    b"RSET": b"250 2.0.0 ok\r\n",
    b"NOOP": b"250 2.0.0 ok\r\n",
}
KEY = re.compile(rb"(?mi)^X-Key: (\S+)\r$")
DELAY_S = 0.004


async def serve(journal: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Talk SMTP on one connection until it ends."""
    recipients: list[bytes] = []
    writer.write(b"220 sink.test ESMTP\r\n")
    try:
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go ahead\r\n")
                await keep(journal, await reader.readuntil(b"\r\n.\r\n"), recipients)
                writer.write(b"250 2.0.0 kept\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 2.0.0 bye\r\n")
                break
            else:
                if verb == b"MAIL":
                    recipients = []
                if verb == b"RCPT":
                    recipients.append(line.partition(b"<")[2].partition(b"@")[0])
                writer.write(REPLIES.get(verb, b"500 5.5.2 what?\r\n"))
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    writer.close()


async def keep(journal: int, message: bytes, recipients: list[bytes]) -> None:
    """Have on disk who got which message."""
    key = KEY.search(message)
    name = key[1] if key else b"?"
    whole = message.endswith(b"END %b\r\n.\r\n" % name)
    await asyncio.sleep(random.random() * DELAY_S)
    mark = b"" if whole else b"HALF "
    os.write(journal, b"".join(mark + name + b"/" + each + b"\n" for each in recipients))
    os.fdatasync(journal)
    await asyncio.sleep(random.random() * DELAY_S)


async def main(port: int, file: str) -> None:
    """Listen until killed."""
    journal = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve(journal, reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", port, limit=2**24)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
