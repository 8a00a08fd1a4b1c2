"""A command that is killed at one of its steps."""

from collections.abc import Callable, Iterable

import pytest


class KilledError(KeyboardInterrupt):
    """In the place of a process's end."""


def killed_at(patch: pytest.MonkeyPatch, number: int, steps: Iterable[tuple[type, str]]) -> None:
    """Let what is done end before the so-many-th call of any of some methods.

    Args:
        patch: undone with its context.
        number: from 1 on, over all of the methods together.
        steps: class and name of each.
    """
    count = 0

    def stopping(done: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object, **options: object) -> object:
            nonlocal count
            count += 1
            if count == number:
                raise KilledError
            return done(*arguments, **options)

        return step

    for owner, name in steps:
        patch.setattr(owner, name, stopping(getattr(owner, name)))
