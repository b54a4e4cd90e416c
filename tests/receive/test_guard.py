"""The guard at receiving: what looks like an identifier and is not declared stops the delivery, and nothing of it is told."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest

from citizenstats.engine import session
from citizenstats.receive.current import current_records
from citizenstats.receive.delivery import Delivery
from citizenstats.receive.identifiers import KINDS, given_names, hint
from citizenstats.receive.outcome import Outcome
from citizenstats.receive.reader import read
from citizenstats.store import read_json
from tests.receive.office import DATASET, HEADER, Contract, Office, file, row
from tests.receive.test_sdmx import delivers_sdmx

OFFICE = Callable[..., Office]
ROWS = 40
DICE = random.Random(5)


def digits(length: int) -> str:
    return "".join(DICE.choice("0123456789") for _ in range(length))


def cpr(dash: str = "-") -> str:
    """A number that nobody has: months 1 to 12, days to 28, with the check digit of modulus 11."""
    while True:
        nine = f"{DICE.randint(1, 28):02}{DICE.randint(1, 12):02}{digits(2)}{digits(3)}"
        check = -sum(int(d) * w for d, w in zip(nine, (4, 3, 2, 7, 6, 5, 4, 3, 2), strict=True)) % 11
        if check < 10:
            return f"{nine[:6]}{dash}{nine[6:]}{check}"


def imei() -> str:
    body = digits(14)
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(body)]
    return body + str(-sum(d // 10 + d % 10 for d in doubled) % 10)


def dni() -> str:
    number = DICE.randint(10_000_000, 99_999_999)
    return f"{number}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"


def nir() -> str:
    body = f"{DICE.choice('12')}{digits(2)}{DICE.randint(1, 12):02}{DICE.randint(10, 95)}{digits(6)}"
    return f"{body}{97 - int(body) % 97:02}"


def person() -> str:
    return f"{DICE.choice(given_names()).title()} {DICE.choice(['Hviid', 'Okonkwo', 'Villalobos', 'Lemaire', 'Thapa'])}"


def mac() -> str:
    return ":".join(f"{DICE.randrange(256):02x}" for _ in range(6))


def place() -> str:
    return f"{DICE.uniform(-80, 80):.6f}"


def rut() -> str:
    """A Chilean number: digits from the right times 2 to 7 and again, the check digit what is left to 11."""
    body = f"{DICE.randint(5, 24)}{digits(6)}"
    check = -sum(int(d) * (i % 6 + 2) for i, d in enumerate(reversed(body))) % 11
    return f"{body}-{'K' if check == 10 else check}"


LOOKS: list[tuple[str, str, Callable[[], str]]] = [
    ("EMAIL", "q17", lambda: f"{digits(5)}@mail.example"),
    ("EMAIL", "correo electrónico", lambda: f"a{digits(4)}@correo.example"),
    ("PHONE", "q18", lambda: f"+45 {digits(2)} {digits(2)} {digits(2)} {digits(2)}"),
    ("PHONE", "q18", lambda: f"+2547{digits(8)}"),
    ("PHONE", "Telefonnummer", lambda: f"{DICE.randint(2, 9)}{digits(7)}"),
    ("PHONE", "teléfono", lambda: f"6{digits(8)}"),
    ("PHONE", "group_1/phonenumber", lambda: f"07{digits(8)}"),
    ("PHONE", "svar", lambda: f"{DICE.randint(20, 99)} {digits(2)} {digits(2)} {digits(2)}"),
    ("NATIONAL_ID", "svar", cpr),
    ("NATIONAL_ID", "nummer", lambda: cpr("")),
    ("NATIONAL_ID", "respuesta", dni),
    ("NATIONAL_ID", "reponse", nir),
    ("NATIONAL_ID", "respuesta", rut),
    ("NATIONAL_ID", "CPR-nr.", lambda: digits(10)),
    ("NATIONAL_ID", "passport number", lambda: f"P{digits(7)}"),
    ("DEVICE", "deviceid", lambda: f"collect:{digits(16)}"),
    ("DEVICE", "subscriberid", lambda: digits(15)),
    ("DEVICE", "tablet", imei),
    ("DEVICE", "tablet", mac),
    ("DEVICE", "from", lambda: f"{DICE.randint(100, 223)}.{DICE.randint(0, 99)}.{DICE.randint(0, 99)}.7"),
    ("COORDINATES", "_location_latitude", place),
    ("COORDINATES", "længdegrad", place),
    ("COORDINATES", "sted", lambda: f"{place()} {place()} 0 0"),
    ("COORDINATES", "GPSLongitude", lambda: f"12 deg {DICE.randint(10, 59)}' {DICE.randint(10, 59)}.20\" E"),
    ("NAME", "q3", person),
    ("NAME", "q3", lambda: person().split()[0]),
    ("NAME", "Respondent name", lambda: f"Xq{DICE.choice('aeiou')}l{'mnp'[DICE.randrange(3)]}a Zw{DICE.choice('aeiou')}r"),
    ("NAME", "Nombre", person),
    ("NAME", "efternavn", lambda: f"H{DICE.choice('aeiou')}r{DICE.choice('aeiou')}sk{DICE.choice('aeiou')}v"),
]  # fmt: skip


def with_column(header: str, texts: Sequence[str]) -> str:
    """The good rows with one more column, which the contract does not know."""
    rows = [f"{row(f'g{n}')};{text}" for n, text in enumerate(texts)]
    return "\n".join([f"{HEADER};{header}", *rows]) + "\n"


def kinds(outcome: Outcome, code: str = "IDENTIFIER_NOT_DECLARED") -> list[str]:
    return [finding.facts["kind"] for finding in outcome.findings if finding.code == code]


def read_here(office: Office, content: bytes | str, name: str = "answers.csv") -> Outcome:
    """What the child process would say of a file, without a process or a receipt."""
    work = office.home / "read" / str(len(list(office.home.glob("read/*"))))
    work.mkdir(parents=True)
    path = work / "content"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    delivery = Delivery(DATASET, 1, "0" * 64, name, path.stat().st_size, "2026-01-01T00:00:00Z", "mark")
    return read(delivery, path, office.house.mappings.dataset(DATASET), work)


def test_what_is_quick_to_ask_is_met_by_all_that_is_found() -> None:
    """Otherwise a kind that stands in a file alone would not be looked for."""
    made = [
        form() for _, _, form in [*LOOKS, *((None, None, form) for _, form in ORDINARY)] for _ in range(60)
    ]
    made += [
        "123-45-6789",
        "010190 1234",
        "MOGA900101HDFRRN09",
        "131052-308T",
        "X1234567L",
        "12 34 56 78",
        "0712 345 678",
    ]
    parts = ["", " ", "ring ", "(x) ", ".", ",", "-", "A", "é", "\n"]
    texts = made + [DICE.choice(parts) + DICE.choice(made) + DICE.choice(parts) for _ in range(3000)]
    forms = ", ".join(
        f"count(*) FILTER ({kind.whole} OR {kind.within or 'FALSE'}), "
        f"count(*) FILTER (({kind.whole} OR {kind.within or 'FALSE'}) AND NOT {kind.form}), count(*) FILTER ({kind.form})"
        for kind in KINDS
    )
    with session() as engine:
        engine.register("given", pa.table({"v": [text.strip() for text in texts]}))
        said = "SELECT v, regexp_replace(v, '[^0-9]+', '', 'g') AS d FROM given"
        counts = engine.rows(f"SELECT {forms} FROM ({said})")[0]
    for kind, found, missed, asked in zip(KINDS, counts[0::3], counts[1::3], counts[2::3], strict=True):
        assert (found > 20, missed, asked < len(texts)) == (True, 0, True), kind.id


def everything_told(office: Office) -> str:
    return "".join(path.read_text("utf-8") for path in sorted(office.outbox.glob("*")))


def test_every_kind_is_found_in_a_column_that_nobody_agreed_to(office_of: OFFICE) -> None:
    office = office_of()
    said = [[form() for _ in range(ROWS)] for _, _, form in LOOKS]
    header = ";".join(f"{name}" for _, name, _ in LOOKS)
    rows = [";".join([row(f"g{n}"), *(texts[n].replace('"', "''") for texts in said)]) for n in range(ROWS)]
    outcome = office.send("\n".join([f"{HEADER};{header}", *rows]) + "\n")
    assert outcome.status == "quarantined"
    by_place = {f.facts["place"]: f.facts["kind"] for f in outcome.findings}
    letters = [
        chr(ord("A") + i) if i < 26 else f"A{chr(ord('A') + i - 26)}" for i in range(8, 8 + len(LOOKS))
    ]
    assert {letter: by_place.get(letter) for letter in letters} == dict(
        zip(letters, (kind for kind, _, _ in LOOKS), strict=True)
    )
    assert office.records() == []
    told = everything_told(office)
    for texts in said:
        assert not [text for text in texts if len(text) > 7 and text in told]
    assert not list(office.outbox.glob("*.refused.csv"))


def test_a_long_text_takes_no_longer_than_its_length(
    office_of: OFFICE, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = office_of()
    monkeypatch.setattr("citizenstats.receive.read.CPU_SECONDS", 20)
    assert office.send(with_column("scan", ["x" * 300_000])).status == "accepted"


ORDINARY: list[tuple[str, Callable[[], str]]] = [
    ("year born", lambda: str(DICE.randint(1950, 2030))),
    ("period", lambda: f"{DICE.randint(2000, 2030)}-{DICE.randint(1, 12):02}"),
    ("day", lambda: f"{DICE.randint(2000, 2030)}-{DICE.randint(1, 12):02}-{DICE.randint(1, 28):02}"),
    ("dato", lambda: f"{DICE.randint(1, 28):02}-{DICE.randint(1, 12):02}-{DICE.randint(2000, 2030)}"),
    ("_submission_time", lambda: f"2024-0{DICE.randint(1, 9)}-11T09:{DICE.randint(10, 59)}:00.000+03:00"),
    ("day number", lambda: f"2024{DICE.randint(1, 12):02}{DICE.randint(1, 28):02}"),
    ("weight", lambda: f"{DICE.uniform(0.2, 9):.8f}"),
    ("vægt", lambda: f"{DICE.uniform(100, 9000):.4f}".replace(".", ",")),
    ("amount", lambda: str(DICE.randint(1_000, 9_999_999_999))),
    ("beløb", lambda: f"{DICE.randint(1, 999)} {DICE.randint(100, 999)} {DICE.randint(100, 999)}"),
    ("pay", lambda: f"{DICE.randint(1, 999)},{DICE.randint(100, 999)},{DICE.randint(100, 999)}.50"),
    ("mobile subscriptions", lambda: str(DICE.randint(1_000_000, 99_999_999))),
    ("Do you own a mobile phone?", lambda: DICE.choice(["yes", "no", "unknown"])),
    ("Email threats", lambda: DICE.choice(["yes", "no"])),
    ("has_phone", lambda: DICE.choice(["0", "1", "-99"])),
    ("phone", lambda: DICE.choice(["yes", "no"])),
    ("region of birth", lambda: DICE.choice(["Region Hovedstaden", "Region Sjælland", "Region Nordjylland"])),
    ("county", lambda: f"{DICE.choice(['Nairobi', 'Uasin', 'Trans', 'Taita', 'West', 'Elgeyo', 'Homa'])} "
                       f"{DICE.choice(['Nzoia', 'Gishu', 'Taveta', 'Pokot', 'Bay', 'West'])}"),
    ("department", lambda: f"{DICE.choice(['San', 'Santa', 'Norte', 'Valle', 'La', 'Los'])} "
                           f"{DICE.choice(['Jose', 'Cruz', 'Pedro', 'Rosa', 'Paz', 'Rios', 'Andres'])}"),
    ("country name", lambda: DICE.choice(["Kenya", "New Zealand", "Costa Rica", "Sierra Leone", "South Africa", "Peru"])),
    ("name", lambda: DICE.choice(["North", "South", "Centre", "West Coast", "Upper Valley", "Lower Valley"])),
    ("municipality", lambda: f"0{DICE.randint(101, 860)}"),
    ("psgc", lambda: f"{DICE.choice(['14', '15', '17', '13'])}0{DICE.randint(10, 99)}{digits(5)}"),
    ("product", lambda: f"{digits(4)} {digits(2)} {digits(2)}"),
    ("coicop", lambda: f"0{DICE.randint(1, 9)}.{DICE.randint(1, 9)}.{DICE.randint(1, 9)}.{DICE.randint(1, 9)}"),
    ("section", lambda: f"{DICE.randint(1, 20)}.{DICE.randint(1, 20)}.{DICE.randint(1, 9)}.{DICE.randint(1, 9)}"),
    ("unix", lambda: str(DICE.randint(1_600_000_000, 1_799_999_999))),
    ("urn", lambda: f"uuid:{digits(8)}-{digits(4)}-{digits(4)}-{digits(12)}"),
    ("_uuid", lambda: f"{digits(8)}-ab{digits(2)}-4{digits(3)}-{digits(12)}"),
    ("household", lambda: f"HH-{digits(6)}"),
    ("cluster", lambda: f"K{digits(3)}"),
    ("age", lambda: str(DICE.randint(0, 99))),
    ("age group", lambda: DICE.choice(["15-24", "25-34", "35-44", "45-54", "55-64", "65+"])),
    ("share", lambda: f"{DICE.uniform(0, 100):.6f}"),
    ("x1", lambda: f"{DICE.uniform(0, 10):.2f}"),
    ("latitude band", lambda: DICE.choice(["tropics", "temperate"])),
    ("latitude", lambda: f"{DICE.uniform(0, 60):.1f}"),
    ("answer", lambda: DICE.choice(["Strongly agree", "Agree", "Neither", "Disagree", "Strongly disagree"])),
    ("job", lambda: DICE.choice(["Farm Worker", "Market Seller", "School Teacher", "Nurse", "Police Officer", "Driver"])),
    ("organisation", lambda: f"{DICE.choice(['Human', 'Land', 'Women', 'Youth'])} Rights Watch {DICE.choice('ABCDEF')}"),
    ("isin", lambda: f"DK{digits(10)}"),
    ("ratio", lambda: f"{DICE.uniform(-1, 1):+.9f}"),
]  # fmt: skip


def test_ordinary_columns_pass(office_of: OFFICE) -> None:
    office = office_of()
    header = ";".join(name for name, _ in ORDINARY)
    rows = [";".join([row(f"g{n}"), *(form() for _, form in ORDINARY)]) for n in range(200)]
    outcome = read_here(office, "\n".join([f"{HEADER};{header}", *rows]) + "\n")
    names = [name for name, _ in ORDINARY]
    found = [
        (f.facts["kind"], names[_position(f.facts["place"]) - 8])
        for f in outcome.findings
        if "kind" in f.facts
    ]
    assert (outcome.status, found) == ("accepted", [])


def _position(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def test_a_declared_identifier_passes_and_is_no_finding(office_of: OFFICE) -> None:
    def declares(said: Contract) -> None:
        said["columns"]["comment"]["role"] = "identifier"

    office = office_of(declares)
    outcome = read_here(office, file(*(row(f"g{n}", comment=person()) for n in range(ROWS))))
    assert (outcome.status, kinds(outcome)) == ("accepted", [])


@pytest.mark.parametrize("role", ["quasi_identifier", None])
def test_another_role_is_no_declaration(office_of: OFFICE, role: str | None) -> None:
    def declares(said: Contract) -> None:
        said["columns"]["comment"] = {"optional": True} | ({"role": role} if role else {})

    outcome = read_here(office_of(declares), file(*(row(f"g{n}", comment=cpr()) for n in range(ROWS))))
    (found,) = [f for f in outcome.findings if f.code == "IDENTIFIER_NOT_DECLARED"]
    assert (outcome.status, found.column, found.count, found.first_row) == ("quarantined", "comment", ROWS, 2)


def test_a_stray_number_in_free_text_is_told_and_stops_nothing(office_of: OFFICE) -> None:
    office = office_of()
    texts = [f"they waited {n} weeks" for n in range(ROWS)]
    texts[3], texts[9] = "ring me at +45 31 32 33 34 please", "or write to nobody.else@mail.example"
    outcome = office.send(file(*(row(f"g{n}", comment=text) for n, text in enumerate(texts))))
    assert (outcome.status, kinds(outcome), sorted(kinds(outcome, "IDENTIFIER_IN_TEXT"))) == (
        "accepted", [], ["EMAIL", "PHONE"],
    )  # fmt: skip
    assert {f.count for f in outcome.findings} == {1}
    told = everything_told(office)
    assert "31 32" not in told
    assert "nobody.else" not in told


def test_free_text_that_is_half_telephone_numbers_stops(office_of: OFFICE) -> None:
    texts = [f"ring {n} at +45 {digits(2)} {digits(2)} 33 34" for n in range(ROWS)]
    outcome = read_here(office_of(), file(*(row(f"g{n}", comment=text) for n, text in enumerate(texts))))
    assert (outcome.status, kinds(outcome)) == ("quarantined", ["PHONE"])


def test_a_filler_does_not_hide_a_column_of_telephones(office_of: OFFICE) -> None:
    texts = ["unknown"] * 95 + [f"+45{digits(8)}" for _ in range(5)]
    outcome = read_here(office_of(), with_column("q", texts))
    assert kinds(outcome) == ["PHONE"]


def test_a_header_that_is_a_value_is_not_told(office_of: OFFICE) -> None:
    office = office_of()
    outcome = office.send(with_column("Astrid Hviid", [person() for _ in range(ROWS)]))
    assert kinds(outcome) == ["NAME"]
    assert "Hviid" not in everything_told(office)
    assert "Hviid" not in "".join(f.shown() for f in outcome.findings)


def test_workbooks_are_guarded_too(office_of: OFFICE) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([*HEADER.split(";"), "Mobil"])
    for n in range(ROWS):
        sheet.append([*row(f"g{n}").split(";"), DICE.randint(20_000_000, 99_999_999)])
    content = io.BytesIO()
    book.save(content)
    outcome = read_here(office_of(), content.getvalue(), "answers.xlsx")
    assert (outcome.status, kinds(outcome)) == ("quarantined", ["PHONE"])


def test_rows_read_one_by_one_are_guarded_too(office_of: OFFICE) -> None:
    office = office_of(lambda said: said["read"].update(ends_at="^Source"))
    outcome = read_here(
        office, with_column("q", [f"{digits(4)}@mail.example" for _ in range(ROWS)]) + "Source: us\n"
    )
    assert (outcome.how_read["reader"], kinds(outcome)) == ("row by row", ["EMAIL"])


def test_messages_are_guarded_too(office_of: OFFICE) -> None:
    header = "STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,INDICATOR,SEX,TIME_PERIOD,OBS_VALUE,OBS_STATUS"
    rows = [f"dataflow,OFFICE:ANSWERS(1.0.0),R,A,+45{digits(8)},SCORE,F,{2000 + n},1.5,A" for n in range(10)]
    outcome = read_here(office_of(delivers_sdmx), "\n".join([header, *rows]) + "\n", "message.csv")
    assert (outcome.status, kinds(outcome)) == ("quarantined", ["PHONE"])


def test_quarantine_leaves_what_counted_and_is_read_anew_when_the_contract_is_mended(
    office_of: OFFICE,
) -> None:
    office = office_of()
    assert office.send(file(row("a", score="1"))).status == "accepted"
    bad = office.send(with_column("phone", [f"+45{digits(8)}" for _ in range(ROWS)]), "2.csv")
    assert bad.status == "quarantined"
    assert [r[0] for r in office.records()] == ["a"]
    folder = bad.delivery.outcome_folder(office.house.store, office.house.mappings.dataset(DATASET))
    assert sorted(path.name for path in folder.iterdir()) == ["outcome.json", "withheld.parquet"]
    assert read_json(office.outbox / f"{bad.delivery.id}.receipt.json")["status"] == "quarantined"  # type: ignore[index]

    def declares(said: Contract) -> None:
        said["columns"]["phone"] = {"role": "identifier", "optional": True}

    office.agree(declares)
    assert {o.status for o in office.receive()} == {"accepted"}
    assert len(office.records()) == ROWS + 1
    assert read_json(office.outbox / f"{bad.delivery.id}.receipt.json")["status"] == "accepted"  # type: ignore[index]


def test_consent_that_is_taken_back_in_a_stopped_delivery_counts(office_of: OFFICE) -> None:
    office = office_of()
    office.send(file(row("a"), row("b")))
    content = with_column("mail", [f"{digits(5)}@mail.example" for _ in range(ROWS)])
    outcome = office.send(content + row("a", agrees="no") + ";\n", "2.csv")
    assert (outcome.status, outcome.counts["withheld"]) == ("quarantined", 1)
    current = current_records(office.house, DATASET)
    assert current is not None
    assert [r[0] for r in office.records()] == ["b"]


def test_a_wide_table_is_looked_at_in_parts(office_of: OFFICE) -> None:
    wide = ";".join(f"v{n}" for n in range(450))
    cells = ";".join(["long answer"] * 449)
    rows = [f"{row(f'g{n}')};{cells};{digits(4)}@mail.example" for n in range(10)]
    outcome = read_here(office_of(), "\n".join([f"{HEADER};{wide}", *rows]) + "\n")
    assert kinds(outcome) == ["EMAIL"]


def test_the_words_of_headers_are_whole_words() -> None:
    assert hint("What is your mobile phone number?", "PHONE") == "none"
    assert hint("group_a/phone_number_2", "PHONE") == "strong"
    assert hint("latino", "COORDINATES") == "none"
    assert (hint("name", "NAME"), hint("Respondentens navn", "NAME")) == ("soft", "strong")
    assert json.dumps(hint("Nom de famille", "NAME")) == '"strong"'


def test_the_schema_of_receipts_knows_the_state() -> None:
    schema = Path(__file__).parents[2] / "citizenstats" / "schemas" / "receipt.schema.json"
    assert "quarantined" in schema.read_text("utf-8")
