"""The models of everything under ``sdmx_mappings/`` but the SDMX structures themselves.

One YAML file is one model: `PartnerFile`, `Contract`, `DataflowFile`, `AgencyFile`. All are frozen and strict:
an unknown key is an error. Defaults are chosen so that a simple dataset needs under 40 lines. The vocabulary
follows GSBPM and the SDMX information model; the citizen data record composes the intake criteria that
national offices use (UN Collaborative on Citizen Data, Copenhagen Framework; PSA, KeSQAF, UNITAR).
"""

from citizenstats.contracts.model.base import (
    DatasetReference,
    FlowReference,
    FolderName,
    Identifier,
    Language,
    LocalText,
    LongSql,
    Model,
    Sql,
    Text,
)
from citizenstats.contracts.model.columns import Column, IgnoredRows, Rule, Version, VersionWhen
from citizenstats.contracts.model.contract import Contract
from citizenstats.contracts.model.dataflow import (
    DataflowFile,
    DataflowQuality,
    Embargo,
    QualityMinimum,
    Score,
)
from citizenstats.contracts.model.delivery import Delivery, Pull, Reading
from citizenstats.contracts.model.estimate import (
    KINDS,
    Benchmark,
    Calibration,
    Difference,
    Estimate,
    Indicator,
    Quantile,
)
from citizenstats.contracts.model.extract import Extract, ExtractArea, ExtractCoordinates
from citizenstats.contracts.model.family import (
    CellKey,
    FlowProtection,
    Hiding,
    HidingCost,
    PartialKey,
    Rounding,
    Suppression,
)
from citizenstats.contracts.model.parties import AgencyFile, PartnerFile
from citizenstats.contracts.model.protection import Dominance, Protection
from citizenstats.contracts.model.record import (
    Assessment,
    CitizenDataRecord,
    Consent,
    Participation,
    ValueChain,
)
from citizenstats.contracts.model.reliability import Limits, Reliability, ReliabilityRule, SmallSample
from citizenstats.contracts.model.target import Mapped, Target, Unpivot

__all__ = [
    "KINDS",
    "AgencyFile",
    "Assessment",
    "Benchmark",
    "Calibration",
    "CellKey",
    "CitizenDataRecord",
    "Column",
    "Consent",
    "Contract",
    "DataflowFile",
    "DataflowQuality",
    "DatasetReference",
    "Delivery",
    "Difference",
    "Dominance",
    "Embargo",
    "Estimate",
    "Extract",
    "ExtractArea",
    "ExtractCoordinates",
    "FlowProtection",
    "FlowReference",
    "FolderName",
    "Hiding",
    "HidingCost",
    "Identifier",
    "IgnoredRows",
    "Indicator",
    "Language",
    "Limits",
    "LocalText",
    "LongSql",
    "Mapped",
    "Model",
    "PartialKey",
    "Participation",
    "PartnerFile",
    "Protection",
    "Pull",
    "QualityMinimum",
    "Quantile",
    "Reading",
    "Reliability",
    "ReliabilityRule",
    "Rounding",
    "Rule",
    "Score",
    "SmallSample",
    "Sql",
    "Suppression",
    "Target",
    "Text",
    "Unpivot",
    "ValueChain",
    "Version",
    "VersionWhen",
]
