"""Publish marts as files for people and systems outside the warehouse.

Belongs here: which mart is published how, file formats, manifests and restatements. Not here: what a number means
(dbt_project), when it is published (orchestration).
"""
