"""Which of the old encodings a text is in, by the letters that its language has.

What belongs here: what bytes can be, once they are no Unicode. What does not: byte order marks, UTF-8, and what a contract
declares; that is `text`.

The same byte is `ő` in Budapest and `õ` in Lisbon, and a detector that does not know the language guesses: measured on short
files without it, Hungarian, Croatian, Baltic and Turkish ones came out wrong nearly always. So each encoding is read, and its
letters are held against the alphabets. Where the language is declared, the reading that has its letters wins. Where it is not,
a reading counts when one single language has all its letters; if several readings count, nobody can know.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

_WINDOWS, _ISO, _OLD = 0, 1, 2
"""How usual an encoding is: those of Windows, of Unix, of DOS and old Apple computers."""

_WESTERN = {"cp1252": _WINDOWS, "iso8859_15": _ISO, "cp850": _OLD, "mac_roman": _OLD}
_CENTRAL = {"cp1250": _WINDOWS, "iso8859_2": _ISO, "cp852": _OLD, "mac_latin2": _OLD}
_BALTIC = {"cp1257": _WINDOWS, "iso8859_13": _ISO, "cp775": _OLD}
_CYRILLIC = {
    "cp1251": _WINDOWS, "koi8_u": _ISO, "iso8859_5": _ISO, "cp866": _OLD, "mac_cyrillic": _OLD,
}  # fmt: skip
_GREEK = {"cp1253": _WINDOWS, "iso8859_7": _ISO, "cp737": _OLD, "mac_greek": _OLD}
_TURKISH = {"cp1254": _WINDOWS, "iso8859_9": _ISO, "cp857": _OLD, "mac_turkish": _OLD}
_HEBREW = {"cp1255": _WINDOWS, "iso8859_8": _ISO, "cp862": _OLD}
_ARABIC = {"cp1256": _WINDOWS, "iso8859_6": _ISO, "cp720": _OLD}

_RUSSIAN = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
_LETTERS: Mapping[str, tuple[Mapping[str, int], str]] = {
    "da": (_WESTERN, "æøåéäöü"), "no": (_WESTERN, "æøåéòô"), "sv": (_WESTERN, "åäöé"), "fi": (_WESTERN, "åäöšž"),
    "is": (_WESTERN, "áðéíóúýþæö"), "fo": (_WESTERN, "áðíóúýæø"), "kl": (_WESTERN, "æøåâêôîû"),
    "de": (_WESTERN, "äöüß"), "nl": (_WESTERN, "éëïóèö"), "fr": (_WESTERN, "àâæçéèêëîïôœùûüÿ"),
    "es": (_WESTERN, "áéíñóúüªº"), "ca": (_WESTERN, "àçèéíïòóúü"), "pt": (_WESTERN, "áâãàçéêíóôõúüªº"),
    "it": (_WESTERN, "àèéìîòù"), "ga": (_WESTERN, "áéíóú"), "en": (_WESTERN, ""),
    "cs": (_CENTRAL, "áčďéěíňóřšťúůýž"), "sk": (_CENTRAL, "áäčďéíĺľňóôŕšťúýž"), "pl": (_CENTRAL, "ąćęłńóśźż"),
    "hu": (_CENTRAL, "áéíóöőúüű"), "hr": (_CENTRAL, "čćđšž"), "bs": (_CENTRAL, "čćđšž"), "sl": (_CENTRAL, "čšž"),
    "sq": (_CENTRAL, "çë"), "ro": (_CENTRAL, "ăâîşţ"),
    "et": (_BALTIC, "äöõüšž"), "lv": (_BALTIC, "āčēģīķļņšūž"), "lt": (_BALTIC, "ąčęėįšųūž"),
    "el": (_GREEK, "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋ"), "tr": (_TURKISH, "çğıiöşüâîû"),
    "ru": (_CYRILLIC, _RUSSIAN), "uk": (_CYRILLIC, "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"),
    "be": (_CYRILLIC, "абвгдеёжзійклмнопрстуўфхцчшыьэюя"), "bg": (_CYRILLIC, "абвгдежзийклмнопрстуфхцчшщъьюя"),
    "mk": (_CYRILLIC, "абвгдѓежзѕијклљмнњопрстќуфхцчџш"),
    "sr": ({**_CENTRAL, **_CYRILLIC}, "čćđšžабвгдђежзијклљмнњопрстћуфхцчџш"),
    "he": (_HEBREW, "אבגדהוזחטיךכלםמןנסעףפץצקרשת"), "ar": (_ARABIC, "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي"),
}  # fmt: skip
"""Language → the encodings that are used for it, with how usual they are, and its letters beyond a to z."""

_USUAL = ("cp1252", "cp1250", "cp1251")
"""What is told where no language fits."""

_ALIKE = {"nb": "no", "nn": "no"}
_MARKS = frozenset("‘’“”„‚«»‹›…–—·•€£§°©®™²³¼½¾±×÷µ\u00a0\u00ad")
"""What stands in texts of every language beside letters."""
_IN_WORD = re.compile(r"[^\W\d_][§°©®™²³¼½¾±×÷µ€£›‹«»„‚…•]+[^\W\d_]|[§°©®™²³¼½¾±÷µ][^\W\d_]")
"""A mark inside a word, or before one: letters of another encoding."""
_TWO_SCRIPTS = re.compile(r"[A-Za-z][\u0370-\u06ff]|[\u0370-\u06ff][A-Za-z]")
"""A Latin letter beside a Greek, Cyrillic, Hebrew or Arabic one."""

_TOLERATED = 0.34
"""Share of the letters, those of neighbours counting a third, up to which a declared language explains a text."""
_OF_NEIGHBOURS = 1 / 3
_SHOWN = 3
"""Readings that are told at most."""


@dataclass(frozen=True)
class Reading:
    """One way of reading the bytes."""

    encoding: str
    text: str
    odd: frozenset[str]
    """Characters that cannot stand where they do: a mark inside a word, a capital after a small letter, two scripts."""

    @property
    def letters(self) -> Counter[str]:
        """The characters beyond ASCII, marks between words left out."""
        return Counter(c for c in self.text if c > "\x7f" and (c not in _MARKS or c in self.odd))


class UnclearError(Exception):
    """The bytes can be read in several ways.

    Attributes:
        readings: each encoding with the letters that tell it from the others; letters alone tell nothing about a person.
    """

    def __init__(self, readings: Iterable[Reading]) -> None:
        told = []
        for reading in readings:
            seen = sorted({c.lower() for c in reading.letters if c.isalpha()})[:12]
            told.append(f"{reading.encoding}: {' '.join(seen) or '?'}")
        self.readings = "; ".join(told[:_SHOWN])
        super().__init__(self.readings)


def encoding_by(content: bytes, language: str | None) -> str:
    """Return the codec name of the encoding that bytes are in, which are no Unicode.

    Args:
        content: lines with bytes beyond ASCII.
        language: of the text, such as ``da``; None or one that is not known here: nobody said.

    Raises:
        UnclearError: several encodings give letters of a language, and which one it is nobody said; or none does.
    """
    said = _ALIKE.get(language or "", language or "")
    # English has no letters of its own, and is what people who speak another language write contracts in.
    found = _of_language(content, said) if said in _LETTERS and said != "en" else None
    found = found or _of_any(content) or (_of_language(content, "en") if said == "en" else None)
    if found is None:
        raise UnclearError(reading for e in _USUAL if (reading := _read(content, e)) is not None)
    return found


def _of_language(content: bytes, language: str) -> str | None:
    """Return the encoding that gives the letters of a language, the more usual one of two that do; None when none does."""
    encodings, _ = _LETTERS[language]
    found = [reading for encoding in encodings if (reading := _read(content, encoding)) is not None]
    costs = {reading.encoding: _cost(reading, language) for reading in found}
    if not found or min(costs.values()) > _TOLERATED:
        return None
    return min(found, key=lambda r: (costs[r.encoding], encodings[r.encoding])).encoding


def _of_any(content: bytes) -> str | None:
    """Return the encoding of the only text that has the letters of one language; None when none has.

    Raises:
        UnclearError: several have.
    """
    for usual in (_WINDOWS, _ISO, _OLD):
        fitting: dict[str, Reading] = {}
        for language, (encodings, _) in _LETTERS.items():
            for encoding in (e for e, how in encodings.items() if how == usual):
                reading = _read(content, encoding)
                if reading is not None and _cost(reading, language) == 0:
                    fitting.setdefault(reading.text, reading)
        if len(fitting) > 1:
            raise UnclearError(fitting.values())
        if fitting:
            return next(iter(fitting.values())).encoding
    return None


def _read(content: bytes, encoding: str) -> Reading | None:
    try:
        text = codecs.decode(content, encoding)
    except UnicodeDecodeError:
        return None
    odd = {c for found in _IN_WORD.findall(text) for c in found if not c.isalpha()}
    odd |= {c for found in _TWO_SCRIPTS.findall(text) for c in found if c > "\x7f"}
    # One capital inside a word happens; a text full of them is another encoding.
    odd |= {b for a, b in pairwise(text) if b > "\x7f" and b.isupper() and a.islower()}
    return Reading(encoding, text, frozenset(odd))


def _cost(reading: Reading, language: str) -> float:
    """Return the share of letters that a language does not have; those of its neighbours count less."""
    own, near = _alphabet(language), _neighbours(language)
    counted = reading.letters
    total = sum(counted.values())
    lacking = sum(
        n * (1.0 if c in reading.odd or c not in near else _OF_NEIGHBOURS)
        for c, n in counted.items()
        if c in reading.odd or c not in own
    )
    return lacking / total if total else 0.0


@cache
def _alphabet(language: str) -> frozenset[str]:
    return _both_cases(_LETTERS[language][1])


@cache
def _neighbours(language: str) -> frozenset[str]:
    """Return the letters of all languages with the same encodings."""
    encodings = _LETTERS[language][0]
    return _both_cases(
        "".join(letters for other, letters in _LETTERS.values() if set(other) & set(encodings))
    )


def _both_cases(letters: str) -> frozenset[str]:
    # Of the Turkish dotted capital the small letter is two characters, so it is named.
    return (
        frozenset(letters) | frozenset(letters.upper()) | (frozenset("İ") if "ı" in letters else frozenset())
    )
