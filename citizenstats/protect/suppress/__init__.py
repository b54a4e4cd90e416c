"""Secondary cell suppression: which cells must be hidden besides the unsafe ones, so that nobody can work those out.

What belongs here: tables as cells and sums (`problem.py`), the linear programs of an attacker (`attack.py`) and of a defender
(`repair.py`), exact elimination (`gauss.py`), cells given back (`prune.py`), the attacker who knows himself (`insider.py`), the
order they run in (`pattern.py`) and the least loss for small tables (`exact.py`). What does not: which cells are unsafe, and
anything of messages, files, databases or contracts. The method and its limits: `docs/suppression.md`.
"""

from citizenstats.protect.suppress.attack import Intervals, intervals
from citizenstats.protect.suppress.pattern import exposed_to_insiders, suppress, widened
from citizenstats.protect.suppress.problem import Failure, Layer, Pattern, Problem, ProblemError, Relation
from citizenstats.protect.suppress.program import SolverError

__all__ = [
    "Failure",
    "Intervals",
    "Layer",
    "Pattern",
    "Problem",
    "ProblemError",
    "Relation",
    "SolverError",
    "exposed_to_insiders",
    "intervals",
    "suppress",
    "widened",
]
