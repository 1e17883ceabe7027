"""Every limit of one client's connection and logins that no key of the configuration sets.

Owns: the numbers and why they are what they are. Sizes are octets, times seconds.
Does not own: limits of a session's commands and messages (`proxy.session.limits`), of all clients
together (`proxy.server.server`, `login_slots`), or of the relay's side (`proxy.relay.dial`,
`proxy.relay.session`).
"""

MAX_COMMAND_OCTETS = 4096
"""A command line with its CRLF. RFC 5321 §4.5.3.1.4 asks for 512; SIZE, DSN, AUTH=, SMTPUTF8 and
long internationalised paths add up to about 2,500."""

MAX_AUTH_LINE_OCTETS = 12288
"""A line of an AUTH exchange (RFC 4954 §4: base64 of what SASL may need)."""

MAX_FAILED_LOGINS = 3
"""In one session, before a client is told 421."""

MAX_FAILED_LOGINS_OF_ADDRESS = 10
"""Within `config.throttle.WINDOW_S`, in all sessions; more logins of that address are told 421."""

MAX_LOGGED_ACCOUNT_CHARACTERS = 100
"""Of the name in a failed login, which anybody may have made up."""

RECEIVE_OCTETS = 32 * 1024
"""Read from one client at a time."""

RECEIVE_OF_MESSAGE_OCTETS = 64 * 1024
"""The same while it sends a message: each time costs as much as looking through 30 KB of it."""

SESSION_BUFFER_OCTETS = 32 * 1024
"""What we read ahead of a client before we stop reading from it."""

GREETING_PATIENCE_S = 30.0
"""For the PROXY header and for a TLS handshake: nobody types these."""

LOGIN_PATIENCE_S = 30.0
"""For each line of a stranger's AUTH exchange: programs answer at once, and a relay session waits."""

WRITE_PATIENCE_S = 300.0
"""For a client to take our replies."""
