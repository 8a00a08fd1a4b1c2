"""What requirements/ promises: every package by version and hash, what pyproject.toml declares and nothing older."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from typing import Any

import licences
import pytest
from locked import FOLDER, locked
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ingestion.settings import PROJECT_ROOT

GROUPS = {"build", "emulator", "oldest-duckdb", "superset", "lock", "benchmarks"}
"""Environments without the project in them."""
EXTRAS = {"runtime": set[str](), "server": {"server", "mysql"}, "dev": {"dev"}}


@cache
def declared() -> dict[str, Any]:
    return tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def required(name: str) -> Iterator[Requirement]:
    """What is declared for a file."""
    groups = declared()["dependency-groups"]
    if name in GROUPS:
        yield from map(Requirement, groups[name])
        return
    project = declared()["project"]
    yield from map(Requirement, [*project["dependencies"], *groups["build"]])
    todo = set(EXTRAS[name])
    while todo:
        for requirement in map(Requirement, project["optional-dependencies"][todo.pop()]):
            if requirement.name == project["name"]:
                todo |= requirement.extras
            else:
                yield requirement


def test_there_is_a_file_for_each_environment() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == GROUPS | EXTRAS.keys()
    assert {*declared()["dependency-groups"]} == GROUPS


@pytest.mark.parametrize("name", sorted(GROUPS | EXTRAS.keys()))
def test_what_is_declared_is_in_the_file_by_one_version_with_hashes(name: str) -> None:
    assert "://" not in (FOLDER / f"{name}.txt").read_text(encoding="utf-8"), "it says where packages come from"
    for requirement in required(name):
        if requirement.marker is None or requirement.marker.evaluate():
            [pin] = locked(name)[canonicalize_name(requirement.name)].specifier
            assert requirement.specifier.contains(pin.version), f"{requirement}, not {pin}: make lock"


@pytest.mark.parametrize("name", ["runtime", "server", "benchmarks"])
def test_versions_are_those_that_are_tested(name: str) -> None:
    tested = locked("dev")
    shared = locked(name).keys() & tested.keys()
    assert {it: str(locked(name)[it]) for it in shared} == {it: str(tested[it]) for it in shared}
    assert name == "benchmarks" or shared == locked(name).keys()


def test_packages_from_npm_have_hashes_and_no_place() -> None:
    folder = FOLDER / "npm"
    wanted, found = (json.loads((folder / f"package{it}.json").read_text(encoding="utf-8")) for it in ("", "-lock"))
    packages = dict(found["packages"])
    assert packages.pop("")["dependencies"] == wanted["dependencies"]
    assert {f"node_modules/{name}" for name in wanted["dependencies"]} <= packages.keys()
    assert all(re.match("sha512-", it["integrity"]) and "resolved" not in it for it in packages.values())


def test_project_is_built_with_what_is_installed() -> None:
    assert declared()["build-system"]["requires"] == declared()["dependency-groups"]["build"]


@pytest.mark.slow
def test_what_is_installed_is_what_the_file_says_and_all_that_it_needs() -> None:
    installed = {name: f"=={version(name)}" for name in locked("dev")}
    assert installed == {name: str(requirement.specifier) for name, requirement in locked("dev").items()}
    result = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_page_of_licences_is_that_of_the_installed_packages() -> None:
    assert licences.PAGE.read_text(encoding="utf-8") == licences.page(), "make licences"


def test_every_licence_is_allowed() -> None:
    found = {name: licences.licence(name) for name in locked("server")}
    assert {name: it for name, it in found.items() if not licences.ids(it) <= licences.ALLOWED} == {}
    assert set().union(*map(licences.ids, found.values())) == licences.ALLOWED, "allowed, and nothing has it"
