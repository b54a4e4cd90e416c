"""Protect: what may not be shown is withheld, over all dataflows about the same units together.

What belongs here: the rules that make a cell unsafe (`unsafe.py`), which breakdowns may be shown together
(`breakdowns.py`), and the step (`protect.py`). What does not: estimating, and anything after a figure is public.
"""
