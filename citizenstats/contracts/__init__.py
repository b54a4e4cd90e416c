"""Contracts: what a dataset means, as YAML that a statistician can edit, read into frozen models.

What belongs here: the models (`model.py`), their reading with file and line (`load.py`), the SQL expressions
that a contract may hold (`expressions.py`), the JSON Schemas for editors (`schemas.py`), and the lint
(`lint.py`). What does not: touching data.
"""
