"""A dashboard for Apache Superset over declared marts: what it imports, as it exports it.

Belongs here: datasets with metrics, charts of headlines, their places. Not here: the files (bundle.py), or which
columns are metrics (metrics.py).

Metrics add up what adds up: a ratio is divided after its parts are added. What never adds up over days (what is
distinct, quantiles, balances) is no metric there.
Source: https://superset.apache.org/docs/configuration/importing-exporting-datasources
"""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from marts.additivity import told_with_additivity
from marts.declaration import CALLED, Mart
from marts.metrics import OF_ONE_CURRENCY, headline_of, is_amount, label_of, metrics_of

Entry = dict[str, Any]

VERSION = "1.0.0"
DATABASE = "CRM warehouse"
_DASHBOARD = "Headlines of the CRM warehouse"
_ROW_WIDTH = 12
_PERIOD_COLUMNS = ("period_start_date", "period_end_date")


def files_of_dashboard(declared: Mapping[str, tuple[str, Mart]], names: Mapping[str, str]) -> dict[str, Entry]:
    """Everything that is imported, by the path of its file.

    Args:
        declared: name of a mart → its system, and what is declared.
        names: column of ids → column of names that the views in `reporting` have beside it.
    """
    files: dict[str, Entry] = {
        "metadata.yaml": {"version": VERSION, "type": "Dashboard", "timestamp": "2026-01-01T00:00:00+00:00"},
        "databases/warehouse.yaml": {
            "database_name": DATABASE,
            "sqlalchemy_uri": "duckdb:////data/bi.duckdb?access_mode=read_only",
            "expose_in_sqllab": True,
            "allow_run_async": False,
            "allow_ctas": False,
            "allow_cvas": False,
            "allow_dml": False,
            "extra": {"allows_virtual_table_explore": True},
            "uuid": _uuid("database"),
            "version": VERSION,
        },
        "datasets/warehouse/kpis.yaml": _dataset("kpis", "All tenants, for the filter.", _texts(["tenant_key"], names)),
    }
    charts: dict[str, list[tuple[str, str]]] = {}
    for name, (system, mart) in declared.items():
        metrics = metrics_of(mart)
        if not metrics:
            continue
        dimensions = _texts(["tenant_key", *mart.dimensions], names)
        files[f"datasets/warehouse/{name}_daily.yaml"] = _dataset(
            f"{name}_daily", mart.description, dimensions, [_metric(mart, column) for column in metrics]
        )
        for column in metrics:
            if headline_of(mart, column):
                chart = f"{name}_{column}"
                files[f"charts/{chart}.yaml"] = _chart(chart, name, mart, column)
                charts.setdefault(system, []).append((chart, label_of(mart, column)))
    files["dashboards/headlines.yaml"] = {
        "dashboard_title": _DASHBOARD,
        "slug": "crm-warehouse-headlines",
        "uuid": _uuid("dashboard"),
        "published": True,
        "position": _places(charts),
        "metadata": {"native_filter_configuration": [_of_tenants(), _of_time()], "color_scheme": "supersetColors"},
        "version": VERSION,
    }
    return files


def _uuid(name: str) -> str:
    """The same in every version, so that an import replaces what an earlier one made."""
    return str(uuid5(NAMESPACE_URL, f"crm-warehouse/superset/{name}"))


def _texts(ids: list[str], names: Mapping[str, str]) -> list[str]:
    return [column for id_ in ids for column in (id_, names.get(id_)) if column]


def _dataset(table: str, description: str, dimensions: list[str], metrics: list[Entry] | None = None) -> Entry:
    columns = [{"column_name": name, "type": "TEXT", "groupby": True, "filterable": True} for name in dimensions]
    columns += [
        {"column_name": name, "type": "DATE", "is_dttm": True, "groupby": True, "filterable": True}
        for name in _PERIOD_COLUMNS
    ]
    columns.append({"column_name": "is_complete", "type": "BOOLEAN", "groupby": True, "filterable": True})
    return {
        "table_name": table,
        "schema": "reporting",
        "description": description,
        "main_dttm_col": _PERIOD_COLUMNS[0],
        "uuid": _uuid(f"dataset/{table}"),
        "database_uuid": _uuid("database"),
        "columns": columns,
        "metrics": metrics or [],
        "version": VERSION,
    }


def _metric(mart: Mart, name: str) -> Entry:
    column, additivity = mart.columns[name], mart.additivity(name)
    warning = OF_ONE_CURRENCY if is_amount(mart, name) else ""
    description = told_with_additivity(column.description, column.unit, additivity, column.quotient)
    if column.quotient:
        numerator, denominator = column.quotient
        expression = f"sum({numerator}) / nullif(sum({denominator}), 0)"
    else:
        expression = f"{additivity}({name})"
    return {
        "metric_name": name,
        "verbose_name": label_of(mart, name),
        "expression": expression,
        "description": description + warning,
        "d3format": _format(mart, name),
    }


def _format(mart: Mart, name: str) -> str:
    if mart.columns[name].share:
        return ".1%"
    return ",d" if mart.is_whole(name) else ",.2f"


def _chart(chart: str, name: str, mart: Mart, column: str) -> Entry:
    complete = {
        "expressionType": "SIMPLE",
        "clause": "WHERE",
        "subject": "is_complete",
        "operator": "==",
        "comparator": True,
    }
    params = {
        "viz_type": "echarts_timeseries_line",
        "x_axis": _PERIOD_COLUMNS[0],
        "time_grain_sqla": "P1W",
        "metrics": [column],
        "groupby": ["tenant_name", *(["currency_code"] if is_amount(mart, column) else [])],
        "adhoc_filters": [complete],
        "row_limit": 10_000,
        "truncate_metric": True,
        "y_axis_format": _format(mart, column),
        "show_legend": True,
        "rich_tooltip": True,
    }
    return {
        "slice_name": f"{label_of(mart, column)}, by week",
        "description": mart.columns[column].description,
        "viz_type": params["viz_type"],
        "params": params,
        "uuid": _uuid(f"chart/{chart}"),
        "dataset_uuid": _uuid(f"dataset/{name}_daily"),
        "version": VERSION,
    }


def _places(charts: Mapping[str, list[tuple[str, str]]]) -> Entry:
    """A tab for each system, two charts in each row."""
    tabs = [f"TAB-{system}" for system in charts]
    places: Entry = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["TABS-systems"]},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": [], "parents": ["ROOT_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": _DASHBOARD}},
        "TABS-systems": {
            "id": "TABS-systems", "type": "TABS", "children": tabs, "meta": {}, "parents": ["ROOT_ID"],
        },
    }  # fmt: skip
    for system, shown in charts.items():
        tab, rows = f"TAB-{system}", [shown[first : first + 2] for first in range(0, len(shown), 2)]
        text = CALLED[system].removeprefix("the ")
        places[tab] = {
            "id": tab,
            "type": "TAB",
            "children": [f"ROW-{system}-{number}" for number, _ in enumerate(rows)],
            "meta": {"text": text[0].upper() + text[1:]},
            "parents": ["ROOT_ID", "TABS-systems"],
        }
        for number, row in enumerate(rows):
            places |= {place["id"]: place for place in _row(f"ROW-{system}-{number}", tab, row)}
    return places


def _row(id_: str, tab: str, charts: list[tuple[str, str]]) -> Iterator[Entry]:
    parents = ["ROOT_ID", "TABS-systems", tab]
    yield {
        "id": id_,
        "type": "ROW",
        "children": [f"CHART-{chart}" for chart, _ in charts],
        "meta": {"background": "BACKGROUND_TRANSPARENT"},
        "parents": parents,
    }
    for chart, label in charts:
        uuid = _uuid(f"chart/{chart}")
        # The import wants a number that tells the charts apart, and replaces it by its own.
        meta = {"uuid": uuid, "chartId": int(uuid[:6], 16), "width": _ROW_WIDTH // 2, "height": 50, "sliceName": label}
        yield {"id": f"CHART-{chart}", "type": "CHART", "children": [], "meta": meta, "parents": [*parents, id_]}


def _of_tenants() -> Entry:
    return _filter(
        "tenants",
        "Tenants",
        "filter_select",
        {"column": {"name": "tenant_name"}, "datasetUuid": _uuid("dataset/kpis")},
        {"multiSelect": True, "enableEmptyFilter": False, "inverseSelection": False, "searchAllOptions": True},
    )


def _of_time() -> Entry:
    default = {"extraFormData": {"time_range": "Last quarter"}, "filterState": {"value": "Last quarter"}}
    return _filter("time", "Time", "filter_time", {}, {}) | {"defaultDataMask": default}


def _filter(id_: str, name: str, type_: str, target: Entry, settings: Entry) -> Entry:
    return {
        "id": f"NATIVE_FILTER-{id_}",
        "name": name,
        "type": "NATIVE_FILTER",
        "filterType": type_,
        "targets": [target],
        "controlValues": settings,
        "defaultDataMask": {"extraFormData": {}, "filterState": {}},
        "cascadeParentIds": [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
    }
