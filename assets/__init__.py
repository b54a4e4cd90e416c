"""What there is: the assets and their checks, made from the mappings by one factory for each layer.

    received/<partner>/<dataset> → observed/<partner>/<dataset> → assembled/<AGENCY>/<FLOW>
        → protected/<family> → released/<AGENCY>/<FLOW>

Each body calls one function of `citizenstats.flow` and shows what came of it. Add here: a layer, a check, something
to show. Keep out: SQL, parsing, paths, meaning, and anything about when. What is shown in the UI comes only from
`shown.py`, so that one place answers for no microdata being in it.

Modules with assets do not import annotations from the future: Dagster finds resources and config by the annotations of
a body, and takes them as they stand.
"""
