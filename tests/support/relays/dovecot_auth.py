"""Who checks passwords for Postfix: Dovecot's authentication protocol 1.1."""

import base64
import contextlib
import socketserver
import threading
from collections.abc import Iterator, Mapping

LOGIN, PASSWORD = "alice", "correct horse"
ACCOUNTS = {LOGIN: PASSWORD}
PROMPTS = {"PLAIN": [b""], "LOGIN": [b"Username:", b"Password:"]}
"""What each mechanism asks for, one answer after the other."""


def _coded(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def answers(mechanism: str, login: str = LOGIN, password: str = PASSWORD) -> list[str]:
    """Return what a client answers to each prompt of `mechanism`, in base64."""
    if mechanism == "PLAIN":
        return [_coded(f"\0{login}\0{password}".encode())]
    return [_coded(login.encode()), _coded(password.encode())]


class _Dialogue(socketserver.StreamRequestHandler):
    accounts: Mapping[str, str]

    def handle(self) -> None:
        """Say what we can, then judge each request once every prompt of it has its answer."""
        self.tell("VERSION\t1\t1", "MECH\tPLAIN\tplaintext", "MECH\tLOGIN\tplaintext")
        self.tell("SPID\t1", "CUID\t1", "COOKIE\t00", "DONE")
        self.going: dict[str, tuple[str, list[str]]] = {}
        for line in self.rfile:
            verb, *words = line.decode().rstrip("\n").split("\t")
            if verb == "AUTH":
                first = [word.removeprefix("resp=") for word in words if word.startswith("resp=")]
                self.judge(words[0], words[1].upper(), first)
            elif verb == "CONT":
                mechanism, said = self.going.pop(words[0])
                self.judge(words[0], mechanism, [*said, words[1]])

    def judge(self, request: str, mechanism: str, said: list[str]) -> None:
        prompts = PROMPTS.get(mechanism, [])
        if len(said) < len(prompts):
            self.going[request] = (mechanism, said)
            self.tell(f"CONT\t{request}\t{_coded(prompts[len(said)])}")
        else:
            good = [each for each in self.accounts.items() if said == answers(mechanism, *each)]
            user = f"\tuser={good[0][0]}" if prompts and good else ""
            self.tell(f"{'OK' if user else 'FAIL'}\t{request}{user}")

    def tell(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\n" for line in lines).encode())


@contextlib.contextmanager
def dovecot_auth(accounts: Mapping[str, str] = ACCOUNTS) -> Iterator[int]:
    """Serve on a free port of the loopback until the block ends; gives the port.

    `accounts` are passwords by login.
    """
    dialogue = type("Dialogue", (_Dialogue,), {"accounts": accounts})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), dialogue) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
