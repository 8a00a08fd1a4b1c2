"""Which tables and columns of a source may be those of a kind, by their names and types.

Belongs here: the words by which systems call the same things, and the guess. Not here: reading a source, the text of a
proposal (operations/proposal.py).

A guess is for a person to read. It is made of whole words, so that what it takes for the same is seen at a glance.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping

from ingestion.catalogue.entries import ColumnEntry, TableEntry
from ingestion.rows.columns import IDENTIFIER, ColumnType
from ingestion.sources.shape import TableShape

_SAME = (
    ("tenant", "account", "organization", "organisation", "company", "workspace", "team", "business", "site"),
    ("organization", "organisation", "tenant", "account", "company", "business", "clinic", "practice", "site"),
    ("restaurant", "venue", "location", "business", "account", "organization"),
    ("outlet", "inbox", "channel", "branch", "location", "store", "department", "mailbox"),
    ("conversation", "chat", "ticket", "thread", "dialog", "session", "case"),
    ("message", "note", "reply", "post", "comment", "chatmessage", "event"),
    ("customer", "contact", "guest", "client", "person", "buyer", "member", "user", "patient", "owner"),
    ("visit", "reservation", "booking", "stay", "appointment", "check"),
    ("campaign", "mailing", "broadcast", "newsletter"),
    ("outreach", "delivery", "recipient", "send"),
    ("lead", "prospect", "opportunity", "enquiry", "inquiry"),
    ("deal", "opportunity", "sale", "contract"),
    ("interaction", "activity", "call", "task", "contact", "appointment", "meeting", "ticket", "visit", "date"),
    ("segment", "tag", "group", "list", "label"),
    ("event", "log", "history", "outbox"),
    ("order", "purchase", "transaction", "sale"),
    ("product", "item", "article", "sku"),
    ("owner", "assignee", "agent", "user", "rep", "salesperson"),
    ("started", "created", "opened", "begun", "start", "creation", "inserted", "date"),
    ("created", "inserted", "added", "creation", "opened", "date"),
    ("ended", "closed", "resolved", "finished", "end", "completed"),
    ("closed", "won", "completed", "ended", "close"),
    ("updated", "modified", "changed", "edited", "update", "write"),
    ("timestamp", "created", "sent", "time", "date", "occurred", "at"),
    ("visited", "created", "date", "time", "booked", "start", "seated"),
    ("sent", "delivered", "created"),
    ("status", "state", "stage"),
    ("stage", "status", "state", "phase"),
    ("content", "body", "text", "message"),
    ("metadata", "attribute", "meta", "data", "property", "extra"),
    ("data", "payload", "property", "metadata", "attribute"),
    ("phone", "mobile", "msisdn", "telephone", "whatsapp", "cell"),
    ("email", "mail"),
    ("name", "title", "label"),
    ("timezone", "tz", "zone"),
    ("type", "kind", "category", "role", "direction"),
    ("sender", "author", "from", "message"),
    ("amount", "total", "value", "price", "sum"),
    ("spend", "total", "amount", "bill"),
    ("currency", "iso"),
    ("quantity", "qty", "count"),
)
_FITTING: Mapping[str, Collection[ColumnType]] = {
    IDENTIFIER: (ColumnType.INTEGER, ColumnType.TEXT),
    ColumnType.TIMESTAMP: (ColumnType.TIMESTAMP, ColumnType.DATE, ColumnType.INTEGER),
    ColumnType.DATE: (ColumnType.DATE, ColumnType.TIMESTAMP),
    ColumnType.INTEGER: (ColumnType.INTEGER, ColumnType.DECIMAL),
    ColumnType.DECIMAL: (ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.DOUBLE),
    ColumnType.JSON: (ColumnType.JSON, ColumnType.TEXT),
    ColumnType.BOOLEAN: (ColumnType.BOOLEAN, ColumnType.INTEGER),
    ColumnType.TEXT: (ColumnType.TEXT, ColumnType.INTEGER, ColumnType.BOOLEAN),
}
_ID_MARKS = {"id", "uuid", "guid", "pk", "fk"}
_MARKS = {*_ID_MARKS, "at", "on"}
_TABLE_LIKENESS = 1.2
"""The least likeness of a table: a word that means the same, and a fifth of the columns."""


def words(name: str) -> list[str]:
    """The words of a name, in the singular, without case and accents: `ChatMessages` → chat, message."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", plain)
    return [_singular(part.lower()) for part in parts]


def _singular(word: str) -> str:
    for plural, singular in (("ies", "y"), ("xes", "x"), ("sses", "ss"), ("uses", "us")):
        if word.endswith(plural):
            return word.removesuffix(plural) + singular
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def likeness(ours: str, theirs: str) -> float:
    """How far two names mean the same: 1 for all words the same, 0 for none that mean the same."""
    return _of_all(words(ours), words(theirs))


def _of_all(own: list[str], others: list[str]) -> float:
    if not own or not others:
        return 0
    met = [max(_of_words(word, other) for other in others) for word in own]
    return sum(met) / max(len(own), len(others)) if met[0] or met[-1] else 0


def _of_words(word: str, other: str) -> float:
    if word == other:
        return 1
    ranks = [0.9 - 0.02 * group.index(other) for group in _SAME if group[0] == word and other in group]
    return max(ranks, default=0)


def like_columns(entry: TableEntry, shape: TableShape, known: Mapping[str, str]) -> dict[str, str]:
    """Declared column → the source's that may be it, each at most once; those in `known` have theirs already."""
    taken = {column.casefold() for column in known.values()}
    found: dict[str, str] = {}
    ranked = sorted(
        (-like, name, theirs)
        for name, column in entry.columns.items()
        if name not in known
        for theirs, held in shape.columns.items()
        if held.type in _fitting(column) and (like := _of_columns(name, theirs, column, shape)) > 0.4
    )
    for _, name, theirs in ranked:
        if name not in found and theirs.casefold() not in taken:
            found[name] = theirs
            taken.add(theirs.casefold())
    return {name: found[name] for name in entry.columns if name in found}


def _fitting(column: ColumnEntry) -> Collection[ColumnType]:
    return _FITTING.get(column.type, tuple(ColumnType))


def _of_columns(ours: str, theirs: str, column: ColumnEntry, shape: TableShape) -> float:
    if ours == "id":
        return shape.primary_key == (theirs,) or words(theirs) == ["id"]
    own, others = words(ours), words(theirs)
    is_id, is_theirs = column.type == IDENTIFIER, not _ID_MARKS.isdisjoint((*others[:1], *others[-1:]))
    if is_id != is_theirs:
        return 0
    # That both are ids says nothing of what they are ids of; nor that both are instants.
    return _of_all(*([word for word in name if word not in _MARKS] or name for name in (own, others)))


def like_tables(
    entries: Mapping[str, TableEntry], absent: Iterable[str], shapes: Mapping[str, TableShape]
) -> dict[str, str]:
    """Declared table → the source's that may be it: by name, and by how many columns may be ours."""
    found = {}
    for name in absent:
        entry = entries[name]
        ranked = sorted(
            (-(2 * like + len(like_columns(entry, shape, {})) / len(entry.columns)), theirs)
            for theirs, shape in shapes.items()
            if (like := likeness(name, theirs)) > 0.3
        )
        if ranked and -ranked[0][0] >= _TABLE_LIKENESS:
            found[name] = ranked[0][1]
    return found
