from datetime import UTC, datetime

from citizenstats.engine import session
from citizenstats.release.compare import Changes, Comparison

from .support import read, row, structure, write

EARLIER = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 2, 1, tzinfo=UTC)
KEY = '"REF_AREA", "OBS_VALUE"'


def files(folder, before, after):
    """Return the comparison of two states, the first of which was loaded at EARLIER."""
    write(folder / "before.parquet", before)
    write(folder / "after.parquet", after)
    first = Comparison(structure(), folder / "before.parquet")
    with session([folder]) as engine:
        listed = folder / "first.parquet"
        engine.write_parquet(first.table(engine), listed)
        engine.write_parquet(
            first.present_with_load_times(engine, listed, EARLIER), folder / "former.parquet"
        )
        engine.write_parquet(
            first.history_with_load_times(engine, listed, EARLIER), folder / "history.parquet"
        )
    return Comparison(
        structure(), folder / "after.parquet", folder / "former.parquet", folder / "history.parquet"
    )


def test_the_first_state_adds_everything(tmp_path):
    write(tmp_path / "p.parquet", [row("DK"), row("NP")])
    with session([tmp_path]) as engine:
        assert Comparison(structure(), tmp_path / "p.parquet").changes(engine) == Changes(2, 0, 0)


def test_the_same_observations_are_no_change(tmp_path):
    comparison = files(tmp_path, [row(), row(sex="M", value=None)], [row(sex="M", value=None), row()])
    with session([tmp_path]) as engine:
        assert not comparison.changes(engine)


def test_what_came_changed_and_went_is_counted_and_listed(tmp_path):
    comparison = files(
        tmp_path,
        [row("DK", value=1), row("NP", value=2), row("PH", value=3)],
        [row("DK", value=1), row("NP", value=None), row("PH", "M", value=4)],
    )
    with session([tmp_path]) as engine:
        assert comparison.changes(engine) == Changes(added=1, changed=1, withdrawn=1)
        engine.write_parquet(comparison.table(engine), tmp_path / "changes.parquet")
    columns = '"REF_AREA", "SEX", change, "OBS_VALUE_before", "OBS_VALUE_after", "OBS_STATUS_after"'
    assert read(tmp_path / "changes.parquet", columns) == [
        ("NP", "F", "changed", 2.0, None, "Q"),
        ("PH", "F", "withdrawn", 3.0, None, None),
        ("PH", "M", "added", None, 4.0, "A"),
    ]


def test_an_attribute_alone_is_a_change(tmp_path):
    comparison = files(tmp_path, [row(COMMENT_OBS="a")], [row(COMMENT_OBS=None)])
    with session([tmp_path]) as engine:
        assert comparison.changes(engine) == Changes(0, 1, 0)


def test_unchanged_observations_keep_their_load_time_and_former_ones_go_to_the_history(tmp_path):
    comparison = files(
        tmp_path,
        [row("DK", value=1), row("NP", value=2), row("PH", value=3)],
        [row("DK", value=1), row("NP", value=5)],
    )
    with session([tmp_path]) as engine:
        engine.write_parquet(comparison.table(engine), tmp_path / "c.parquet")
        engine.write_parquet(
            comparison.present_with_load_times(engine, tmp_path / "c.parquet", LATER), tmp_path / "o.parquet"
        )
        engine.write_parquet(
            comparison.history_with_load_times(engine, tmp_path / "c.parquet", LATER), tmp_path / "h.parquet"
        )
    assert read(tmp_path / "o.parquet", f"{KEY}, valid_from") == [("DK", 1, EARLIER), ("NP", 5, LATER)]
    assert read(tmp_path / "h.parquet", f"{KEY}, valid_from, valid_to") == [
        ("NP", 2, EARLIER, LATER),
        ("PH", 3, EARLIER, LATER),
    ]


def test_the_history_is_carried_on(tmp_path):
    comparison = files(tmp_path, [row(value=1)], [row(value=2)])
    with session([tmp_path]) as engine:
        engine.write_parquet(comparison.table(engine), tmp_path / "c.parquet")
        engine.write_parquet(
            comparison.present_with_load_times(engine, tmp_path / "c.parquet", LATER), tmp_path / "o.parquet"
        )
        engine.write_parquet(
            comparison.history_with_load_times(engine, tmp_path / "c.parquet", LATER), tmp_path / "h.parquet"
        )
    write(tmp_path / "last.parquet", [])
    last = Comparison(structure(), tmp_path / "last.parquet", tmp_path / "o.parquet", tmp_path / "h.parquet")
    end = datetime(2026, 3, 1, tzinfo=UTC)
    with session([tmp_path]) as engine:
        engine.write_parquet(last.table(engine), tmp_path / "c2.parquet")
        engine.write_parquet(
            last.history_with_load_times(engine, tmp_path / "c2.parquet", end), tmp_path / "h2.parquet"
        )
    assert read(tmp_path / "h2.parquet", f"{KEY}, valid_from, valid_to") == [
        ("DK", 1, EARLIER, LATER),
        ("DK", 2, LATER, end),
    ]
