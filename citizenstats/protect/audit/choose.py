"""Which audit messages need: by the method that its family is protected with."""

from __future__ import annotations

from pathlib import Path

from citizenstats.engine import quoted, session
from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.protect.audit.additive import parents_in
from citizenstats.protect.audit.audit import audit
from citizenstats.protect.audit.changed import Published
from citizenstats.protect.audit.family import ALTERED, JUDGED, Family
from citizenstats.protect.audit.perturbed import PerturbedAudit, audit_perturbed
from citizenstats.protect.audit.report import Audit
from citizenstats.protect.audit.rounded import RoundedAudit, audit_rounded
from citizenstats.protect.audit.together import whole_figures
from citizenstats.protect.audit.words import words_of
from citizenstats.release.manifest import releases
from citizenstats.store import read_json


def audited(house: House, flow: str, state: str, messages: Path) -> Audit | PerturbedAudit | RoundedAudit:
    """Attack the messages of ``AGENCY:ID`` that were made from a protected state of its family, in the way of its method.

    Raises:
        ReleaseError: ``NOT_PROTECTED`` when the state's account is not there, or when the same units are published by a
            dataflow that is not attacked with this one; ``DISCLOSIVE`` when figures of it were out in another way.
    """
    file = house.mappings.dataflow(flow)
    _require_one_family(house, flow)
    _require_one_method(house, flow, state)
    rounding, cell_key = file.protection.rounding, file.protection.cell_key
    if rounding is None and cell_key is None:
        return audit(house, flow, state, messages)
    place = house.store.protected(file.family)
    account = place / state / ALTERED
    if not account.exists():
        raise ReleaseError(
            "NOT_PROTECTED",
            "the account of what was changed is gone, so the message cannot be audited",
            flow,
            f"let protected/{file.family} run again",
        )
    structures = house.mappings.structures
    structure = structures.structure_of(house.mappings.reference(flow))
    totals: dict[str, str] = {}
    for dataset in file.feeds:
        for target in house.mappings.dataset(dataset).contract.targets:
            if target.dataflow == flow and target.estimate is not None:
                totals |= {d: target.estimate.totals.get(d, "_T") for d in target.estimate.breakdowns}
    parents = parents_in(structures, structure, totals)
    waited = house.store.candidates(flow)
    behind = {
        str((read_json(waited / release.candidate / "candidate.json") or {}).get("protected"))
        for release in releases(house.store, flow)
    }
    # Of another method are only releases that were taken back or have a former version; their counts are other ones by design.
    same = [n for n in sorted(behind) if _method(place / n) == _method(place / state)]
    former = [path for name in same if (path := place / name / ALTERED).exists()]
    family = Family(house, file.family, state, house.mappings.families[file.family])
    figures = whole_figures(family) if len(family.flows) > 1 else iter(())
    published = Published(messages, account, former, flow, structure, parents, figures)
    if cell_key is not None:
        return audit_perturbed(published, cell_key.variance)
    assert rounding is not None  # noqa: S101 - one of both
    return audit_rounded(published, rounding.base)


def _require_one_family(house: House, flow: str) -> None:
    """Refuse a message whose units are in a dataflow of another family: its audit would not see both."""
    mappings = house.mappings
    family = mappings.dataflow(flow).family
    for name in mappings.dataflow(flow).feeds:
        if mappings.dataset(name).contract.protection.waived is not None:
            continue
        apart = sorted(
            of for of, file in mappings.dataflows.items() if name in file.feeds and file.family != family
        )
        if apart:
            raise ReleaseError(
                "NOT_PROTECTED",
                f"{', '.join(apart)} has figures of the same units ({name}) and is in another family, so that the two are not "
                "attacked together",
                flow,
                "give both the same `family`",
            )


def _require_one_method(house: House, flow: str, state: str) -> None:
    """Refuse figures that a release showed which was protected in another way: the two can be compared.

    Whether it was taken back, or its dataflow has another name or is gone. A figure is known by its key, and by its words.
    """
    named = house.mappings.dataflow(flow).family
    family = Family(house, named, state, house.mappings.families[named])
    now = _keys(family.folder, flow)
    if not now:
        return
    account = next(f for name in (JUDGED, ALTERED) if (f := family.folder / name).exists())
    listed = f"read_parquet({quoted(str(account))})"
    meant = " UNION ALL ".join(
        f"SELECT {of.figure} AS figure, {of.categories} AS categories FROM {family.keys_of(of, listed)} SEMI JOIN ({now}) AS s "
        "ON s.key = _key"
        for of in words_of(house, flow)
    )
    for other in family.ever():
        for release in releases(house.store, other):
            former = family.made_from(other, release)
            if former is None or _method(former) == _method(family.folder):
                continue
            then, kept = _keys(former, other), family.words_then(other, release)
            if then is None:
                continue
            folders = [family.folder, former, *([kept.parent] if kept is not None else [])]
            with session(folders, scratch=house.store.scratch) as engine:
                twice = 0
                if other == flow:
                    twice = int(engine.value(f"SELECT count(*) FROM ({now}) SEMI JOIN ({then}) USING (key)"))
                if kept is not None and not twice:
                    words = f"SELECT w.* FROM read_parquet({quoted(str(kept))}) AS w SEMI JOIN ({then}) USING (key)"
                    twice = int(
                        engine.value(
                            f"SELECT count(*) FROM ({meant}) SEMI JOIN ({words}) USING (figure, categories)"
                        )
                    )
            if twice:
                raise ReleaseError(
                    "DISCLOSIVE",
                    f"{twice} figures were published in {release.id}, which was protected in another way",
                    other,
                    "nothing is published; keep the method for what has been published",
                )


def _keys(state: Path, flow: str) -> str | None:
    """Return the SELECT of the keys of a dataflow that a state lets out; None where no account is left."""
    for account, shown in (
        (JUDGED, "minimum IS NOT NULL AND (shown OR retained)"),
        (ALTERED, "made <> 'free'"),
    ):
        if (state / account).exists():
            return f"SELECT key FROM read_parquet({quoted(str(state / account))}) WHERE flow = {quoted(flow)} AND {shown}"
    return None


def _method(state: Path) -> object:
    """Return the method that a protected state says it was made with."""
    facts = read_json(state / "protected.json") or {}
    # A state from before there was a choice hides cells.
    return facts.get("method", {"rounding": None, "cell_key": None})
