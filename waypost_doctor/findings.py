"""What `waypost doctor` may find: each finding by name, with what it means and its cure.

Owns: the names, which of them are problems, and the words. `docs/doctor.md` is written from this file
(`manual`).
Does not own: finding any of it (`installation`, `message`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from tracker.nodes.inspection import Trouble


class Topic(StrEnum):
    """What is tried, by name, with a sentence on it in `help`."""

    help: str

    def __new__(cls, name: str, text: str) -> Self:
        """Return a member whose value is `name`."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.help = text
        return member

    CONFIGURATION = (
        "configuration",
        "The configuration and every file that it names, as `waypost check` reads them.",
    )
    PORTS = (
        "ports",
        (
            "Whether the addresses of `[proxy]` and `[tracker]` can be listened on, or a service of this"
            " Waypost listens there already."
        ),
    )
    RELAY = (
        "relay",
        (
            "Every address of every relay: its name is looked up, it is called, and greeting, TLS and EHLO"
            " are gone through; where `[relay] user` is set, Waypost logs in."
        ),
    )
    DNS = (
        "dns",
        (
            "What receivers and readers ask the DNS: the DKIM key of each `[[sender]]` (read by dkimpy, as a"
            " receiver would, and compared with the key file), SPF, DMARC and whether our signature is"
            " aligned, our own name, and the addresses of the tracking host."
        ),
    )
    LINKS = (
        "links",
        (
            "A tracked link, opened through its public name as a reader would: name, connection, certificate,"
            " and the redirect. It is a preview, which is never counted."
        ),
    )
    STORE = (
        "store",
        (
            "Whether this user can write where clicks are kept, how much room is left there, and whether the"
            " store can be read. Of a PostgreSQL that nodes share: who answers there, what the role may do, clocks,"
            " tables, and whether all nodes have the keys of all links."
        ),
    )
    MACHINE = ("machine", "The clock, and how many file descriptors a service may have.")
    MESSAGE = (
        "message",
        (
            "With `--send ADDRESS`: a message goes through the running proxy, and is followed. It is looked up"
            " in the store, its signature is verified by dkimpy with the key in the DNS, its link is"
            " clicked, and the click has to be counted. With `--received FILE`: the same of a message as it"
            " arrived, which shows what the relay did to it."
        ),
    )


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    NOTE = "note"
    """Not tried, and why."""
    WARNING = "warning"
    PROBLEM = "problem"
    """Mail, clicks or links are lost or late, or receivers see mail as forged."""


class Kind(StrEnum):
    """A finding's name; `help` is what it means, `cure` what to do."""

    topic: Topic
    level: Level
    help: str
    cure: str

    def __new__(cls, name: str, topic: Topic, level: Level, text: str, cure: str) -> Self:
        """Return a member whose value is `name`."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.topic, member.level, member.help, member.cure = topic, level, text, cure
        return member

    CONFIGURATION_WRONG = (
        "configuration_wrong",
        Topic.CONFIGURATION,
        Level.PROBLEM,
        "a mistake in the configuration, or in a file that it names: no service starts with it",
        "change the line or variable that it names; `waypost check` lists all of them",
    )
    CONFIGURATION_DOUBTFUL = (
        "configuration_doubtful",
        Topic.CONFIGURATION,
        Level.WARNING,
        "services start with it, but it is hardly meant",
        "change the line or variable that it names",
    )

    PORT_TAKEN = (
        "port_taken",
        Topic.PORTS,
        Level.PROBLEM,
        "another program listens there, so that the service cannot start",
        "stop that program, or name another port",
    )
    PORT_FORBIDDEN = (
        "port_forbidden",
        Topic.PORTS,
        Level.PROBLEM,
        "this user may not listen on such a port",
        "run it by its systemd unit, which may, run doctor as root, or name a port above 1023",
    )
    ADDRESS_NOT_HERE = (
        "address_not_here",
        Topic.PORTS,
        Level.PROBLEM,
        "this machine has no such address",
        'name one that `ip address` lists, or "0.0.0.0" for all',
    )

    RELAY_NAME = (
        "relay_name",
        Topic.RELAY,
        Level.PROBLEM,
        "the relay's name has no address",
        "correct `[relay] host`, or this machine's resolver (/etc/resolv.conf)",
    )
    RELAY_UNREACHABLE = (
        "relay_unreachable",
        Topic.RELAY,
        Level.PROBLEM,
        "nothing answers there, or no mail server does",
        (
            "start the relay, correct `[relay] host` and `port`, or let the firewall pass it: many networks"
            " block port 25, and providers take 587"
        ),
    )
    RELAY_ADDRESS_DEAD = (
        "relay_address_dead",
        Topic.RELAY,
        Level.WARNING,
        "one address of the relay does not answer, another does: mail goes there",
        "have it answer, or take it out of the DNS; often it is an IPv6 address on a machine without IPv6",
    )
    RELAY_REFUSED = (
        "relay_refused",
        Topic.RELAY,
        Level.PROBLEM,
        "the relay answers, and wants none of our mail",
        "read what it says; most often this machine's address or `[proxy] hostname` has to be allowed there",
    )
    RELAY_NO_TLS = (
        "relay_no_tls",
        Topic.RELAY,
        Level.PROBLEM,
        '`tls = "required"`, and the relay offers no STARTTLS',
        'use the port on which it does: 587, or 465 with `tls = "implicit"`',
    )
    RELAY_CERTIFICATE = (
        "relay_certificate",
        Topic.RELAY,
        Level.PROBLEM,
        "the relay's certificate does not verify",
        (
            "set `[relay] host` to the name that it was issued for, or `ca_file` to the authority that"
            " issued it"
        ),
    )
    RELAY_TLS = (
        "relay_tls",
        Topic.RELAY,
        Level.PROBLEM,
        "TLS with the relay fails",
        'port 465 wants `tls = "implicit"`, ports 25 and 587 `tls = "required"`',
    )
    RELAY_OURSELVES = (
        "relay_ourselves",
        Topic.RELAY,
        Level.PROBLEM,
        "the relay is a Waypost that hands its mail to itself",
        "set `[relay] host` and `port` to your mail server",
    )
    RELAY_LOGIN_REFUSED = (
        "relay_login_refused",
        Topic.RELAY,
        Level.PROBLEM,
        "the relay does not take our login",
        (
            "correct `[relay] user` and what `password_file` holds, or what `token_command` prints; then ask"
            " the provider whether the account may send"
        ),
    )
    RELAY_LOGIN_IMPOSSIBLE = (
        "relay_login_impossible",
        Topic.RELAY,
        Level.PROBLEM,
        "our login at the relay could not be tried",
        "see what is said of it: no password, no token, no mechanism in common, or no TLS",
    )
    RELAY_IN_THE_CLEAR = (
        "relay_in_the_clear",
        Topic.RELAY,
        Level.WARNING,
        "mail goes to a relay on another machine without TLS",
        'set `[relay] tls = "required"`, and a port on which the relay offers it',
    )
    RELAY_NO_8BITMIME = (
        "relay_no_8bitmime",
        Topic.RELAY,
        Level.WARNING,
        "the relay takes no 8BITMIME: messages with 8-bit bodies are neither signed nor tracked",
        "switch it on there, or have your applications send quoted-printable",
    )

    DNS_SILENT = (
        "dns_silent",
        Topic.DNS,
        Level.PROBLEM,
        "the resolver gave no answer",
        "correct /etc/resolv.conf, or name a resolver: `--resolver ADDRESS`",
    )
    DKIM_MISSING = (
        "dkim_missing",
        Topic.DNS,
        Level.PROBLEM,
        "the DKIM key is not in the DNS: receivers see our signatures as invalid",
        "publish the record that `waypost dns` prints",
    )
    DKIM_DIFFERENT = (
        "dkim_different",
        Topic.DNS,
        Level.PROBLEM,
        "the DKIM key in the DNS is not the one that we sign with, or cannot be read",
        "publish the record that `waypost dns` prints in its place, or name the key file that belongs to it",
    )
    DKIM_SEVERAL = (
        "dkim_several",
        Topic.DNS,
        Level.PROBLEM,
        "there are several DKIM records of one name: receivers may take either",
        "leave the one that `waypost dns` prints",
    )
    DKIM_REVOKED = (
        "dkim_revoked",
        Topic.DNS,
        Level.PROBLEM,
        "the DKIM key is published as withdrawn (p= is empty)",
        "make a new one under a new selector: `waypost keys rotate-dkim`",
    )
    SPF_MISSING = (
        "spf_missing",
        Topic.DNS,
        Level.WARNING,
        "the domain says nothing of who may send its mail (SPF, RFC 7208)",
        'publish a TXT record like "v=spf1 include:… ~all" that names your relay; its operator says how',
    )
    SPF_SEVERAL = (
        "spf_several",
        Topic.DNS,
        Level.PROBLEM,
        "the domain has several SPF records, which counts as an error (RFC 7208 §4.5)",
        "join them into one",
    )
    SPF_EVERYBODY = (
        "spf_everybody",
        Topic.DNS,
        Level.WARNING,
        "the SPF record lets everybody send (+all, or no all at its end)",
        "end it with ~all or -all",
    )
    DMARC_MISSING = (
        "dmarc_missing",
        Topic.DNS,
        Level.WARNING,
        "neither the domain nor one above it has a DMARC record; large receivers want one of who sends much",
        'publish at _dmarc: "v=DMARC1; p=none; rua=mailto:…"',
    )
    DMARC_SEVERAL = (
        "dmarc_several",
        Topic.DNS,
        Level.PROBLEM,
        "there are several DMARC records, of which receivers heed none (RFC 7489 §6.6.3)",
        "leave one",
    )
    DMARC_STRICT = (
        "dmarc_strict",
        Topic.DNS,
        Level.PROBLEM,
        (
            "`subdomains = true`, and DMARC asks for strict alignment (adkim=s): our signature does not count"
            " for mail from subdomains"
        ),
        "a `[[sender]]` with a key for each subdomain, or adkim=r",
    )
    DMARC_UNSIGNED = (
        "dmarc_unsigned",
        Topic.DNS,
        Level.WARNING,
        "receivers are to turn away what is not aligned, and we do not sign this sender's mail",
        "give it a `[[sender.dkim]]`, or make sure that the relay signs for the same domain",
    )
    HOSTNAME_UNKNOWN = (
        "hostname_unknown",
        Topic.DNS,
        Level.WARNING,
        "our name in EHLO has no address: some relays refuse it",
        "set `[proxy] hostname` to a name of this machine that is in the DNS",
    )
    HOST_MISSING = (
        "host_missing",
        Topic.DNS,
        Level.PROBLEM,
        "the tracking host has no address: no link in any message works",
        "publish an A or AAAA record, or a CNAME, that leads to the web server in front of the tracker",
    )
    HOST_PRIVATE = (
        "host_private",
        Topic.DNS,
        Level.WARNING,
        "the tracking host has an address of a private network: readers elsewhere do not reach it",
        "publish the public address",
    )

    LINKS_UNREACHABLE = (
        "links_unreachable",
        Topic.LINKS,
        Level.PROBLEM,
        "nothing answers readers there: every link in delivered mail is dead",
        "start `waypost tracker` and the web server in front of it, and let the firewall pass the port",
    )
    CERTIFICATE_EXPIRED = (
        "certificate_expired",
        Topic.LINKS,
        Level.PROBLEM,
        "the certificate of the tracking host has expired: browsers warn of every link",
        "renew it; whoever issues it to the web server has failed",
    )
    CERTIFICATE_NAME = (
        "certificate_name",
        Topic.LINKS,
        Level.PROBLEM,
        "the certificate is for another name: browsers warn of every link",
        "have one issued for the host of `base_url`",
    )
    CERTIFICATE_INVALID = (
        "certificate_invalid",
        Topic.LINKS,
        Level.PROBLEM,
        "the certificate is none that browsers trust",
        "have it issued by a public authority, and serve its chain (fullchain.pem)",
    )
    CERTIFICATE_ENDS = (
        "certificate_ends",
        Topic.LINKS,
        Level.WARNING,
        "the certificate of the tracking host ends within two weeks",
        "see why it was not renewed",
    )
    LINKS_ELSEWHERE = (
        "links_elsewhere",
        Topic.LINKS,
        Level.PROBLEM,
        "something answers, but not our tracker, or one with other keys: links lead nowhere",
        "have the web server pass /c/ on to `[tracker] listen`, and the tracker use the same `[keys] file`",
    )
    LINKS_FAIL = (
        "links_fail",
        Topic.LINKS,
        Level.PROBLEM,
        "the web server in front answers with an error",
        "start `waypost tracker`, and have the web server pass everything on to `[tracker] listen`",
    )

    STORE_FOLDER_MISSING = (
        "store_folder_missing",
        Topic.STORE,
        Level.PROBLEM,
        "the folder of the store is not there",
        "make it, for the user that runs Waypost; the systemd unit makes /var/lib/waypost",
    )
    STORE_NOT_WRITABLE = (
        "store_not_writable",
        Topic.STORE,
        Level.PROBLEM,
        "this user cannot write there: clicks would be kept in memory alone",
        "give store and spool to the user that runs Waypost (chown -R), and run doctor as that user or root",
    )
    STORE_UNUSABLE = (
        "store_unusable",
        Topic.STORE,
        Level.PROBLEM,
        "the store cannot be read: links redirect, and clicks wait in the spool",
        "see what is said of it; a damaged one is replaced by a backup (`waypost restore`)",
    )
    STORE_GIVEN_UP = (
        "store_given_up",
        Topic.STORE,
        Level.PROBLEM,
        "the store is copied to a PostgreSQL, or was: nothing more is counted into it",
        "once the copy is complete, name that in `[store] url`, and start the services anew (docs/scale.md)",
    )
    DATABASE_UNREACHABLE = (
        "database_unreachable",
        Topic.STORE,
        Level.PROBLEM,
        "no PostgreSQL answers: mail and links go on, and clicks wait in the spool",
        Trouble.UNREACHABLE.cure,
    )
    DATABASE_REFUSED = (
        "database_refused",
        Topic.STORE,
        Level.PROBLEM,
        "PostgreSQL does not let us in: a wrong password or none, no such role, or no such host in pg_hba.conf",
        Trouble.REFUSED.cure,
    )
    DATABASE_MISSING = (
        "database_missing",
        Topic.STORE,
        Level.PROBLEM,
        "PostgreSQL has no such database",
        Trouble.NO_DATABASE.cure,
    )
    DATABASE_UNFIT = (
        "database_unfit",
        Topic.STORE,
        Level.PROBLEM,
        "the PostgreSQL is too old, or the database is not in UTF-8: nothing can be counted there",
        Trouble.UNFIT.cure,
    )
    DATABASE_POOLED = (
        "database_pooled",
        Topic.STORE,
        Level.PROBLEM,
        "a pooler gives connections a session for a transaction alone: nothing is counted by that",
        Trouble.POOLED.cure,
    )
    DATABASE_READ_ONLY = (
        "database_read_only",
        Topic.STORE,
        Level.PROBLEM,
        "nothing can be written to the database: it is a standby, or set so",
        Trouble.READ_ONLY.cure,
    )
    DATABASE_RIGHTS = (
        "database_rights",
        Topic.STORE,
        Level.PROBLEM,
        "the role may not do there what counting, housekeeping or upgrades need",
        Trouble.RIGHTS.cure,
    )
    COPY_UNFINISHED = (
        "copy_unfinished",
        Topic.STORE,
        Level.PROBLEM,
        "a store is being copied into the database: no service starts on it",
        Trouble.UNFINISHED.cure,
    )
    NODE_NAME_TAKEN = (
        "node_name_taken",
        Topic.STORE,
        Level.PROBLEM,
        "another machine has the name of this one: no service starts here",
        Trouble.NAME_TAKEN.cure,
    )
    NODE_UNHEARD = (
        "node_unheard",
        Topic.STORE,
        Level.PROBLEM,
        "this node has never heard what readers agreed to on the others: no proxy starts here",
        Trouble.UNHEARD.cure,
    )
    NODE_KEY_DAMAGED = (
        "node_key_damaged",
        Topic.STORE,
        Level.PROBLEM,
        "the file by which this machine is told from others holds no key: no service starts here",
        Trouble.BAD_KEY.cure,
    )
    NODE_CLOCK_APART = (
        "node_clock_apart",
        Topic.STORE,
        Level.PROBLEM,
        (
            "this machine's clock and the database's differ by more than two seconds: days of clicks are wrong, and the"
            " order of decisions"
        ),
        Trouble.CLOCK.cure,
    )
    NODE_KEY_MISSING = (
        "node_key_missing",
        Topic.STORE,
        Level.PROBLEM,
        "a token key that makes links on one node is missing on another: these links are dead there",
        Trouble.KEYS.cure,
    )
    NODE_SILENT = (
        "node_silent",
        Topic.STORE,
        Level.WARNING,
        "another node has not been heard for half a minute",
        Trouble.SILENT.cure,
    )
    CONSENTS_UNREADABLE = (
        "consents_unreadable",
        Topic.STORE,
        Level.PROBLEM,
        "who agreed to what cannot be read: a proxy does not start, and the tracker makes no links",
        "give the file back to the user of the service, or put the copy in its place (`….known`)",
    )
    STREAM_NOT_TAKEN = (
        "stream_not_taken",
        Topic.STORE,
        Level.WARNING,
        "the receiver of `[stream]` does not take events; they wait on disk, for as long as `hold` says",
        "see to the receiver; after 410, reload the service; docs/stream.md says what is expected of it",
    )
    DISK_FULL = (
        "disk_full",
        Topic.STORE,
        Level.PROBLEM,
        "there is hardly room left where clicks are kept",
        "make room, or delete what is old: `waypost purge`",
    )
    DISK_LOW = (
        "disk_low",
        Topic.STORE,
        Level.WARNING,
        "little room is left where clicks are kept",
        "make room, or shorten `[privacy] retention`",
    )
    RESERVE_MISSING = (
        "reserve_missing",
        Topic.STORE,
        Level.WARNING,
        "no room is kept for a purge on a full disk: none could be done then",
        "make room: the service that feeds the store keeps some of it then, as `waypost.db.reserve`",
    )

    CLOCK_BEHIND = (
        "clock_behind",
        Topic.MACHINE,
        Level.PROBLEM,
        "messages of the future are counted already: the clock is behind, or was ahead",
        "have chrony or systemd-timesyncd set the clock",
    )
    CLOCK_ALONE = (
        "clock_alone",
        Topic.MACHINE,
        Level.WARNING,
        "nothing keeps the clock right: signatures, certificates and figures go by it",
        "install chrony or systemd-timesyncd (on a virtual machine, its host may do it)",
    )
    DESCRIPTORS_FEW = (
        "descriptors_few",
        Topic.MACHINE,
        Level.WARNING,
        "a service may open too few files for as many sessions as `[proxy] max_sessions` allows",
        "raise LimitNOFILE= of its unit, or `ulimit -n`",
    )

    NOT_TAKEN = (
        "not_taken",
        Topic.MESSAGE,
        Level.PROBLEM,
        "the test message was not taken",
        "start `waypost proxy`, and read what it, or the relay behind it, says",
    )
    NOT_FOLLOWED = (
        "not_followed",
        Topic.MESSAGE,
        Level.PROBLEM,
        "the store heard nothing of the message",
        "start `waypost tracker`, which feeds the store, with the same configuration",
    )
    NOT_TRACKED = (
        "not_tracked",
        Topic.MESSAGE,
        Level.PROBLEM,
        "the message went out untracked",
        "docs/reasons.md says what the reason means; `waypost explain` shows more",
    )
    NOT_SIGNED = (
        "not_signed",
        Topic.MESSAGE,
        Level.WARNING,
        "the message carries no signature of the sender's domain",
        "give the `[[sender]]` a `[[sender.dkim]]`, unless the relay signs",
    )
    SIGNATURE_INVALID = (
        "signature_invalid",
        Topic.MESSAGE,
        Level.PROBLEM,
        "the signature does not verify",
        (
            "for one that arrived: something behind us altered the message (docs/alterations.md);"
            " else the key in the DNS is another"
        ),
    )
    CLICK_LOST = (
        "click_lost",
        Topic.MESSAGE,
        Level.PROBLEM,
        "the link redirected, and the click was not counted",
        "see the log of `waypost tracker`, and whether another tracker answers under that name",
    )
    NO_LINK_ARRIVED = (
        "no_link_arrived",
        Topic.MESSAGE,
        Level.PROBLEM,
        "no tracked link of ours is in the message",
        "send one through Waypost: `waypost doctor --send ADDRESS`",
    )

    TOOK_TOO_LONG = (
        "took_too_long",
        Topic.MACHINE,
        Level.PROBLEM,
        "a test did not end in time",
        "something does not answer: see what came before",
    )
    INSTALLATION_UNREADABLE = (
        "installation_unreadable",
        Topic.MACHINE,
        Level.PROBLEM,
        "a part of Waypost or of Python is missing, or the user of the service may not read it",
        "install it where that user can read all of it, as in /opt/waypost: root's home is no such place",
    )
    TEST_FAILED = (
        "test_failed",
        Topic.MACHINE,
        Level.PROBLEM,
        "a test failed by a fault of ours",
        "please report it, with what is said here",
    )


@dataclass(frozen=True, slots=True)
class Result:
    """What a test came to: `what` was seen; `kind` is None where all is well, or nothing was tried."""

    topic: Topic
    level: Level
    what: str
    kind: Kind | None = None
    cure: str = ""


def ok(topic: Topic, what: str) -> Result:
    """Return that something is as it should be."""
    return Result(topic, Level.OK, what)


def untried(topic: Topic, what: str) -> Result:
    """Return that something was not tried, and why."""
    return Result(topic, Level.NOTE, what)


def found(kind: Kind, what: str, cure: str = "", topic: Topic | None = None) -> Result:
    """Return a finding; `cure` is told instead of the one that is declared, where it knows more."""
    return Result(topic or kind.topic, kind.level, what, kind, cure or kind.cure)
