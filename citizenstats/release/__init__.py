"""From coded observations to released messages: assemble, validate, compare, sign off, publish, keep history.

What belongs here: everything between `observed` and `published` but disclosure control, which is `protect/`.
What does not: how a message is written (`sdmx/`), and when something runs.

    assemble.py   the feeds of a dataflow become one set of observations that keeps structure and constraints
    validate.py   what is wrong with observations, as code, component and count
    compare.py    what changed since a release, and the load times that follow from it
    candidate.py  the states that wait for sign-off, and what was decided about them
    messages.py   all files of a release, written once
    manifest.py   what a release says about itself
    publish.py    a signed-off candidate becomes the next release, in one step
    release.py    protected observations become a candidate, or nothing when nothing changed
    approve.py    sign-off by a named person
    catalog.py    views over the newest releases for analysts' tools
"""
