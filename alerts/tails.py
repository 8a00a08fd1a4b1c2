"""Tails of the negative binomial distribution.

Belongs here: special functions. Not here: what is judged by them (expectations.py).

With mean m and variance m + v * m² it has size 1 / v, and its distribution function is an incomplete beta function
(NIST Digital Library of Mathematical Functions, 8.17.24), computed by its continued fraction (8.17.22) as Lentz
evaluates it.
"""

from math import exp, lgamma, log, log1p

_TINY = 1e-300
_PRECISION = 1e-12
_MOST_TERMS = 10_000


def at_most(count: float, mean: float, variation: float) -> float:
    """The probability of a count or a lower one.

    Args:
        count: 0 or more.
        mean: more than 0.
        variation: variance = mean + variation * mean²; more than 0.
    """
    size = 1 / variation
    return _incomplete_beta(size, count + 1, size / (size + mean))


def at_least(count: float, mean: float, variation: float) -> float:
    """The probability of a count or a higher one. Arguments as of `at_most`."""
    if count <= 0:
        return 1.0
    size = 1 / variation
    return _incomplete_beta(count, size, mean / (size + mean))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularized incomplete beta function I_x(a, b), with 0 < x < 1."""
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, _MOST_TERMS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _not_zero(1 + term * d)
            c = _not_zero(1 + term / c)
            fraction *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return front * fraction


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
