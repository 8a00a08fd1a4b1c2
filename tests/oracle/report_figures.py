"""What every figure of a report is, from rows of marts, in plain Python.

Belongs here: figures of shipped reports, computed apart from the reports: whole marts are read, and added up here. Not
here: what marts hold, which the other oracles say.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from fractions import Fraction
from hashlib import sha256
from typing import Any

import yaml

from ingestion.warehouses import Query
from oracle.sources import MINOR_UNITS, ROOT

Figures = dict[str, dict[str, str]]
"""Section → place → what is to stand there."""

Row = dict[str, Any]
_SUFFIX = {"day": "daily", "week": "weekly", "month": "monthly"}
_NAMES = {"outlet_id": "dim_outlets", "campaign_id": "dim_campaigns", "product_id": "dim_products"}
_UNITS = {"seconds": "s", "minutes": "min", "hours": "h", "days": "d"}
_LENGTH = {"day": 28, "week": 13, "month": 13}
_WORDS = {"p50": "median", "p90": "90th percentile of", "llm": "LLM", "whatsapp": "WhatsApp", "crm": "CRM"}


class Expected:
    """Figures of reports over one warehouse."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._tables: dict[str, list[Row]] = {}
        self._marts: dict[str, Any] = {}
        for path in (ROOT / "dbt_project" / "models" / "marts").rglob("*.mart.yml"):
            self._marts[path.name.removesuffix(".mart.yml")] = yaml.safe_load(path.read_text(encoding="utf-8"))
        for mart in self._marts.values():
            if "columns_of" in mart:
                mart["columns"] = self._marts[mart["columns_of"]]["columns"]
        self._reports = yaml.safe_load((ROOT / "exports" / "reports.yml").read_text(encoding="utf-8"))

    def figures(self, report: str, tenant: str | None, cadence: str, first_day: date) -> Figures:
        """What a report is to show of declared measures; of its queries nothing is said.

        Args:
            report: its name.
            tenant: None: all together.
            cadence: day, week or month; `28 days` and the like of a window.
            first_day: of the period or window.
        """
        found: Figures = {}
        for section in self._reports[report]["sections"]:
            for title, figures in self._section(section, tenant or "", cadence, first_day):
                if figures:
                    found[title] = figures
        return found

    def window(self, tenant: str, cadence: str) -> date | None:
        """The first day of a tenant's window, from all marts of its system; None: they have nothing of it."""
        system = next(r["source_kind"] for r in self._table_of("core.dim_tenants") if r["tenant_key"] == tenant)
        days = _days(cadence)
        ends = {
            row["period_end_date"] + timedelta(days=days * row["is_prior"])
            for path in (ROOT / "dbt_project" / "models" / "marts" / system).rglob("*.mart.yml")
            for row in self._table_of(f"marts.{path.name.removesuffix('.mart.yml')}_trailing")
            if row["tenant_key"] == tenant and row["window_days"] == days
        }
        assert len(ends) <= 1, f"windows of {tenant} end on {ends}"
        return next((end - timedelta(days=days - 1) for end in ends), None)

    def _section(
        self, section: dict[str, Any], tenant: str, cadence: str, day: date
    ) -> Iterator[tuple[str, dict[str, str]]]:
        if names := section.get("headlines"):
            yield "At a glance", {p: t for name in names for p, t in self._headline(name, tenant, cadence, day)}
        elif name := section.get("trend"):
            yield from self._trend(name, section.get("title"), tenant, cadence, day)
        elif told := section.get("comparison"):
            yield from self._comparison(told, section.get("title"), tenant, cadence, day)
        elif told := section.get("table"):
            yield section["title"], dict(self._table(told, tenant, cadence, day))
        elif section.get("businesses"):
            yield "Headlines of every business", dict(self._businesses(cadence, day))

    def _headline(self, name: str, tenant: str, cadence: str, day: date) -> Iterator[tuple[str, str]]:
        mart, column = name.split(".")
        now, before = (self._by(mart, [column], [], tenant, cadence, of) for of in (day, earlier(cadence, day)))
        keys = sorted({*now, *before})
        some = [key for key in keys if now.get(key, {}).get(column) or before.get(key, {}).get(column)]
        for key in some or keys[:1]:
            told = [of.get(key, {}).get(column) for of in (now, before)]
            label = self._label(mart, column) + (f" ({key[-1]})" if key else "")
            yield label, self._text(mart, column, key, told[0])
            yield f"{label}, before", self._text(mart, column, key, told[1])
            yield f"{label}, change", _change(told[0], told[1], "share" in self._marts[mart]["columns"][column])

    def _trend(
        self, name: str, title: str | None, tenant: str, cadence: str, day: date
    ) -> Iterator[tuple[str, dict[str, str]]]:
        mart, column = name.split(".")
        if cadence in _LENGTH:
            days = [day]
            while len(days) < _LENGTH[cadence]:
                days.append(earlier(cadence, days[-1]))
        else:
            days = [day + timedelta(days=n) for n in reversed(range(_days(cadence)))]
            cadence = "day"
        known = [of for of in reversed(days) if self._rows(mart, tenant, cadence, of)]
        days = [of for of in reversed(days) if known and of >= known[0]]
        by_day = {of: self._by(mart, [column], [], tenant, cadence, of) for of in days}
        keys = sorted({key for told in by_day.values() for key in told})
        is_zero = "quiet_days" in self._marts[mart] and "measure" in self._marts[mart]["columns"][column]
        sections = []
        for key in keys:
            since = min(of for of in days if key in by_day[of])
            values = {of: by_day[of].get(key, {}).get(column, 0 if is_zero else None) for of in days if of >= since}
            if any(values.values()):
                label = self._label(mart, column) + (f" ({key[-1]})" if key else "")
                sections.append(
                    (label, {_axis(cadence, of): self._text(mart, column, key, v) for of, v in values.items()})
                )
        for label, figures in sections:
            yield (f"{title}: {label}" if title and len(sections) > 1 else title or label), figures

    def _comparison(
        self, told: dict[str, Any], title: str | None, tenant: str, cadence: str, day: date
    ) -> Iterator[tuple[str, dict[str, str]]]:
        mart, column = told["of"].split(".")
        by_currency: dict[str, list[tuple[Any, str, tuple[str, ...]]]] = defaultdict(list)
        for key, values in self._by(mart, [column], [told["by"]], tenant, cadence, day).items():
            if values[column]:
                by_currency[key[1] if len(key) > 1 else ""].append((values[column], key[0], key))
        for currency, bars in sorted(by_currency.items()):
            bars.sort(key=lambda bar: (-bar[0], bar[1]))
            label = self._label(mart, column) + (f" ({currency})" if currency else "")
            named = [
                (self._name(tenant, told["by"], key[0]), self._text(mart, column, key, value))
                for value, _, key in bars[: told.get("top", 10)]
            ]
            own = f"{label} by {_words(told['by']).lower()}"
            yield (f"{title}: {label}" if title and len(by_currency) > 1 else title or own), dict(_apart(named))

    def _table(self, told: dict[str, Any], tenant: str, cadence: str, day: date) -> Iterator[tuple[str, str]]:
        mart, by, columns = told["of"], told["by"], told["columns"]
        rows = [(k, v) for k, v in self._by(mart, columns, by, tenant, cadence, day).items() if any(v.values())]
        rows.sort(key=lambda row: (-(row[1][columns[0]] or 0), row[0]))
        named = [
            (", ".join(self._name(tenant, dimension, key[n]) for n, dimension in enumerate(by)), (key, values))
            for key, values in rows[: told.get("top", 20)]
        ]
        for name, (key, values) in _apart(named):
            for column in columns:
                yield f"{name}: {self._label(mart, column)}", self._text(mart, column, key, values[column])

    def _businesses(self, cadence: str, day: date) -> Iterator[tuple[str, str]]:
        named, of_most = [], day
        for row in sorted(self._table_of("core.dim_tenants"), key=lambda row: row["tenant_key"]):
            if cadence not in _SUFFIX:
                if not (own := self.window(row["tenant_key"], cadence)):
                    continue
                day = own
            for path in sorted((ROOT / "dbt_project" / "models" / "marts" / row["source_kind"]).rglob("*.mart.yml")):
                mart = path.name.removesuffix(".mart.yml")
                for column, told in self._marts[mart]["columns"].items():
                    if "balance" in told and cadence not in _SUFFIX:
                        continue
                    if told.get("headline") and "columns_of" not in self._marts[mart]:
                        figures = list(self._headline(f"{mart}.{column}", row["tenant_key"], cadence, day))
                        for value, before, change in zip(figures[::3], figures[1::3], figures[2::3], strict=True):
                            name = _named(row["tenant_name"], row["tenant_key"])
                            if day != of_most:
                                last = day - timedelta(days=1 - _days(cadence))
                                name += f" (to {last.day} {last:%b})"
                            name += f", {value[0]}"
                            named.append((name, (value[1], before[1], change[1])))
        for name, texts in _apart(named):
            for heading, text in zip(("Value", "Before", "Change"), texts, strict=True):
                yield f"{name}: {heading}", text

    def _by(
        self, mart: str, columns: list[str], by: list[str], tenant: str, cadence: str, day: date
    ) -> dict[tuple[str, ...], dict[str, Any]]:
        """Values of columns by dimensions, and by currency where one is money or can't be added up over currencies."""
        declared = self._marts[mart]
        is_split = any(
            self._is_amount(mart, column)
            or ("currency_code" in declared.get("dimensions", {}) and self._is_single(mart, column))
            for column in columns
        )
        groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
        for row in self._rows(mart, tenant, cadence, day):
            groups[(*(str(row[d]) for d in by), *([row["currency_code"]] if is_split else []))].append(row)
        return {key: {column: self._value(mart, column, rows) for column in columns} for key, rows in groups.items()}

    def _value(self, mart: str, column: str, rows: list[Row]) -> Any:
        declared = self._marts[mart]["columns"][column]
        if self._is_single(mart, column):
            [row] = rows
            return row[column]
        if quotient := declared.get("share") or declared.get("ratio"):
            up, down = (_sum(row[part] for row in rows) for part in quotient)
            return Fraction(up) / Fraction(down) if up is not None and down else None
        if str(declared.get("measure", "")).startswith("max "):
            return max((row[column] for row in rows if row[column] is not None), default=None)
        return _sum(row[column] for row in rows)

    def _is_single(self, mart: str, column: str) -> bool:
        """Whether it tells customers apart or is a quantile, or is made of such: of several rows nothing is had."""
        declared = self._marts[mart]["columns"][column]
        if measure := declared.get("measure"):
            return str(measure).startswith("distinct ") or (str(measure)[0] == "p" and str(measure)[1].isdigit())
        parts = next(declared[k] for k in ("share", "ratio", "total", "difference", "balance") if k in declared)
        return any(self._is_single(mart, part) for part in parts)

    def _is_whole(self, mart: str, column: str) -> bool:
        declared = self._marts[mart]["columns"][column]
        if measure := declared.get("measure"):
            return bool(declared.get("whole")) or measure == "count" or str(measure).startswith("distinct ")
        if "share" in declared or "ratio" in declared:
            return False
        parts = next(declared[k] for k in ("total", "difference", "balance") if k in declared)
        return all(self._is_whole(mart, part) for part in parts)

    def _is_amount(self, mart: str, column: str) -> bool:
        declared = self._marts[mart]["columns"][column]
        keys = {**self._marts[mart].get("dimensions", {}), **self._marts[mart].get("attributes", {})}
        if "currency_code" not in keys or "share" in declared or "unit" in declared or self._is_whole(mart, column):
            return False
        return "ratio" not in declared or not self._is_whole(mart, declared["ratio"][0])

    def _text(self, mart: str, column: str, key: tuple[str, ...], value: Any) -> str:
        declared = self._marts[mart]["columns"][column]
        unit = declared.get("unit")
        if value is None:
            return "\u2013"
        if "share" in declared:
            return _told(value * 100, 1, "%")
        if self._is_whole(mart, column):
            return _told(value, 0, _UNITS.get(unit, unit))
        if self._is_amount(mart, column):
            currency = key[-1]
            return _told(
                value, MINOR_UNITS.get(currency, 2), "of unknown currency" if currency == "unknown" else currency
            )
        if unit == "US dollars":
            return _told(value, 4 if "ratio" in declared else 2, "USD")
        return _told(value, 1 if unit else 2, _UNITS.get(unit, unit))

    def _label(self, mart: str, column: str) -> str:
        declared = self._marts[mart]["columns"][column]
        return declared.get("label") or _words(column.removesuffix(f"_{declared.get('unit')}"))

    def _name(self, tenant: str, dimension: str, value: str) -> str:
        if dimension not in _NAMES:
            return (
                value.replace("_", " ")
                if value.isascii() and value == value.lower() and value.lower() != value.upper()
                else value
            )
        column = dimension.replace("_id", "_name")
        names = [
            row[column]
            for row in self._table_of(f"core.{_NAMES[dimension]}")
            if row["tenant_key"] == tenant and str(row[dimension]) == value
        ]
        return _named(names[0] if names else None, value)

    def _rows(self, mart: str, tenant: str, cadence: str, day: date) -> list[Row]:
        if cadence not in _SUFFIX:
            rows = self._table_of(f"marts.{mart}_trailing")
            days = _days(cadence)
            rows = [r for r in rows if r["window_days"] == days and r["period_start_date"] == day]
            return [r for r in rows if r["tenant_key"] == tenant]
        rows = self._table_of(f"marts.{mart}_{_SUFFIX[cadence]}")
        return [r for r in rows if r["is_complete"] and r["tenant_key"] == tenant and r["period_start_date"] == day]

    def _table_of(self, name: str) -> list[Row]:
        if name not in self._tables:
            self._tables[name] = self._query(f"select * from {name}").to_pylist()
        return self._tables[name]


def earlier(cadence: str, day: date) -> date:
    """The first day of the period before."""
    if cadence == "month":
        return (day.replace(day=1) - timedelta(days=1)).replace(day=1)
    if cadence not in _SUFFIX:
        return day - timedelta(days=_days(cadence))
    return day - timedelta(days=7 if cadence == "week" else 1)


def _days(window: str) -> int:
    return int(window.removesuffix(" days"))


def _axis(cadence: str, day: date) -> str:
    if cadence == "month":
        return day.strftime("%b %Y")
    return f"W{day.isocalendar().week}" if cadence == "week" else f"{day.day} {day:%b}"


def _words(name: str) -> str:
    told = " ".join(_WORDS.get(part, part) for part in name.removesuffix("_id").removesuffix("_code").split("_"))
    return told[0].upper() + told[1:]


def _named(name: str | None, id_: str) -> str:
    line = " ".join((name or "").split())
    own = id_.partition(":")[2] or id_
    if line not in ("", "unknown", own, id_):
        return line
    return "unknown" if own == "unknown" else "unnamed " + sha256(id_.encode()).hexdigest()[:4]


def _apart(named: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    times: dict[str, int] = defaultdict(int)
    for name, value in named:
        times[name] += 1
        yield name + (f" ({times[name]})" if times[name] > 1 else ""), value


def _sum(values: Iterable[Any]) -> Any:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _change(now: Any, before: Any, is_share: bool) -> str:
    if now is None or before is None or not (before or is_share):
        return "\u2013"
    now, before = Fraction(now), Fraction(before)
    return _told((now - before) * 100, 1, "points") if is_share else _told((now - before) / abs(before) * 100, 1, "%")


def _told(value: Any, decimals: int, unit: str | None) -> str:
    """Half to even, as `Fraction` rounds."""
    rounded = round(Fraction(value) * 10**decimals)
    sign = "\u2212" if rounded < 0 else ""
    whole, rest = divmod(abs(rounded), 10**decimals)
    number = f"{sign}{whole:,}" + (f".{rest:0{decimals}}" if decimals else "")
    return f"{number} {unit}" if unit else number
