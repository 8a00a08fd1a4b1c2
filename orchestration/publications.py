"""What is published together: the copy, and a step of exports or of reports for each cadence and for what has none.

Belongs here: which exports and reports are in which step. Not here: making them (exported.py, reported.py), or when
(changes.py, chain.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from exports.catalogue import Export
from exports.periods import CADENCES, MARTS, Cadence
from exports.reports.declaration import Declaration
from orchestration.configuration import PUBLICATION_JOB, exports, reports, settings, system_of

STEPS: Mapping[str, Cadence | None] = {"": None} | {f"_{MARTS[cadence]}": cadence for cadence in CADENCES}
"""End of a step's and job's name → the cadence of its periods."""

_COPY, _EXPORTS, _REPORTS = "_copy", "_exports", "_reports"


@dataclass(frozen=True, slots=True)
class Step:
    """Exports or reports of one cadence, or the copy.

    Attributes:
        name: in the warehouse's `_state`.
        place: where it publishes to.
        suffix: that tells it from those of other cadences: "", "_daily", "_weekly", "_monthly".
        cadence: of its periods; None: what it publishes has none.
        declared: by name.
    """

    name: str
    place: str
    suffix: str = ""
    cadence: Cadence | None = None
    declared: Mapping[str, Export] | Mapping[str, Declaration] = field(default_factory=dict)

    @property
    def job(self) -> str:
        """The job that publishes it."""
        return PUBLICATION_JOB + self.suffix

    @property
    def systems(self) -> list[str]:
        """The systems that it publishes something of."""
        return sorted({system_of(one) for one in self.declared.values()})

    @property
    def assets(self) -> dict[str, list[str]]:
        """Name → the path of its asset's key. A report has one for each of its cadences."""
        is_of_reports = self.name.startswith(_REPORTS)
        return {name: ["reports", name + self.suffix] if is_of_reports else ["exports", name] for name in self.declared}

    def of(self, system: str) -> dict[str, Export | Declaration]:
        """What it publishes of a system, by name."""
        return {name: one for name, one in self.declared.items() if system_of(one) == system}


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
    for suffix, cadence in STEPS.items():
        if of_exports := _of_exports(cadence):
            yield Step(_EXPORTS + suffix, settings.exports, suffix, cadence, of_exports)
        if of_reports := _of_reports(cadence):
            yield Step(_REPORTS + suffix, settings.exports, suffix, cadence, of_reports)


copy_step = Step(_COPY, str(settings.bi_snapshot))
steps = list(_steps())
"""Those that there are, by cadence."""

cadences = {step.job: step.cadence for step in steps if step.cadence}
"""The jobs that publish periods, and of which cadence."""

export_steps = [step for step in steps if step.name.startswith(_EXPORTS)]
report_steps = [step for step in steps if step.name.startswith(_REPORTS)]


def is_step(name: str) -> bool:
    """Whether an entry of `_state` is of a step, now or at some time."""
    return name.startswith((_COPY, _EXPORTS, _REPORTS))
