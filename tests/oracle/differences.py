"""What the oracle and the warehouse disagree about.

Belongs here: comparing rows cell by cell. Not here: where either came from.
"""

from collections.abc import Sequence

from oracle.periods import Mart, Row

_SHOWN = 5


def differences(mart: Mart, found: Sequence[Row]) -> list[str]:
    """Tell every column in which a mart differs from what it must hold, with a few cells of each."""
    expected = {_key(mart, row): row for row in mart.rows}
    actual = {_key(mart, row): row for row in found}
    told = []
    if len(expected) < len(mart.rows) or len(actual) < len(found):
        told.append(f"{mart.name}: rows are not unique by {mart.keys}")
    if missing := sorted(expected.keys() - actual.keys(), key=repr):
        told.append(f"{mart.name} lacks {len(missing)} rows: {missing[:_SHOWN]}")
    if surplus := sorted(actual.keys() - expected.keys(), key=repr):
        told.append(f"{mart.name} has {len(surplus)} rows too many: {surplus[:_SHOWN]}")
    columns = sorted({column for row in [*mart.rows, *found] for column in row})
    for column in columns:
        cells = [
            (key, expected[key].get(column, "no such column"), actual[key].get(column, "no such column"))
            for key in expected.keys() & actual.keys()
            if not _same(expected[key].get(column, "no such column"), actual[key].get(column, "no such column"))
        ]
        if cells:
            shown = [f"{key}: {ours!r} expected, {theirs!r} found" for key, ours, theirs in sorted(cells, key=repr)]
            told.append(f"{mart.name}.{column} differs in {len(cells)} rows: {'; '.join(shown[:_SHOWN])}")
    return told


def _key(mart: Mart, row: Row) -> tuple[object, ...]:
    return tuple(row[column] for column in mart.keys)


def _same(ours: object, theirs: object) -> bool:
    """Equal, and both or neither of them a truth value."""
    return ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)
