"""The files beside the store that readers and links depend on, as one process of the tracker knows them.

Owns: which these are, and looking for a code that this process has not heard of yet.
Does not own: what they hold (`tracker.decisions`, `tracker.minting.short_links`, `tracker.access`), noticing that
they changed (`tracker.records.watch`), or how often is looked for codes (`tracker.nodes.questions`).
"""

from dataclasses import dataclass

from config.schema import Config
from tracker.access.files import ACCESS
from tracker.access.tokens import AccessRecord, Tokens
from tracker.decisions.consents import ConsentRecord, Consents
from tracker.decisions.files import CONSENTS, DECISIONS
from tracker.decisions.overrides import Decision, Overrides
from tracker.minting.short_links import ShortLinks
from tracker.nodes.codes import SharedCodes
from tracker.nodes.questions import Questions
from tracker.records import watch
from tracker.records.live import LiveRecords


@dataclass(frozen=True, slots=True)
class Files:
    """The files; read again when they change. `shared` are the codes of all nodes, where there are several."""

    overrides: LiveRecords[Decision, Overrides]
    consents: LiveRecords[ConsentRecord, Consents]
    short_links: ShortLinks
    access: LiveRecords[AccessRecord, Tokens]
    shared: SharedCodes | None

    @classmethod
    def read(cls, config: Config) -> "Files":
        """Read what there is; files that cannot be read are logged, and tried again later."""
        state = config.store.file
        shared = SharedCodes(config.store) if config.store.engine == "postgresql" else None
        files = cls(
            overrides=LiveRecords(DECISIONS, state),
            consents=LiveRecords(CONSENTS, state),
            short_links=ShortLinks(state, shared.register) if shared else ShortLinks(state),
            access=LiveRecords(ACCESS, state),
            shared=shared,
        )
        for each in files.all:
            each.refresh()
        return files

    @property
    def all(self) -> tuple[watch.Refreshable, ...]:
        """Each of them."""
        return self.overrides, self.consents, self.short_links, self.access

    def questions(self) -> Questions:
        """Return what looks for codes, in a thread that nothing else waits for."""
        return Questions(self.find, self.learn, self.close)

    def find(self, code: str) -> str:
        """Return the token of a code that another process, or another node, may have made just now.

        "" where nobody has made it. Raises ServerError, KeyFileError where other nodes cannot be asked.
        """
        self.short_links.look()
        token = self.short_links.token(code) or ""
        return token if token or self.shared is None else self.shared.token(code)

    def learn(self, code: str, token: str) -> None:
        """Remember what was found at another node; what our files say is known by then."""
        if self.short_links.token(code) is None:
            self.short_links.learn(code, token)

    def close(self) -> None:
        """Ask no other node any more."""
        if self.shared is not None:
            self.shared.close()
