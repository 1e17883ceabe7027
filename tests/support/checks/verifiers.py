"""The three DKIM verifiers that our signatures have to satisfy, each with keys from the test.

dkimpy and OpenDKIM are handed the published records; Mail::DKIM asks a name server, which is one
of ours on the loopback.
"""

import contextlib
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingUDPServer

import dkim
import dns.message
import dns.rrset
import pytest

from tests.support.clients.programs import need

Records = Mapping[str, bytes]
"""Published keys: DNS name → text of the TXT record."""

PERL = r"""
use strict; use warnings; use Mail::DKIM::Verifier; use Mail::DKIM::DNS; use Net::DNS::Resolver;
my $port = shift @ARGV;
Mail::DKIM::DNS::resolver(Net::DNS::Resolver->new(nameservers => ['127.0.0.1'], port => $port,
    recurse => 0, searchlist => [], dnsrch => 0, defnames => 0, retry => 2));
for my $file (@ARGV) {
    open my $in, '<:raw', $file or die "$file: $!";
    local $/; my $message = <$in>;
    my $verifier = Mail::DKIM::Verifier->new;
    $verifier->PRINT($message); $verifier->CLOSE;
    print $verifier->result_detail, "\n";
}
"""


def dkimpy_verdict(message: bytes, records: Records) -> bool:
    """Have dkimpy verify the topmost signature, the message ending in a line end as any that came."""

    def published(name: bytes, timeout: int = 5) -> bytes | None:
        return records.get(name.decode().rstrip("."))

    arrived = message if message.endswith(b"\r\n") else message + b"\r\n"
    try:
        return bool(dkim.DKIM(arrived).verify(dnsfunc=published))
    except dkim.ValidationError:  # the body hash differs
        return False


def opendkim_verdicts(messages: Sequence[bytes], records: Records, folder: Path) -> list[str]:
    """Have OpenDKIM verify each message; gives what it says, `succeeded` at the end where it does."""
    program = need("opendkim")
    keys = "".join(f"{name} {text.decode()}\n" for name, text in records.items())
    (folder / "opendkim.keys").write_text(keys)
    (folder / "opendkim.conf").write_text(f"Mode v\nTestPublicKeys {folder}/opendkim.keys\n")
    files = _files(messages, folder)
    done = subprocess.run(
        [program, "-x", folder / "opendkim.conf", "-t", ",".join(map(str, files))],
        capture_output=True,
        check=False,
        timeout=120,
    )
    said = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
    return [
        "; ".join(line for line in said if f"{file}: verification" in line) or "\n".join(said)
        for file in files
    ]


def mail_dkim_verdicts(messages: Sequence[bytes], records: Records, folder: Path) -> list[str]:
    """Have Mail::DKIM verify each message; gives `pass`, or another result with its detail."""
    perl = need("perl")
    if subprocess.run([perl, "-MMail::DKIM", "-e1"], capture_output=True, check=False).returncode:
        pytest.skip("Mail::DKIM is not installed (Debian: libmail-dkim-perl)")
    (folder / "verify.pl").write_text(PERL)
    with name_server(records) as port:
        done = subprocess.run(
            [perl, folder / "verify.pl", str(port), *_files(messages, folder)],
            capture_output=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "replace").splitlines()


@contextlib.contextmanager
def name_server(records: Records) -> Iterator[int]:
    """Serve TXT records over UDP on the loopback until the block ends; gives the port."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            octets, sock = self.request
            query = dns.message.from_wire(octets)
            response = dns.message.make_response(query)
            question = query.question[0]
            text = records.get(question.name.to_text(omit_final_dot=True))
            if text is not None:
                strings = " ".join(
                    f'"{text[i : i + 250].decode()}"' for i in range(0, len(text), 250)
                )
                response.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", strings))
            sock.sendto(response.to_wire(), self.client_address)

    server = ThreadingUDPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _files(messages: Sequence[bytes], folder: Path) -> list[Path]:
    files = [folder / f"message-{number}.eml" for number in range(len(messages))]
    for file, message in zip(files, messages, strict=True):
        file.write_bytes(message)
    return files
