"""What people say about a candidate, and what ends its waiting: files beside it that are written once.

    C0007/signature-1.json    who signed first, where two must
    C0007/decision.json       approved, rejected or obsolete: the end

The last signature that is needed is the decision itself, in one step, with all who signed before; so a candidate is never
signed enough and yet undecided, and of a signature and a rejection at the same time one comes first.
What belongs here: writing and reading these files. What does not: who may say it (`approve`, `reject`), and what follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from citizenstats import clock
from citizenstats.release.person import plain_name
from citizenstats.store import Store, as_json, read_json

Verdict = Literal["approved", "rejected", "obsolete"]

_DECISION = "decision.json"


@dataclass(frozen=True)
class Signature:
    """Somebody signed."""

    by: str
    note: str
    time: datetime

    def as_facts(self) -> dict[str, str]:
        """Return it as plain values."""
        return {"by": self.by, "note": self.note, "time": clock.stamp(self.time)}


@dataclass(frozen=True)
class Decision:
    """What was decided about a candidate, once.

    Attributes:
        decision: the verdict.
        by: who decided; None where no person did.
        note: why, or what was looked at.
        time: when.
        signatures: all who signed until then, the one that let it out too.
    """

    decision: Verdict
    by: str | None
    note: str
    time: datetime
    signatures: tuple[Signature, ...] = ()


def decision_of(folder: Path) -> Decision | None:
    """Return what was decided about the candidate in a folder; None while it waits."""
    facts = read_json(folder / _DECISION)
    if facts is None:
        return None
    by, note, time = facts["by"], facts["note"], clock.parse(facts["time"])
    if "signatures" in facts:
        signed = tuple(_signature(one) for one in facts["signatures"])
    else:  # from before two could sign
        signed = (Signature(by, note, time),) if by and facts["decision"] == "approved" else ()
    return Decision(facts["decision"], by, note, time, signed)


def signatures_of(folder: Path) -> tuple[Signature, ...]:
    """Return who signed the candidate in a folder so far, the first one first."""
    found: list[Signature] = []
    while (facts := read_json(_slot(folder, len(found) + 1))) is not None:
        found.append(_signature(facts))
    return tuple(found)


def record(
    store: Store,
    folder: Path,
    verdict: Verdict,
    by: str | None,
    note: str,
    signed: Sequence[Signature] = (),
) -> bool:
    """Write what is decided; return False when something was decided before."""
    return _record(store, folder, Decision(verdict, by, note, clock.now(), tuple(signed)))


def sign(store: Store, folder: Path, person: str, note: str, needed: int) -> bool:
    """Add a signature; the last one that is needed approves. Return False when something was decided meanwhile.

    A person who signs again signs anew only where that is enough: the office may need fewer signatures than before.

    Args:
        store: where.
        folder: of the candidate.
        person: who signs.
        note: what was looked at.
        needed: how many different persons must sign.
    """
    own = Signature(person, note, clock.now())
    while True:
        signed = signatures_of(folder)
        others = tuple(one for one in signed if plain_name(one.by) != plain_name(person))
        if len(others) + 1 >= needed:
            return _record(store, folder, Decision("approved", person, note, own.time, (*others, own)))
        has_signed = len(others) < len(signed)
        if has_signed or store.commit_once(_slot(folder, len(signed) + 1), as_json(own.as_facts())):
            return decision_of(folder) is None
        # Somebody took the place just before: look again at who has signed.


def _record(store: Store, folder: Path, decision: Decision) -> bool:
    content = {
        "decision": decision.decision,
        "by": decision.by,
        "note": decision.note,
        "time": clock.stamp(decision.time),
        "signatures": [one.as_facts() for one in decision.signatures],
    }
    return store.commit_once(folder / _DECISION, as_json(content))


def _slot(folder: Path, number: int) -> Path:
    return folder / f"signature-{number}.json"


def _signature(facts: Mapping[str, Any]) -> Signature:
    return Signature(facts["by"], facts["note"], clock.parse(facts["time"]))
