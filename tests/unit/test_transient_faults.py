import pytest
import sqlalchemy as sa

from ingestion.errors import SourceError, TransientSourceError
from ingestion.sources.sqlalchemy import _faults_told
from ingestion.sources.transient import fault_type


class DriverError(Exception):
    """A driver's error."""

    def __init__(self, *arguments: object, sqlstate: str | None = None) -> None:
        super().__init__(*arguments)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    "error",
    [
        DriverError("deadlock detected", sqlstate="40P01"),
        DriverError("could not serialize access", sqlstate="40001"),
        DriverError("terminating connection", sqlstate="57P01"),
        DriverError("the database system is starting up", sqlstate="57P03"),
        DriverError("gone", sqlstate="08006"),
        DriverError('connection to server at "db" failed: Connection refused'),
        DriverError("could not receive data from server: Connection reset by peer"),
        DriverError("connection failed: FATAL:  the database system is shutting down"),
        DriverError(1213, "Deadlock found when trying to get lock"),
        DriverError(2013, "Lost connection to MySQL server during query"),
        ConnectionResetError(104, "gone"),
    ],
)
def test_fault_that_passes_by_itself(error: Exception) -> None:
    assert fault_type(error) is TransientSourceError


@pytest.mark.parametrize(
    "error",
    [
        DriverError("password authentication failed"),
        DriverError("could not translate host name"),
        DriverError("column does not exist", sqlstate="42703"),
        DriverError("statement timeout; connection refused is not meant", sqlstate="57014"),
        DriverError(1045, "Access denied"),
        DriverError(),
    ],
)
def test_fault_that_does_not(error: Exception) -> None:
    assert fault_type(error) is SourceError


@pytest.mark.parametrize(("is_lost", "type_"), [(True, TransientSourceError), (False, SourceError)])
def test_general_reader_tells_a_lost_connection(is_lost: bool, type_: type[SourceError]) -> None:
    with pytest.raises(SourceError) as told, _faults_told("shop"):
        raise sa.exc.OperationalError("select 1", {}, DriverError("it broke"), connection_invalidated=is_lost)
    assert type(told.value) is type_
