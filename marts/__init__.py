"""Periodic marts, each declared once: what their columns measure, and the dbt models that are written from that.

Belongs here: what may be declared (declaration.py, facts.py) and where (files.py), the models and YAML that dbt is
given (models.py, properties.py, metrics.py), and the command that writes them (written.py, __main__.py). Not here: the
SQL of a measure (dbt_project/macros/marts), or what is declared (`*.mart.yml` below dbt_project/models/marts).
"""
