"""TLS as a server speaks it, without I/O: what the network brought in, what it is to take out.

Owns: the handshake and the records of one connection, on the standard library's `ssl.SSLObject`.
Does not own: certificate and versions (`config.keys.certificates`), or the connection, whose bounds
of reading, writing and time hold for encrypted octets as for others (`connection`).
"""

import contextlib
import ssl

_RECORD_OCTETS = 16 * 1024
"""Plain text of the largest record (RFC 8446 §5.1)."""


class TlsError(Exception):
    """The client speaks no TLS, none that we speak, or spoils it; `to_send` may have an alert."""


class Tls:
    """The TLS of one connection."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.ended = False
        """The client has said that nothing more comes (close_notify)."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._shaken = False

    def receive(self, octets: bytes) -> bytes:
        """Take what came from the network; return the plain text that was in it, if any.

        Raises TlsError. There may be something `to_send` afterwards.
        """
        self._incoming.write(octets)
        try:
            if not self._shaken:
                self._object.do_handshake()
                self._shaken = True
            return self._plain()
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLError as error:
            raise TlsError(str(error)) from None

    def _plain(self) -> bytes:
        pieces: list[bytes] = []
        try:
            while piece := self._object.read(_RECORD_OCTETS):
                pieces.append(piece)
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        return b"".join(pieces)

    def seal(self, plain: bytes) -> bytes:
        """Return what is to be sent for this plain text; raises TlsError."""
        try:
            self._object.write(plain)
        except ssl.SSLError as error:
            raise TlsError(str(error)) from None
        return self.to_send()

    def to_send(self) -> bytes:
        """Return what TLS itself has to say: of the handshake, alerts."""
        return self._outgoing.read()

    def end(self) -> bytes:
        """Return what is to be sent where nothing more follows (close_notify); nothing a second time."""
        if self._shaken:
            self._shaken = False
            with contextlib.suppress(ssl.SSLError):  # mostly: the client has not said the same yet
                self._object.unwrap()
        return self.to_send()
