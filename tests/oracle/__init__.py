"""Every mart computed a second time, in plain Python, from the sources' rows: what the models must come to.

Belongs here: the meaning of each number as the data model states it. Not here: SQL of any kind beyond reading rows,
nor anything imported from the product; what the models and the oracle share can't be checked by comparing them.
"""
