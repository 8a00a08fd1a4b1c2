"""The main job on a PostgreSQL server, beside the same on DuckDB."""

import pytest
from comparison import differences
from end_to_end.place import Place
from postgresql import Server
from sqlalchemy import make_url

from ingestion.settings import PROJECT_ROOT
from ingestion.warehouses import open_warehouse

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server_place(sample_place: Place, postgresql_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The sample's sources, and a PostgreSQL warehouse."""
    place = Place(tmp_path_factory.mktemp("server"), {})
    place.environment |= {k: v for k, v in sample_place.environment.items() if k.endswith("_DATABASE_URL")}
    place.environment["WAREHOUSE_URL"] = postgresql_server.new_database()
    return place


def found_differences(*places: Place) -> list[str]:
    one, other = (open_warehouse(make_url(place.environment["WAREHOUSE_URL"]), 60) for place in places)
    assert len(one.tables(["core", "marts"])) > 20
    return differences(one, other, ["staging", "core", "marts"])


def exported(place: Place) -> dict[str, bytes]:
    folder = place.folder / "exports"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.csv")}


def test_first_run_gives_the_same_models_and_files_as_duckdb(sample_place: Place, server_place: Place) -> None:
    result = server_place.module("orchestration", "run")
    assert result.returncode == 0, result.stderr
    assert found_differences(sample_place, server_place) == []
    assert exported(server_place)
    assert exported(server_place) == exported(sample_place)


def test_second_run_builds_nothing_and_says_so(server_place: Place) -> None:
    result = server_place.module("orchestration", "run")
    assert result.returncode == 0, result.stderr
    assert "nothing changed since they were last built; none was built" in result.stdout
    assert "the warehouse itself, schemas core and marts" in result.stdout


def test_unit_tests_of_models_pass_on_postgresql(server_place: Place) -> None:
    target = ["--target-path", str(server_place.folder / "target"), "--log-path", str(server_place.folder / "logs")]
    selected = ["--select", "test_type:unit", "--target", "postgres"]
    result = server_place.run("dbt", "test", *selected, *target, cwd=PROJECT_ROOT / "dbt_project")
    assert result.returncode == 0, result.stdout[-3000:]
    assert "WARN=0 ERROR=0" in result.stdout
