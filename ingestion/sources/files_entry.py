"""What an owner declares of a table that comes as files.

Belongs here: the options and their validation. Not here: what is done by them (the other `files_` modules).
"""

import codecs
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Each = Literal["part", "snapshot", "increment"]


class FilesEntry(BaseModel):
    """The files of one table.

    Attributes:
        files: a pattern below the source's folder: `*` and `?` stand for characters of one name, `**` for folders.
        each: what a file is. part: all files together are the table. snapshot: each is the whole table, and the last by
            name counts. increment: each adds to those before; of rows with one key, the last counts.
        encoding: of text, as Python names it; UTF-8 with or without a byte order mark unless told.
        separator: between a CSV row's values; unless told a tab in .tsv, else a comma.
        quote: around a CSV value that holds separators or line ends, doubled within it; None: there are no quotes.
        null: texts that stand for null in CSV.
        header: whether the first row of a CSV file names its columns; a list of names where it does not.
        decimal: the decimal sign of CSV's numbers.
        dates: how dates and timestamps are written, for `datetime.strptime`; None: as ISO 8601.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: str
    each: Each = "part"
    encoding: str = "utf-8"
    separator: str | None = Field(default=None, min_length=1, max_length=1)
    quote: str | None = Field(default='"', min_length=1, max_length=1)
    null: tuple[str, ...] = ("",)
    header: bool | tuple[str, ...] = True
    decimal: Literal[".", ","] = "."
    dates: str | None = Field(default=None, min_length=1)

    @field_validator("files")
    @classmethod
    def _stays_below_the_folder(cls, value: str) -> str:
        parts = value.split("/")
        if not value or "\\" in value or "://" in value or ".." in parts or "." in parts or "" in parts:
            raise ValueError(
                f"'{value}' is not a pattern of files below the source's folder, such as leads-*.csv or deals/*.parquet"
            )
        return value

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding_of_text(cls, value: str) -> str:
        try:
            "a".encode(value)
        except LookupError:
            raise ValueError(f"'{value}' is no encoding of text. Use utf-8, cp1252, latin-1, utf-16 or such") from None
        return codecs.lookup(value).name

    @field_validator("header")
    @classmethod
    def _names_differ(cls, value: bool | tuple[str, ...]) -> bool | tuple[str, ...]:
        if value == () or (isinstance(value, tuple) and (len(set(value)) < len(value) or "" in value)):
            raise ValueError("names of columns must differ and not be empty")
        return value

    @model_validator(mode="after")
    def _signs_differ(self) -> "FilesEntry":
        signs = [sign for sign in (self.separator, self.quote) if sign is not None]
        if len(set(signs)) < len(signs) or {"\r", "\n", " "} & set(signs):
            raise ValueError("separator and quote must differ from each other, from blanks and line ends")
        return self
