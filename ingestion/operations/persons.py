"""Which rows are a person's: by a telephone number or an e-mail address, as a customer, or by a row's id.

Belongs here: what can be asked for, and what belongs to what is found. Not here: what becomes of it (erasure.py).

All versions that the archive has are looked through, and what was set aside: whose a row ever was, his it is. A
customer's further keys follow (the number that a conversation had later, as `belongs_to` of the catalogue tells
customers), then what belongs to the rows.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.catalogue.belonging import CUSTOMER, Belonging
from ingestion.catalogue.entries import TableEntry
from ingestion.errors import ConfigurationError
from ingestion.loading.privacy import Privacy
from ingestion.log.archive import Archive
from ingestion.operations.archived_table import archived_numbers
from ingestion.rows.columns import RawTable
from ingestion.rows.conversion import texts
from ingestion.rows.erased import BETWEEN, keys_of, told
from ingestion.rows.pseudonyms import clean_email, clean_phone, clean_text

_CONTACTS = ("phone", "email", "identifier")

Test = Callable[[pa.RecordBatch], Any]
"""Which rows of a batch are a person's: a boolean for each."""


@dataclass(frozen=True)
class Person:
    """Who is asked for: one of these.

    Attributes:
        contact: a telephone number, an e-mail address or another identifier, however it is written.
        customer: `customer_key` of core.dim_customers.
        row: source, table and key of a row, a text for each column of it.
    """

    contact: str | None = None
    customer: str | None = None
    row: tuple[str, str, tuple[str, ...]] | None = None

    def may_be_in(self, source: str) -> bool:
        """Whether a source is to be looked through."""
        if self.row:
            return self.row[0] == source
        return self.customer is None or self.customer.partition(":")[0] == source


@dataclass
class SourceSearch:
    """A source's rows of a person.

    Attributes:
        rejected: table → what `_rejected` has of rows, each as a JSON object.
        keys: table → keys of rows, each as one text.
        customers: what tells the person in tables of customers: the key of a customer without the source's name.
    """

    archive: Archive
    source: str
    entries: Mapping[str, TableEntry]
    privacy: Privacy
    table_keys: Mapping[str, tuple[str, ...]]
    rejected: Mapping[str, Sequence[str]]
    keys: dict[str, set[str]] = field(default_factory=dict)
    customers: set[str] = field(default_factory=set)

    def find(self, person: Person) -> dict[str, set[str]]:
        """The keys by table.

        Raises:
            ConfigurationError: the key of a row has other columns.
            TableError: a file of the archive is missing or damaged.
            StorageError: the archive can't be read.
        """
        if person.customer is not None:
            self.customers.add(person.customer.partition(":")[2])
        for name in self.table_keys:
            if (of_person := self._of_person(person, name)) is not None:
                self._note(name, of_person)
        # Until nothing is found any more: what belongs to rows may have further rows belonging to it.
        while self._follow():
            pass
        return {name: found for name, found in self.keys.items() if found}

    def _follow(self) -> bool:
        found = [self._note(name, partial(self._belongs, name)) for name in self.table_keys]
        return any(found)

    def _of_person(self, person: Person, name: str) -> Test | None:
        """What tells rows of a table that are the person's by themselves; None where none can be."""
        if person.contact is not None:
            return self._with_contact(person.contact, name)
        if person.row and person.row[1] == name:
            key = self.table_keys[name]
            if len(key) != len(person.row[2]):
                raise ConfigurationError(
                    f"A row of {self.source}.{name} is told by its key, which is {', '.join(key)}: --id for each, in "
                    "this order."
                )
            wanted = pa.array([BETWEEN.join(person.row[2])])
            return lambda rows: pc.is_in(keys_of(rows, self.table_keys[name]), wanted)
        return None

    def _with_contact(self, contact: str, name: str) -> Test | None:
        entry = self.entries[name]
        cleaners = (clean_text, clean_email, clean_phone(self.privacy.country_code))
        clean = {found for cleaner in cleaners if (found := cleaner(contact))}
        key = self.privacy.key
        hashed = [c for c in entry.hashed if entry.personal[c].kind in _CONTACTS]
        shown = [c for c, p in entry.personal.items() if p.kind in _CONTACTS and p.keep == "clear"]
        if not (hashed and key) and not shown:
            return None
        pseudonyms = pa.array(
            [key.pseudonym(v.encode(errors="surrogateescape")) for v in clean] if key else [], pa.string()
        )

        def mask(rows: pa.RecordBatch) -> Any:
            found = pa.repeat(False, rows.num_rows)
            for column in (c for c in hashed if c in rows.schema.names):
                found = pc.or_(found, pc.is_in(rows.column(column), pseudonyms))
            for column in (c for c in shown if c in rows.schema.names):
                values = told(rows.column(column)).dictionary_encode()
                equal = [
                    bool(v and clean & {cleaner(v) for cleaner in cleaners})
                    for v in texts(values.dictionary, "replace")
                ]
                found = pc.or_(found, pc.fill_null(pa.array(equal, pa.bool_()).take(values.indices), False))
            return found

        return mask

    def _belongs(self, name: str, rows: pa.RecordBatch) -> Any:
        found = pa.repeat(False, rows.num_rows)
        for of, belonging in self.entries[name].belongs_to.items():
            owners = self.customers if of == CUSTOMER else self._owners(of)
            if owners and set(belonging.columns) <= set(rows.schema.names):
                found = pc.or_(found, pc.and_(_tells_one_of(rows, belonging, owners), _fits(rows, belonging)))
        return found

    def _owners(self, name: str) -> set[str]:
        """The keys of a table's rows; of customers those as well of whom the source has no row, but what is theirs."""
        entry = self.entries[name]
        key, customer = self.table_keys.get(name, tuple(entry.raw_key)), entry.belongs_to.get(CUSTOMER)
        are_customers = customer is not None and tuple(customer.columns) == key
        return self.keys.get(name, set()) | (self.customers if are_customers else set())

    def _note(self, name: str, of_person: Test) -> bool:
        """Look through a table's versions; returns whether anything new is found."""
        keys, before = self.keys.setdefault(name, set()), (len(self.keys[name]), len(self.customers))
        customer = self.entries[name].belongs_to.get(CUSTOMER)
        for rows in self._versions(name):
            known = pc.is_in(keys_of(rows, self.table_keys[name]), pa.array(sorted(keys), pa.string()))
            found = rows.filter(pc.or_(pc.fill_null(of_person(rows), False), known))
            # Of a row that was set aside nobody may know the key.
            keys.update(key for key in keys_of(found, self.table_keys[name]).to_pylist() if key is not None)
            if customer and set(customer.columns) <= set(rows.schema.names):
                self.customers.update(filter(None, _told_by(found, customer).to_pylist()))
        return before != (len(keys), len(self.customers))

    def _versions(self, name: str) -> Iterator[pa.RecordBatch]:
        entry, table = self.entries[name], RawTable(self.source, name, (), ())
        wanted = {*self.table_keys[name], *entry.personal, *(c for b in entry.belongs_to.values() for c in b.named)}
        # Those as well that should be there: who is in one of them is nobody before it is back.
        for number in archived_numbers(self.archive, table):
            yield from self.archive.rows(table, number, wanted)
        if rejected := self.rejected.get(name):
            contents = [json.loads(content) for content in rejected]
            columns = {n: [_text(content.get(n)) for content in contents] for n in sorted(wanted)}
            yield pa.RecordBatch.from_pydict({n: pa.array(values, pa.string()) for n, values in columns.items()})


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _told_by(rows: pa.RecordBatch, belonging: Belonging) -> Any:
    return pc.binary_join_element_wise(*(told(rows.column(name)) for name in belonging.columns), ":")


def _tells_one_of(rows: pa.RecordBatch, belonging: Belonging, owners: set[str]) -> Any:
    return pc.is_in(_told_by(rows, belonging), pa.array(sorted(owners), pa.string()))


def _fits(rows: pa.RecordBatch, belonging: Belonging) -> Any:
    found = pa.repeat(True, rows.num_rows)
    for name, values in belonging.where.items():
        if name in rows.schema.names:
            text = pc.utf8_lower(pc.utf8_trim_whitespace(told(rows.column(name))))
            found = pc.and_(found, pc.is_in(text, pa.array(values, pa.string())))
    return found
