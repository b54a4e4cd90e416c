"""Protect: what may not be shown is withheld, over all dataflows about the same units together.

What belongs here: what makes a cell unsafe, what is hidden with it, and the audit of what goes out. What does not:
estimating, and anything after a figure is public.

    unsafe.py     rules that make one cell unsafe by itself
    former.py     what former releases have shown
    recoding.py   what those of a former version have shown, under the codes of this one
    figures.py    which cells are the same quantity, wherever they are published
    asked.py      what figures that ask the same units tell of one another
    table.py      one figure with everything that adds up in it
    decide.py     which cells are hidden
    declared.py   what an office declares of cells: their cost, and which stay
    method.py     which method a family has chosen, and what is said of it
    altered.py    counts that are changed instead of hidden
    rounded.py    controlled rounding of a family
    secret.py     the office's secret, from which noise comes
    grid.py       the whole grid of a breakdown with a withheld cell
    protect.py    the step: a family's dataflows, judged, decided and written
    public.py     what a withheld cell still says
    errors.py     beside which figures no standard error may stand
    suppress/     the pattern of hidden cells, as a library of its own
    audit/        what an attacker can infer from the message, without any of the above
"""
