"""Encodings by the letters of languages: right, or told to be unclear, and never silently wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from citizenstats.receive.letters import UnclearError, encoding_by
from tests.receive.office import Office, file, row

WORDS = {
    "cs": ("cp1250", "Příbram žena střední Ústí"), "hu": ("cp1250", "Győr férfi nő főiskola űr"),
    "pl": ("cp1250", "Łódź mężczyzna Świętokrzyskie"), "hr": ("cp1250", "Šibenik muškarac Đakovo Čakovec"),
    "lv": ("cp1257", "Rīga vīrietis Ķekava"), "lt": ("cp1257", "Šiauliai Panevėžys Ąžuolas"),
    "et": ("cp1257", "Võru Pärnu põhiharidus"), "el": ("cp1253", "Αθήνα γυναίκα άνδρας όχι"),
    "tr": ("cp1254", "İstanbul kadın Şanlıurfa ilköğretim"), "ru": ("cp1251", "Москва женщина среднее нет"),
    "uk": ("cp1251", "Київ жінка чоловік"), "da": ("cp1252", "Århus Ærø Søby"), "is": ("cp1252", "Ísafjörður þriðjungur"),
    "fr": ("cp1252", "Île-de-France collège français"),
}  # fmt: skip


@pytest.mark.parametrize("language", WORDS)
def test_the_letters_of_the_language_tell_the_encoding(language: str) -> None:
    encoding, words = WORDS[language]
    content = words.encode(encoding)
    assert content.decode(encoding_by(content, language)) == words
    try:
        found = encoding_by(content, None)
    except UnclearError:
        return
    assert content.decode(found) == words


@pytest.mark.parametrize(
    ("language", "encoding", "words"),
    [
        ("da", "cp850", "København Ærø Århus"), ("da", "mac_roman", "København Ærø"), ("pl", "iso8859_2", "Łódź źródło Śląsk"),
        ("ru", "koi8_u", "Москва женщина мужчина"), ("el", "iso8859_7", "Άρτα Αθήνα"), ("pl", "cp852", "Łódź źródło"),
    ],
)  # fmt: skip
def test_older_encodings_of_a_language_are_known_too(language: str, encoding: str, words: str) -> None:
    content = words.encode(encoding)
    assert content.decode(encoding_by(content, language)) == words


def test_what_can_be_read_in_several_ways_is_refused_with_the_letters_and_no_word(
    office_of: Callable[..., Office],
) -> None:
    here = office_of(lambda contract: contract.pop("language", None))
    rows = [row(f"a{n}", comment="férfi nő főiskola") for n in range(5)]
    outcome = here.send(file(*rows).encode("cp1250"))
    assert outcome.status == "refused"
    [finding] = outcome.findings
    assert finding.code == "ENCODING_UNCLEAR"
    assert finding.facts["readings"] == "cp1252: é õ; cp1250: é ő"
    assert "iskola" not in "".join(path.read_text("utf-8") for path in here.outbox.iterdir())
    here.agree(lambda contract: contract.update(language="hu"))
    assert [again.status for again in here.receive()] == ["accepted"]
    assert here.records("DISTINCT comment") == [("férfi nő főiskola",)]


def test_letters_far_down_a_file_are_looked_at(office_of: Callable[..., Office]) -> None:
    here = office_of(lambda contract: contract.update(language="da"))
    rows = [row(f"a{n}", comment="x" * 300) for n in range(1200)] + [row("z", comment="Søby på Ærø")]
    outcome = here.send(file(*rows).encode("cp850"))
    assert (outcome.status, outcome.how_read["encoding"]) == ("accepted", "cp850")
