from collections.abc import Callable

import pytest
import sqlalchemy as sa

from ingestion.errors import SourceError, TransientSourceError
from ingestion.sources.base import SourceName
from ingestion.sources.sqlalchemy import _faults_told
from ingestion.sources.transient import fault_type


class DriverError(Exception):
    """A driver's error."""

    def __init__(self, *arguments: object, sqlstate: str | None = None) -> None:
        super().__init__(*arguments)
        self.sqlstate = sqlstate


TRANSIENT_STATES = {
    *("08000", "08001", "08003", "08006"),
    *("25P03", "25P04"),
    *("40000", "40001", "40002", "40003", "40P01"),
    *("53000", "53100", "53200", "53300", "53400"),
    *("55006", "55P03"),
    *("57P01", "57P02", "57P03", "57P05"),
    "HYT00",
}
# One or more of every class that PostgreSQL has, and those that are near to the above.
PERMANENT_STATES = """
    00000 01000 02000 03000 08004 08P01 09000 0A000 0B000 0F000 0L000 0P000 0Z000 10608 20000 21000 22000
    22012 22021 22P05 23000 23505 24000 25000 25001 25006 25P01 25P02 26000 27000 28000 28P01 2B000 2D000
    2F000 34000 38000 39000 3B000 3D000 3F000 42000 42501 42601 42703 42P01 44000 54000 54001 55000 55P02
    55P04 57000 57014 57P04 58000 58030 72000 F0000 HV000 P0000 P0001 XX000 XX001 XX002
"""
# Drivers tell it each in their own way.
TELLS: dict[str, Callable[[str], Exception]] = {
    "sqlstate": lambda state: DriverError("it broke: connection refused", sqlstate=state),
    "pgcode": lambda state: CodedError("it broke: connection refused", pgcode=state),
    "first argument": lambda state: DriverError(state, "it broke: connection refused"),
}


class CodedError(Exception):
    """An error with codes as attributes."""

    def __init__(self, *arguments: object, **codes: object) -> None:
        super().__init__(*arguments)
        self.__dict__ |= codes


@pytest.mark.parametrize("told", TELLS)
@pytest.mark.parametrize("state", [*sorted(TRANSIENT_STATES), *PERMANENT_STATES.split()])
def test_code_of_a_fault_tells_more_than_its_words(told: str, state: str) -> None:
    expected = TransientSourceError if state in TRANSIENT_STATES else SourceError
    assert fault_type(TELLS[told](state)) is expected


MYSQL_CODES = {
    **dict.fromkeys((1037, 1040, 1041, 1047, 1053, 1077, 1079, 1080, 1135, 1152, 1158, 1159, 1160, 1161, 1184), True),
    **dict.fromkeys((1203, 1205, 1213, 1226, 1412, 1615, 1637, 1927, 2002, 2003, 2006, 2013, 2055, 4031), True),
    **dict.fromkeys((1044, 1045, 1049, 1054, 1064, 1142, 1143, 1146, 1153, 1317, 1969, 2005, 2026, 3024), False),
}


@pytest.mark.parametrize(("code", "passes"), MYSQL_CODES.items())
def test_code_of_mysql(code: int, passes: bool) -> None:
    expected = TransientSourceError if passes else SourceError
    assert fault_type(DriverError(code, "it broke: too many connections")) is expected
    assert fault_type(DriverError(code, "it broke", sqlstate="HY000")) is expected


SQLITE_CODES = {5: True, 261: True, 517: True, 773: True, 6: True, 262: True, 15: True, 17: True}
SQLITE_CODES |= dict.fromkeys((1, 9, 10, 11, 14, 23, 26, 266), False)


@pytest.mark.parametrize(("code", "passes"), SQLITE_CODES.items())
def test_code_of_sqlite(code: int, passes: bool) -> None:
    expected = TransientSourceError if passes else SourceError
    assert fault_type(CodedError("database is locked", sqlite_errorcode=code)) is expected


FAILED = 'connection to server at "db" (10.0.0.1), port 5432 failed: '
PASSING = (
    FAILED + "Connection refused",
    FAILED + "timeout expired",
    FAILED + "Connection timed out",
    FAILED + "No route to host",
    FAILED + 'FATAL:  too many connections for role "reader"',
    FAILED + 'FATAL:  too many connections for database "crm"',
    FAILED + "FATAL:  sorry, too many clients already",
    FAILED + "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
    FAILED + "FATAL:  the database system is starting up",
    FAILED + "FATAL:  no more connections allowed (max_client_conn)",
    FAILED + "FATAL:  query_wait_timeout",
    FAILED + "FATAL:  server login has been failing, try again later (server_login_retry)",
    "could not receive data from server: Connection reset by peer",
    'could not translate host name "db" to address: Temporary failure in name resolution',
    "connection failed: FATAL:  the database system is shutting down",
    "Failed to prepare query: database is locked",
)
STAYING = (
    FAILED + 'FATAL:  password authentication failed for user "me"',
    FAILED + 'FATAL:  database "none" does not exist',
    FAILED + 'FATAL:  no pg_hba.conf entry for host "10.0.0.2", user "me", database "crm", no encryption',
    FAILED + "FATAL:  unsupported startup parameter: options",
    'could not translate host name "db" to address: Name or service not known',
    "no such table: messages\nquery: select 'database is locked'",
    "",
)


@pytest.mark.parametrize("said", PASSING)
def test_words_of_a_fault_that_passes_by_itself(said: str) -> None:
    assert fault_type(DriverError(said)) is TransientSourceError


@pytest.mark.parametrize("said", STAYING)
def test_words_of_a_fault_that_does_not(said: str) -> None:
    assert fault_type(DriverError(said)) is SourceError


@pytest.mark.parametrize("error", [ConnectionResetError(104, "gone"), TimeoutError("timed out"), DriverError()])
def test_fault_of_the_network_passes(error: Exception) -> None:
    assert fault_type(error) is (SourceError if isinstance(error, DriverError) else TransientSourceError)


@pytest.mark.parametrize(("is_lost", "type_"), [(True, TransientSourceError), (False, SourceError)])
def test_general_reader_tells_a_lost_connection(is_lost: bool, type_: type[SourceError]) -> None:
    with pytest.raises(SourceError) as told, _faults_told(SourceName("shop")):
        raise sa.exc.OperationalError("select 1", {}, DriverError("it broke"), connection_invalidated=is_lost)
    assert type(told.value) is type_
