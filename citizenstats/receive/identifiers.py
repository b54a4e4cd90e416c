"""What identifiers look like: as SQL over the texts of a column, and as words in its header.

What belongs here: the kinds, their forms and check digits, and the words that headers use for them (`identifiers.csv`,
English, Danish, Spanish and French). What does not: how many of them stop a delivery; that is `guard`.

Every condition is over `v`, a trimmed text that is not empty, and `d`, its digits. It is true or false for any text.
"""

from __future__ import annotations

import csv
import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from citizenstats.engine import quoted

Hint = Literal["none", "soft", "strong"]
"""What a header says: nothing, a word that is used for other things too, or a word for the identifier alone."""


@dataclass(frozen=True)
class Kind:
    """One kind of identifier.

    Attributes:
        id: stable identifier, such as ``PHONE``; `words` says it to people.
        form: condition that all texts meet which meet `whole` or `within`, and which costs little to ask: where no text
            meets it the engine need not plan the others, whose check digits are hundreds of terms.
        whole: condition that a text has the form, whatever its header says.
        hinted: condition that a text may be one, where the header says so.
        within: condition that there is one inside a longer text; None where that cannot be told.
        least: texts that must have the form `whole` before chance is ruled out; 1 where it is by the form.
        share: share of the texts of a column that must have the form `whole`.
    """

    id: str
    form: str
    whole: str
    hinted: str
    within: str | None = None
    least: int = 1
    share: float = 0.2


def _is(pattern: str, text: str = "v") -> str:
    return f"regexp_full_match({text}, {quoted(pattern)})"


def _has(pattern: str) -> str:
    return f"regexp_matches(v, {quoted(pattern)})"


def _digit(position: int, text: str = "d") -> str:
    """Return one digit as a number; of a text that is too short it is some number, never an error."""
    return f"(ascii(substr({text}, {position}, 1)) - 48)"


def _weighted(weights: Sequence[int], text: str = "d") -> str:
    return " + ".join(f"{w} * {_digit(i, text)}" for i, w in enumerate(weights, start=1))


def _luhn(length: int, text: str = "d") -> str:
    """Return that the digits end with the check digit of ISO/IEC 7812-1, annex B."""
    parts = []
    for position in range(1, length + 1):
        digit = _digit(position, text)
        doubled = (length - position) % 2 == 1
        parts.append(f"(({digit} * 2) // 10 + ({digit} * 2) % 10)" if doubled else digit)
    return f"(({' + '.join(parts)}) % 10 = 0)"


def _day_and_month(day: int, month: int, text: str = "d") -> str:
    """Return that two digits from `day` and two from `month` are a day of a month."""
    d = f"({_digit(day, text)} * 10 + {_digit(day + 1, text)})"
    m = f"({_digit(month, text)} * 10 + {_digit(month + 1, text)})"
    return f"({d} BETWEEN 1 AND 31 AND {m} BETWEEN 1 AND 12)"


def _modulus_11(text: str) -> str:
    """Return that ten digits are a Danish number with the check digit of those born before 2007."""
    return f"(({_weighted([4, 3, 2, 7, 6, 5, 4, 3, 2, 1], text)}) % 11 = 0)"


# --- e-mail and telephone ---------------------------------------------------------------------------------

_EMAIL = r"[\pL0-9._%+-]+@[\pL0-9-]+(\.[\pL0-9-]+)*\.\pL{2,}"
_CALLED = r"((tel|tlf|telf|phone|ph|mob|mobil|mobile|cel|whatsapp)[.: ]{1,2})?"
_ABROAD = r"\+[1-9]([ ().-]{0,2}[0-9]){7,14}"
_AT_HOME = (
    r"[2-9][0-9]( [0-9]{2}){3}",  # Denmark, Norway: 12 34 56 78
    r"0[1-9]([ .-][0-9]{2}){4}",  # France: 01 23 45 67 89
    r"[6789][0-9]{2}[ .-][0-9]{2}[ .-][0-9]{2}[ .-][0-9]{2}",  # Spain: 612 34 56 78
    r"\(?[2-9][0-9]{2}\)?[ .-]{1,2}[0-9]{3}[ .-][0-9]{4}",  # North America: 555-123-4567
    r"0[179][0-9]{2}[ -][0-9]{3}[ -][0-9]{3,4}",  # Kenya, Philippines: 0712 345 678
    r"00[1-9][0-9]{0,2}([ .-][0-9]{2,4}){3,5}",
)
_PHONE = f"({'|'.join([_ABROAD, *_AT_HOME])})"
_DATE = r"([0-9]{4}[-./][0-9]{2}[-./][0-9]{2}|[0-9]{2}[-./][0-9]{2}[-./][0-9]{4})([T ].*)?"
_DIGITS_7_TO_15 = f"length(d) BETWEEN 7 AND 15 AND {_is(r'[+(]?[0-9][0-9 ()./-]*')} AND NOT {_is(_DATE)}"

EMAIL = Kind(
    "EMAIL",
    form="contains(v, '@')",
    whole=f"(contains(v, '@') AND {_is(_EMAIL)})",
    hinted=f"(contains(v, '@') AND {_is(_EMAIL)})",
    within=f"(contains(v, '@') AND {_has(_EMAIL)})",
)
PHONE = Kind(
    "PHONE",
    form="length(d) >= 8",
    whole=f"(length(d) BETWEEN 8 AND 17 AND {_is(f'(?i){_CALLED}{_PHONE}')})",
    hinted=f"({_DIGITS_7_TO_15})",
    within=f"(length(d) >= 8 AND {_has(rf'(^|[^0-9A-Za-z.,+/-]){_PHONE}($|[^0-9A-Za-z-])')})",
)

# --- national identity numbers ----------------------------------------------------------------------------

_FORMS = {
    "CPR_PARTED": r"[0-9]{6}[- ][0-9]{4}",
    "SWEDEN": r"([0-9]{2})?[0-9]{6}[-+][0-9]{4}",
    "NORWAY": r"[0-9]{6}[ -]?[0-9]{5}",
    "FINLAND": r"(?i:[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y])",
    "SPAIN": r"(?i:([0-9]{8}|[XYZ][0-9]{7})-?[A-Z])",
    "CHILE": r"[0-9]{1,2}[.]?[0-9]{3}[.]?[0-9]{3}-[0-9kK]",
    "FRANCE": r"[1-478] ?[0-9]{2} ?(0[1-9]|1[0-2]|[2-9][0-9]) ?[0-9]{2} ?([0-9]{3} ?){2}[0-9]{2}",
    "MEXICO": r"[A-Z]{4}[0-9]{6}[HMX][A-Z]{5}[0-9A-Z][0-9]",
    "USA": r"[0-8][0-9]{2}-[0-9]{2}-[0-9]{4}",
}
"""Countries → how their numbers are written; the check digits are asked after that."""

# A spreadsheet drops the zero in front.
_TEN = "lpad(d, 10, '0')"
_TEN_DIGITS = _is("[0-9]{9,10}")
_CPR = f"(length(d) IN (9, 10) AND {_TEN_DIGITS} AND {_day_and_month(1, 3, _TEN)} AND {_modulus_11(_TEN)})"
_CPR_PARTED = f"({_is(_FORMS['CPR_PARTED'])} AND {_day_and_month(1, 3)})"
_CPR_INSIDE = "regexp_extract(v, '(?:^|[^0-9])([0-9]{6}-[0-9]{4})(?:$|[^0-9])', 1)"
_SWEDEN = f"(length(d) IN (10, 12) AND {_is(_FORMS['SWEDEN'])} AND CASE length(d) WHEN 10 THEN "
_SWEDEN += (
    f"{_day_and_month(5, 3)} AND {_luhn(10)} ELSE {_day_and_month(7, 5)} AND {_luhn(10, 'substr(d, 3)')} END)"
)
_NORWAY = (
    f"(length(d) = 11 AND {_is(_FORMS['NORWAY'])} AND {_day_and_month(1, 3)} AND "
    f"({_weighted([3, 7, 6, 1, 8, 9, 4, 5, 2, 1])}) % 11 = 0 AND ({_weighted([5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1])}) % 11 = 0)"
)
_FINLAND = (
    f"(length(v) = 11 AND {_is(_FORMS['FINLAND'])} AND {_day_and_month(1, 3)} AND "
    "upper(right(v, 1)) = substr('0123456789ABCDEFHJKLMNPRSTUVWXY', "
    "CAST(coalesce(TRY_CAST(substr(d, 1, 9) AS BIGINT), 0) % 31 AS INT) + 1, 1))"
)
_SPAIN = (
    f"(length(v) BETWEEN 9 AND 10 AND {_is(_FORMS['SPAIN'])} AND upper(right(v, 1)) = "
    "substr('TRWAGMYFPDXBNJZSQVHLCKE', CAST(coalesce(TRY_CAST(replace(replace(replace(upper(left(v, 8)), 'X', '0'), "
    "'Y', '1'), 'Z', '2') AS BIGINT), 0) % 23 AS INT) + 1, 1))"
)
_FRANCE = (
    "(length(d) = 15 AND " + _is(_FORMS['FRANCE'])
    + " AND 97 - coalesce(TRY_CAST(left(d, 13) AS BIGINT), 0) % 97 = coalesce(TRY_CAST(right(d, 2) AS INT), 0))"
)  # fmt: skip
# Only of what has the form: the engine computes both sides of an AND, and these steps take the square of a text's length.
_CHILE_BODY = "replace(regexp_extract(v, '^([^-]*)', 1), '.', '')"
_CHILE = (
    f"(CASE WHEN length(v) <= 12 AND {_is(_FORMS['CHILE'])} "
    "THEN upper(right(v, 1)) = substr('0K987654321', CAST(list_sum(list_transform("
    f"range(1, length({_CHILE_BODY}) + 1), lambda i: (ascii(substr(reverse({_CHILE_BODY}), i, 1)) - 48) "
    "* ((i - 1) % 6 + 2))) % 11 AS INT) + 1, 1) ELSE FALSE END)"
)
_MEXICO = _is(_FORMS["MEXICO"])
_USA = f"({_is(_FORMS['USA'])} AND left(v, 3) NOT IN ('000', '666'))"

NATIONAL_ID = Kind(
    "NATIONAL_ID",
    form=f"(length(d) >= 7 AND {_has('|'.join(_FORMS.values()))})",
    whole=f"({' OR '.join([_CPR_PARTED, _SWEDEN, _NORWAY, _FINLAND, _SPAIN, _FRANCE, _CHILE, _MEXICO, _USA])})",
    hinted=f"(length(d) >= 5 AND length(v) <= 24 AND {_is('[0-9A-Za-z][0-9A-Za-z ./-]{4,}')} AND NOT {_is(_DATE)})",
    within=f"(length(d) >= 10 AND {_day_and_month(1, 3, _CPR_INSIDE)})",
    share=0.3,
)
# Ten digits alone are many things; that most of them are days of birth with the check digit of those born before 2007
# is no chance. The check is by the Danish civil registration's rule of modulus 11.
CPR = Kind("NATIONAL_ID", form=_TEN_DIGITS, whole=_CPR, hinted="FALSE", least=5, share=0.5)

# --- devices ----------------------------------------------------------------------------------------------

DEVICE = Kind(
    "DEVICE",
    form=_has("[:-]"),
    whole=(
        f"({_is('(?i)([0-9a-f]{2}[:-]){5}[0-9a-f]{2}')} OR {_is('(collect|enketo|android|ee[.]kobotoolbox[.]org):.{8,}')})"
    ),
    hinted=f"(length(v) >= 7 AND length(d) >= 1 AND {_is('[0-9A-Za-z:._-]+')})",
)
IMEI = Kind(
    "DEVICE",
    form="(length(v) = 15 AND length(d) = 15)",
    whole=f"(length(v) = 15 AND length(d) = 15 AND {_luhn(15)})",
    hinted="FALSE",
    least=5,
    share=0.8,
)
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
# Numbers of chapters and classes have four parts too; an address has a large one.
ADDRESS = Kind(
    "DEVICE",
    form="length(d) >= 4",
    whole=f"(length(v) BETWEEN 7 AND 15 AND {_is(f'({_OCTET}[.]){{3}}{_OCTET}')} AND regexp_matches(v, '[0-9]{{3}}'))",
    hinted="FALSE",
    least=3,
    share=0.5,
)

# --- places -----------------------------------------------------------------------------------------------

_EXACT = r"-?[0-9]{1,3}[.,][0-9]{4,}"
_PAIR = r"[\[(]?-?[0-9]{1,2}[.,][0-9]{4,} ?[ ,;/] ?-?[0-9]{1,3}[.,][0-9]{4,}([ ,;]+-?[0-9.,]+){0,2}[\])]?"
_DEGREES = r"""[0-9]{1,3} ?(°|º|deg) ?[0-9]{1,2} ?['’′] ?[0-9]{1,2}([.,][0-9]+)? ?("|”|″|'')? ?[NSEWØVO]?.*"""
_POINT = r"""(?is).*(POINT ?Z? ?\(|"coordinates" ?:).*[0-9][.][0-9]{4,}.*"""

COORDINATES = Kind(
    "COORDINATES",
    form="length(d) >= 6",
    whole=f"(length(d) >= 6 AND length(v) >= 9 AND ({_is(_PAIR)} OR {_is(_DEGREES)} OR {_is(_POINT)}))",
    hinted=f"({_is(_EXACT)} OR {_is('-?[0-9]{6,7}([.,][0-9]+)?')})",
)

# --- names ------------------------------------------------------------------------------------------------

_WORD = r"[\pL][\pL'’.-]*"
_CAPITAL = r"\p{Lu}[\pL'’.-]+"
_PARTICLE = r"(de|del|de la|la|von|van|der|af|bin|ibn|el|al|y|da|dos|ole)"
FULL_NAME = _is(rf"{_CAPITAL},?( ({_CAPITAL}|\p{{Lu}}\.?|{_PARTICLE})){{1,5}}")
"""Two to six words in capitals, particles aside; "Jensen, Anna" too."""
NAME_ALONE = _is(_CAPITAL)
LIKE_A_NAME = f"(length(v) BETWEEN 2 AND 80 AND {_is(rf'{_WORD},?( {_WORD}){{0,6}}')})"
GIVEN = r"lower(strip_accents(regexp_extract(v, '^(?:[^,]+, *)?(\pL+)', 1)))"
"""The word of a text that is the given name if it is a name, as `given_names` has it."""
NAME = "NAME"

KINDS = (EMAIL, PHONE, NATIONAL_ID, CPR, DEVICE, IMEI, ADDRESS, COORDINATES)


@functools.cache
def given_names() -> tuple[str, ...]:
    """Return frequent given names, folded: small letters without accents."""
    text = (files("citizenstats.receive") / "given_names.csv").read_text("utf-8")
    return tuple(sorted({row["name"] for row in csv.DictReader(text.splitlines())}))


@functools.cache
def _vocabulary() -> dict[str, dict[str, str]]:
    """Return kind → word → what it says: ``tells``, ``hints``, ``completes`` (a hint) or ``beside``.

    The words of no kind go with each.
    """
    text = (files("citizenstats.receive") / "identifiers.csv").read_text("utf-8")
    found: dict[str, dict[str, str]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["kind"], {})[row["word"]] = row["says"]
    return found


def hint(header: str, kind: str) -> Hint:
    """Return what a header says about a kind of identifier.

    Every word of it must be one for the identifier or one that goes with it: "mobile phone number" is one, "own a mobile
    phone" and "mobile subscriptions" are not.
    """
    words = _words(header)
    known = {**_vocabulary()[""], **_vocabulary()[kind]}
    parts = [part for word in words for part in _parts(word, known) or [""]]
    if not parts or "" in parts:
        return "none"
    said = {known[part] for part in parts}
    if "tells" in said or ("hints" in said and "completes" in said):
        return "strong"
    return "soft" if "hints" in said else "none"


def _words(header: str) -> list[str]:
    """Return the words of a header, the last of several header rows, folded; numbers are none."""
    last = header.rpartition("/")[2].strip() or header
    apart = re.sub(r"(?<=[a-zæøåéíóúñ])(?=[A-ZÆØÅ])", " ", last)
    plain = "".join(c for c in unicodedata.normalize("NFD", apart.casefold()) if not unicodedata.combining(c))
    return re.findall(r"[^\W\d_]+", plain)


def _parts(word: str, known: dict[str, str]) -> list[str]:
    """Return a word, or the known words of three letters or more that it is made of; empty when it is not."""
    if word in known:
        return [word]
    for cut in range(3, len(word) - 2):
        rest = _parts(word[cut:], known) if word[:cut] in known else []
        if rest:
            return [word[:cut], *rest]
    return []
