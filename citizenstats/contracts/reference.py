"""The reference page of everything that the YAML files can say, made from the models.

``python -m citizenstats.contracts.reference docs/contract.md`` writes it; a test keeps it in step.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from citizenstats.contracts import model

PARTS: tuple[tuple[str, str, type[model.Model]], ...] = (
    ("The contract", "`partners/<partner>/<dataset>.yaml`", model.Contract),
    ("Delivery", "`delivery:`", model.Delivery),
    ("Pull", "`delivery.pull:`", model.Pull),
    ("Reading", "`read:`", model.Reading),
    ("Citizen data record", "`record:`", model.CitizenDataRecord),
    ("Participation", "`record.participation:`", model.ValueChain),
    ("Consent", "`record.consent:`", model.Consent),
    ("Assessment", "`assessment.<criterion>:`", model.Assessment),
    ("Columns", "`columns.<column>:`", model.Column),
    ("Rules", "`rules:`", model.Rule),
    ("Ignored rows", "`ignore:`", model.IgnoredRows),
    ("Targets", "`targets:`", model.Target),
    ("Map", "`targets.map.<component>:`", model.Mapped),
    ("Unpivot", "`targets.unpivot:`", model.Unpivot),
    ("Estimate", "`targets.estimate:`", model.Estimate),
    ("Benchmarks", "`targets.estimate.benchmarks.<name>:`", model.Benchmark),
    ("Calibration", "`targets.estimate.calibrate:`", model.Calibration),
    ("Indicators", "`targets.estimate.indicators.<indicator>:`", model.Indicator),
    ("Quantile", "`quantile:` of an indicator", model.Quantile),
    ("Difference", "`difference:` of an indicator", model.Difference),
    ("Protection", "`protection:`", model.Protection),
    ("Extract", "`extract:`", model.Extract),
    ("Areas of an extract", "`extract.area:`", model.ExtractArea),
    ("Places of an extract", "`extract.coordinates:`", model.ExtractCoordinates),
    ("Versions", "`versions:`", model.Version),
    ("When a version applies", "`versions.when:`", model.VersionWhen),
    ("The partner", "`partners/<partner>/partner.yaml`", model.PartnerFile),
    ("The dataflow", "`dataflows/<AGENCY>/<FLOW>.yaml`", model.DataflowFile),
    ("Protection of a family", "`protection:` of a dataflow", model.FlowProtection),
    ("Suppression", "`protection.suppression:` of a dataflow", model.Suppression),
    ("Cost of hiding", "`protection.suppression.cost:` of a dataflow", model.HidingCost),
    ("Rounding", "`protection.rounding:` of a dataflow", model.Rounding),
    ("Cell key", "`protection.cell_key:` of a dataflow", model.CellKey),
    ("Embargo", "`embargo:` of a dataflow", model.Embargo),
    ("Quality", "`quality:` of a dataflow", model.DataflowQuality),
    ("Least quality", "`quality.minimum:` of a dataflow", model.QualityMinimum),
    ("Reliability", "`reliability:` of a dataflow", model.Reliability),
    ("Rule of reliability", "`reliability.shares:` and `.others:` of a dataflow", model.ReliabilityRule),
    ("Limits of reliability", "`withhold:` and `flag:` of a rule of reliability", model.Limits),
    ("Small samples", "`small:` of limits of reliability", model.SmallSample),
    ("The agency", "`agency.yaml`", model.AgencyFile),
)
"""Heading, where it stands, model."""

_OPENING = """# Everything a contract can say

Made from the models by `python -m citizenstats.contracts.reference docs/contract.md`; do not edit.
Keys without a default are needed. Expressions are plain scalar SQL over the dataset's columns: no statement, no table
function, no aggregate. Words are plain: `no` and `NO` are texts, only `true`, `false`, `null` and numbers are special.
"""


def page() -> str:
    """Return the reference page as Markdown."""
    return _OPENING + "".join(_part(*part) for part in PARTS)


def _part(heading: str, place: str, described: type[model.Model]) -> str:
    lines = [
        f"\n## {heading}\n",
        f"{place}: {_first_line(described)}\n",
        "| key | default | meaning |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| `{name}` | {_default(field)} | {_meaning(field)} |"
        for name, field in described.model_fields.items()
    ]
    return "\n".join(lines) + "\n"


def _first_line(described: type[model.Model]) -> str:
    return (described.__doc__ or "").strip().splitlines()[0]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value: Any = field.get_default(call_default_factory=True)
    if value is None:
        return ""
    if isinstance(value, model.Model):
        return "as below"
    return (
        f"`{str(value).lower() if isinstance(value, bool) else value}`"
        if value not in ("", [], {})
        else "empty"
    )


def _meaning(field: FieldInfo) -> str:
    return (field.description or "").replace("|", "\\|")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), "utf-8")
