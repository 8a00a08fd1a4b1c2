"""`python -m orchestration health`: how everything is, for people, programs, monitors, and whoever is to be told.

Belongs here: the command, its table, and the outcome that it leaves. Not here: what is looked at (alerts/health.py).

It starts nothing of the models: it is called every few minutes, and where much is broken.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alerts.health import Examination, Health
from alerts.message import here
from alerts.telling import tell
from ingestion.errors import ConfigurationError
from ingestion.operations.judging import Grade
from ingestion.output.terminal import WRONG_USAGE, page, say_error
from ingestion.settings import Settings
from orchestration.outcome import write_outcome
from orchestration.signs import read_signs

_STYLES = {Grade.WELL: "green", Grade.WARNING: "yellow", Grade.CRITICAL: "bold red"}


def run_health(home: Path, *, as_json: bool) -> int:
    """Look at everything, print it, leave the outcome for the web server, and tell; returns the exit code."""
    try:
        settings = Settings.read()
        now = datetime.now(UTC)
        health = Examination(settings, home, read_signs(), now).health()
    except ConfigurationError as error:
        say_error(error)
        return WRONG_USAGE
    try:
        if as_json:
            print(json.dumps(health.record(now), indent=2))
        else:
            print_health(page(), health)
    # Where it can't be printed, on a full disk say, people are told all the same.
    finally:
        try:
            write_outcome(home, health.grade, now)
        except OSError as error:
            say_error(f"The outcome can't be left for /health: {error.strerror}.")
        tell(settings, health.look)
    return health.grade


def print_health(console: Console, health: Health) -> None:
    """One line per thing that was looked at, and what to do about what is wrong."""
    table = Table(box=SIMPLE, pad_edge=False)
    table.add_column("what", no_wrap=True)
    table.add_column("judged", no_wrap=True)
    table.add_column("seen", overflow="fold")
    for check in health.checks:
        table.add_row(check.name, Text(check.grade.word, style=_STYLES[check.grade]), check.told)
    console.print(table)
    remedies = dict.fromkeys((f.title or f.subject, f.remedy) for f in health.look.findings if f.remedy)
    for subject, remedy in remedies:
        console.print(f"{subject}: {here(remedy)}", soft_wrap=True)
