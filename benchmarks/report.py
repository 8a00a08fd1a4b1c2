"""The measures as a Markdown page.

Belongs here: which figure stands for several runs, ratios, layout.
"""

import argparse
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks.measure import Measure

Results = dict[str, dict[str, list[Measure]]]
"""Scenario → contender → one measure per round."""


def write_report(file: Path, results: Results, options: argparse.Namespace) -> None:
    """Write the page."""
    file.write_text("\n\n".join(str(key) for key in results) + "\n", encoding="utf-8")
