"""What each finding says to a partner, in plain words: what is wrong, and how to mend it."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "en": {
        "RAGGED_ROW": (
            "The row has more or fewer cells than the header.",
            "Put text with separators in quotes.",
        ),
        "FORBIDDEN_CHARACTER": ("The cell holds a control character.", "Delete it, or type the cell anew."),
        "REQUIRED": ("The cell is empty and must not be.", "Fill it."),
        "NOT_AN_INTEGER": ("This is no whole number.", "Write digits only."),
        "NOT_A_NUMBER": ("This is no number.", "Write digits and one decimal mark, as the form asks."),
        "NOT_A_BOOLEAN": ("This answer is not known.", "Use one of the answers of the form."),
        "NOT_A_DATE": ("This is no date in the form asked for.", "Write the date as the form asks."),
        "BAD_PERIOD": ("This period does not fit the frequency.", "Write the period as the form asks."),
        "NOT_ALLOWED": ("This text is not among those allowed.", "Use one of the texts allowed."),
        "BAD_PATTERN": ("The text does not have the form asked for.", "Write it as the form asks."),
        "OUT_OF_RANGE": ("The value lies outside what is allowed.", "Check the value."),
        "UNKNOWN_CODE": ("This text is not known here.", "Use a known text, or ask us to add this one."),
        "RULE": ("The row breaks a rule.", "Check the cells that the rule names."),
        "DUPLICATE_KEY": ("Several rows have the same key and differ.", "Leave one of them."),
        "NO_CONSENT": (
            "Rows without consent are withheld; nothing is computed from them.",
            "Nothing, if that is right.",
        ),
        "IGNORED": ("Rows are no data and are left out.", "Nothing, if that is right."),
        "COLUMN_NOT_READ": (
            "Columns are not in the agreement and are not read.",
            "Leave them out next time.",
        ),
        "MISSING_COLUMN": ("A column is missing.", "Add it, or give it the header asked for."),
        "DUPLICATE_HEADER": ("A header stands over several columns.", "Leave one of them."),
        "NO_ROWS": ("There are no rows of data.", "Send the file again."),
        "TOO_MANY_REFUSED": (
            "Too many rows are wrong, so the whole delivery is refused.",
            "Mend the rows and send it again.",
        ),
        "DUPLICATE": ("We have this delivery already.", "Nothing."),
        "EMPTY_FILE": ("The file is empty.", "Send it again."),
    },
    "da": {
        "RAGGED_ROW": (
            "Rækken har flere eller færre celler end overskriften.",
            "Sæt tekst med skilletegn i anførselstegn.",
        ),
        "FORBIDDEN_CHARACTER": ("Cellen indeholder et styretegn.", "Slet det, eller skriv cellen igen."),
        "REQUIRED": ("Cellen er tom og må ikke være det.", "Udfyld den."),
        "NOT_AN_INTEGER": ("Det er ikke et helt tal.", "Skriv kun cifre."),
        "NOT_A_NUMBER": ("Det er ikke et tal.", "Skriv cifre og ét decimaltegn, som aftalt."),
        "NOT_A_BOOLEAN": ("Svaret kendes ikke.", "Brug et af de aftalte svar."),
        "NOT_A_DATE": ("Det er ikke en dato på den aftalte form.", "Skriv datoen som aftalt."),
        "BAD_PERIOD": ("Perioden passer ikke til frekvensen.", "Skriv perioden som aftalt."),
        "NOT_ALLOWED": ("Teksten er ikke blandt de tilladte.", "Brug en af de tilladte tekster."),
        "BAD_PATTERN": ("Teksten har ikke den aftalte form.", "Skriv den som aftalt."),
        "OUT_OF_RANGE": ("Værdien ligger uden for det tilladte.", "Kontrollér værdien."),
        "UNKNOWN_CODE": ("Teksten kendes ikke her.", "Brug en kendt tekst, eller bed os tilføje denne."),
        "RULE": ("Rækken bryder en regel.", "Kontrollér de celler, reglen nævner."),
        "DUPLICATE_KEY": ("Flere rækker har samme nøgle og er forskellige.", "Lad én af dem stå."),
        "NO_CONSENT": (
            "Rækker uden samtykke holdes tilbage; intet beregnes af dem.",
            "Intet, hvis det er rigtigt.",
        ),
        "IGNORED": ("Rækker er ikke data og er udeladt.", "Intet, hvis det er rigtigt."),
        "COLUMN_NOT_READ": ("Kolonner er ikke aftalt og læses ikke.", "Udelad dem næste gang."),
        "MISSING_COLUMN": ("En kolonne mangler.", "Tilføj den, eller giv den den aftalte overskrift."),
        "DUPLICATE_HEADER": ("En overskrift står over flere kolonner.", "Lad én af dem stå."),
        "NO_ROWS": ("Der er ingen rækker med data.", "Send filen igen."),
        "TOO_MANY_REFUSED": (
            "For mange rækker er forkerte, så hele leverancen er afvist.",
            "Ret rækkerne, og send den igen.",
        ),
        "DUPLICATE": ("Vi har allerede denne leverance.", "Intet."),
        "EMPTY_FILE": ("Filen er tom.", "Send den igen."),
    },
}
"""Language → code → what is wrong, how to mend it. A code that is not here speaks through its detail."""

LABELS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Receipt",
        "accepted": "Accepted",
        "partially_accepted": "Accepted in part",
        "refused": "Refused",
        "duplicate": "Received before",
        "rows": "Rows",
        "read": "read",
        "n_accepted": "accepted",
        "n_refused": "refused",
        "withheld": "withheld (no consent)",
        "ignored": "left out (no data)",
        "file": "File",
        "arrived": "Arrived",
        "how": "How the file was read",
        "findings": "What was found",
        "nothing": "Nothing was found wrong.",
        "code": "Code",
        "column": "Column",
        "count": "Rows",
        "first": "First row",
        "what": "What is wrong",
        "mend": "How to mend it",
        "texts": "Texts",
        "meant": "perhaps",
        "contact": "Questions",
        "annotated": "The refused rows, each with what is wrong, are in",
    },
    "da": {
        "title": "Kvittering",
        "accepted": "Modtaget",
        "partially_accepted": "Delvist modtaget",
        "refused": "Afvist",
        "duplicate": "Modtaget før",
        "rows": "Rækker",
        "read": "læst",
        "n_accepted": "modtaget",
        "n_refused": "afvist",
        "withheld": "holdt tilbage (intet samtykke)",
        "ignored": "udeladt (ikke data)",
        "file": "Fil",
        "arrived": "Ankommet",
        "how": "Sådan blev filen læst",
        "findings": "Hvad vi fandt",
        "nothing": "Vi fandt ingen fejl.",
        "code": "Kode",
        "column": "Kolonne",
        "count": "Rækker",
        "first": "Første række",
        "what": "Hvad er galt",
        "mend": "Sådan rettes det",
        "texts": "Tekster",
        "meant": "måske",
        "contact": "Spørgsmål",
        "annotated": "De afviste rækker, hver med hvad der er galt, står i",
    },
}


def language_of(wanted: str) -> str:
    """Return the language to speak: the one wanted if we know it, else English."""
    return wanted if wanted in WORDS else "en"


def said(code: str, language: str) -> tuple[str, str]:
    """Return what is wrong and how to mend it; two empty texts for a code that speaks through its detail."""
    return WORDS[language].get(code, ("", ""))
