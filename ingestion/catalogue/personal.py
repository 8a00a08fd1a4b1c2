"""What of a table is personal, and what of that raw keeps.

Belongs here: what may be declared of a personal column. Not here: how a pseudonym is made (rows/pseudonyms.py).
"""

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

PersonalKind = Literal["phone", "email", "name", "address", "ip", "user_agent", "identifier", "text"]
Keep = Literal["hash", "clear", "drop"]

_KEPT: dict[PersonalKind, Keep] = {"phone": "hash", "email": "hash", "identifier": "hash", "ip": "drop"}
"""What raw keeps of a kind unless told; of the others the value as it is."""

_KNOWN = ("besides", "counted", "show")
"""What an owner who tells a column anew need not tell again."""

MOST_DAYS = 36_500
"""The highest age that can be told."""


class PersonalColumn(BaseModel):
    """A personal column.

    Attributes:
        kind: what it holds; `is` in the catalogue.
        keep: what raw has of it: `hash`, a keyed pseudonym; `clear`, the value, which no model shows unless `show` says
            so; `drop`, nothing, as it is not even read.
        show: whether core and marts show it: of names that are kept clear. Models have a place for those columns of
            which the catalogue tells it, be it `false`.
        besides: of a JSON object, the keys of which nothing is of a person: they stay when one is erased. `a.b` is in
            the object at a.
        counted: whether models make numbers of it, of a JSON object of other keys than `besides`.
        anonymise_after_days: how old a row is when nothing of it stays but `besides`; None: it stays.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    kind: PersonalKind = Field(alias="is")
    keep: Keep = "clear"
    show: bool = False
    besides: list[str] = []
    counted: bool = False
    anonymise_after_days: int | None = Field(default=None, ge=1, le=MOST_DAYS)

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, told: Any) -> Any:
        """`customer_phone: phone` tells what it is; what is kept follows from that."""
        if isinstance(told, str):
            told = {"is": told}
        if isinstance(told, dict) and "keep" not in told and told.get("is") in get_args(PersonalKind):
            return {**told, "keep": _KEPT.get(told["is"], "clear")}
        return told

    @model_validator(mode="after")
    def _can_be_shown(self) -> "PersonalColumn":
        if self.show and self.kind != "name":
            raise ValueError(f"show: it is of names, and this is {self.kind}")
        if self.show and self.keep != "clear":
            raise ValueError(f"show: raw does not have it with keep: {self.keep}. Either keep: clear, or show: false")
        return self

    def beside(self, other: "PersonalColumn | None") -> "PersonalColumn":
        """The same, with what is known of the column beside what its owner told of it."""
        if other is None or other.kind != self.kind or self.keep != "clear":
            return self
        known = {name: getattr(other, name) for name in _KNOWN if name not in self.model_fields_set}
        return self.model_copy(update=known)


def parse_personal(value: object) -> object:
    """Refuse the list of names that entries had before they said what a column is.

    Raises:
        ValueError: it is one.
    """
    if isinstance(value, list):
        first = next(iter(value), "customer_phone")
        raise ValueError(
            f"personal is a list. Say what each column is: personal: {{{first}: ...}}, one of "
            f"{', '.join(get_args(PersonalKind))}"
        )
    return value
