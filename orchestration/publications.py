"""What is published together: the copy, and a step of exports or of reports for each cadence and for what has none.

Belongs here: which exports and reports are in which step. Not here: making them (exported.py, reported.py), or when
(changes.py, chain.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from exports.catalogue import Export
from exports.periods import CADENCES, MARTS, Cadence
from exports.reports.declaration import Declaration
from exports.reports.reads import tables_in, tables_of
from orchestration.configuration import CROSS_SOURCE, PUBLICATION_JOB, SYSTEMS, exports, reports, settings, system_of
from orchestration.nodes import own_models, own_models_at

Kind = Literal["copy", "exports", "reports"]


@dataclass(frozen=True, slots=True)
class Step:
    """Exports or reports of one cadence, or the copy.

    Attributes:
        kind: what it publishes.
        place: where it publishes to.
        cadence: of its periods; None: what it publishes has none.
        declared: by name.
    """

    kind: Kind
    place: str
    cadence: Cadence | None = None
    declared: Mapping[str, Export] | Mapping[str, Declaration] = field(default_factory=dict)

    @property
    def suffix(self) -> str:
        """The end of names that tells it from those of other cadences: "", "_daily", "_weekly", "_monthly"."""
        return f"_{MARTS[self.cadence]}" if self.cadence else ""

    @property
    def name(self) -> str:
        """In the warehouse's `_state`."""
        return f"_{self.kind}{self.suffix}"

    @property
    def job(self) -> str:
        """The job that publishes it."""
        return PUBLICATION_JOB + self.suffix

    @property
    def systems(self) -> list[str]:
        """The systems that it publishes something of."""
        if self.kind == "copy":
            return [*SYSTEMS]
        return sorted({system_of(one) for one in self.declared.values()})

    @property
    def assets(self) -> dict[str, list[str]]:
        """Name → the path of its asset's key. A report has one for each of its cadences."""
        suffix = self.suffix if self.kind == "reports" else ""
        return {name: [self.kind, name + suffix] for name in self.declared}

    def of(self, system: str) -> dict[str, Export | Declaration]:
        """What it publishes of a system, by name."""
        return {name: one for name, one in self.declared.items() if system_of(one) == system}

    def own_models_of(self, system: str) -> set[str]:
        """The models of your own in what it publishes of a system."""
        if self.kind == "copy":
            return {*own_models()} if system == CROSS_SOURCE else set()
        return {name for one in self.of(system).values() for name in own_models_in(one)}


def own_models_in(one: Export | Declaration) -> set[str]:
    """The models of your own that an export or report is made from."""
    if isinstance(one, Declaration):
        return own_models_at(tables_of(one, CADENCES))
    return own_models_at({(one.schema_, one.mart)} if one.mart else tables_in(str(one.query)))


def not_built(names: Sequence[str]) -> str:
    """Why what is made from models of your own stays as it was, for people."""
    return (
        f"{', '.join(names)} could not be built, or failed its test, when it was last tried, so this stays as it was: "
        "python -m orchestration run tries it again, and says why it can't."
    )


def cadences_of(report: Declaration, cadence: Cadence | None) -> Sequence[Cadence]:
    """The cadences of a report that are in a step: with the first, those that somebody made on demand."""
    others = [other for other in CADENCES if other not in report.cadences]
    own = [cadence] if cadence else []
    return [*own, *others] if cadence == report.cadences[0] else own


def _of_exports(cadence: Cadence | None) -> dict[str, Export]:
    return {name: export for name, export in exports.items() if export.cadence == (cadence and MARTS[cadence])}


def _of_reports(cadence: Cadence | None) -> dict[str, Declaration]:
    return {name: one for name, one in reports.items() if (cadence in one.cadences if one.keeps else cadence is None)}


def _steps() -> Iterator[Step]:
    for cadence in (None, *CADENCES):
        if of_exports := _of_exports(cadence):
            yield Step("exports", settings.exports, cadence, of_exports)
        if of_reports := _of_reports(cadence):
            yield Step("reports", settings.exports, cadence, of_reports)


copy_step = Step("copy", str(settings.bi_snapshot))
steps = list(_steps())
"""Those that there are, by cadence."""

cadences = {step.job: step.cadence for step in steps if step.cadence}
"""The jobs that publish periods, and of which cadence."""

export_steps = [step for step in steps if step.kind == "exports"]
report_steps = [step for step in steps if step.kind == "reports"]


def is_step(name: str) -> bool:
    """Whether an entry of `_state` is of a step, now or at some time."""
    return name.startswith(tuple(f"_{kind}" for kind in get_args(Kind)))
