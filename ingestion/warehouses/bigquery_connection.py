"""One client of BigQuery: statements and files in, plain Arrow out.

Belongs here: Google's client, its credentials, retries and errors. Not here: what is asked of it (bigquery.py,
bigquery_load.py, bigquery_lock.py).
"""

import re
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from os import environ
from pathlib import Path

import pyarrow as pa
from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError, NotFound, RetryError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from requests import RequestException
from sqlalchemy import URL

from ingestion.errors import WarehouseError, one_line
from ingestion.warehouses.bigquery_sql import translated

DriverError = (GoogleAPIError, GoogleAuthError, RequestException, ConnectionError)
"""What the client raises."""

RETRY_SECONDS = 30.0
"""So long a request is repeated while the service, or the way to it, is out of order. A job that failed is not run
again: the client would try for an hour, and the next run continues anyway."""

_EMULATOR = "BIGQUERY_EMULATOR_HOST"
"""Google's own variable for a server that stands in for the service; it takes no credentials."""

_UPLOAD_ATTEMPTS = 4
"""The waits between them double and come to fifteen seconds."""

_SCRATCH_DAYS = 1

MAXIMUM_BYTES_BILLED = 100 * 2**30
"""The dearest job that is let run, unless the URL says otherwise (`?maximum_bytes_billed=`); as in dbt's profile."""


def said(error: BaseException) -> str:
    """What the service or the client says, in one line without the request."""
    if isinstance(error, RetryError) and error.cause:
        error = error.cause
    text = error.message if isinstance(error, GoogleAPICallError) else one_line(error)
    text = re.sub(r"^[A-Z]+ https?://\S+ ", "", (text or type(error).__name__).splitlines()[0])
    return re.sub(r"https?://\S+", "...", text.partition("; reason: ")[0]).strip().removesuffix(".")


class BigqueryConnection:
    """A client for one warehouse.

    Raises:
        WarehouseError: there are no credentials.
    """

    def __init__(self, url: URL) -> None:
        location = url.query.get("location")
        self.location = str(location) if location else None
        self.maximum_bytes_billed = int(str(url.query.get("maximum_bytes_billed", MAXIMUM_BYTES_BILLED)))
        self.project, self.prefix = str(url.host), str(url.database)
        try:
            with warnings.catch_warnings():
                # A person's own credentials are meant to be used where no service account is set up.
                warnings.simplefilter("ignore")
                self._client = bigquery.Client(
                    project=self.project,
                    location=self.location,
                    credentials=AnonymousCredentials() if environ.get(_EMULATOR) else None,
                )
        except GoogleAuthError as error:
            raise WarehouseError(
                f"The warehouse can't be opened: {said(error)}. Log in (gcloud auth application-default login), or set "
                "GOOGLE_APPLICATION_CREDENTIALS."
            ) from None
        self._retry = bigquery.DEFAULT_RETRY.with_timeout(RETRY_SECONDS)

    def _job(self, statement: str, *, is_dry: bool = False) -> bigquery.QueryJob:
        config = bigquery.QueryJobConfig(
            labels={"application": "crm-warehouse"},
            dry_run=is_dry,
            maximum_bytes_billed=self.maximum_bytes_billed,
        )
        return self._client.query(
            translated(statement, self.prefix),
            job_config=config,
            retry=self._retry,
            timeout=RETRY_SECONDS,
            job_retry=None,
        )

    def read(self, statement: str) -> pa.Table:
        """Rows of a query, or of a script's last statement.

        Raises:
            DriverError: the service refuses it, or can't be reached.
        """
        rows = self._job(statement).result(retry=self._retry, job_retry=None)
        table: pa.Table = rows.to_arrow(create_bqstorage_client=False)
        return table.replace_schema_metadata(None)

    def execute(self, statement: str) -> int:
        """Run a statement or a script; returns the rows that a single statement changed.

        Raises:
            DriverError: see `read`.
        """
        job = self._job(statement)
        job.result(retry=self._retry, job_retry=None)
        return int(job.num_dml_affected_rows or 0)

    def is_query(self, statement: str) -> bool:
        """Whether a statement only reads. It is not run.

        Raises:
            DriverError: it is no SQL, or names what there is not.
        """
        return bool(self._job(statement, is_dry=True).statement_type == "SELECT")

    def create_dataset(self, schema: str | None = None) -> None:
        """Make a schema's dataset, or the warehouse's own, where it is missing."""
        name = f"{self.prefix}_{schema}" if schema else self.prefix
        dataset = bigquery.Dataset(f"{self.project}.{name}")
        self._client.create_dataset(dataset, exists_ok=True, retry=self._retry, timeout=RETRY_SECONDS)

    def tables(self, schema: str) -> list[str]:
        """Names of a schema's tables; none where there is no such dataset."""
        dataset = f"{self.project}.{self.prefix}_{schema}"
        try:
            found = list(self._client.list_tables(dataset, retry=self._retry, timeout=RETRY_SECONDS))
        except NotFound:
            return []
        return [table.table_id for table in found]

    def upload(self, schema: str, name: str, fields: Sequence[bigquery.SchemaField], file: Path | None) -> None:
        """Make a table that is gone in a day, of a Parquet file's rows; without a file it stays empty.

        Columns are found by name in the service, and lie in the file in the order of `fields`.
        """
        table = bigquery.Table(self._path(schema, name), schema=fields)
        table.expires = datetime.now(UTC) + timedelta(days=_SCRATCH_DAYS)
        self._client.create_table(table, retry=self._retry, timeout=RETRY_SECONDS)
        if file is None:
            return
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            schema=fields,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
            labels={"application": "crm-warehouse"},
        )
        with file.open("rb") as content:
            job = self._client.load_table_from_file(content, table.reference, job_config=config, timeout=RETRY_SECONDS)
        job.result(retry=self._retry)

    def drop(self, schema: str, name: str) -> None:
        """Drop a table, if it is there."""
        self._client.delete_table(self._path(schema, name), not_found_ok=True, retry=self._retry, timeout=RETRY_SECONDS)

    def drop_dataset(self, schema: str) -> None:
        """Drop a schema's dataset with its tables, if it is there."""
        self._client.delete_dataset(
            f"{self.project}.{self.prefix}_{schema}",
            delete_contents=True,
            not_found_ok=True,
            retry=self._retry,
            timeout=RETRY_SECONDS,
        )

    def _path(self, schema: str, name: str) -> str:
        return f"{self.project}.{self.prefix}_{schema}.{name}"

    def close(self) -> None:
        """Close."""
        self._client.close()


def is_missing(error: BaseException) -> bool:
    """Whether the service says that a dataset or a table is not there."""
    return isinstance(error, NotFound)
