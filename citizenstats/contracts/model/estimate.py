"""What is estimated from microdata: indicators, breakdowns, design, calibration."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from citizenstats.contracts.model.base import DatasetReference, Identifier, LocalText, Model, Sql


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
        None,
        description="Only these breakdowns instead of all combinations, each a list; [] among them is the total.",
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
    def _margins_are_of_breakdowns(self) -> Estimate:
        if len(set(self.breakdowns)) < len(self.breakdowns):
            raise ValueError("breakdowns names a dimension twice")
        if self.margins is None:
            return self
        if not self.margins:
            raise ValueError("margins: [] asks for no figure at all; the total alone is [[]]")
        for margin in self.margins:
            for dimension in margin:
                if dimension not in self.breakdowns:
                    raise ValueError(f"margins: {dimension} is not among the breakdowns")
        if len({frozenset(margin) for margin in self.margins}) < len(self.margins) or any(
            len(set(margin)) < len(margin) for margin in self.margins
        ):
            raise ValueError("margins has a breakdown, or a dimension of one, twice")
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
