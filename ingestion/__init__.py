"""Extract source tables and append their row versions to the raw log of a warehouse.

Belongs here: reading sources, fidelity of values, the raw log, its state and archive, and the sample sources.
Not here: business meaning (dbt_project), scheduling (orchestration), publishing (exports).
"""
