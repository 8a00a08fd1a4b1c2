"""Reports as a run publishes them: every figure of every form, revisions, the same bytes."""

import io
import re
import shutil
import statistics
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from end_to_end.conftest import FirstRun, sample_place_in
from end_to_end.place import Place
from end_to_end.web import BROWSER, FLAGS, needs_browser
from openpyxl import load_workbook
from oracle.report_figures import Expected, Figures
from oracle.sources import MINOR_UNITS
from page_reader import read
from pypdf import PdfReader

from exports.places import recipient
from exports.reports.record import Record
from ingestion.output.storage import Storage

pytestmark = pytest.mark.slow

OCTOBER = date(2026, 10, 1)
UNITS = ("%", "points", "s", "min", "h", "d", "of unknown currency", *MINOR_UNITS)
FIGURE = re.compile(rf"\u2212?\d[\d,]*(?:\.\d+)?(?: (?:{'|'.join(UNITS)})(?!\w))?|\u2013")
"""As text tells it."""


@pytest.fixture(scope="module")
def place(first_run: FirstRun, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """What the first run left, to be changed."""
    copy = tmp_path_factory.mktemp("reports") / "place"
    shutil.copytree(first_run.place.folder, copy)
    return sample_place_in(copy)


class Published(NamedTuple):
    """A report: its name, whose it is, its path without its end, and its period or window."""

    name: str
    tenant: str | None
    path: str
    cadence: str
    first_day: date


def published(place: Place) -> Iterator[Published]:
    """Every report with periods, or of a window."""
    tenants: list[str | None] = [
        str(key) for (key,) in place.rows("select tenant_key from core.dim_tenants order by 1")
    ]
    for tenant in [None, *tenants]:
        record = Record.read(Storage(str(place.folder / "exports"), "EXPORTS_URL"), f"{recipient(tenant)}/reports")
        for key, edition in record.editions.items():
            path = f"{recipient(tenant)}/reports/{edition.stem(key)}"
            if edition.keeps:
                yield Published(key.rpartition("-2026-")[0], tenant, path, edition.cadence, edition.first_day)
            elif key.endswith("_28_days"):
                yield Published(key, tenant, path, "28 days", edition.first_day)


def one_of_each(place: Place) -> list[Published]:
    """The report of each name that has the most to show."""
    largest: dict[str, tuple[int, Published]] = {}
    for one in published(place):
        size = (place.folder / "exports" / f"{one.path}.html").stat().st_size
        if size > largest.get(one.name, (0, one))[0]:
            largest[one.name] = (size, one)
    return [found for _, found in largest.values()]


def figures_of_page(page: bytes) -> dict[str, str]:
    """Section and place of every figure that a page shows, and its text."""
    shown: dict[str, str] = {}
    for element in read(page).all():
        if where := element.attributes.get("data-place"):
            # A chart's numbers and its table tell the same.
            assert shown.setdefault(where, element.text) == element.text, where
    return shown


def missing_of_page(page: bytes, expected: Figures) -> list[str]:
    """Figures that a page shows otherwise than they are, or not at all."""
    shown = figures_of_page(page)
    return [
        f"{section}|{where}: {shown.get(f'{section}|{where}')} instead of {text}"
        for section, figures in expected.items()
        for where, text in figures.items()
        if shown.get(f"{section}|{where}") != text
    ]


def missing_of_texts(texts: list[str], expected: Figures) -> Counter[str]:
    """Figures that are not among texts as often as they are to be shown."""
    return Counter(text for figures in expected.values() for text in figures.values()) - Counter(texts)


def texts_of_document(content: bytes) -> list[str]:
    """Numbers with their units, and dashes, of a PDF's text."""
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return FIGURE.findall(re.sub("[ \u00a0\u202f]+", " ", text))


def test_every_figure_of_every_page_is_what_marts_hold(place: Place) -> None:
    expected = Expected(place.query)
    counted = 0
    windows: dict[str | None, date] = {}
    for name, tenant, path, cadence, first_day in published(place):
        figures = expected.figures(name, tenant, cadence, first_day)
        page = (place.folder / "exports" / f"{path}.html").read_bytes()
        assert missing_of_page(page, figures) == [], path
        counted += sum(map(len, figures.values()))
        if cadence == "month":
            assert first_day == OCTOBER
        else:
            windows[tenant] = first_day
    assert counted > 3_000
    # Of each tenant of whom there is something in the last days or in those before, up to the last whole day there.
    tenants = [str(key) for (key,) in place.rows("select tenant_key from core.dim_tenants")]
    own = {tenant: window for tenant in tenants if (window := expected.window(tenant, "28 days"))}
    of_whatsapp = {tenant: window for tenant, window in own.items() if tenant.startswith("whatsapp:")}
    assert windows == {None: statistics.mode(sorted(own.values(), reverse=True)), **of_whatsapp}
    assert 0 < len(of_whatsapp) < len([tenant for tenant in tenants if tenant.startswith("whatsapp:")])


def test_wrong_figure_is_found(place: Place) -> None:
    expected = Expected(place.query)
    [path] = [one.path for one in published(place) if one.name == "shop"]
    page = (place.folder / "exports" / f"{path}.html").read_bytes()
    figures = expected.figures("shop", "shop:default", "month", OCTOBER)
    place_of = "At a glance|Orders paid"
    text = figures["At a glance"]["Orders paid"]
    wrong = re.sub(
        rf'(data-place="{re.escape(place_of)}"[^>]*>)(?:(?!</).)*?{text}', rf"\g<1>{int(text) + 1}", page.decode()
    )
    assert wrong != page.decode()
    assert missing_of_page(wrong.encode(), figures) == [f"{place_of}: {int(text) + 1} instead of {text}"]


def test_documents_and_workbooks_tell_the_same_figures(place: Place) -> None:
    expected = Expected(place.query)
    for name, tenant, path, cadence, first_day in one_of_each(place):
        figures = expected.figures(name, tenant, cadence, first_day)
        document = (place.folder / "exports" / f"{path}.pdf").read_bytes()
        assert missing_of_texts(texts_of_document(document), figures) == Counter(), path
        assert (
            missing_of_texts(list(texts_of_workbook(place.folder / "exports" / f"{path}.xlsx")), figures) == Counter()
        )


def texts_of_workbook(path: Path) -> Iterator[str]:
    """Every number as Excel shows it by its format; nothing reads as a dash."""
    for sheet in load_workbook(path).worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str):
                    yield cell.value
                elif cell.value is None:
                    yield "\u2013"
                elif isinstance(cell.value, int | float):
                    yield shown_by_excel(cell.value, cell.number_format)


def shown_by_excel(value: float, number_format: str) -> str:
    """`#,##0.00" EUR"` and the like, of the 15 digits that Excel keeps, half away from zero."""
    decimals = len(found[1]) if (found := re.match(r"#,##0\.(0+)", number_format)) else 0
    unit = re.sub(r"^#,##0(\.0+)?", "", number_format).replace('"', "")
    kept = Decimal(f"{value:.15g}").scaleb(2 if unit == " %" else 0)
    told = kept.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return f"{told if told else abs(told):,}{unit}".replace("-", "\u2212")


def test_index_leads_to_every_report_of_each_recipient(place: Place) -> None:
    exports = place.folder / "exports"
    links = set(re.findall(r'href="([^"#]+)"', (exports / "index.html").read_text(encoding="utf-8")))
    assert {link for link in links if not (exports / link).is_file()} == set()
    made = {str(path.relative_to(exports)) for path in exports.glob("**/reports/*-2026-10.*")}
    assert made <= links
    assert len(made) == 3 * 20
    for index in exports.glob("**/reports/index.html"):
        own = set(re.findall(r'href="([^"#]+)"', index.read_text(encoding="utf-8")))
        assert own
        # A folder that is given away tells of nobody else.
        assert not any(".." in link or "/" in link for link in own)
        assert {link for link in own if not (index.parent / link).is_file()} == set()


def test_run_says_what_to_open(first_run: FirstRun) -> None:
    assert re.search(r"^Reports .*exports/index\.html", first_run.result.stdout, re.MULTILINE)


def state(place: Place) -> dict[str, bytes]:
    """Every file of reports but the page on the warehouse itself."""
    exports = place.folder / "exports"
    return {
        str(path.relative_to(exports)): path.read_bytes()
        for path in [exports / "index.html", *exports.glob("**/reports/*")]
        if not path.name.startswith("warehouse.")
    }


@pytest.mark.browser
@needs_browser
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_pages_fit_every_screen_and_load_nothing(place: Place, width: int) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    exports = place.folder / "exports"
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        for path in ["index.html", *(f"{one.path}.html" for one in one_of_each(place))]:
            loaded: list[str] = []
            page = browser.new_page(viewport={"width": width, "height": 800})
            page.on("request", lambda request, loaded=loaded: loaded.append(request.url))
            for scheme, media in (("light", "screen"), ("dark", "screen"), ("light", "print")):
                page.emulate_media(color_scheme=scheme, media=media)
                page.goto((exports / path).as_uri())
                widest = page.evaluate("document.documentElement.scrollWidth")
                # No paper is as narrow as a phone.
                assert widest <= (width if media == "screen" else max(width, 720)), f"{path} in {scheme} {media}"
                assert page.locator("h1").is_visible()
            assert set(loaded) == {(exports / path).as_uri()}
            page.close()
        browser.close()


def test_second_time_changes_no_byte_and_a_missing_file_comes_back(place: Place) -> None:
    before = state(place)
    gone = next(name for name in before if name.endswith("2026-10.pdf"))
    (place.folder / "exports" / gone).unlink()
    result = place.module("exports.reports")
    assert result.returncode == 0, result.stderr
    assert state(place) == before


def test_restated_period_makes_a_revision_that_marks_what_changed(place: Place) -> None:
    before = state(place)
    with duckdb.connect(place.folder / "warehouse.duckdb") as warehouse:
        warehouse.execute(
            "update marts.visits_monthly set total_visits = total_visits + 1"
            " where tenant_key = 'restaurant:2' and period_start_date = date '2026-10-01'"
        )
        warehouse.execute(
            "update raw_restaurant._state set last_appended_at = last_appended_at + interval 2 days"
            " where table_name = 'visits'"
        )
        warehouse.execute("update core.dim_tenants set tenant_name = 'Renamed' where tenant_key = 'restaurant:2'")
    result = place.module("exports.reports")
    assert result.returncode == 0, result.stderr
    after = state(place)
    kept = {name: content for name, content in before.items() if "2026-10" in name}
    assert kept == {name: after[name] for name in kept}
    new = sorted(after.keys() - before.keys())
    stem = "restaurant/2/reports/visits_and_campaigns-2026-10-r2"
    revised = ("all/reports/management-2026-10-r2", stem)
    assert new == [f"{one}.{form}" for one in revised for form in ("html", "pdf", "xlsx")]
    page = after[f"{stem}.html"]
    shown, was = figures_of_page(page), figures_of_page(before[f"{stem.removesuffix('-r2')}.html"])
    changed = {where for where in was if was[where] != shown[where]}
    assert {"At a glance|Visits", "Visits|Oct 2026"} <= changed
    text = " ".join(read(page).text.split())
    assert "Revision 2" in text
    assert f"was {was['At a glance|Visits']}" in text
    assert re.search(r"Rows arrived or changed after 2026-\S+ \S+ UTC in restaurant\.visits\.", text)
    expected = Expected(place.query).figures("visits_and_campaigns", "restaurant:2", "month", OCTOBER)
    assert missing_of_page(page, expected) == []
    # A business that has another name has its own figure before, and no other is marked.
    management = read(after["all/reports/management-2026-10-r2.html"])
    marked = [element.text for element in management.all("tr") if [*element.all("ins")]]
    assert marked
    assert all("Renamed, Visits: " in row or row.startswith("Renamed") for row in marked)
    # Nothing changes any more: the same revision.
    again = place.module("exports.reports")
    assert again.returncode == 0, again.stderr
    assert state(place) == after


def test_any_period_is_made_on_demand(place: Place) -> None:
    result = place.module("exports.reports", "--name", "interactions", "--period", "2026-W43")
    assert result.returncode == 0, result.stderr
    pages = sorted((place.folder / "exports" / "erp").glob("*/reports/interactions-2026-W43.html"))
    assert len(pages) == 3
    expected = Expected(place.query)
    for number, page in enumerate(pages, 1):
        figures = expected.figures("interactions", f"erp:{number}", "week", date(2026, 10, 19))
        assert figures
        assert missing_of_page(page.read_bytes(), figures) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--name", "sales"], "There is no report 'sales'. There are conversations, conversations_28_days,"),
        (["--period", "october"], "'october' is no period: a day is 2026-10-31"),
        (["--name", "conversations_28_days", "--period", "2026-10"], "conversations_28_days: it has no periods: it is"),
        (["--period", "2031-01"], "2031-01 is no complete period of any recipient"),
    ],
)
def test_what_can_not_be_made_is_told(place: Place, arguments: list[str], told: str) -> None:
    before = state(place)
    result = place.module("exports.reports", *arguments)
    assert result.returncode == 1
    assert told in " ".join(result.stderr.split())
    assert state(place) == before
