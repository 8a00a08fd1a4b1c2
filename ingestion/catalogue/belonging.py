"""Whose a table's rows are: a customer's, or those of another table's rows.

Belongs here: what may be declared of it. Not here: how a person's rows are found by it (operations/persons.py).
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

CUSTOMER = "customer"
"""In the place of a table's name: the columns tell the customer, as `customer_key` of core.dim_customers does."""


class Belonging(BaseModel):
    """How a row tells whose it is.

    Attributes:
        columns: of a customer, those that make up its key after the source's name; of another table's row, the one that
            has its key.
        where: column: the values of rows that belong so, in lower case; all where none is told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: list[str] = Field(min_length=1)
    where: dict[str, list[str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, told: Any) -> Any:
        """`conversations: conversation_id` is the one column, a list is the columns."""
        if isinstance(told, str):
            return {"columns": [told]}
        return {"columns": told} if isinstance(told, list) else told

    @property
    def named(self) -> set[str]:
        """The columns that it names."""
        return {*self.columns, *self.where}
