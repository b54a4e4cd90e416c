"""Reference metadata: what is said of a release as a whole, as SDMX metadata structure, reports and messages.

What belongs here: the metadata structure for citizen data, filling a report from contracts and a release's facts, and
writing it. What does not: judging (`citizenstats.quality`). Nothing of microdata, no partner's file name, and nothing about
single rows is in a report: it is published with the release.

    citizen_data.yaml  the attributes of CITIZENSTATS:CITIZEN_DATA_MSD, with their concepts
    model.py           reports as values
    structure.py       the metadata structure, its concepts and its metadataflow, as structure messages
    report.py          a report from contracts and facts
    sdg.py             the same for the SDG national reporting, IAEG-SDGs:SDG_MSD
    write_ml.py        messages in SDMX-ML 3.0 and 3.1, and 2.1 for the SDG reporting
    write_json.py      messages in SDMX-JSON 2.0 and 2.1, and reading one back
    files.py           the files of each release, and a release's report in another format
"""
