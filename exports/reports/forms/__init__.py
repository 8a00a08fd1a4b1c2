"""The three forms of a report, and the index of all: how a content looks.

Belongs here: pages, documents, workbooks. Not here: any value that the content does not hold.
"""
