"""The rules of validation: one table, from which findings, reports and ``docs/validation.md`` are made.

Sources: the checks of Eurostat's structural validation (STRUVAL), "Structural validation process" (ec.europa.eu, SDMX
InfoSpace) and "STRUVAL error codes and messages" (cros.ec.europa.eu). STRUVAL names an error by error code and message
code; they are given here where the public list says them, and left out where it does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]
Family = Literal["message", "structure", "constraint", "confidentiality", "hierarchy", "plausibility"]


FAMILIES: Mapping[Family, str] = {
    "message": "The message",
    "structure": "Structure and code lists",
    "constraint": "Content constraints",
    "confidentiality": "Confidentiality",
    "hierarchy": "Totals and their parts",
    "plausibility": "Plausibility",
}
"""Family → its title, in the order in which they are asked."""


@dataclass(frozen=True)
class Rule:
    """One thing that may be wrong with observations.

    Attributes:
        code: stable identifier.
        family: what the rule measures against.
        severity: errors make data invalid; warnings ask a person to look.
        what: what is wrong.
        mend: what to do about it; ``{of}`` is what the component is measured against, such as its code list.
        struval: error and message code of Eurostat's list, where it says one.
    """

    code: str
    family: Family
    severity: Severity
    what: str
    mend: str
    struval: str = ""


TABLE: tuple[Rule, ...] = (
    Rule("EMPTY", "message", "error", "the file, or its data, is empty", "send the message again"),
    Rule("NOT_WELL_FORMED", "message", "error", "the file breaks its format", "write the file again", "140"),
    Rule("NOT_SDMX", "message", "error", "the file is no SDMX message that is known here", "see docs/messages.md", "500"),
    Rule("NOT_VALID", "message", "error", "the message breaks the official schema, or that of its structure",
         "see the line that is told"),
    Rule("UNKNOWN_STRUCTURE", "message", "error", "the structure that the message names is not known here",
         "give the mappings folder that holds it"),
    Rule("BAD_ACTION", "message", "error", "the action is none of A, D, I, M, R", "write M, R or D"),
    Rule("SEVERAL_STRUCTURES", "message", "error", "the rows of the message have several structures",
         "send one message for each"),
    Rule("OTHER_STRUCTURE", "message", "error", "the two messages to compare have different structures",
         "give a message of the same structure"),
    Rule("DAMAGED", "message", "error", "the packed file is damaged or ends early", "pack it again", "500"),
    Rule("TOO_LARGE", "message", "error", "the message unpacks to more than is read", "send it in parts"),
    Rule("NOT_IN_STRUCTURE", "structure", "error", "the structure has no such component",
         "leave the column out, or name the structure that has it", "150-007, 150-009, 150-010"),
    Rule("COLUMN_MISSING", "structure", "error", "a column that the structure demands is missing, or empty throughout",
         "add the column, and fill it",
         "150-003, 150-008"),
    Rule("MISSING", "structure", "error", "a dimension or a mandatory attribute is empty",
         "fill it; in a contract, map it or give it a constant", "150-003, 150-008"),
    Rule("NOT_IN_CODELIST", "structure", "error", "a value is no code of the component's list",
         "map it to a code of {of}, or add the code there", "150-029"),
    Rule("TOO_MANY_AT_ONCE", "structure", "error", "a component has more values than its structure allows (maxOccurs)",
         "leave at most {of}"),
    Rule("NOT_IN_LANGUAGES", "structure", "error", "a text is in a language that the structure has no place for",
         "write it in {of}, or add the language to the structure"),
    Rule("EMPTY_TEXT", "structure", "error", "a value is an empty text", "leave the value out"),
    Rule("NOT_A_NUMBER", "structure", "error", "a value is no number of the component's type",
         "write digits with a decimal point; a division by zero in a contract is guarded with nullif"),
    Rule("NOT_OF_TYPE", "structure", "error", "a value is not of the component's type", "write it as {of}"),
    Rule("BAD_CHARACTER", "structure", "error", "a text holds a character that XML has no way to say",
         "remove it; it is seen in an editor that shows control characters", "140"),
    Rule("PERIOD_DOES_NOT_FIT", "structure", "error", "a time period has no form that its frequency allows",
         "write the period in a form that its frequency allows, such as 2020 for A and 2020-Q1 for Q"),
    Rule("DUPLICATE_KEY", "structure", "error", "a key stands more than once", "leave one observation of each key"),
    Rule("DIFFERS_INSIDE", "structure", "error", "an attribute differs where one value is shared",
         "give an attribute of the {of} one value in it"),
    Rule("MISSING_VALUE_AS_NORMAL", "structure", "error", "there is no value, and the status says that it is a normal one",
         "say with OBS_STATUS why there is no value: L not collected, M cannot exist, Q suppressed; a contract says it of the "
         "column (not_collected: ['']), or leaves such rows out (where)"),
    Rule("NOT_IN_CONSTRAINT", "constraint", "error", "a code is not among those that the dataflow allows",
         "widen the dataflow's constraint, or leave these observations out with the target's where"),
    Rule("NOT_IN_SERIES_CONSTRAINT", "constraint", "error", "a code is not among those that the series allows",
         "use a code that the constraint of the series names, or another series"),
    Rule("CONFIDENTIAL_VALUE", "confidentiality", "error", "a value stands beside a status that keeps it from publication",
         "empty the value and say OBS_STATUS Q; F is the only free CONF_STATUS"),
    Rule("MISSING_WITH_VALUE", "confidentiality", "error", "a value stands beside a status that says it is missing",
         "empty the value, or say the status that it has; H, L, M, O and Q mean that there is none"),
    Rule("COMPANION_OF_WITHHELD", "confidentiality", "error", "a number about a withheld value is left beside it",
         "empty it too: bounds, errors and sizes let people compute what was withheld"),
    Rule("EMBARGO_NOT_INTERNAL", "confidentiality", "error", "an embargo date stands beside a status other than N",
         "say CONF_STATUS N until the embargo ends"),
    Rule("SUPPRESSION_TOLD_APART", "confidentiality", "warning", "the status tells a primary from a secondary suppression",
         "say C in what is published: which cell was hidden first is half of the way to its value"),
    Rule("DOES_NOT_ADD_UP", "hierarchy", "warning", "the parts of a count do not add up to their total",
         "look at the codes below {of}; rounding is allowed for"),
    Rule("LARGE_CHANGE", "plausibility", "warning", "a value changed much against the last release",
         "compare with the delivery; say in a comment why, or hold the release"),
    Rule("SIGN_CHANGED", "plausibility", "warning", "a value has another sign than in the last release",
         "compare with the delivery"),
    Rule("VALUE_GONE", "plausibility", "warning", "an observation with a value in the last release is not there, or empty",
         "see that it was withdrawn on purpose"),
    Rule("BREAK_NOT_TOLD", "plausibility", "warning", "a new period is far from the one before, and no break is told",
         "say OBS_STATUS B where method or population changed"),
    Rule("OFFICIAL_DIFFERS", "plausibility", "warning", "a value is far from the official one at the same key",
         "say in the reference metadata how definitions and populations differ"),
)  # fmt: skip
"""All rules, in the order in which they are told."""

RULES: Mapping[str, Rule] = {rule.code: rule for rule in TABLE}
"""Code → rule."""

ORDER: Mapping[str, int] = {rule.code: place for place, rule in enumerate(TABLE)}
"""Code → place in the table."""


def rules_table() -> str:
    """Return the rules as the table of ``docs/validation.md``, in Markdown, one section a family."""
    lines: list[str] = []
    for family, title in FAMILIES.items():
        lines += [
            f"### {title}",
            "",
            "| rule | kind | what is wrong | how to mend it | STRUVAL |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += [
            f"| `{r.code}` | {r.severity} | {r.what} | {r.mend.format(of='…')} | {r.struval} |"
            for r in TABLE
            if r.family == family
        ]
        lines.append("")
    return "\n".join(lines)
