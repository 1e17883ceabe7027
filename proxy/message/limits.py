"""How much structure one message may have before it is delivered untouched (P13).

Owns: the numbers that bound the work on a message, each with its precedent.
Does not own: sizes and counts that operators choose (`config.schema`), or how many links are tracked
(`proxy.rewrite.part_planner`).
"""

MAX_NESTING = 100
"""Entities inside one another, `message/rfc822` included. Postfix's `mime_nesting_limit`."""

MAX_PARTS = 10_000
"""Leaves of one message. The largest digests of mailing lists hold some hundreds."""

MAX_HEADERS = 10_000
"""Fields of one header block."""

MAX_STRUCTURED_OCTETS = 16_384
"""One Content-Type or Content-Disposition field, unfolded. Real ones stay below 1,000."""

MAX_NEAR_BOUNDARIES = 1_000
"""Lines that only begin like a delimiter. One already makes the message ambiguous; after this
many the search for parts stops."""

MAX_HYPHEN_LINES = 100_000
"""Lines of multiparts that begin with two hyphens and are no delimiters, after which the search
stops. Long patches hold some thousands."""

MAX_MALFORMED_ESCAPES = 1_000
"""Places in one quoted-printable body that are not quoted-printable. Beyond it is something else."""

MAX_HREFS = 20_000
"""Links of one HTML document that are looked at; those after them stay as they are."""

MAX_ATTRIBUTES = 1_000
"""Attributes of one tag; a link with more stays as it is."""

ENCODED_LINE_OCTETS = 76
"""A line of quoted-printable or base64 without its CRLF (RFC 2045 §6.7 rule 5, §6.8)."""
