"""What an entry of the catalogues says of its delivery: `deliver: [{to: MANAGEMENT, attach: [pdf, xlsx]}]`.

Belongs here: what may be declared. Not here: addresses, which stand in the environment (addresses.py).
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_PASSWORD = "PASSWORD_"  # noqa: S105 - the beginning of a variable's name
Name = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
PROTECTED = "xlsx"
"""The form that can have a password."""


class DeliverTo(BaseModel):
    """One delivery of a report or export.

    Attributes:
        to: the address's name: DELIVERY_<to> in the environment has it.
        attach: forms or formats that are sent; by default, to a folder all of them, by mail a report's PDF or all of an
            export's files unless there is a link, to a chat none.
        tenants: tenant keys; only theirs are sent. None: all recipients'.
        link: whether the message has a link below EXPORTS_LINK.
        password: DELIVERY_PASSWORD_<password> is the one that opens what is sent: workbooks, and nothing else.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: Name
    attach: list[str] | None = None
    tenants: list[str] | None = Field(None, min_length=1)
    link: bool = False
    password: Name | None = None

    @property
    def variable(self) -> str:
        """The one that has the address."""
        return f"DELIVERY_{self.to}"

    @property
    def password_variable(self) -> str:
        """The one that has the password."""
        return f"DELIVERY_{_PASSWORD}{self.password}"


def addresses_by_name(entries: Iterable[tuple[str, Sequence[DeliverTo]]]) -> dict[str, list[str]]:
    """Name → the names of the addresses it goes to, of what goes to any; a report and an export may share a name."""
    found: dict[str, list[str]] = {}
    for name, deliver in entries:
        for one in deliver:
            found.setdefault(name, []).append(one.to)
    return found


def check_deliveries(deliver: Sequence[DeliverTo], offered: Collection[str], *, of_tenants: bool) -> None:
    """See whether an entry can be delivered so.

    Args:
        deliver: the entry's deliveries.
        offered: its forms or formats.
        of_tenants: whether each tenant has its own.

    Raises:
        ValueError: it can't; the message says why.
    """
    names = [one.to for one in deliver]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"deliver names {min(repeated)} twice")
    for one in deliver:
        if one.to.startswith(_PASSWORD):
            raise ValueError(f"deliver to {one.to}: names that begin with {_PASSWORD} are those of passwords")
        if unknown := [form for form in one.attach or () if form not in offered]:
            raise ValueError(f"deliver to {one.to}: attach: {unknown[0]} is not among {', '.join(offered)}")
        if one.tenants and not of_tenants:
            raise ValueError(f"deliver to {one.to}: tenants: it has no files of one tenant")
        if one.password and (one.attach or [PROTECTED]) != [PROTECTED]:
            raise ValueError(f"deliver to {one.to}: a password protects workbooks only; leave out all but xlsx")
        if one.password and PROTECTED not in offered:
            raise ValueError(f"deliver to {one.to}: a password protects workbooks; add xlsx to formats")
