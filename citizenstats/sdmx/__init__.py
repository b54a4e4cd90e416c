"""SDMX: structures and messages.

What belongs here: the model of our structures (`model.py`), their reading from YAML and CSV (`load/`), their
messages (`structures.py`), the schemas of structure-specific data (`schema.py`), the data writers (`write/`),
and the validation of messages (`validate.py`). What does not: releases, stores, paths.
"""
