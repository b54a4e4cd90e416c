"""The models of everything under ``sdmx_mappings/`` but the SDMX structures themselves.

One YAML file is one model: `PartnerFile`, `Contract`, `DataflowFile`, `AgencyFile`. All are frozen and strict:
an unknown key is an error. Defaults are chosen so that a simple dataset needs under 40 lines. The vocabulary
follows GSBPM and the SDMX information model; the citizen data record composes the intake criteria that
national offices use (UN Collaborative on Citizen Data, Copenhagen Framework; PSA, KeSQAF, UNITAR).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")]


def _localised(value: Any) -> Any:
    return {"en": value} if isinstance(value, str) else value


Text = Annotated[str, StringConstraints(min_length=1)]
"""A text that says something."""
LocalText = Annotated[
    dict[Language, Text],
    Field(min_length=1),
    BeforeValidator(_localised, json_schema_input_type=str | dict[str, str]),
]
"""A text in several languages, as ``{en: …, da: …}``; a bare string is English."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=120)]
FolderName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=60)]
FlowReference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*:[A-Za-z0-9_@$-]+$")]
"""``AGENCY:ID`` of a dataflow."""
DatasetReference = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*/[a-z0-9][a-z0-9_]*$")]
"""``partner/dataset``."""
Sql = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
"""A scalar SQL expression over the dataset's columns; see `citizenstats.contracts.expressions`."""
LongSql = Annotated[str, StringConstraints(min_length=1, max_length=400_000)]
"""The same, as long as the rules of a structure map may need."""


class Model(BaseModel):
    """A frozen model that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


# --- delivery ---------------------------------------------------------------------------------------------


class Pull(Model):
    """A source that is fetched instead of dropped: one HTTP GET whose body is the delivery."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+")] = Field(
        description="Where to fetch the delivery from: http or https."
    )
    cron: str = Field("0 5 * * *", description="When to fetch, as a cron line in UTC.")
    file_name: str = Field("pulled.csv", description="The name under which the body is kept.")
    token_env: Identifier | None = Field(
        None,
        description="Environment variable that holds a bearer token; the secret itself never stands here.",
    )


class Reading(Model):
    """How to read the file. What is left out is detected and told in the receipt."""

    format: Literal["auto", "csv", "xlsx", "sdmx"] = Field(
        "auto",
        description="auto looks at the bytes for a table; sdmx is a data message, its columns the components.",
    )
    dataflow: FlowReference | None = Field(
        None, description="Dataflow of an SDMX message that names no structure known here."
    )
    encoding: str | None = Field(None, description="Python codec name; left out: BOM, UTF-8, then a guess.")
    delimiter: (
        Annotated[str, StringConstraints(min_length=1, max_length=1, strip_whitespace=False)] | None
    ) = Field(None, description="Field separator of a CSV; left out: detected.")
    quote: Annotated[str, StringConstraints(max_length=1)] = Field(
        '"', description="Quote character of a CSV; empty: there is none."
    )
    decimal: Literal[".", ","] = Field(".", description="Decimal mark of numbers written as text.")
    thousands: Literal["", ".", ",", " ", "'"] = Field("", description="Thousands mark, if any.")
    date_format: str = Field("%Y-%m-%d", description="strptime format of date columns.")
    sheet: str | None = Field(None, description="Worksheet name; left out: the first visible sheet.")
    header_row: int = Field(1, ge=1, description="Row number, from 1, of the first header row.")
    header_rows: int = Field(
        1,
        ge=1,
        le=5,
        description="Number of header rows; several are joined with ' / ', merged cells filled right.",
    )
    ends_at: str | None = Field(
        None,
        description="Regular expression on a row's first cell: that row and all below are notes (ignored rows).",
    )
    footnote_marks: str | None = Field(
        None,
        description=r"Regular expression of footnote marks to strip from headers and cells, such as '\(\d\)$'.",
    )
    missing: list[str] = Field([""], description="Cell texts that mean missing, in every column.")


class Delivery(Model):
    """Where deliveries come from, how often, and what one replaces."""

    files: str = Field("*", description="Pattern of file names that belong to this dataset.")
    pull: Pull | None = Field(None, description="Fetch the delivery instead of waiting for a file.")
    expected_every_days: int | None = Field(
        None, ge=1, description="The UI warns when nothing came for so long."
    )
    grace_days: int = Field(14, ge=0, description="How much later than expected is still fine.")
    replaces: Literal["everything", "periods", "rows"] = Field(
        "everything",
        description="What a delivery replaces: all former data, the periods that it holds, or rows with the same key.",
    )
    period: Identifier | None = Field(
        None, description="Column that holds the period; needed when it replaces periods."
    )
    max_megabytes: int = Field(2048, ge=1, description="A larger file is refused unread.")
    max_refused_share: float = Field(
        0.05,
        ge=0,
        le=1,
        description="With more than this share of rows refused the whole delivery is refused.",
    )


# --- citizen data record ----------------------------------------------------------------------------------

Participation = Annotated[int, Field(ge=1, le=5)]
"""Level on the participation ladder: 1 information … 5 self-determination; 4 and 5 are sufficient."""


class ValueChain(Model):
    """Level of participation of the people concerned at each stage of the data value chain (1 to 5)."""

    need: Participation | None = Field(None, description="Level at specifying needs.")
    design: Participation | None = Field(None, description="Level at design.")
    collect: Participation | None = Field(None, description="Level at collection.")
    process: Participation | None = Field(None, description="Level at processing.")
    analyse: Participation | None = Field(None, description="Level at analysis.")
    disseminate: Participation | None = Field(None, description="Level at dissemination.")
    use: Participation | None = Field(None, description="Level at use of the figures.")


class Consent(Model):
    """On what ground the data may be used, and where each record says so."""

    basis: Literal["individual", "community_fpic", "organisation", "public_source"] = Field(
        description="individual informed consent; free, prior and informed consent of a community; an organisation "
        "answering for itself; or facts that are public already."
    )
    evidence: Text = Field(description="Where the evidence of consent is kept.")
    condition: Sql | None = Field(
        None,
        description="SQL condition on a record; where it is not true the record is withheld before any computation.",
    )

    @model_validator(mode="after")
    def _people_are_asked(self) -> Consent:
        if self.basis in ("individual", "community_fpic") and self.condition is None:
            raise ValueError("consent.condition is needed: each record must say that its people agreed")
        return self


class CitizenDataRecord(Model):
    """The intake record of a dataset: who made it, with whom, and how."""

    origin: Literal["citizens", "state_with_participation"] = Field(
        description="Produced by rights-holders and their organisations, or by the state with their engagement."
    )
    initiator: Text = Field(description="Who started it.")
    participation: ValueChain = Field(
        ValueChain(), description="Level of participation of the people concerned at each stage, 1 to 5."
    )
    consent: Consent = Field(description="On what ground the data may be used.")
    publication: Literal["public", "aggregate_only", "none"] = Field(
        description="public: figures and single answers; aggregate_only: tables above the threshold; none: nothing."
    )
    population: LocalText = Field(description="Whom the figures are about.")
    self_identification: str | None = Field(
        None, description="How people say themselves that they belong to the group."
    )
    mode: Text = Field(description="Instrument and collection mode.")
    sampling: Literal[
        "probability", "non_probability", "census_of_communities", "document_review", "register"
    ] = Field(description="How the units were found.")
    response_rate: float | None = Field(
        None, ge=0, le=1, description="Share of the units asked that answered."
    )
    methodology: Text = Field(description="Link to the documentation of methods.")
    licence: Text = Field(description="Licence of the figures, SPDX id where there is one.")
    contact: Text = Field(description="Whom to ask about the data.")
    limitations: LocalText = Field(description="What the data cannot tell.")


class Assessment(Model):
    """What a person found when looking at one criterion of quality, and on what ground."""

    verdict: Literal["met", "partly", "not_met", "not_applicable"] = Field(description="What was found.")
    evidence: Annotated[str, StringConstraints(min_length=10)] = Field(
        description="What shows it; published with the figures, so no name and no answer of a person."
    )
    by: Text = Field(description="The person who looked.")
    date: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] = Field(
        description="The day of it."
    )


# --- columns ----------------------------------------------------------------------------------------------


class Column(Model):
    """One column of the partner's file."""

    header: str | list[str] | None = Field(
        None, description="Header(s) in the file; left out: the column's id."
    )
    type: Literal["text", "integer", "number", "boolean", "date", "period"] = Field(
        "text", description="Kind of value."
    )
    label: LocalText | None = Field(None, description="What the column is called, for people.")
    required: bool = Field(False, description="An empty cell refuses the row.")
    optional: bool = Field(False, description="The column may be absent from the file.")
    allowed: list[str] | None = Field(None, description="The cell texts allowed (before typing).")
    true: list[str] = Field(["1", "true", "yes"], description="Texts that mean true, for type boolean.")
    false: list[str] = Field(["0", "false", "no"], description="Texts that mean false, for type boolean.")
    frequency: str = Field("A", description="SDMX frequency that a period column must fit.")
    range: tuple[float | None, float | None] | None = Field(
        None, description="Lowest and highest value allowed."
    )
    pattern: str | None = Field(None, description="Regular expression that the whole cell must match.")
    role: Literal["identifier", "sensitive", "quasi_identifier", "weight", "free_text"] | None = Field(
        None,
        description="What the column may tell about a person; identifiers and free text never leave the records.",
    )
    missing: list[str] = Field([], description="Further texts that mean missing in this column.")
    not_collected: list[str] = Field(
        [], description="Texts that mean: exists, but was not collected (OBS_STATUS L)."
    )
    not_applicable: list[str] = Field([], description="Texts that mean: cannot exist here (OBS_STATUS M).")


class Rule(Model):
    """A condition across columns that every record must meet; NULL counts as met."""

    must: Sql = Field(description="The condition that holds for a good record.")
    message: LocalText = Field(description="What the receipt says when it does not.")


class IgnoredRows(Model):
    """Rows that are no data, by a condition over the cells as text."""

    when: Sql = Field(description="Condition over the cells as text.")
    reason: Text = Field(description="Why such a row is no data.")


class VersionWhen(Model):
    """What tells that a delivery is of this version; all that is given must hold."""

    file: str | None = Field(None, description="Pattern of the file name.")
    header: list[str] | None = Field(None, description="Headers that must all be present.")
    column: Identifier | None = Field(
        None, description="Column whose values tell, such as the period or form version."
    )
    values: list[str] | None = Field(None, description="The values of that column in this version.")


class Version(Model):
    """A version of the contract for deliveries that differ: only what differs is said."""

    id: str = Field(description="Name of the version, such as the wave.")
    when: VersionWhen = Field(description="What tells that a delivery is of this version.")
    read: dict[str, Any] = Field({}, description="Keys of `read` that differ.")
    columns: dict[Identifier, dict[str, Any] | None] = Field(
        {}, description="Columns that differ, key by key; null: this version has no such column (all empty)."
    )


# --- targets ----------------------------------------------------------------------------------------------


class Mapped(Model):
    """Where a dimension, measure or attribute comes from: exactly one of column, value, sql; codes with column or sql."""

    column: Identifier | None = Field(
        None, description="A column, as it is or through `codes`; a bare name says the same."
    )
    value: str | None = Field(None, description="A constant.")
    sql: LongSql | None = Field(None, description="A scalar expression over the columns of the record.")
    codes: str | dict[str, str] | None = Field(
        None,
        description="Code map for the column or expression: CSV file beside the contract (raw,code,note), or raw: code "
        "pairs.",
    )

    @model_validator(mode="before")
    @classmethod
    def _bare_string_is_a_column(cls, data: Any) -> Any:
        return {"column": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_origin(self) -> Mapped:
        if sum(x is not None for x in (self.column, self.value, self.sql)) != 1:
            raise ValueError("give exactly one of column, value, sql")
        if self.codes is not None and self.value is not None:
            raise ValueError("codes needs column or sql")
        return self


class Unpivot(Model):
    """Turn wide question columns into rows: one row for each column, its cell in `into`."""

    columns: dict[Identifier, dict[Identifier, str]] = Field(
        description="Column → the constants that it stands for, such as {INDICATOR: I31, ITEM: MEN}."
    )
    into: Identifier = Field("answer", description="Name under which expressions see the cell.")


class Quantile(Model):
    """The least value at or below which a share of the units lies."""

    of: Sql = Field(description="Expression, a number, whose weighted quantile is estimated.")
    p: float = Field(0.5, gt=0, lt=1, description="The share of units at or below it; 0.5 is the median.")


class Difference(Model):
    """How far the figure of one group lies above that of another one."""

    of: Identifier = Field(description="Key of another indicator here: a proportion, mean or ratio.")
    across: Identifier = Field(description="The breakdown in which the groups are categories.")
    groups: tuple[str, str] = Field(description="Codes of the two groups: the first less the second.")

    @model_validator(mode="after")
    def _two_groups(self) -> Difference:
        if self.groups[0] == self.groups[1]:
            raise ValueError("give two different groups")
        return self


KINDS = ("proportion", "mean", "total", "ratio", "count", "quantile", "difference")
"""What an indicator can be: exactly one of these is given."""


class Indicator(Model):
    """One indicator estimated from records: exactly one of proportion, mean, total, ratio, count, quantile, difference."""

    proportion: Sql | None = Field(None, description="Condition whose share is estimated.")
    mean: Sql | None = Field(None, description="Expression whose weighted mean is estimated.")
    total: Sql | None = Field(None, description="Expression whose weighted total is estimated.")
    ratio: tuple[Sql, Sql] | None = Field(None, description="Numerator and denominator.")
    count: Sql | None = Field(None, description="Condition whose number of units is counted.")
    quantile: Quantile | None = Field(None, description="Median or another quantile of an expression.")
    difference: Difference | None = Field(
        None,
        description="Difference of another indicator between two groups; it stands at the breakdown's total.",
    )
    among: Sql | None = Field(
        None, description="Only units that meet this; NULL of the measure drops out by itself."
    )
    known_when: Sql | None = Field(
        None, description="For count: a cell without any unit that meets this is not collected (L), not zero."
    )
    set: dict[Identifier, str] = Field(
        {}, description="Further dimensions or attributes fixed by this indicator."
    )
    scale: float | None = Field(
        None,
        description="Factor on the estimate; proportion: 100 unless said; difference: that of its indicator.",
    )

    @model_validator(mode="after")
    def _one_measure(self) -> Indicator:
        if sum(getattr(self, kind) is not None for kind in KINDS) != 1:
            raise ValueError(f"give exactly one of {', '.join(KINDS)}")
        if self.difference is not None and (self.among is not None or self.known_when is not None):
            raise ValueError("a difference has the `among` of the indicator that it is of")
        return self

    @property
    def kind(self) -> str:
        """The name of the measure, one of `KINDS`."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def expressions(self) -> tuple[str, ...]:
        """What it measures, as the contract says it; nothing of a difference, which measures what another one does."""
        if self.ratio is not None:
            return self.ratio
        if self.quantile is not None:
            return (self.quantile.of,)
        told = (self.proportion, self.mean, self.total, self.count)
        return tuple(text for text in told if text is not None)


def _named_alike(value: Any) -> Any:
    return {column: column for column in value} if isinstance(value, list) else value


class Benchmark(Model):
    """Official counts of the population by some columns of the records, that a sample is held against."""

    by: Annotated[
        dict[Identifier, Identifier],
        BeforeValidator(_named_alike, json_schema_input_type=list[Identifier] | dict[Identifier, Identifier]),
        Field(min_length=1),
    ] = Field(
        description="Columns or derived values of the records → the columns of the counts; a list where both have the "
        "same names. Rows that differ by other columns of the counts are added up."
    )
    file: str | None = Field(None, description="CSV beside the contract with the counts.")
    dataset: DatasetReference | None = Field(
        None, description="A dataset of this house whose records are the counts, in place of `file`."
    )
    count: Identifier = Field("count", description="Column with the number of units.")
    period: Identifier | None = Field(
        None,
        description="Column with the period, as the dataflow names it; left out: the counts hold for each period.",
    )
    source: LocalText = Field(description="Who counted, and when; published with the figures.")

    @model_validator(mode="after")
    def _one_source(self) -> Benchmark:
        if (self.file is None) == (self.dataset is None):
            raise ValueError("give exactly one of file, dataset")
        return self


class Calibration(Model):
    """How the weights are changed so that the sample has the official counts (Deville and Särndal 1992)."""

    method: Literal["poststratify", "raking", "linear", "logit"] = Field(
        description="poststratify: to one benchmark, cell by cell; raking: to several in turn until all are met; linear: "
        "the regression estimator (GREG); logit: between bounds that no weight's change passes."
    )
    to: list[Identifier] | None = Field(
        None, description="The benchmarks that are met; left out: all. The others are compared only."
    )
    bounds: tuple[float, float] | None = Field(
        None, description="The least and the greatest factor on a weight, for linear and logit."
    )
    tolerance: float = Field(
        1e-9, gt=0, le=1e-3, description="Relative difference from a count up to which it is met."
    )
    iterations: int = Field(200, ge=1, le=10_000, description="How many rounds are tried.")

    @model_validator(mode="after")
    def _bounds_fit_the_method(self) -> Calibration:
        if self.method == "logit" and self.bounds is None:
            raise ValueError("logit needs bounds")
        if self.bounds is not None and self.method not in ("linear", "logit"):
            raise ValueError("bounds are for linear and logit")
        if self.bounds is not None and not 0 <= self.bounds[0] < 1 < self.bounds[1]:
            raise ValueError("bounds lie around 1, the lower one not below 0")
        return self


class Estimate(Model):
    """How records (microdata) become indicators."""

    unit: Literal["person", "household", "community", "case"] = Field(
        "person", description="The statistical unit."
    )
    weight: Identifier | None = Field(
        None, description="Column with the sampling weight; left out: every unit counts one."
    )
    strata: Identifier | None = Field(None, description="Column with the stratum.")
    cluster: Identifier | None = Field(None, description="Column with the primary sampling unit.")
    cluster2: Identifier | None = Field(
        None, description="Column with the secondary sampling unit, within the primary one."
    )
    population: Identifier | None = Field(
        None,
        description="Column with the number of primary units of the stratum in the population (without clusters: of "
        "units), for the finite population correction.",
    )
    population2: Identifier | None = Field(
        None, description="Column with the number of secondary units of the primary one in the population."
    )
    design: Literal["probability", "simple_random", "census", "none"] | None = Field(
        None,
        description="How the units were drawn, which standard errors rest on: probability uses strata, cluster and "
        "population; census and none have no standard error. Left out: probability where record.sampling says so and "
        "strata or cluster are given, else none.",
    )
    lonely: Literal["fail", "certainty", "adjust", "average"] = Field(
        "fail",
        description="A stratum with a single cluster: fail stops; certainty adds no variance; adjust takes its square "
        "around zero; average gives it the mean variance of the others.",
    )
    benchmarks: dict[Identifier, Benchmark] = Field(
        {}, description="Official counts that the sample is compared with, each under a name."
    )
    calibrate: Calibration | None = Field(
        None,
        description="Change the weights so that they give the benchmarks; left out: they stay as they are.",
    )
    indicator_dimension: Identifier = Field(
        "INDICATOR", description="Dimension that holds the indicator's code."
    )
    breakdowns: list[Identifier] = Field(
        [], description="Dimensions; all their combinations with totals are estimated."
    )
    margins: list[list[Identifier]] | None = Field(
        None, description="Only these breakdowns instead of all combinations; [] is the total."
    )
    totals: dict[Identifier, str] = Field({}, description="Code of the total by dimension; `_T` unless said.")
    known_across: list[Identifier] = Field(
        [],
        description="For count: breakdowns whose cells are known wherever their total is, so that a category without "
        "a case is zero: who looks for cases looks for women and men.",
    )
    decimals: int = Field(1, ge=0, le=8, description="Decimals of the published value.")
    indicators: dict[Identifier, Indicator] = Field(
        description="Indicator code → what is estimated; any name where `set` gives the code, as for sub-items."
    )

    @model_validator(mode="after")
    def _stages_are_nested(self) -> Estimate:
        if self.cluster2 is not None and (self.cluster is None or self.population is None):
            raise ValueError(
                "cluster2 needs cluster and population: without them the second stage adds nothing"
            )
        if self.population2 is not None and self.cluster2 is None:
            raise ValueError("population2 needs cluster2")
        if self.design == "simple_random" and (self.strata is not None or self.cluster is not None):
            raise ValueError("simple_random has no strata and no cluster; say design: probability")
        return self

    @model_validator(mode="after")
    def _calibrated_to_benchmarks(self) -> Estimate:
        if self.calibrate is None:
            return self
        for benchmark in self.calibrate.to or ():
            if benchmark not in self.benchmarks:
                raise ValueError(f"calibrate.to names {benchmark}, which is none of the benchmarks")
        if not self.met:
            raise ValueError("calibrate needs benchmarks")
        if self.calibrate.method == "poststratify" and len(self.met) != 1:
            raise ValueError("poststratify meets one benchmark: name it in `to`, or say method: raking")
        return self

    @model_validator(mode="after")
    def _differences_have_their_groups(self) -> Estimate:
        for key, indicator in self.indicators.items():
            difference = indicator.difference
            if difference is None:
                continue
            of = self.indicators.get(difference.of)
            if of is None or of.kind not in ("proportion", "mean", "ratio"):
                raise ValueError(
                    f"{key}: the difference must be of a proportion, mean or ratio among these indicators"
                )
            if difference.across not in self.breakdowns:
                raise ValueError(f"{key}: {difference.across} is not among the breakdowns")
            if difference.across in {*of.set, *indicator.set}:
                raise ValueError(f"{key}: {difference.across} does not tell groups apart here")
            if self.totals.get(difference.across, "_T") in difference.groups:
                raise ValueError(f"{key}: the total of {difference.across} is no group")
            if self.margins is not None and not any(difference.across in margin for margin in self.margins):
                raise ValueError(f"{key}: no margin has {difference.across}")
        return self

    @property
    def met(self) -> dict[str, Benchmark]:
        """The benchmarks that the weights are calibrated to."""
        if self.calibrate is None:
            return {}
        to = self.calibrate.to if self.calibrate.to is not None else list(self.benchmarks)
        return {benchmark: self.benchmarks[benchmark] for benchmark in to}

    def measured(self, key: str) -> Indicator:
        """Return the indicator that measures: itself, or the one that a difference is of."""
        indicator = self.indicators[key]
        return indicator if indicator.difference is None else self.indicators[indicator.difference.of]

    def scale_of(self, key: str) -> float:
        """Return the factor on an estimate: `scale`, or what its kind has."""
        for indicator in (self.indicators[key], self.measured(key)):
            if indicator.scale is not None:
                return indicator.scale
        return 100 if self.measured(key).kind == "proportion" else 1


class Target(Model):
    """One dataflow that the dataset feeds, and where each of its components comes from."""

    dataflow: FlowReference = Field(description="AGENCY:ID of the dataflow.")
    where: Sql | None = Field(None, description="Only records that meet this feed the dataflow.")
    unpivot: Unpivot | None = Field(None, description="Turn wide question columns into rows first.")
    map: dict[Identifier, Mapped] = Field(
        {},
        description="Component → where it comes from; `_n` and `_k` are sample size and numerator of compiled figures.",
    )
    structure_map: str | None = Field(
        None,
        description="An SDMX StructureMap in place of `map` or beside it: the file next to the contract that holds it, or "
        "its URN where a file there holds several.",
    )
    estimate: Estimate | None = Field(None, description="For microdata: the indicators to estimate.")

    @model_validator(mode="after")
    def _comes_from_somewhere(self) -> Target:
        if not self.map and self.structure_map is None:
            raise ValueError("give map, structure_map or both")
        return self

    @model_validator(mode="after")
    def _units_are_weighted_once(self) -> Target:
        if self.unpivot is not None and self.estimate is not None and self.estimate.benchmarks:
            raise ValueError(
                "benchmarks are about units, and unpivot makes several rows of one: leave one of them out"
            )
        return self


class Dominance(Model):
    """The (n,k) rule: a sum of which so few units hold so much is unsafe."""

    units: Literal[1, 2] = Field(description="How many of the largest contributors are looked at.")
    share: float = Field(gt=0, lt=1, description="Share of the sum above which they dominate it.")


class Protection(Model):
    """Disclosure rules of a dataset's figures."""

    minimum: int = Field(
        10, ge=1, description="Fewest units (unweighted) in a cell, and on either side of a share."
    )
    sensitive_minimum: int = Field(
        10,
        ge=1,
        description="The same where the question is sensitive (a column of role sensitive is behind the figure); the "
        "higher of both holds, so that a lower minimum leaves sensitive figures as they are.",
    )
    waived: Text | None = Field(
        None,
        description="Why no rule applies, for data that is about no person, household, community or case.",
    )
    p_percent: float | None = Field(
        None,
        gt=0,
        le=100,
        description="A total, mean or ratio is unsafe when the second largest contributor can tell the largest within "
        "so many percent. Keep the number to yourself.",
    )
    dominance: Dominance | None = Field(
        None,
        description="A total, mean or ratio is unsafe when few units dominate it; the p % rule is the better one.",
    )
    revisions: Literal["guard", "publish"] | None = Field(
        None,
        description="guard: a figure that changed by fewer than the minimum stays as it was published, for the "
        "difference tells who came or went; publish: it is revised. Left out: publish for cases and communities, guard "
        "for all else.",
    )

    def guards(self, estimate: Estimate | None) -> bool:
        """Return whether a change by few stays unpublished; of a register each new case is the news that it is kept for."""
        if self.revisions is None:
            return estimate is None or estimate.unit not in ("case", "community")
        return self.revisions == "guard"


class ExtractArea(Model):
    """The column of an extract that says where, and how many must live there in the data."""

    column: Identifier = Field(description="Column of the area, one of the extract's.")
    minimum: int = Field(
        50, ge=2, description="Areas with fewer units in the data are merged; what is merged has as many."
    )
    merged: str = Field("other", description="What the merged areas are called.")


class ExtractCoordinates(Model):
    """Where a record lies, coarsened to the middle of a cell of a grid."""

    latitude: Identifier = Field(description="Column with the latitude, of type number.")
    longitude: Identifier = Field(description="Column with the longitude, of type number.")
    degrees: float = Field(
        0.5, ge=0.05, le=10, description="Size of a cell in degrees; 0.5 is some 55 km from south to north."
    )


class Extract(Model):
    """What a safe extract for researchers holds; without this section there is none."""

    columns: list[Identifier] = Field(
        min_length=1, description="The columns that leave, each with a role; all others stay."
    )
    unit: Identifier | None = Field(
        None, description="Column that tells whose record it is; left out: each record is another unit."
    )
    k: int = Field(10, ge=3, description="Fewest units that are equal in all quasi-identifiers.")
    l: int = Field(  # noqa: E741 - the measure's name in the field
        2, ge=2, description="Fewest different answers to each sensitive question among them."
    )
    generalise: dict[Identifier, list[Sql]] = Field(
        {},
        description="Column → ever coarser expressions over it; the fewest steps that are needed are taken.",
    )
    area: ExtractArea | None = Field(None, description="Small areas are merged.")
    coordinates: ExtractCoordinates | None = Field(None, description="Places leave as cells of a grid.")
    most_dropped: float = Field(
        0.1, ge=0, le=1, description="With more than this share of records dropped there is no extract."
    )


def _fault_of_columns(extract: Extract, columns: Mapping[str, Column]) -> str | None:
    """Return why a column may not be in an extract; None when all may."""
    for column in extract.columns:
        if column not in columns:
            return f"the extract's {column} is no column"
        role = columns[column].role
        if role in ("identifier", "free_text"):
            return f"{column} is an identifier or free text, which no extract may hold"
        if role is None:
            return (
                f"say the role of {column}: quasi_identifier where others may know it of somebody, sensitive where nobody "
                "may learn it, weight"
            )
    return None


def _fault_of_names(extract: Extract, columns: Mapping[str, Column]) -> str | None:
    """Return what is wrong with the columns that an extract coarsens; None when nothing is."""
    area, place = extract.area, extract.coordinates
    for column in (*extract.generalise, *([area.column] if area is not None else [])):
        if column not in extract.columns:
            return f"{column} is none of the extract's columns"
    if area is not None and columns[area.column].role == "sensitive":
        return "an area is known to others: its role is quasi_identifier"
    if area is not None and area.column in extract.generalise:
        return f"{area.column} is an area: small ones are merged, so it has no steps in generalise"
    if extract.unit is not None and extract.unit not in columns:
        return f"the extract's unit {extract.unit} is no column"
    for column in (place.latitude, place.longitude) if place is not None else ():
        if column in extract.columns:
            return f"{column} leaves by extract.coordinates, not as it is"
        if column not in columns or columns[column].type != "number":
            return f"{column} is no column of type number"
    return None


_FEWEST = 3
"""The least minimum frequency where only aggregates may be published: of two, each knows the other."""


class Contract(Model):
    """One dataset: ``sdmx_mappings/partners/<partner>/<dataset>.yaml``."""

    title: LocalText = Field(description="What the dataset is called.")
    author: Text = Field(description="The person who wrote this contract; someone else signs releases off.")
    version: str = Field("1.0.0", description="Version of this contract.")
    language: Language = Field("en", description="Language of the receipts to the partner.")
    delivery: Delivery = Field(Delivery(), description="Where deliveries come from and what one replaces.")
    read: Reading = Field(Reading(), description="How to read a file.")
    record: CitizenDataRecord = Field(description="Who made the data, with whom, and how.")
    assessment: dict[Identifier, Assessment] = Field(
        {},
        description="Criterion of quality → what a person found; what is not answered here stays unanswered.",
    )
    key: list[Identifier] = Field([], description="Columns that identify a row.")
    columns: dict[Identifier, Column] = Field(
        description="The columns of the file; a column of the file that is not named here is not read."
    )
    derive: dict[Identifier, Sql] = Field(
        {}, description="Further values computed from the columns of one record, in order."
    )
    rules: list[Rule] = Field([], description="Conditions across columns.")
    ignore: list[IgnoredRows] = Field([], description="Rows that are no data.")
    targets: list[Target] = Field(
        [],
        description="The dataflows that the dataset feeds; only official counts for a benchmark may feed none.",
    )
    protection: Protection = Field(Protection(), description="Disclosure rules.")
    extract: Extract | None = Field(
        None, description="A safe extract for researchers; left out: there is none."
    )
    retention_days: int = Field(3650, ge=1, description="How long the bytes of a delivery are kept.")
    versions: list[Version] = Field([], description="Versions for deliveries that differ.")

    @property
    def greatest_minimum(self) -> int:
        """The fewest units of any figure: the minimum of sensitive ones where there can be some."""
        rules = self.protection
        asks = any(column.role == "sensitive" for column in self.columns.values())
        return max(rules.minimum, rules.sensitive_minimum) if asks else rules.minimum

    @model_validator(mode="after")
    def _replacement_has_its_column(self) -> Contract:
        if self.delivery.replaces == "periods" and self.delivery.period is None:
            raise ValueError("delivery.period is needed when a delivery replaces periods")
        if self.delivery.replaces == "rows" and not self.key:
            raise ValueError("key is needed when a delivery replaces rows")
        return self

    @model_validator(mode="after")
    def _nothing_about_a_person_is_published(self) -> Contract:
        hidden = {c for c, column in self.columns.items() if column.role in ("identifier", "free_text")}
        for target in self.targets:
            for component, mapped in target.map.items():
                if mapped.column in hidden and (
                    target.estimate is not None or self.record.publication != "public"
                ):
                    raise ValueError(
                        f"{component} takes {mapped.column}, an identifier or free text, which may not be published; "
                        "give a constant or a coded column"
                    )
        return self

    @model_validator(mode="after")
    def _an_extract_is_declared(self) -> Contract:
        if self.extract is not None:
            if self.record.publication == "none":
                raise ValueError("publication: none, so there is no extract")
            fault = _fault_of_columns(self.extract, self.columns) or _fault_of_names(
                self.extract, self.columns
            )
            if fault is not None:
                raise ValueError(fault)
        return self

    @model_validator(mode="after")
    def _errors_need_a_probability_sample(self) -> Contract:
        for target in self.targets:
            design = target.estimate.design if target.estimate is not None else None
            if design in ("probability", "simple_random") and self.record.sampling != "probability":
                raise ValueError(
                    f"design: {design} needs record.sampling: probability; nothing else has a standard error"
                )
        return self

    @model_validator(mode="after")
    def _aggregates_are_aggregates(self) -> Contract:
        if self.record.publication == "aggregate_only":
            if self.protection.waived is not None:
                raise ValueError("protection is not waived where publication is aggregate_only")
            if self.protection.minimum < _FEWEST:
                raise ValueError(
                    f"protection.minimum is at least {_FEWEST} where publication is aggregate_only"
                )
        return self


# --- partner, dataflow, agency ----------------------------------------------------------------------------


class PartnerFile(Model):
    """An organisation that hands data over: ``sdmx_mappings/partners/<partner>/partner.yaml``."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_@$-]+$")] = Field(
        description="SDMX data provider id."
    )
    name: LocalText = Field(description="Name of the organisation.")
    description: LocalText | None = Field(None, description="What the organisation is.")
    contact: Text = Field(description="Whom to ask.")
    url: str | None = Field(None, description="Home page.")


class Embargo(Model):
    """When approved releases become public."""

    until: str | None = Field(None, description="ISO 8601 time with zone.")
    calendar: list[str] = Field(
        [], description="Release times, ISO 8601 with zone; a release waits for the next one."
    )


Score = Annotated[float, Field(ge=0, le=1)]
"""A share of what could be reached: 0 to 1."""


class QualityMinimum(Model):
    """The least quality with which a dataflow is published."""

    overall: Score | None = Field(None, description="The least mean over the dimensions.")
    dimensions: dict[Identifier, Score] = Field({}, description="Dimension → its least score.")


class DataflowQuality(Model):
    """What is asked of the quality of a dataflow."""

    minimum: QualityMinimum = Field(
        QualityMinimum(), description="Below it nothing is published; left out: shown, and no hindrance."
    )
    official: str | None = Field(
        None,
        description="CSV beside this file with official figures: columns named as the dimensions, and OBS_VALUE.",
    )


class SmallSample(Model):
    """A small sample that is shown only where it is precise."""

    below: int = Field(ge=2, description="Fewer units than these make the sample small.")
    cv: float = Field(gt=0, description="The greatest coefficient of variation with which it is shown.")


class Limits(Model):
    """What a figure passes to be flagged or withheld: one limit is enough. Shares of 1, not percent."""

    n: int | None = Field(None, ge=1, description="Fewer units (unweighted); nobody at all passes no limit.")
    neff: float | None = Field(
        None, gt=0, description="A smaller effective sample size; without one the number of units."
    )
    df: int | None = Field(None, ge=1, description="Fewer degrees of freedom.")
    cv: float | None = Field(None, gt=0, description="A greater coefficient of variation.")
    width: float | None = Field(None, gt=0, description="A wider interval; for shares.")
    relative_width: float | None = Field(
        None, gt=0, description="A wider interval, relative to the estimate."
    )
    complement_width: float | None = Field(
        None, gt=0, description="A wider interval, relative to what the share leaves to 1; for shares."
    )
    small: list[SmallSample] = Field([], description="Small samples that are not precise.")


class ReliabilityRule(Model):
    """When a figure is withheld, and when it is shown with a flag."""

    withhold: Limits = Field(Limits(), description="Past one of these a figure is not shown (OBS_STATUS Q).")
    flag: Limits = Field(Limits(), description="Past one of these it is shown with OBS_STATUS U.")
    narrow: float | None = Field(
        None, gt=0, description="An interval of at most this width passes no limit of width; for shares."
    )


class Reliability(Model):
    """How sure a figure must be to be shown."""

    preset: Literal["nchs", "statcan", "abs", "meps", "dhs", "eu_silc"] | None = Field(
        None, description="The rule of an office; limits given beside it stand in place of its own."
    )
    shares: ReliabilityRule = Field(ReliabilityRule(), description="For proportions.")
    others: ReliabilityRule = Field(
        ReliabilityRule(), description="For counts, totals, means, ratios and compiled figures."
    )

    @model_validator(mode="after")
    def _widths_are_of_shares(self) -> Reliability:
        parts = (self.others.withhold, self.others.flag)
        if self.others.narrow is not None or any(
            p.width is not None or p.complement_width is not None for p in parts
        ):
            raise ValueError(
                "width, complement_width and narrow are for shares; relative_width is for the others"
            )
        return self


class Rounding(Model):
    """Counts are multiples of a base, and still add up."""

    base: int = Field(
        ge=2,
        le=1000,
        description="What counts are rounded to; at least the minimum of every contract behind the family.",
    )


class CellKey(Model):
    """Counts carry noise, the same for the same records; keep both numbers to yourself."""

    deviation: int = Field(
        ge=1,
        le=100,
        description="The greatest change of a count; at least the greatest minimum of the contracts.",
    )
    variance: float = Field(
        gt=0,
        description="Variance of the change of a large count; 1 or more, and more the more breakdowns there are.",
    )


def _lists_of_codes(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {dimension: [codes] if isinstance(codes, str) else codes for dimension, codes in value.items()}


PartialKey = Annotated[
    dict[Identifier, Annotated[list[Text], Field(min_length=1)]],
    BeforeValidator(_lists_of_codes, json_schema_input_type=dict[Identifier, str | list[str]]),
]
"""Cells by some of their dimensions: ``{REF_AREA: DK, SEX: [F, M]}``; a dimension that is not named may have any code."""


Hiding = Literal["repair", "exact"]
"""How the cells are found that are hidden with the unsafe ones."""


class HidingCost(Model):
    """How dear it is to hide some cells."""

    cells: PartialKey = Field(
        {},
        description="Dimension → its code, or several; a dimension that is not named may have any. {} is all.",
    )
    times: float = Field(
        ge=0.001,
        le=1000,
        description="How many times as dear as a cell of their size and depth is otherwise.",
    )


class Suppression(Model):
    """Which cells are hidden with the unsafe ones, as the office wants it."""

    method: Hiding = Field(
        "repair",
        description="repair: few and fine cells, for tables of any size; exact: the cheapest there are, for figures of at "
        "most 120 cells. Larger ones are done by repair.",
    )
    cost: list[HidingCost] = Field(
        [], description="How dear cells are; the first entry that holds counts, 1 where none does."
    )
    stay: list[Annotated[PartialKey, Field(min_length=1)]] = Field(
        [],
        description="Cells that others are hidden for. One that is unsafe itself, or without which nothing can be "
        "protected, is hidden all the same, and the release waits for a person.",
    )


class FlowProtection(Model):
    """How the figures of a family are protected; every dataflow of the family says the same."""

    suppression: Suppression | None = Field(
        None,
        description="What hiding cells costs and which stay; each dataflow says it of its own cells, and none of a cell of "
        "both what another contradicts.",
    )
    rounding: Rounding | None = Field(
        None,
        description="In place of hiding cells: counts become multiples of a base that still add up, shares are made of "
        "these, and all else is withheld.",
    )
    cell_key: CellKey | None = Field(
        None,
        description="In place of hiding cells: counts of estimates carry noise from secret keys of their records, shares are "
        "made of these; sums do not hold.",
    )

    @model_validator(mode="after")
    def _one_method(self) -> FlowProtection:
        if self.rounding is not None and self.cell_key is not None:
            raise ValueError("give rounding or cell_key, not both")
        if self.suppression is not None and not self.hides:
            raise ValueError(
                "suppression is about hiding cells, in place of which there is rounding or cell_key"
            )
        return self

    @property
    def hides(self) -> bool:
        """Whether cells are hidden, and no count is changed."""
        return self.rounding is None and self.cell_key is None

    @property
    def hiding(self) -> Hiding:
        """How the cells are found that are hidden with the unsafe ones."""
        return self.suppression.method if self.suppression is not None else "repair"

    @property
    def way(self) -> FlowProtection:
        """What one release must have in common with the next: how counts are changed, but not which cells are dear."""
        return self.model_copy(update={"suppression": None})


class DataflowFile(Model):
    """A dataflow: ``sdmx_mappings/dataflows/<AGENCY>/<FLOW>.yaml``."""

    version: str = Field("1.0.0", description="Version of the dataflow.")
    name: LocalText = Field(description="Name of the dataflow.")
    description: LocalText | None = Field(None, description="What it holds.")
    structure: str | None = Field(
        None, description="AGENCY:ID(VERSION) of the data structure; left out: same as the flow."
    )
    feeds: list[DatasetReference] = Field(min_length=1, description="Datasets, the one that wins first.")
    on_same_key: Literal["error", "first"] = Field(
        "error", description="first: the dataset named first wins."
    )
    family: FolderName = Field(
        description="Dataflows about the same units share a family and are protected together."
    )
    protection: FlowProtection = Field(
        FlowProtection(), description="How its figures are protected; left out: by hiding cells."
    )
    review: Literal["required", "four_eyes", "none"] = Field(
        "required",
        description="required: a person signs each release off; four_eyes: two different persons do; none: nobody.",
    )
    embargo: Embargo | None = Field(None, description="When approved releases become public.")
    quality: DataflowQuality = Field(DataflowQuality(), description="What is asked of its quality.")
    reliability: Reliability | None = Field(
        None,
        description="How sure a figure must be to be shown; left out: every figure that may be shown is shown.",
    )
    category: str | None = Field(
        None, description="Category of the category scheme, such as RIGHTS.DISABILITY."
    )
    constraint: dict[Identifier, list[str]] = Field(
        {}, description="Content constraint: the codes allowed by dimension."
    )
    recoded: dict[str, dict[Identifier, dict[str, str | list[str]]]] = Field(
        {},
        description="Former version, dimension, its code: the code of this version, or the codes it was split into; "
        "codes that are not named stay.",
    )

    @property
    def signatures(self) -> int:
        """How many different persons sign a candidate off."""
        return {"none": 0, "required": 1, "four_eyes": 2}[self.review]


class AgencyFile(Model):
    """The maintenance agency: ``sdmx_mappings/agency.yaml``."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z][A-Za-z0-9_-]*)*$")] = (
        Field(description="SDMX agency id.")
    )
    name: LocalText = Field(description="Name of the agency.")
    contact: Text = Field(description="Whom to ask.")
    url: str | None = Field(None, description="Home page.")
    sender: str | None = Field(None, description="Sender id in message headers; the agency's id unless said.")
    languages: list[Language] = Field(["en"], description="Languages of names, the first one preferred.")
