"""Harmonize: records become observations coded to a data structure, by ONE readable SELECT a target.

What belongs here: building that SELECT from the contract (`select.py`) and running it (`observe.py`). What does not:
reading files, estimating (`estimate/` writes the part of the SELECT that aggregates), and withholding (`protect/`).
"""
