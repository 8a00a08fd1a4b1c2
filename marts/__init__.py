"""Periodic marts, each declared once: what their columns measure, and the dbt models that are written from that.

Belongs here: the form of a declaration (declaration.py), the models and YAML that dbt is given (models.py), the
command that writes them (__main__.py). Not here: the SQL of a measure (dbt_project/macros/marts), or what is declared
(the files `*.mart.yml` below dbt_project/models/marts).
"""
