"""The report of a validation: facts for programs, and a page for people.

The facts keep the schema ``validate.schema.json``; the page is one file without anything outside. Both name values: they
are for whoever holds the file. What belongs here: showing findings. What does not: finding them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from citizenstats.pages import filled
from citizenstats.sdmx.validate_finding import MessageFinding
from citizenstats.validation.rules import FAMILIES, RULES

SHOWN_VALUES = 20
"""Values of one finding that a report names."""


def report_facts(file: str, findings: Sequence[MessageFinding]) -> dict[str, Any]:
    """Return the report as plain values: whether the file is valid, how many of each kind, and the findings."""
    errors = [f for f in findings if f.severity == "error"]
    return {
        "ok": not errors,
        "file": file,
        "errors": len(errors),
        "warnings": len(findings) - len(errors),
        "findings": [_facts(finding) for finding in findings],
    }


def _facts(found: MessageFinding) -> dict[str, Any]:
    rule = RULES.get(found.code)
    return {
        "code": found.code,
        "severity": found.severity,
        "family": rule.family if rule else "message",
        "struval": rule.struval if rule else "",
        "component": found.component or None,
        "count": found.count,
        "line": found.line,
        "row": found.row,
        "what": found.what,
        "mend": found.mend or (rule.mend if rule and "{of}" not in rule.mend else ""),
        "values": list(found.values[:SHOWN_VALUES]),
    }


def report_page(facts: Mapping[str, Any]) -> bytes:
    """Return the report as a page of HTML that needs nothing else."""
    return filled(Path(__file__).with_name("report.html"), **facts, groups=list(_groups(facts["findings"])))


def _groups(findings: Sequence[Mapping[str, Any]]) -> Iterable[tuple[str, list[Mapping[str, Any]]]]:
    """Yield the title of each family of rules that has findings, and them."""
    for family, title in FAMILIES.items():
        found = [finding for finding in findings if finding["family"] == family]
        if found:
            yield title, found
