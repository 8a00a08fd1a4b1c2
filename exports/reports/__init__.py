"""Reports for people: one content, told as a page, a document and a workbook.

Belongs here: what a report shows and how it looks. Not here: files of marts for other programs (exports), nor what a
number means (dbt_project).
"""
