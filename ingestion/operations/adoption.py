"""Write entries for tables that the catalogue lacks into its file.

Belongs here: the text of an entry and its place in the file. Not here: what is recommended (recommendation.py).

The file is a person's: every byte of it stays, comments among them, and entries are put between. Where they go is
told by YAML's own parser; and the file is replaced only by one that loads as what it was before plus the entries.
"""

import os
import re
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from ingestion.catalogue.catalogue_file import Catalogue, load_catalogue
from ingestion.catalogue.personal import PersonalColumn, PersonalKind
from ingestion.catalogue.recommendation import Recommendation, declarations
from ingestion.errors import ConfigurationError
from ingestion.operations.inspection import Inspection
from ingestion.output.storage import aside_name, without_aside
from ingestion.sources.shape import TableShape

_PERSONAL: dict[PersonalKind, re.Pattern[str]] = {
    "email": re.compile(r"e_?mail"),
    "phone": re.compile(r"phone|mobile"),
    "ip": re.compile(r"(^|_)ip(_|$)"),
    "address": re.compile(r"address|street|postcode|post_code|zip"),
    "user_agent": re.compile(r"user_agent"),
    "identifier": re.compile(r"device_id|(^|_)(iban|ssn|passport)(_|$)"),
    "name": re.compile(
        r"(^|_)(first|last|full|given|family|sur|user|nick|contact|customer|person|display)_?name(_|$)|^name$"
    ),
    "text": re.compile(r"birth|(^|_)(dob|gender|lat|lng|latitude|longitude)(_|$)"),
}


def personal_kind(column: str) -> PersonalKind | None:
    """What of a person a column holds by its name; None: nothing."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column).lower()
    return next((kind for kind, pattern in _PERSONAL.items() if pattern.search(name)), None)


def personal_entry(types: Mapping[str, str], needed: Collection[str]) -> dict[str, str]:
    """What an entry says of columns that by their names hold personal data.

    Args:
        types: the columns with their types, as entries write them.
        needed: those by which rows are found in the source, which stay clear.
    """
    found = {}
    for name, type_ in types.items():
        if kind := personal_kind(name):
            keep = PersonalColumn.model_validate(kind).keep
            kept = "hash" if keep == "drop" and type_.endswith(" not null") else keep
            is_text = type_.partition(" ")[0] in ("identifier", "text")
            if name in needed or (kept == "hash" and not is_text):
                kept = "clear"
            found[name] = kind if kept == keep else f"{{is: {kind}, keep: {kept}}}"
    return found


def adopt(path: Path, inspections: Sequence[Inspection]) -> None:
    """Write an entry for each table; the file is replaced as a whole or not at all.

    Args:
        path: the catalogue's file.
        inspections: tables that are adoptable.

    Raises:
        ConfigurationError: the file can't be read or written, or holds the source in a form that can't be added to.
    """
    path = path.resolve()
    before = load_catalogue(path)
    try:
        text = path.read_bytes().decode()
        for source in dict.fromkeys(i.source for i in inspections):
            text = _inserted(text, source, [i for i in inspections if i.source == source])
        aside = path.with_name(aside_name(path.name))
        try:
            with aside.open("xb") as new:
                new.write(text.encode())
            _check(before, aside, inspections)
            shutil.copymode(path, aside)
            with aside.open("rb") as file:
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"Catalogue {path.name} can't be written: {error.strerror}.") from None


def _check(before: Catalogue, aside: Path, inspections: Sequence[Inspection]) -> None:
    """Refuse text that does not load as the catalogue before plus the new entries."""
    fault = ConfigurationError(
        f"Catalogue {without_aside(aside.name)} is written in a way that entries can't be added to by itself; it is "
        "unchanged. Write its sources as block mappings (no braces, anchors or aliases), and run again."
    )
    try:
        after = load_catalogue(aside)
    except ConfigurationError:
        raise fault from None
    added = {(i.source, i.table) for i in inspections}
    kept = {source: {t: e for t, e in tables.items() if (source, t) not in added} for source, tables in after.items()}
    present = {(source, table) for source, tables in after.items() for table in tables}
    if {s: t for s, t in kept.items() if t} != {s: t for s, t in before.items() if t} or not added <= present:
        raise fault


def _inserted(text: str, source: str, inspections: Sequence[Inspection]) -> str:
    """The text with entries at the end of their source's; text that they can't be put into comes back as it is."""
    newline = "\r\n" if "\r\n" in text else "\n"
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    tables = next((value for key, value in root.value if key.value == source), None)
    if tables is None:
        place, lines = len(text), ["", f"{source}:", *_entries(inspections, 2, 2)]
    elif not isinstance(tables, yaml.MappingNode) or (tables.value and tables.flow_style):
        return text
    elif tables.value:
        indent = tables.value[0][0].start_mark.column
        place, lines = _end_of_block(text, tables, indent), _entries(inspections, indent, _step(tables))
    else:
        # Empty braces.
        text = text[: tables.start_mark.index].rstrip(" ") + text[tables.end_mark.index :]
        place, lines = _next_line(text, tables.start_mark.index - 1), _entries(inspections, 2, 2)
    before = text[:place]
    start = newline if before and not before.endswith("\n") else ""
    return before + start + "".join(line + newline for line in lines) + text[place:]


def _step(tables: yaml.MappingNode) -> int:
    """By how much the file indents."""
    for name, entry in tables.value:
        if isinstance(entry, yaml.MappingNode) and not entry.flow_style:
            return int(entry.value[0][0].start_mark.column - name.start_mark.column)
    return 2


def _end_of_block(text: str, node: yaml.MappingNode, indent: int) -> int:
    """The beginning of the line after a block's last one and the comments that still stand within it."""
    last: yaml.Node = node
    while isinstance(last, yaml.CollectionNode) and not last.flow_style and last.value:
        last = last.value[-1][1] if isinstance(last, yaml.MappingNode) else last.value[-1]
    # The end of a scalar in many lines is told as the beginning of what follows.
    end = len(text[: last.end_mark.index].rstrip())
    place = _next_line(text, end)
    while comment := re.compile(r"( *)#[^\n]*\n?").match(text, place):
        if len(comment[1]) < indent:
            break
        place = comment.end()
    return place


def _next_line(text: str, place: int) -> int:
    found = text.find("\n", place)
    return len(text) if found < 0 else found + 1


def _entries(inspections: Sequence[Inspection], indent: int, step: int) -> list[str]:
    lines = []
    for inspection in inspections:
        assert inspection.shape is not None
        assert inspection.recommended is not None
        lines.append(" " * indent + f"{_scalar(inspection.table)}:")
        for depth, line in _entry(inspection.shape, inspection.recommended):
            lines.append(" " * (indent + step * depth) + line)
    return lines


def _entry(shape: TableShape, recommended: Recommendation) -> list[tuple[int, str]]:
    """The lines of an entry, and how deep each is indented below the table's name."""
    lines = [
        f"# {' '.join(reason.split())}"
        for reason in ("Suggested by `python -m ingestion inspect`.", *recommended.reasons)
    ]
    lines.append(f"mode: {recommended.mode}")
    if recommended.key != ("id",):
        lines.append(f"key: {_list(recommended.key)}")
    if recommended.cursor:
        lines.append(f"cursor: {_scalar(recommended.cursor)}")
    for name in ("overlap_hours", "sweep_hours"):
        if hours := getattr(recommended, name):
            lines.append(f"{name}: {hours:g}")
    declared = declarations(shape, recommended)
    if personal := personal_entry(declared, [*recommended.key, recommended.cursor or ""]):
        told = ", ".join(f"{_scalar(name)}: {kept}" for name, kept in personal.items())
        lines += [
            "# Guessed from the names: add what is missing, take out what is not personal.",
            f"personal: {{{told}}}",
        ]
    lines.append("columns:")
    return [*((1, line) for line in lines), *((2, f"{_scalar(name)}: {type_}") for name, type_ in declared.items())]


def _list(names: Iterable[str]) -> str:
    return f"[{', '.join(map(_scalar, names))}]"


def _scalar(text: str) -> str:
    """A name as YAML writes it, in quotes where it would be something else without."""
    written: str = yaml.safe_dump([text], default_flow_style=True, allow_unicode=True, width=1_000_000)
    return written.strip()[1:-1]
