"""A report of reference metadata, filled from the contracts behind a release and from its facts.

Only what a manifest says too, and texts of contracts that are written for the public, gets in here: no name of a person or
file, no count of rows. Where the evidence of consent is kept is left out, because that can lead to people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from citizenstats import clock
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Contract
from citizenstats.estimate.benchmarks import CHANGE
from citizenstats.estimate.design import design_of
from citizenstats.estimate.representative import for_everybody, said_of_calibration, said_of_comparison
from citizenstats.house import House
from citizenstats.metadata.model import URN, Report, Reported, Texts
from citizenstats.protect.said import said
from citizenstats.quality.measure import percent
from citizenstats.sdmx.model import Reference

ORIGINS = {
    "citizens": "Made by rights-holders, communities or organisations that represent them.",
    "state_with_participation": "Made by the state with the participation of those concerned.",
}
CONSENTS = {
    "individual": "Each person's informed consent; a record without it is withheld.",
    "community_fpic": "Free, prior and informed consent of each community; a record without it is withheld.",
    "organisation": "Organisations answer for themselves.",
    "public_source": "The facts were public before.",
}
PERMISSIONS = {
    "public": "Figures and single answers.",
    "aggregate_only": "Tables above a threshold, never single answers.",
    "none": "Nothing.",
}
SAMPLINGS = {
    "probability": "A random sample.",
    "non_probability": "No random sample: who takes part decides so or was chosen.",
    "census_of_communities": "All communities.",
    "document_review": "Documents were reviewed.",
    "register": "A register of cases.",
}
TOLD = "The figures of a random sample have a sampling error; where it is told it stands beside the figure."
UNDRAWN = "No random sample is behind: a standard error would not be defensible, and none is told."
UNKNOWN = (
    "The sample is random, but the contract does not say how it was drawn: no standard error can be told."
)
ALL_ASKED = "All were asked, and nobody was drawn: there is no sampling error, and none is told."
LONELY = {
    "fail": "",
    "certainty": " A stratum of which one cluster was drawn adds nothing to it.",
    "adjust": " A stratum of which one cluster was drawn adds the square of what is left of it around zero.",
    "average": " A stratum of which one cluster was drawn adds as much to it as the others do on average.",
}
"""Rule for strata with a single cluster → what it says of the sampling error; a contract that stops on them has none."""
VALIDATED = (
    "Each row is checked against the contract, and a row that breaks it enters no figure. Observations are validated against "
    "structure and content constraint, and each message against the official schemas; what is not valid is not published."
)


def report(house: House, facts: Mapping[str, Any]) -> Report:
    """Return the report of a candidate or release.

    Args:
        house: where the contracts are.
        facts: what ``candidate.json`` or the manifest says.
    """
    flow = Reference.parse(facts["dataflow"])
    file = house.mappings.dataflow(f"{flow.agency}:{flow.id}")
    agency = house.mappings.agency
    quality = facts.get("quality")
    attributes = [source(house, house.mappings.dataset(name)) for name in file.feeds]
    attributes += [sample(told) for told in facts.get("samples", ())]
    if quality is not None:
        attributes.append(_quality(house, quality))
        attributes += [
            Reported(attribute, _english(_told(quality, criterion)))
            for attribute, criterion in (
                ("FEEDBACK_GIVEN", "FEEDBACK_GIVEN"),
                ("COVERAGE", "COVERAGE_BIAS"),
                ("ITEM_RESPONSE", "ITEM_NON_RESPONSE"),
            )
            if _told(quality, criterion)
        ]
    attributes += [
        Reported("DATA_VALIDATION", _english(validation(quality))),
        Reported("CONF_DATA_TR", _english(confidentiality(house, facts))),
        _revisions(facts),
    ]
    return Report(
        id=facts["message_id"],
        agency=agency.id,
        names={language: f"{text}: reference metadata" for language, text in file.name.items()},
        target=f"{URN}datastructure.Dataflow={flow}",
        prepared=clock.parse(facts["prepared"]),
        sender=agency.sender or agency.id,
        attributes=tuple(attributes),
    )


def sampling_error(contract: Contract) -> str:
    """Return whether the figures of a dataset have a standard error, and why they have none."""
    estimates = [target.estimate for target in contract.targets if target.estimate is not None]
    designs = [design for estimate in estimates if (design := design_of(contract, estimate)) is not None]
    if contract.record.sampling == "census_of_communities" or any(e.design == "census" for e in estimates):
        return ALL_ASKED
    if contract.record.sampling != "probability":
        return UNDRAWN
    if estimates and not designs:
        return UNKNOWN
    rules = dict.fromkeys(design.lonely for design in designs)
    return TOLD + "".join(LONELY[rule] for rule in rules)


def source(house: House, dataset: Dataset) -> Reported:
    """Return what a contract says of its dataset."""
    contract, record = dataset.contract, dataset.contract.record
    partner = house.mappings.partners[dataset.partner]
    every = contract.delivery.expected_every_days
    said: dict[str, Texts | float | None] = {
        "SOURCE_ID": _english(dataset.name),
        "SOURCE_TITLE": contract.title,
        "DATA_PROVIDER_NAME": partner.name,
        "CITIZEN_ORIGIN": _english(ORIGINS[record.origin]),
        "INITIATOR": _english(record.initiator),
        "CONSENT_GROUND": _english(CONSENTS[record.consent.basis]),
        "PUBLICATION_PERMISSION": _english(PERMISSIONS[record.publication]),
        "STAT_POP": record.population,
        "SELF_IDENTIFICATION": _english(record.self_identification) if record.self_identification else None,
        "COLL_METHOD": _english(record.mode),
        "SAMPLING": _english(SAMPLINGS[record.sampling]),
        "SAMPLING_ERROR_TOLD": _english(sampling_error(contract)),
        "RESPONSE_RATE": record.response_rate,
        "DOC_METHOD": _english(record.methodology),
        "LICENCE": _english(record.licence),
        "REC_USE_LIM": record.limitations,
        "FREQ_COLL": _english(f"Expected every {every} days.") if every else None,
        "SOURCE_CONTACT": _english(record.contact),
        "CONTRACT_VERSION": _english(contract.version),
    }
    levels = tuple(
        Reported(f"PARTICIPATION_{stage.upper()}", level)
        for stage, level in record.participation.model_dump().items()
        if level is not None
    )
    parts = [Reported(i, value) for i, value in said.items() if value is not None]
    if levels:
        parts.insert(
            [p.id for p in parts].index("INITIATOR") + 1, Reported("CITIZEN_PARTICIPATION", parts=levels)
        )
    return Reported("CITIZEN_SOURCE", parts=tuple(parts))


def sample(told: Mapping[str, Any]) -> Reported:
    """Return what is told of a sample against official counts."""
    parts = [Reported("SAMPLE_SOURCE_ID", _english(told["dataset"]))]
    parts += [
        Reported(
            "SAMPLE_BENCHMARK",
            parts=(
                Reported("BENCHMARK_ID", _english(benchmark["benchmark"])),
                Reported("BENCHMARK_SOURCE", benchmark["source"]),
                Reported("BENCHMARK_MET", _english("yes" if benchmark["met"] else "no")),
            ),
        )
        for benchmark in told["benchmarks"]
    ]
    for comparison in filter(None, map(for_everybody, told["comparisons"])):
        said = [
            Reported("COMPARISON_BENCHMARK", _english(comparison["benchmark"])),
            *_period("COMPARISON_PERIOD", comparison),
            Reported("COMPARISON_DISSIMILARITY", comparison["dissimilarity"]),
            Reported("COMPARISON_TOLD", _english(said_of_comparison(comparison))),
        ]
        parts.append(Reported("SAMPLE_COMPARISON", parts=tuple(said)))
    calibration = told["calibration"]
    if calibration is not None:
        parts.append(Reported("SAMPLE_CALIBRATION", _english(said_of_calibration(told))))
        for change in calibration["periods"]:
            factors = [Reported(f"CHANGE_{part.upper()}", change[part]) for part in CHANGE]
            said = [*_period("CHANGE_PERIOD", change), *factors]
            parts.append(Reported("SAMPLE_WEIGHT_CHANGE", parts=tuple(said)))
    return Reported("CITIZEN_SAMPLE", parts=tuple(parts))


def _period(attribute: str, told: Mapping[str, Any]) -> list[Reported]:
    return [Reported(attribute, _english(told["period"]))] if told["period"] is not None else []


def _quality(house: House, found: Mapping[str, Any]) -> Reported:
    questions = {i: c.question for i, c in house.mappings.quality.criteria.items()}
    parts = [] if found["score"] is None else [Reported("QUALITY_SCORE", found["score"])]
    parts += [
        Reported("QUALITY_GATE", _english("met" if found["gate"] == "open" else "not met")),
        Reported("QUALITY_CATALOGUE", _english(found["catalogue"])),
    ]
    for dimension in found["dimensions"]:
        told = [Reported("DIMENSION_ID", _english(dimension["id"]))]
        if dimension["score"] is not None:
            told.append(Reported("DIMENSION_SCORE", dimension["score"]))
        told += [
            Reported("DIMENSION_ANSWERED", dimension["answered"]),
            Reported("DIMENSION_CRITERIA", dimension["criteria"]),
        ]
        parts.append(Reported("QUALITY_DIMENSION", parts=tuple(told)))
    for criterion in found["criteria"]:
        told = [
            Reported("CRITERION_ID", _english(criterion["id"])),
            Reported("CRITERION_QUESTION", questions.get(criterion["id"], _english(criterion["id"]))),
            Reported("CRITERION_VERDICT", _english(criterion["verdict"])),
            Reported("CRITERION_ANSWERED_BY", _english(criterion["by"])),
            Reported("CRITERION_REASON", _english(criterion["reason"])),
        ]
        parts.append(Reported("QUALITY_CRITERION", parts=tuple(told)))
    return Reported("CITIZEN_QUALITY", parts=tuple(parts))


def _revisions(facts: Mapping[str, Any]) -> Reported:
    changes = facts["changes"]
    return Reported(
        "REVISION_LOG",
        parts=(
            Reported("REVISION_OF", _english(facts["parent"] or "none: this is the first release")),
            *(
                Reported(f"REVISION_{kind.upper()}", changes[kind])
                for kind in ("added", "changed", "withdrawn")
            ),
        ),
    )


def validation(quality: Mapping[str, Any] | None) -> str:
    """Return how the data were validated, and how much of them was refused."""
    refused = _told(quality, "ROWS_KEEP_CONTRACT") if quality else ""
    return f"{VALIDATED} {refused}".strip()


def confidentiality(house: House, facts: Mapping[str, Any]) -> str:
    """Return how those concerned are protected, and the share of figures that are withheld."""
    counts, flow = facts["counts"], Reference.parse(facts["dataflow"])
    share = counts["suppressed"] / counts["observations"] if counts["observations"] else 0
    protection = house.mappings.dataflow(f"{flow.agency}:{flow.id}").protection
    return f"{said(protection)} Withheld: {percent(share)} of the figures."


def _told(quality: Mapping[str, Any], criterion: str) -> str:
    """Return the reason of a criterion, with its verdict where nobody answered it; empty when it is not asked."""
    found = next((c for c in quality["criteria"] if c["id"] == criterion), None)
    return "" if found is None else f"{found['verdict'].replace('_', ' ')}: {found['reason']}"


def _english(text: str) -> Texts:
    return {"en": text}
