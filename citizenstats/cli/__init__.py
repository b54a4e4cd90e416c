"""The command line: what an office does with one command each.

What belongs here: arguments, and showing results to people (tables) and programs (``--json``). What does not: any
step; those are doors of `citizenstats.flow` and functions of the library. Heavy libraries are imported inside the
commands, so that ``--help`` is quick.
"""

from citizenstats.cli.main import main

__all__ = ["main"]
