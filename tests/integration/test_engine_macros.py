"""What differs by engine gives the same on each: macros over extreme and random values, on DuckDB, PostgreSQL, and what
BigQuery's language is defined by.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from random import Random
from typing import Protocol

import pytest
from engine_macros import Engine, GoogleEngine, Row
from oracle.sources import UNSEEN, code, own_word, text
from oracle.visits import page_of, site_of
from postgresql import Server

TEMPLATES = {
    "json_field": "{{ json_text('t', 'a') }}",
    "nested_json_field": "{{ json_text('t', 'a.b') }}",
    "json_scalar": "{{ json_scalar('t', 'a') }}",
    "nested_json_scalar": "{{ json_scalar('t', 'a.b') }}",
    "spaced_json_scalar": "{{ json_scalar('t', 'c d') }}",
    "invalid_json": "{{ is_invalid_json_object('t') }}",
    "quoted": "{{ json_quoted('t') }}",
    "whole_number": "{{ whole_number_from_text('t') }}",
    "decimal_number": "{{ decimal_from_text('t') }}",
    "clean": "{{ clean_text('t') }}",
    "code": "{{ clean_code('t') }}",
    "own_word": "{{ own_word(clean_code('t')) }}",
    "upper_code": "{{ upper_case('t') }}",
    "shown_of_erp": "{{ shown_identifier('erp', 'erp', 't') }}",
    "shown_of_b": "{{ shown_identifier('erp', 'b', 't') }}",
    "source": "{{ source_of('erp', 't') }}",
    "natural_id": "{{ natural_identifier('erp', 't') }}",
    "key": "{{ source_key('erp', 't') }}",
    "shown_of_key": "{{ shown_identifier_of_key('erp', source_key('erp', 't')) }}",
    "sortable": "{{ sortable_id('t') }}",
    "zone": "{{ known_timezone('t') }}",
    "quotient": "{{ ratio('a', 'b') }}",
    "product": "{{ decimal_product('a', 'b') }}",
    "plausible_instant": "{{ plausible_instant('s') }}",
    "implausible_instant": "{{ is_implausible_instant('s') }}",
    "plausible_amount": "{{ plausible_amount('a') }}",
    "implausible_amount": "{{ is_implausible_amount('a') }}",
    "plausible_count": "{{ plausible_count('n') }}",
    "implausible_count": "{{ is_implausible_count('n') }}",
    "plausible_product": "{{ plausible_product('n', 'a') }}",
    "implausible_product": "{{ is_implausible_product('n', 'a') }}",
    "major_amount": "{{ amount_from_minor_units('n', 'u') }}",
    "implausible_major_amount": "{{ is_implausible_in_minor_units('n', 'u') }}",
    "microseconds": "{{ microseconds_between('s', 'e') }}",
    "seconds": "{{ seconds_from_microseconds(microseconds_between('s', 'e')) }}",
    "local_day": "{{ local_date('s', 'z') }}",
    "local_time": "{{ local_microseconds('s', 'z') }}",
    "offset": "{{ clock_offset('s', 'z') }}",
    "later": "{{ microseconds_between('s', seconds_after('s', 'n')) }}",
    "hours": "{{ microseconds_of_weeks('n', 'starts', 'ends') }}",
    "midnight": "{{ local_microseconds(utc_midnight('d'), \"'UTC'\") }}",
    "minute": "{{ minute_of_day('t') }}",
    "week": "{{ week_start('d') }}",
    "year_of_week": "{{ iso_year('d') }}",
    "number_of_week": "{{ iso_week('d') }}",
    "weekday": "{{ iso_weekday('d') }}",
    "instant": "{{ timestamp_literal('2024-02-29T23:59:59.999999+05:30') }}",
    **{f"p{percent}": f"{{{{ quantile('a', {percent}) }}}}" for percent in (0, 25, 50, 90, 100)},
    "first_text": "min({{ bytewise('t') }})",
    "last_text": "max({{ bytewise('t') }})",
    "page": "{{ page_path('t') }}",
    "step": "{{ journey_step(\"'page_view'\", 't', 't') }}",
    "site": "{{ referring_site('t') }}",
}
Shown = Callable[[object], object]


class Compare(Protocol):
    def __call__(self, names: list[str], columns: dict[str, str], cases: list[Row], google: Shown = ..., /) -> None: ...


def _as_it_is(answer: object) -> object:
    return answer


@pytest.fixture(scope="module")
def engines(postgresql_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Engine]]:
    folder = tmp_path_factory.mktemp("macros")
    with postgresql_server.database() as server, pytest.MonkeyPatch.context() as patch:
        # Compiling asks nobody; without this it would look for credentials.
        patch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:1")
        yield [
            Engine(f"duckdb:///{folder / 'warehouse.duckdb'}", folder / "duckdb", TEMPLATES),
            Engine(server, folder / "postgresql", TEMPLATES),
            GoogleEngine("bigquery://project/prefix", folder / "bigquery", TEMPLATES),
        ]


@pytest.fixture
def compare(engines: list[Engine]) -> Compare:
    def on_all(names: list[str], columns: dict[str, str], cases: list[Row], google: Shown = _as_it_is) -> None:
        answers = [map(_without_nul, engine.rows(names, columns, cases)) for engine in engines]
        differing = [
            f"{case!a}: {one!a}, {two!a}, {three!a}"
            for case, one, two, three in zip(cases, *answers, strict=True)
            if one != two or list(map(google, one)) != list(map(google, three))
        ]
        assert differing == []

    return on_all


def _without_nul(row: Row) -> Row:
    """PostgreSQL's text has no U+0000; an escaped one in JSON becomes U+FFFD there."""
    return tuple(value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row)


TEXTS = (
    """
57|57.0|57.00|057| 57 |\u300057\u00a0|\t57|57\n|57.|.5|-1|1e5|123456789012345678|1234567890123456789|1.5|\u0663|| |
1e-05|1E+9|1e10|1e09|-0|-0.0|-1.5e-9|0.0000000005|0.00000000049999|-0.0000000005|9999999999999999999|
9999999999999999999e9|0.1234567895|0.12345678949999999999|123.4567890125e-3|5e-10|4.9e-10|0.15e-8|nan|inf|a|Z|\u00e4|
\u00c9 \u00df \u0130 \u03c2 \u0391\u03a3|stra\u00dfe|a@B.Com|\u00dcn\u00ef|100|9|10|00000000000000000000|
123456789012345678901|a1|o'hara|a\\b|\U0001f600|Europe/Berlin|europe/berlin|Etc/GMT+5|posixrules|posix/UTC|localtime|UTC|
EST|Asia/Kolkata|Nowhere|00:00|0:00| 9:30 |09:30|24:00|24:01|9:60|9:5|09:30:00|-1:00|ab:cd|1:ab|:30|930|12345
""".strip("\n")
    .replace("|\n", "|")
    .split("|")
)


def test_texts(compare: Compare) -> None:
    random = Random(1)
    cases: list[Row] = [(None,), *((text,) for text in TEXTS)]
    for _ in range(2000):
        digits = f"{random.choice(['', '-'])}{random.randrange(10 ** random.randrange(1, 20))}"
        fraction = "." + "".join(random.choices("0123456789504999", k=random.randrange(1, 31)))
        exponent = f"{random.choice('eE')}{random.choice(['', '+', '-', '-0'])}{random.randrange(10)}"
        cases.append((digits + random.choice(["", fraction, fraction]) + random.choice(["", exponent]),))
    names = [
        "quoted",
        "whole_number",
        "decimal_number",
        "clean",
        "code",
        "upper_code",
        "sortable",
        "zone",
    ]
    compare(names, {"t": "text"}, cases)
    compare(["minute"], {"t": "text"}, [(None,), *((text,) for text in TEXTS)])
    compare(["quoted"], {"t": "text"}, [('\\u001B "\\\\u000b" /<>&\'',), ("".join(map(chr, range(1, 0xB))),)])


def test_escapes_of_json_are_written_alike(engines: list[Engine]) -> None:
    duckdb, postgresql, _ = engines
    controls: list[Row] = [("".join(map(chr, [*range(1, 0x20), 0x7F, 0x85, 0x2028])),)]
    assert duckdb.rows(["quoted"], {"t": "text"}, controls) == postgresql.rows(["quoted"], {"t": "text"}, controls)
    # BigQuery writes letters of escapes small: the same text to whoever reads JSON.


def test_text_and_codes_lose_what_is_not_seen_at_their_ends(engines: list[Engine]) -> None:
    # Every character of the set, its neighbours, and what else looks like nothing but is text.
    points = {ord(c) + step for c in UNSEEN for step in (-1, 0, 1)} | {0x180E, 0x200C, 0x200D, 0x2060, 0x3164} - {0}
    texts = [f"{chr(p)}A {chr(p)} b{chr(p)}{chr(p)}" for p in sorted(points) if p > 0]
    texts += ["".join(map(chr, sorted(points - {-1, 0}))), "\r\n", "resolved\r"]
    cases: list[Row] = [(one,) for one in texts]
    expected = [(text(one), code(one)) for one in texts]
    for engine in engines:
        assert engine.rows(["clean", "code"], {"t": "text"}, cases) == expected


def test_words_of_a_business_are_told_from_addresses_numbers_and_sentences(engines: list[Engine]) -> None:
    random = Random(4)
    words = [
        *(
            "web",
            "Cash on delivery",
            "\u00dcberweisung",
            "gpt-4o-2024-08-06",
            "claude-3-5-sonnet-20241022",
            "bacs_2026",
        ),
        *("24/7", "4 for 3", "1 800", "a" * 64, "\u6f22" * 64, "one two  three four", "q3-2026", "123456"),
    ]
    others = [
        *("jane@example.org", "+49 (151) 234-567 8", "1234567", "call 0151.2345678", "tel:1234567", "2026-09-15"),
        *("a friend of Jane Doe", "\u6f22" * 65, "a" * 65, "web\nJane", "web\tJane", "a" * 9999, "@", "\n@\n@\nx"),
    ]
    parts = [
        "1",
        "23",
        "4567",
        "+",
        "(",
        ")",
        " ",
        "  ",
        "-",
        "_",
        ".",
        "/",
        "a",
        "Z",
        "\u00e9",
        "@",
        "\n",
        "\t",
        "\U0001f600",
    ]
    drawn = ["".join(random.choices(parts, k=random.randrange(1, 12))) for _ in range(1000)]
    cases: list[Row] = [(one,) for one in (None, "", *words, *others, *drawn)]
    expected = [(own_word(code(one)),) for (one,) in cases]  # type: ignore[arg-type]
    assert [one for (one,) in expected[2:]][: len(words) + len(others)] == [*map(code, words), *["other"] * len(others)]
    for engine in engines:
        assert engine.rows(["own_word"], {"t": "text"}, cases) == expected


def test_addresses_are_taken_apart_alike_however_they_are_written(engines: list[Engine], compare: Compare) -> None:
    random = Random(3)
    parts = [
        *(
            "https:",
            "HTTP:",
            "android-app:",
            "//",
            "/",
            "/sale",
            "?",
            "#",
            "@",
            ":",
            ":8080",
            ".",
            "..",
            "www.",
            ".com",
        ),
        *("google", "a", "B", "\u00fc", "\u6f22", "\n", " ", ">", "'", "\\", "%", "*"),
    ]
    addresses = ["".join(random.choices(parts, k=random.randrange(1, 9))) for _ in range(1000)]
    addresses += [
        "/" * 5000 + "x",
        "?" * 5000,
        "." * 5000 + "x",
        "https://" + "a" * 1990 + ".example/",
        "\U0001f600" * 150,
    ]
    compare(["page", "step", "site"], {"t": "text"}, [(None,), *((address,) for address in addresses)])
    shown = engines[0].rows(["page", "site"], {"t": "text"}, [(address,) for address in addresses])
    assert shown == [(page_of(address), site_of(address.lower())) for address in addresses]


def test_ids_of_two_sources_are_never_the_same_and_are_told_apart_again(engines: list[Engine]) -> None:
    ids = ["1", "b:1", "b:", "b", "erp:1", "erp:b:1", "b:erp:1", "B:1", ":", "", "\u00e4:1", "unknown", "b:unknown"]
    for engine in engines:
        shown = {
            source: [row[0] for row in engine.rows([f"shown_of_{source}"], {"t": "text"}, [(one,) for one in ids])]
            for source in ("erp", "b")
        }
        assert shown["erp"][:3] == ["1", "erp:b:1", "erp:b:"]
        assert len({*shown["erp"], *shown["b"]}) == 2 * len(ids)
        for source, of_source in shown.items():
            told = engine.rows(
                ["source", "natural_id", "key", "shown_of_key"], {"t": "text"}, [(one,) for one in of_source]
            )
            keys = [f"{source}:{one}" for one in ids]
            assert told == [(source, *row) for row in zip(ids, keys, of_source, strict=True)]


def test_nothing_implausible_passes_and_nothing_overflows(engines: list[Engine], compare: Compare) -> None:
    largest = 10**29 - 1
    counts = [0, 1, -1, 2, 10**12 - 1, 10**12, 10**15, 10**17, 2**63 - 1, -(2**63)]
    amounts = ["0", "0.000000001", "-0.000000001", "999.999999999", "-1000", "999999999999999.999999999"]
    amounts += ["1000000000000000", "-1000000000000000", f"{10**20}", f"{largest}.999999999", f"-{largest}.999999999"]
    pairs: list[Row] = [(n, a) for n in (*counts, None) for a in (*amounts, None)]
    columns = {"n": "bigint", "a": "numeric(38, 9)"}
    named = ("amount", "count", "product")
    compare([f"{kind}_{name}" for name in named for kind in ("plausible", "implausible")], columns, pairs)
    for engine in engines:
        for (n, a), (product, is_implausible) in zip(
            pairs, engine.rows(["plausible_product", "implausible_product"], columns, pairs), strict=True
        ):
            if n is None or a is None:
                assert (product, is_implausible) == (None, "false")
                continue
            exact = int(str(n)) * Fraction(str(a))
            if abs(exact) < 10**15:
                assert (Fraction(str(product)), is_implausible) == (exact, "false"), (n, a)
            else:
                assert (product, is_implausible) == (None, "true"), (n, a)
    money: list[Row] = [(n, u) for n in (*counts, None) for u in (0, 1, 2, 3, 4, None)]
    compare(["major_amount", "implausible_major_amount"], {"n": "bigint", "u": "bigint"}, money)
    told = engines[0].rows(["major_amount"], {"n": "bigint", "u": "bigint"}, [(5000, 0), (1234567, 3), (5000, None)])
    assert [Fraction(str(amount)) for (amount,) in told] == [5000, Fraction("1234.567"), 50]
    instants = ["0001-01-01 00:00:00+00", "1970-01-01 00:00:00+00", "1989-12-31 23:59:59.999999+00"]
    instants += ["1990-01-01 00:00:00+00", "2099-12-31 23:59:59.999999+00", "2100-01-01 00:00:00+00"]
    given: list[Row] = [(at,) for at in (*instants, "9999-12-31 23:59:59.999999+00", None)]
    compare(["plausible_instant", "implausible_instant"], {"s": "timestamptz"}, given)
    flags = [flag for (flag,) in engines[1].rows(["implausible_instant"], {"s": "timestamptz"}, given)]
    assert flags == ["true", "true", "true", "false", "false", "true", "true", "false"]


DOCUMENTS = (
    r"""
{"a":1.0}|{"a":1e5}|{"a":57.50}|{"a":1e20}|{"a":1e21}|{"a":1.5e-7}|{"a":0.000001}|{"a":-0}|{"a":-0.0}|{"a":1e999}|
{"a":12345678901234567890123}|{"a":18446744073709551616}|{"a":1e-400}|{"a":5e-324}|{"a":2.8E+23}|{"a":0.868e+316}|
{"a":68485246878307026.905820198}|{"a":9915265e13}|{"a":1,}|{"a":[[1,],],}|{"a":[,]}|{,}|{"a":,}|{"a":1,}"|{"a":",}"}|
{"a":NaN}|{"a":-Infinity}|{"a":[nan,"nan"]}|{"a":nano}|{"a":+1}|{"a":.5}|{"a":5.}|{"a":01}|{'a':1}|{a:1}|{"a":1}//c|
{"a":1} x|  {"a":1} |{"a":null}|{"a":true}|{"a":True}|{"a":"x","a":"y"}|{"a":{"b":1},"a":{"b":2}}|{"a":null,"a":1}|
{"a":{"b": 1.50, "c" : [1, 2.0 ,"\u00e9\/\"\\\n\u0001\u000b\u001f\u007f"], "b":null}}|{"a":"\u00e9\ud83d\ude00"}|
{"a":"\ud800"}|{"b":"\udc00","a":1}|{"a":"x\u0000y\\u0000"}|{"\u0061":"x"}|{"b":{"a":1}}|{"x":"\"a\":5"}|{"a":[{"b":1}]}|
[{"a":1}]|"a"|null|| |nul|{"a":""}|{"a":{}}|{"a":[]}|{"A":1}|{"a.b":1}|{"a":{"b":" x "}}|{"a":1}{"a":2}|{"a"|
{"a":"\x41"}
""".strip("\n")
    .replace("|\n", "|")
    .split("|")
)


def test_json(compare: Compare) -> None:
    random = Random(2)
    documents = [*DOCUMENTS, '{"a":"x\ty"}', '\ufeff{"a":1}', '{"a":1\u00a0}', '{"a":\t1\r\n}', '{"a":"\u2028\u00e9"}']
    for _ in range(1500):
        more = random.choice(["", ",", ',"a":' + _json(random)])
        document = '{"a":' + _json(random) + more + "}"
        if random.random() < 0.1:
            place = random.randrange(len(document))
            document = document[:place] + random.choice(["", '"', "}", ",", "\\", "1"]) + document[place + 1 :]
        documents.append(document)
    cases: list[Row] = [(document,) for document in (None, *documents)]
    fields = ["json_field", "nested_json_field", "json_scalar", "nested_json_scalar", "spaced_json_scalar"]
    compare([*fields, "invalid_json"], {"t": "text"}, cases, _meaning)


def _meaning(answer: object) -> object:
    """What a field says: BigQuery shows numbers its own way, and parts of an object in the order of their keys."""
    text = re.sub(r"(?i)(?<=[\[,:])(-?nan|-?infinity)(?=[,\]}])", r'"\1"', str(answer))

    def first(pairs: list[tuple[str, object]]) -> dict[str, object]:
        return dict(reversed(pairs))

    def number(digits: str) -> object:
        return f"{float(digits):.13e}" if math.isfinite(float(digits)) else digits

    try:
        return json.loads(text, object_pairs_hook=first, parse_float=number, parse_int=str)
    except ValueError:
        return text


def _json(random: Random, depth: int = 0) -> str:
    kind = random.randrange(7 if depth < 3 else 5)
    if kind < 2:
        return f"{random.randrange(-(10**20), 10 ** random.randrange(1, 22))}"
    if kind == 2:
        return repr(random.uniform(-1, 1) * 10.0 ** random.randrange(-300, 300)).replace("e", random.choice("eE"))
    if kind == 3:
        return random.choice(["true", "false", "null", "NaN", "0.0", "-0", "1e400", '"a"'])
    if kind == 4:
        text = "".join(random.choices('ab"\\/\n\t\x0b\x1f\u00e9\U0001f600 ,}]:{[n', k=random.randrange(6)))
        return json.dumps(text, ensure_ascii=random.random() < 0.5)
    blank, comma = random.choice(["", "", " ", "\n"]), random.choice(["", "", ","])
    parts = [_json(random, depth + 1) for _ in range(random.randrange(1, 4))]
    if kind == 5:
        return f"[{blank}{f',{blank}'.join(parts)}{comma}]"
    pairs = [f'"{random.choice(["a", "b", "c d"])}"{blank}:{part}' for part in parts]
    return "{" + f"{','.join(pairs)}{comma}{blank}" + "}"


def test_decimals(compare: Compare) -> None:
    random = Random(3)

    def number() -> str:
        return random.choice(
            [
                f"{random.uniform(-1, 1):.9f}",
                f"{random.randrange(-(10**8), 10**8)}.{random.randrange(10**9):09}",
                random.choice(["0", "0.000000001", "-0.000000001", "1", "3", "7", "0.5", "60", "99999999"]),
            ]
        )

    cases: list[Row] = [(number(), number()) for _ in range(3000)]
    columns = {"a": "numeric(38, 9)", "b": "numeric(38, 9)"}
    compare(["quotient"], columns, [*cases, (None, "1"), ("1", None), ("0", "0"), ("1", "0")])
    compare(["product"], columns, [(a, f"{random.uniform(-9, 9):.9f}") for a, _ in cases])
    # Where DuckDB has enough of 64 bits, and where it has not any more.
    edges = ["999999998.999999999", "999999999", "999999999.999999999", "1000000000", "2147483647", "2147483648"]
    compare(
        ["quotient"],
        columns,
        [(f"{s}{a}", f"{t}{b}") for a in edges for b in edges for s in ("", "-") for t in ("", "-")],
    )
    compare(["quotient"], columns, [(a, b) for a in edges for b in ("2", "-3", "0.000000001", "7.5", "99999999")])
    whole: list[Row] = [(random.randrange(-99, 10**9), b) for b in range(-99, 99)]
    limits = (-(2**63), 2**63 - 1)
    whole += [(a, b) for a in (*limits, 7) for b in (*limits, 3) if (a, b) != (7, 3)]
    compare(["quotient"], {"a": "bigint", "b": "bigint"}, whole)


def test_aggregates(engines: list[Engine]) -> None:
    random = Random(4)
    names = [name for name in TEMPLATES if name.startswith("p") and name[1:].isdigit()]
    for size in (0, 1, 2, 3, 4, 5, 10, 11, 101):
        cases: list[Row] = [(f"{random.uniform(-9, 9999):.9f}",) for _ in range(size)]
        results = [engine.totals(names, {"a": "numeric(38, 9)"}, [*cases, (None,)]) for engine in engines]
        assert results[0] == results[1] == results[2], size
    ends = [engine.totals(["first_text", "last_text"], {"t": "text"}, [(t,) for t in TEXTS]) for engine in engines]
    assert ends[0] == ends[1] == ends[2]


# Not Africa/Casablanca, say, whose rules change from one release of the time zone database to the next.
ZONES = [
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Africa/Monrovia",
    "Etc/GMT+12",
]


def test_dates_and_instants(compare: Compare) -> None:
    random = Random(5)

    def day(first: int = 1, last: int = 9999) -> str:
        return f"{random.randint(first, last):04}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"

    def instant(first: int = 1, last: int = 9999) -> str:
        hour, minute, second, micro = (random.randrange(n) for n in (24, 60, 60, 10**6))
        return f"{day(first, last)} {hour:02}:{minute:02}:{second:02}.{micro:06}+00"

    spans: list[Row] = [(instant(), instant()) for _ in range(2000)]
    compare(["microseconds", "seconds"], {"s": "timestamptz", "e": "timestamptz"}, spans)
    local: list[Row] = [(instant(1900, 2024), random.choice(ZONES)) for _ in range(3000)]
    compare(["local_day"], {"s": "timestamptz", "z": "text"}, local)
    plausible: list[Row] = [
        (instant(1990, 2099), random.choice(ZONES), f"{random.randrange(-(10**8), 10**8)}") for _ in range(1000)
    ]
    compare(["local_time", "offset", "later"], {"s": "timestamptz", "z": "text", "n": "bigint"}, plausible)
    days: list[Row] = [("0001-01-01",), ("9999-12-31",), *((day(),) for _ in range(2000))]
    compare(["week", "year_of_week", "number_of_week", "weekday", "instant", "midnight"], {"d": "date"}, days)


def test_parts_of_weeks(compare: Compare) -> None:
    random = Random(6)
    week = 7 * 24 * 60
    cases: list[Row] = []
    for _ in range(1000):
        starts, ends = sorted(random.sample(range(week + 1), 2))
        cases.append(
            (
                f"{random.choice([0, week * 60 * 10**6 * random.randrange(110_000), random.randrange(7 * 10**16)])}",
                f"{starts}",
                f"{ends}",
            )
        )
    compare(["hours"], {"n": "bigint", "starts": "bigint", "ends": "bigint"}, cases)
