"""Lint finds every fault of a contract before any data come, with file, line and cure; what we ship has none."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from citizenstats.contracts.lint import lint
from tests.receive.office import Office, contract

ROOT = Path(__file__).parents[2]

Change = Callable[[dict[str, Any]], Any]


def target(change: Change) -> Change:
    return lambda c: change(c["targets"][0])


def estimate(change: Change) -> Change:
    return lambda c: change(c["targets"][0]["estimate"])


FAULTS: dict[str, tuple[Change, str, str]] = {
    "a key that is misspelt": (lambda c: c.update({"limitation": "none"}), "UNKNOWN_KEY", "targets|licence|title|"),
    "a missing key": (lambda c: c.pop("record"), "MISSING_KEY", "add it"),
    "a column type that is none": (lambda c: c["columns"]["score"].update({"type": "numeric"}), "BAD_VALUE", ""),
    "a rule with a column that is none": (
        lambda c: c["rules"].append({"must": "scores > 1", "message": "x"}), "UNKNOWN_COLUMN", "score",
    ),
    "a rule that takes text for a number": (
        lambda c: c["rules"].append({"must": "region > 5", "message": "x"}), "WRONG_TYPE", "",
    ),
    "a rule that takes text for a number in a list": (
        lambda c: c["rules"].append({"must": "year IN (2023, 2024)", "message": "x"}), "WRONG_TYPE", "",
    ),
    "a rule with a function of texts on a date": (
        lambda c: c["rules"].append({"must": "starts_with(asked_on, '2024')", "message": "x"}), "WRONG_TYPE", "",
    ),
    "a rule that compares yes or no with a word": (
        lambda c: c["rules"].append({"must": "agrees = 'perhaps'", "message": "x"}), "WRONG_TYPE", "",
    ),
    "a rule that is no condition": (
        lambda c: c["rules"].append({"must": "score + 1", "message": "x"}), "NOT_A_CONDITION", "compare",
    ),
    "a derived value of another type than its columns allow": (
        lambda c: c.update({"derive": {"half": "region / 2"}}), "WRONG_TYPE", "",
    ),
    "a rule on a derived value of another type": (
        lambda c: (
            c.update({"derive": {"word": "upper(region)"}}), c["rules"].append({"must": "word < 3", "message": "x"})
        ),
        "WRONG_TYPE", "",
    ),
    "an ignored row by the value and not the text": (
        lambda c: c.update({"ignore": [{"when": "score > 5", "reason": "x"}]}), "WRONG_TYPE", "",
    ),
    "an indicator that is no condition": (
        estimate(lambda e: e["indicators"].update({"SCORE": {"proportion": "score"}})), "NOT_A_CONDITION", "",
    ),
    "an indicator over text": (
        estimate(lambda e: e["indicators"].update({"SCORE": {"mean": "score * region"}})), "WRONG_TYPE", "",
    ),
    "a rule that reads a file": (
        lambda c: c["rules"].append({"must": "(SELECT 1 FROM read_csv('/etc/passwd')) = 1", "message": "x"}),
        "SQL_NOT_ALLOWED", "",
    ),
    "a rule with a function that is not allowed": (
        lambda c: c["rules"].append({"must": "getenv('HOME') = 'x'", "message": "x"}), "SQL_NOT_ALLOWED", "",
    ),
    "a rule with an aggregate": (
        lambda c: c["rules"].append({"must": "sum(score) > 1", "message": "x"}), "SQL_NOT_ALLOWED", "",
    ),
    "two statements": (
        lambda c: c["rules"].append({"must": "score > 1; DROP TABLE x", "message": "x"}), "BAD_SQL", "semicolon",
    ),
    "no SQL": (lambda c: c["rules"].append({"must": "score >", "message": "x"}), "BAD_SQL", ""),
    "a key column that is none": (lambda c: c.update({"key": ["idd"]}), "UNKNOWN_COLUMN", "id"),
    "a pattern that is none": (
        lambda c: c["columns"]["id"].update({"pattern": "[a-"}), "BAD_PATTERN", "",
    ),
    "a delimiter of two marks": (lambda c: c["read"].update({"delimiter": ";;"}), "BAD_VALUE", "delimiter"),
    "a mark that separates and quotes": (lambda c: c["read"].update({"delimiter": "'", "quote": "'"}), "BAD_VALUE", "mark"),
    "one mark for thousands and decimals": (lambda c: c["read"].update({"thousands": ","}), "BAD_VALUE", "thousands"),
    "a form of dates that is none": (lambda c: c["read"].update({"date_format": "%Q"}), "BAD_VALUE", "%Y-%m-%d"),
    "a form of dates without a year": (lambda c: c["read"].update({"date_format": "nothing"}), "BAD_VALUE", "%Y-%m-%d"),
    "a frequency that is none": (
        lambda c: c["columns"]["year"].update({"frequency": "Y"}), "UNKNOWN_FREQUENCY", "known: A",
    ),
    "a range the wrong way round": (lambda c: c["columns"]["score"].update({"range": [9, 1]}), "BAD_VALUE", "lowest"),
    "a pattern of files in folders": (lambda c: c["delivery"].update({"files": "../*.csv"}), "BAD_VALUE", "without folders"),
    "a source that is a file": (
        lambda c: c["delivery"].update({"pull": {"url": "file:///etc/passwd"}}), "BAD_VALUE", "https",
    ),
    "a cron line that is none": (
        lambda c: c["delivery"].update({"pull": {"url": "https://x.example", "cron": "61 5 * * *"}}), "BAD_VALUE", "cron",
    ),
    "a version with a key that is none": (
        lambda c: c.update({"versions": [{"id": "v", "when": {"file": "a*"}, "columns": {"score": {"typ": "text"}}}]}),
        "UNKNOWN_KEY", "did you mean 'type'",
    ),
    "a version that reads in a way that is none": (
        lambda c: c.update({"versions": [{"id": "v", "when": {"file": "a*"}, "read": {"decimal": "x"}}]}),
        "BAD_VALUE", "decimal",
    ),
    "an assessment on a day that is none": (
        lambda c: c.update({"assessment": {"ACCURACY": {
            "verdict": "met", "evidence": "seen by two people", "by": "X", "date": "2026-02-30",
        }}}),
        "BAD_VALUE", "2026-02-30",
    ),
    "nobody who wrote it": (lambda c: c.update({"author": " "}), "BAD_VALUE", "say it"),
    "rules waived without a reason": (
        lambda c: (c["record"].update({"publication": "public"}), c.update({"protection": {"waived": ""}})),
        "BAD_VALUE", "say it",
    ),
    "a message in no language": (
        lambda c: c["rules"].append({"must": "score > 1", "message": {}}), "BAD_VALUE", "message",
    ),
    "a word that is nearly one": (
        lambda c: c["delivery"].update({"replaces": "row"}), "BAD_VALUE", "did you mean 'rows'",
    ),
    "a rule that fills the memory": (
        lambda c: c["rules"].append(
            {"must": "replace(" * 9 + "region" + ", 'a', 'aaaaaaaaaa')" * 9 + " <> 'x'", "message": "x"}
        ),
        "SQL_NOT_ALLOWED", "times as long",
    ),
    "derived values that fill the memory in steps": (
        lambda c: c.update({"derive": {
            "d0": "region || region", **{f"d{n}": "||".join([f"d{n - 1}"] * 9) for n in range(1, 9)},
        }}),
        "SQL_NOT_ALLOWED", "times as long",
    ),
    "a rule that is nested too deeply": (
        lambda c: c["rules"].append({"must": "(" * 500 + "score > 1" + ")" * 500, "message": "x"}), "BAD_SQL", "deep",
    ),
    "consent that is the same as above": (
        lambda c: (
            c["columns"]["agrees"].update({"same_as_above": True}),
            c.update({"derive": {"agreed": "agrees"}}),
            c["record"]["consent"].update({"condition": "agreed"}),
        ),
        "BAD_VALUE", "nobody consents for others",
    ),
    **{
        f"consent by silence: {condition}": (
            lambda c, condition=condition, derive=derive: (
                c.update({"derive": derive}), c["record"]["consent"].update({"condition": condition}),
            ),
            "SILENCE_IS_NO_CONSENT", "says that these people",
        )
        for condition, derive in (
            ("true", {}), ("agrees OR 1 = 1", {}), ("coalesce(agrees, true)", {}), ("agreed", {"agreed": "region IS NULL"}),
        )
    },
    "an encoding that is none": (lambda c: c["read"].update({"encoding": "utf-9"}), "BAD_ENCODING", ""),
    "a code that is not in the list": (
        target(lambda t: t["map"]["REF_AREA"]["codes"].update({"East": "XX-E"})), "UNKNOWN_CODE", "XX-",
    ),
    "a constant that is no code": (target(lambda t: t["map"].update({"FREQ": {"value": "Z"}})), "UNKNOWN_CODE", ""),
    "a component that is none": (
        target(lambda t: t["map"].update({"AREA": {"value": "XX"}})), "NO_SUCH_COMPONENT", "REF_AREA",
    ),
    "a dimension without an origin": (target(lambda t: t["map"].pop("FREQ")), "NOT_MAPPED", "FREQ"),
    "a dataflow that is none": (target(lambda t: t.update({"dataflow": "OFFICE:ANSWER"})), "NO_SUCH_FLOW", "ANSWERS"),
    "a weight that is no column": (estimate(lambda e: e.update({"weight": "wight"})), "UNKNOWN_COLUMN", ""),
    "an indicator that is no code": (
        estimate(lambda e: e.update({"indicators": {"SCOER": {"mean": "score"}}})), "UNKNOWN_CODE", "SCORE",
    ),
    "a benchmark without its counts": (
        estimate(lambda e: e.update({"benchmarks": {"b": {"by": ["sex"], "file": "c.csv", "source": "x"}}})),
        "NO_SUCH_FILE", "beside",
    ),
    "two origins at once": (
        target(lambda t: t["map"].update({"FREQ": {"value": "A", "column": "sex"}})), "BAD_VALUE", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_with_its_line_and_a_cure(tmp_path: Path, name: str) -> None:
    change, code, cure = FAULTS[name]
    office = Office(tmp_path)
    said = contract()
    change(said)
    office.write_contract(said)
    found = lint(office.mappings)
    assert code in [fault.code for fault in found], [str(f) for f in found]
    fault = next(f for f in found if f.code == code)
    assert re.search(r"answers\.yaml:\d+$", fault.where), fault.where
    assert re.search(cure, f"{fault.what} {fault.mend}"), str(fault)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    office = Office(tmp_path)
    said = contract()
    FAULTS["a code that is not in the list"][0](said)
    FAULTS["a rule with a column that is none"][0](said)
    FAULTS["a pattern that is none"][0](said)
    office.write_contract(said)
    assert len(lint(office.mappings)) == 3


def test_what_we_ship_and_what_the_tests_use_has_no_fault(tmp_path: Path) -> None:
    assert [str(f) for f in lint(ROOT / "sdmx_mappings")] == []
    assert [str(f) for f in lint(Office(tmp_path).mappings)] == []


def test_an_embargo_that_is_no_time_is_found_with_its_line(tmp_path: Path) -> None:
    office = Office(tmp_path)
    flow = office.mappings / "dataflows/OFFICE/ANSWERS.yaml"
    flow.write_text(flow.read_text("utf-8") + "embargo:\n  calendar:\n  - tomorrow\n", "utf-8")
    lines = flow.read_text("utf-8").splitlines()
    (fault,) = lint(office.mappings)
    assert (fault.code, fault.where) == ("BAD_TIME", f"{flow}:{lines.index('  - tomorrow') + 1}")


@pytest.mark.parametrize("line", ["0 5 * * *", "*/15 0-6,22 1 jan-mar mon,7", "0 0 1-31/2 * *"])
def test_what_is_a_cron_line_passes(tmp_path: Path, line: str) -> None:
    office = Office(tmp_path)
    said = contract()
    said["delivery"]["pull"] = {"url": "https://x.example/a.csv", "cron": line}
    office.write_contract(said)
    assert lint(office.mappings) == []


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("watch/more.yml", "call it .yaml"),
        ("watch/More Answers.yaml", "small letters"),
        ("our watch/answers.yaml", "small letters"),
    ],
)
def test_a_file_whose_name_cannot_be_is_not_passed_over(tmp_path: Path, name: str, cure: str) -> None:
    office = Office(tmp_path)
    path = office.mappings / "partners" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes((office.mappings / "partners/watch/answers.yaml").read_bytes())
    found = [fault for fault in lint(office.mappings) if fault.code == "BAD_NAME"]
    assert [fault.where for fault in found] == [str(path)]
    assert cure in found[0].mend
