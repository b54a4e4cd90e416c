"""Make the synthetic sample deliveries of the Danish Institute for Human Rights. No real person is in them.

    python data/samples/generate_dihr.py                                   the files that are kept beside this script
    python data/samples/generate_dihr.py --persons 20000 --waves 2016 2020 --out DIR      clean waves of that size

The person files have the shape of the survey behind the disability barometer: three waves, ages 16 to 64, Danish
labels, ``;``, decimal comma, Windows-1252. Known shares (violence, education, employment with and without
disability) are met by construction; all else is invented. Same arguments and numpy version, same bytes. Memory does
not grow with the number of persons: they are made by chunks.

The workbook of the LGBT+ barometer is made by `generate_dihr_lgbt`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import generate_dihr_lgbt
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

SEED = 20170412
WAVES = (2012, 2016, 2020)
SMALL = 800
"""Persons in a wave of the committed files: enough for some breakdowns to be safe, too few for others."""
CHUNK = 250_000
ADULTS = 3_700_000
"""Residents of Denmark aged 16 to 64, about: what the weights of a wave add up to."""

REGIONS = (
    "Region Nordjylland",
    "Region Midtjylland",
    "Region Syddanmark",
    "Region Hovedstaden",
    "Region Sjælland",
)
POPULATION = (0.10, 0.23, 0.21, 0.32, 0.14)
DIFFICULTY = ("Ingen vanskeligheder", "Nogle vanskeligheder", "Store vanskeligheder", "Kan slet ikke")
DOMAINS = ("syn", "hørelse", "gang", "hukommelse", "egenomsorg", "kommunikation")
MAIN_DOMAIN = (0.07, 0.10, 0.38, 0.30, 0.09, 0.06)
LIMITED = ("Meget begrænset", "Begrænset, men ikke meget", "Slet ikke begrænset")
HEALTH = ("Fremragende", "Vældig godt", "Godt", "Mindre godt", "Dårligt")
DECIDES = ("Altid", "For det meste", "Sjældent", "Aldrig")
LONELY = ("Sjældent", "En gang imellem", "Ofte")
YES_NO = ("Ja", "Nej")
NOT_LONELY_ANSWERS = np.array([[0, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [2, 1, 0]])
LONELY_ANSWERS = np.array([[2, 1, 1], [1, 2, 1], [2, 1, 2], [2, 2, 2]])
REMARKS = (
    'Skrev: "jeg har ikke brug for hjælp; jeg har brug for en rampe"',
    "Svarede pr. telefon\nsammen med en hjælper",
    "Ønsker tolk næste gang",
)

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Trait:
    """A trait that a given share of the persons with and of those without disability has, in each wave.

    `older` and `female` say how far age (by ten years) and sex shift it, in standard deviations.
    """

    shares: Mapping[int, tuple[float, float]]
    older: float = 0.0
    female: float = 0.0


TRAITS: Mapping[str, Trait] = {
    "diskrimineret": Trait({2012: (0.16, 0.06), 2016: (0.17, 0.06), 2020: (0.16, 0.06)}, -0.1, 0.1),
    "vold": Trait({2012: (0.23, 0.17), 2016: (0.26, 0.16), 2020: (0.26, 0.15)}, -0.3, -0.1),
    "adgang_opgivet": Trait({2012: (0.24, 0.06), 2016: (0.25, 0.06), 2020: (0.24, 0.05)}, 0.1, 0.1),
    "bestemmer_selv": Trait({2012: (0.74, 0.91), 2016: (0.73, 0.91), 2020: (0.75, 0.92)}),
    "fritidsliv": Trait({2012: (0.50, 0.66), 2016: (0.49, 0.67), 2020: (0.48, 0.66)}, 0.05),
    "ensom": Trait({2012: (0.19, 0.05), 2016: (0.19, 0.05), 2020: (0.22, 0.07)}, -0.2, 0.1),
    "uddannelse": Trait({2012: (0.74, 0.92), 2016: (0.66, 0.86), 2020: (0.67, 0.87)}, 0.1, 0.1),
    "helbred": Trait({2012: (0.43, 0.89), 2016: (0.42, 0.89), 2020: (0.42, 0.88)}, -0.1),
    "beskæftiget": Trait({2012: (0.53, 0.77), 2016: (0.52, 0.77), 2020: (0.54, 0.79)}, 0.05, -0.1),
    "uventet_udgift": Trait({2012: (0.30, 0.13), 2016: (0.29, 0.12), 2020: (0.28, 0.11)}, -0.1, 0.1),
    "stemte": Trait({2012: (0.79, 0.87), 2016: (0.78, 0.86), 2020: (0.78, 0.86)}, 0.1),
}


@dataclass(frozen=True)
class Persons:
    """What the answers depend on; `of` is the number of persons in the whole wave."""

    wave: int
    of: int
    disabled: Flags
    female: Flags
    age: Codes
    region: Codes

    def with_trait(self, rng: np.random.Generator, trait: Trait) -> Flags:
        """Return who has a trait: exactly the given share with and without disability, the rest by age and sex."""
        score = (
            rng.standard_normal(self.age.size)
            + trait.older * (self.age - 40) / 10
            + trait.female * self.female
        )
        chosen = np.zeros(self.age.size, dtype=bool)
        for share, group in zip(trait.shares[self.wave], (self.disabled, ~self.disabled), strict=True):
            members = np.flatnonzero(group)
            first = members.size - round(share * members.size)
            chosen[members[np.argsort(score[members], kind="stable")[first:]]] = True
        return chosen


def persons(wave: int, of: int, number: int, rng: np.random.Generator) -> Persons:
    """Return `number` persons of a wave; about 24 per cent have a disability, more of the old than of the young."""
    age = rng.integers(16, 65, number)
    disabled = rng.random(number) < 0.12 + 0.005 * (age - 16)
    region = rng.choice(len(REGIONS), number, p=POPULATION)
    return Persons(wave, of, disabled, rng.random(number) < 0.51, age, region)


def wave_table(wave: int, of: int, first: int, number: int, rng: np.random.Generator) -> pa.Table:
    """Return `number` rows of a wave of `of` persons, numbered from `first`: text columns as the file has them."""
    who = persons(wave, of, number, rng)
    columns: dict[str, pa.Array] = {
        "løbenummer": _joined(pa.scalar(str(wave)), "-", _padded(np.arange(first, first + number), 8)),
        "undersøgelsesår": _labelled(np.zeros(number, dtype=np.int64), (str(wave),)),
        "interviewdato": _labelled(rng.integers(0, 90, number), _days_of_the_fieldwork(wave)),
        "samtykke": _labelled(rng.random(number) < 0.015, YES_NO),
        "køn": _labelled(~who.female, ("Kvinde", "Mand")),
        "alder": _labelled(who.age, [str(a) for a in range(65)]),
        "region": _labelled(who.region, REGIONS),
        "stratum": _labelled(who.region * 2 + (who.age >= 40), [f"{r}{a}" for r in "12345" for a in "AB"]),
        "klynge": _labelled(who.region * 40 + rng.integers(0, 40, number), [f"K{i:03d}" for i in range(200)]),
        "opregningsvægt" if wave == 2012 else "vægt": _weights(who, rng),
        **_functioning(who, rng),
        **_answers(who, rng),
    }
    remark = rng.integers(0, len(REMARKS), number)
    columns["bemærkning"] = _labelled(remark, REMARKS, missing=rng.random(number) > 0.005)
    return pa.table(columns)


def _functioning(who: Persons, rng: np.random.Generator) -> dict[str, pa.Array]:
    """Return the six Washington Group answers and GALI."""
    size = who.age.size
    main = rng.choice(len(DOMAINS), size, p=MAIN_DOMAIN)
    found = {}
    for position, domain in enumerate(DOMAINS):
        with_disability = rng.choice(4, size, p=(0.70, 0.20, 0.09, 0.01))
        without = rng.choice(2, size, p=(0.86, 0.14))
        worst = np.where(rng.random(size) < 0.08, 3, 2)
        answer = np.where(who.disabled, np.where(main == position, worst, with_disability), without)
        found[domain] = _labelled(answer, DIFFICULTY, missing=rng.random(size) < 0.003)
    limited = np.where(
        who.disabled, rng.choice(3, size, p=(0.35, 0.45, 0.20)), rng.choice(3, size, p=(0.01, 0.10, 0.89))
    )
    return {**found, "gali": _labelled(limited, LIMITED, missing=rng.random(size) < 0.004)}


def _answers(who: Persons, rng: np.random.Generator) -> dict[str, pa.Array]:
    """Return the answers on the ten areas, with a little non-response to each."""
    size = who.age.size
    has = {name: who.with_trait(rng, trait) for name, trait in TRAITS.items()}
    often, seldom = rng.integers(0, 2, size), rng.integers(2, 4, size)
    good, poor = rng.integers(0, 3, size), rng.integers(3, 5, size)
    lonely = np.where(
        has["ensom"][:, None],
        LONELY_ANSWERS[rng.integers(0, len(LONELY_ANSWERS), size)],
        NOT_LONELY_ANSWERS[rng.integers(0, len(NOT_LONELY_ANSWERS), size)],
    )
    satisfied = np.clip(np.rint(rng.normal(np.where(who.disabled, 6.6, 7.9), 1.8)), 0, 10).astype(np.int64)
    voted = np.where(who.age < 18, 2, ~has["stemte"])

    def asked(
        codes: Codes | Flags, labels: tuple[str, ...] | list[str], open_share: float = 0.01
    ) -> pa.Array:
        return _labelled(codes, labels, missing=rng.random(size) < open_share)

    found = {
        "diskrimineret": asked(~has["diskrimineret"], YES_NO, 0.02),
        "vold": asked(~has["vold"], YES_NO, 0.02),
        "adgang_opgivet": asked(~has["adgang_opgivet"], YES_NO),
        "bestemmer_selv": asked(np.where(has["bestemmer_selv"], often, seldom), DECIDES),
        "fritidsliv": asked(~has["fritidsliv"], YES_NO),
        "ucla_samvær": asked(lonely[:, 0], LONELY),
        "ucla_udenfor": asked(lonely[:, 1], LONELY),
        "ucla_isoleret": asked(lonely[:, 2], LONELY),
        "uddannelse": asked(~has["uddannelse"], YES_NO),
        "helbred": asked(np.where(has["helbred"], good, poor), HEALTH),
        "livstilfredshed": asked(satisfied, [str(i) for i in range(11)]),
        "beskæftiget": asked(~has["beskæftiget"], YES_NO),
        "uventet_udgift": asked(~has["uventet_udgift"], ("Kan ikke betale", "Kan betale")),
        "stemte": asked(voted, ("Ja", "Nej", "Ikke relevant"), 0.0),
    }
    if who.wave == 2012:
        return {name: column for name, column in found.items() if not name.startswith("ucla_")}
    return found


def _weights(who: Persons, rng: np.random.Generator) -> pa.Array:
    """Return design weights, higher for the young, who answer less; decimal comma."""
    weights = ADULTS / who.of * (1.14 - 0.006 * (who.age - 16)) * rng.lognormal(0, 0.15, who.age.size)
    whole, part = np.divmod(np.rint(weights * 10_000).astype(np.int64), 10_000)
    return _joined(_padded(whole, 1), ",", _padded(part, 4))


def _days_of_the_fieldwork(wave: int) -> list[str]:
    return [day.strftime("%d-%m-%Y") for day in pd.date_range(f"{wave}-03-01", periods=90)]


def _labelled(
    codes: Codes | Flags, labels: tuple[str, ...] | list[str], missing: Flags | None = None
) -> pa.Array:
    """Return a label for each code as an Arrow dictionary; empty where `missing`."""
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int32), mask=missing), pa.array(list(labels))
    )


def _padded(numbers: Codes, width: int) -> pa.Array:
    return pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width, "0")


def _joined(left: pa.Array | pa.Scalar, mark: str, right: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(left, right, mark)


# --- files ------------------------------------------------------------------------------------------------


def chunks(wave: int, number: int) -> Iterator[pa.Table]:
    """Yield a wave of `number` persons by chunks; each chunk has random numbers of its own."""
    for first in range(0, number, CHUNK):
        rng = np.random.default_rng([SEED, wave, first])
        yield wave_table(wave, number, first + 1, min(CHUNK, number - first), rng)


def write_csv(tables: Iterator[pa.Table], path: Path) -> None:
    """Write tables as one CSV the way a Danish office saves it: ``;``, Windows-1252, CRLF."""
    part = path.with_name(path.name + ".part")
    with path.open("wb") as target, duckdb.connect() as connection:
        for position, table in enumerate(tables):
            connection.register("person", table)
            connection.execute(f"COPY person TO '{part}' (FORMAT csv, DELIMITER ';', HEADER {position == 0})")
            connection.unregister("person")
            with part.open(encoding="utf-8", newline="") as lines:
                while block := lines.read(1 << 22):
                    target.write(block.replace("\n", "\r\n").encode("cp1252"))
            part.unlink()


def write_wave(path: Path, wave: int, number: int) -> None:
    """Write a clean wave of `number` persons."""
    write_csv(chunks(wave, number), path)


def write_samples(folder: Path) -> None:
    """Write both rounds of the committed deliveries.

    First round: three waves, the last with faults in single rows, and a version of it with yes/no answers to the
    Washington Group questions, which must be refused as a whole. Second round: the last wave corrected.
    """
    first, second = (folder / part / "dihr/disability_barometer" for part in ("1_first", "2_corrections"))
    for place in (first, second):
        place.mkdir(parents=True, exist_ok=True)
    for wave in WAVES[:2]:
        write_wave(first / f"shild_syntetisk_{wave}.csv", wave, SMALL)
    _write_changed(first / "shild_syntetisk_2020.csv", SMALL, with_faults)
    _write_changed(first / "shild_syntetisk_2020_ja_nej.csv", 120, with_yes_and_no)
    _write_changed(second / "shild_syntetisk_2020_rettet.csv", SMALL, with_consent_withdrawn)
    generate_dihr_lgbt.write_samples(folder)


def _write_changed(path: Path, number: int, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    frame = next(chunks(2020, number)).to_pandas().astype(object)
    write_csv(iter([pa.Table.from_pandas(change(frame), preserve_index=False)]), path)


def with_faults(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the wave as it first came: violence with yes and no swapped in one region, single rows broken."""
    swapped = frame["region"].eq("Region Nordjylland")
    frame.loc[swapped, "vold"] = frame.loc[swapped, "vold"].map({"Ja": "Nej", "Nej": "Ja"})
    frame.loc[10, "alder"], frame.loc[11, "alder"], frame.loc[12, "alder"] = "15", "67", "ukendt"
    frame.loc[20, "vægt"], frame.loc[21, "vægt"] = "1.234,5", None
    frame.loc[30, "region"] = "Region Sjælland og øerne"
    frame.loc[40, "køn"] = "K"
    young = frame.index[frame["alder"].isin(["16", "17"])]
    frame.loc[young[0], "stemte"] = "Ja"
    return pd.concat([frame, frame.loc[[60]]])


def with_yes_and_no(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the wave with the Washington Group questions as yes or no, from which no cut-off can be read."""
    severe = dict.fromkeys(DIFFICULTY[:1], "Nej") | dict.fromkeys(DIFFICULTY[1:], "Ja")
    return frame.assign(**{domain: frame[domain].map(severe) for domain in DOMAINS})


def with_consent_withdrawn(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the corrected wave; two persons have withdrawn their consent since."""
    frame.loc[[100, 101], "samtykke"] = "Nej"
    return frame


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--persons", type=int, help="persons in each wave; left out: the committed samples")
    parser.add_argument("--waves", type=int, nargs="+", choices=WAVES, default=list(WAVES))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    given = parser.parse_args()
    if given.persons is None:
        write_samples(given.out)
        return
    given.out.mkdir(parents=True, exist_ok=True)
    for wave in given.waves:
        write_wave(given.out / f"shild_syntetisk_{wave}.csv", wave, given.persons)


if __name__ == "__main__":
    main()
