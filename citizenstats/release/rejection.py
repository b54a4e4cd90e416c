"""Whether what may be published now was rejected before: then it is not offered again.

Something has changed when other deliveries, contracts, structures or another version of the code stand behind it, or when
protection lets other observations out. What belongs here: telling that. What does not: who rejects (`reject`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import citizenstats
from citizenstats.release.candidate import Candidate
from citizenstats.release.publishable import Publishable
from citizenstats.sdmx.model import Reference


def rejected_before(
    found: Sequence[Candidate],
    reference: Reference,
    present: Publishable,
    differs: Callable[[Candidate], bool],
) -> Candidate | None:
    """Return the newest candidate that was what may be published now, and was rejected; None when there is none.

    Args:
        found: the candidates of a dataflow, the newest last.
        reference: the dataflow with its version.
        present: what may be published now.
        differs: whether the observations of a candidate are others than those.
    """
    rejected = (candidate for candidate in reversed(found) if candidate.is_rejected)
    return next((c for c in rejected if has_same_basis(c, reference, present) and not differs(c)), None)


def has_same_basis(candidate: Candidate, reference: Reference, present: Publishable) -> bool:
    """Return whether the same deliveries, contracts, structures and code stand behind both."""
    facts = candidate.facts
    now = (
        str(reference),
        present.structures,
        list(present.deliveries),
        list(present.contracts),
        citizenstats.__version__,
    )
    then = (
        facts["dataflow"],
        facts["structures"],
        facts["deliveries"],
        facts["contracts"],
        facts["code_version"],
    )
    return now == then
