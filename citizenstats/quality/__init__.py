"""The quality of a dataflow, judged by known criteria in the open.

What belongs here: the catalogue of criteria, the measurements that answer some of them, the verdict and what follows from
it. What does not: how the verdict is told (`citizenstats.metadata`, `citizenstats.review`), and protection.

    criteria.yaml  the criteria: question, evidence needed, source; data that an office overlays
    catalogue.py   reads them
    measure.py     measurements of a dataset: its deliveries, its records, its contract
    figures.py     measurements of a dataflow: its figures as they would be published
    judge.py       answers become verdicts, scores, and whether it may be published
    delivery.py    what a partner's receipt says of its own delivery
"""
