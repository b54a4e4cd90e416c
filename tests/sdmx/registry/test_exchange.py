"""Registries that speak REST 2.x, 1.5 or bad manners, played by a real HTTP server: pull, compare, push."""

from __future__ import annotations

import dataclasses
import shutil
import threading
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from citizenstats.contracts.load import load_mappings
from citizenstats.errors import StructureError
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import Reference
from citizenstats.sdmx.registry import client
from citizenstats.sdmx.registry.client import TOKEN, Registry
from citizenstats.sdmx.registry.differences import artefacts_of
from citizenstats.sdmx.registry.exchange import chosen, compare, pull, push
from citizenstats.sdmx.registry.message import read_structures
from citizenstats.sdmx.selected import Selected, select
from citizenstats.sdmx.structures import written
from tests.conftest import ROOT
from tests.sdmx.test_structure_messages import OWN, awkward

HEADER = Header("R1", datetime(2026, 1, 1, tzinfo=UTC), "REGISTRY")
SECRET = "keeper:very secret"
KINDS = {
    "codelist": "Codelist", "conceptscheme": "ConceptScheme", "categoryscheme": "CategoryScheme",
    "agencyscheme": "AgencyScheme", "dataproviderscheme": "DataProviderScheme", "datastructure": "DataStructure",
    "dataflow": "Dataflow", "provisionagreement": "ProvisionAgreement", "categorisation": "Categorisation",
    "dataconstraint": "DataConstraint", "contentconstraint": "DataConstraint",
}  # fmt: skip
NONE = Selected((), (), (), (), (), ())
PAGE = b"<!doctype html><html><body>Sorry</body></html>"


def one(selected, kind, identifier):
    """Return the message content with one artefact of those that a registry has; None when it has none."""
    by_kind = {
        "DataStructure": "data_structures", "Dataflow": "dataflows", "ProvisionAgreement": "agreements",
        "Categorisation": "categorisations", "DataConstraint": "constraints",
    }  # fmt: skip
    field = by_kind.get(kind, "schemes")
    found = tuple(
        a
        for a in getattr(selected, field)
        if a.reference.id == identifier and getattr(a, "kind", kind) == kind
    )
    return dataclasses.replace(NONE, **{field: found}) if found else None


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append((self.path, self.headers.get("Accept"), self.headers.get("Authorization")))
        status, content, kind = server.answer(self.path, self.headers.get("Accept", ""))
        self.reply(status, content, kind)

    def do_PUT(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Authorization") is None:
            return self.reply(401, PAGE, "text/html")
        self.server.taken.append((self.command, self.path, self.headers["Content-Type"], content))
        return self.reply(self.server.status, b"{}", "application/json")

    def do_POST(self):
        self.do_PUT()

    def reply(self, status, content, kind):
        self.send_response(status)
        if status == 302:
            self.send_header("Location", content.decode())
            content = b""
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    def __init__(self, selected):
        super().__init__(("127.0.0.1", 0), Handler)
        self.selected, self.asked, self.taken, self.status = selected, [], [], 201

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}{self.base}"


class Modern(Server):
    base = "/rest/v2"

    def answer(self, path, accept):
        place, _, query = path.partition("?")
        parts = place.removeprefix(self.base).strip("/").split("/")
        if parts[0] != "structure" or len(parts) != 5:
            return 404, b"{}", "application/json"
        told = one(self.selected, KINDS.get(parts[1], ""), parts[3])
        if told is None:
            return 204, b"", "application/json"
        whole = self.selected if "references=descendants" in query else told
        return 200, written(whole, "json-2.0", HEADER), "application/vnd.sdmx.structure+json;version=2.0.0"


class Old(Server):
    """REST 1.5: busy at first, leads elsewhere, knows one media type and not `descendants`, calls everything a page."""

    base = "/ws/public/sdmxapi/rest"

    def answer(self, path, accept):
        place, _, query = path.partition("?")
        parts = place.removeprefix(self.base).strip("/").split("/")
        if parts[0] == "structure":
            return 200, PAGE, "text/html"
        if len(self.asked) < 10 and not any("moved" in asked for asked, *_ in self.asked):
            return 302, f"{self.base}/moved{path.removeprefix(self.base)}".encode(), "text/html"
        parts = parts[1:] if parts[0] == "moved" else parts
        if "," in accept:
            return 406, PAGE, "text/html"
        if "descendants" in query:
            return 501, PAGE, "text/html"
        if one(self.selected, KINDS.get(parts[0], ""), parts[2]) is None:
            return 404, PAGE, "text/html"
        return 200, b"\xef\xbb\xbf" + written(self.selected, "ml-2.1", HEADER), "text/html"


class Busy(Modern):
    def answer(self, path, accept):
        return (503, PAGE, "text/html") if len(self.asked) < 3 else super().answer(path, accept)


class Closed(Modern):
    def answer(self, path, accept):
        return 403, PAGE, "text/html"


class Elsewhere(Modern):
    def answer(self, path, accept):
        return 200, PAGE, "text/html"


@cache
def whole():
    return select(awkward(), [OWN])


@pytest.fixture
def serve(monkeypatch):
    monkeypatch.setattr(client, "WAIT", 0.001)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv(TOKEN, raising=False)
    started = []

    def start(kind, selected=None):
        server = kind(selected or whole())
        threading.Thread(target=server.serve_forever, daemon=True).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("kind", "suffix"), [(Modern, ".json"), (Old, ".xml"), (Busy, ".json")])
def test_a_dataflow_is_pulled_with_all_that_it_needs_and_kept_as_received(serve, tmp_path, kind, suffix):
    server = serve(kind)
    with Registry(server.url) as registry:
        kept = pull(registry, str(OWN), tmp_path)
        again = pull(registry, f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={OWN}", tmp_path)
    assert kept.file == tmp_path / "OFFICE" / "imported" / f"Dataflow_HOMES_1.0.0{suffix}"
    assert (kept.changed, again.changed) == (True, False)
    read = read_structures(kept.file.read_bytes())
    assert list(read.data_structures.values()) == list(whole().data_structures)
    assert set(read.schemes) == {s.reference for s in whole().schemes}
    sources = (kept.file.parent / "SOURCES.csv").read_text().splitlines()
    assert len(sources) == 2
    assert sources[1].startswith(kept.file.name)
    assert [p for p in kept.file.parent.iterdir() if p.suffix == ".part"] == []


def test_what_was_pulled_is_there_when_the_mappings_are_loaded(serve, tmp_path):
    mappings = tmp_path / "mappings"
    mappings.mkdir()
    shutil.copy(ROOT / "sdmx_mappings" / "agency.yaml", mappings)
    with Registry(serve(Old).url) as registry:
        kept = pull(registry, str(OWN), mappings / "structures")
    loaded = load_mappings(mappings).structures
    assert loaded.structure_of(OWN) == awkward().structure_of(OWN)
    assert loaded.scheme(Reference("OFFICE", "CL_REGION", "1.0.0")).items == awkward().scheme(
        Reference("OFFICE", "CL_REGION", "1.0.0")
    ).items  # fmt: skip
    kept.file.write_bytes(PAGE)
    with pytest.raises(Exception, match="NOT_STRUCTURES") as error:
        load_mappings(mappings)
    assert kept.file.name in str(error.value)


@pytest.mark.parametrize(("kind", "reference", "code"), [
    (Modern, "OFFICE:NO_SUCH(1.0.0)", "NOT_THERE"),
    (Old, "OFFICE:NO_SUCH(1.0.0)", "NOT_THERE"),
    (Modern, "OFFICE:HOMES(9.0.0)", "NOT_THERE"),
    (Closed, str(OWN), "NOT_ALLOWED"),
    (Elsewhere, str(OWN), "NO_ANSWER"),
    (Modern, "no reference", "BAD_REFERENCE"),
])  # fmt: skip
def test_what_does_not_come_is_told_and_nothing_is_kept(serve, tmp_path, kind, reference, code):
    with pytest.raises(StructureError) as error, Registry(serve(kind).url) as registry:
        pull(registry, reference, tmp_path)
    assert error.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_an_address_out_of_reach_or_with_credentials_is_refused(serve, monkeypatch):
    monkeypatch.setattr(client, "ATTEMPTS", 2)
    server = serve(Modern)
    server.server_close()
    with pytest.raises(StructureError) as error, Registry(server.url) as registry:
        registry.pull("Dataflow", OWN)
    assert error.value.code == "OUT_OF_REACH"
    with pytest.raises(StructureError) as error:
        Registry("https://user:hidden@registry.example/rest")
    assert "hidden" not in str(error.value)
    with pytest.raises(StructureError):
        Registry("file:///etc/passwd")


def test_credentials_go_to_the_registry_and_nowhere_else(serve, monkeypatch):
    monkeypatch.setenv(TOKEN, SECRET)
    there, other = serve(Modern), serve(Modern)
    there.answer = lambda path, accept: (
        302,
        f"{other.url}{path.removeprefix(other.base)}".encode(),
        "text/html",
    )
    # Another port is another origin.
    with Registry(there.url) as registry:
        registry.pull("Dataflow", OWN)
    assert {asked[2] for asked in other.asked} == {None}
    assert all(asked[2].startswith("Basic ") for asked in there.asked)


def test_differences_are_told_by_artefact_and_item(serve):
    mine = chosen(awkward(), ["OFFICE:HOMES"], "OFFICE")
    codes = next(s for s in mine.schemes if s.kind == "Codelist")
    fewer = dataclasses.replace(codes, items=tuple(i for i in codes.items if i.id not in ("R3", "R4")))
    others = tuple(fewer if s is codes else s for s in mine.schemes if s.kind != "ConceptScheme")
    server = serve(Modern, dataclasses.replace(mine, schemes=others))
    with Registry(server.url) as registry:
        found = {f"{d.kind} {d.reference.id}": (d.state, d.details) for d in compare(registry, mine)}
    assert found == {
        "AgencyScheme AGENCIES": ("same", ()), "Codelist CL_REGION": ("changed", ("adds R3, R4",)),
        "ConceptScheme CS_OFFICE": ("new", ()), "DataConstraint CN_HOMES": ("same", ()),
        "DataStructure HOMES": ("same", ()), "Dataflow HOMES": ("same", ()),
    }  # fmt: skip


@pytest.mark.parametrize(("fusion", "method", "path"), [
    (False, "PUT", "/rest/v2/structure"), (True, "POST", "/rest/v2/ws/secure/sdmxapi/rest"),
])  # fmt: skip
@pytest.mark.parametrize("form", ["ml-2.1", "json-2.0"])
def test_what_is_pushed_is_what_is_here(serve, monkeypatch, form, fusion, method, path):
    server, mine = serve(Modern), chosen(awkward(), ["OFFICE:HOMES"], "OFFICE")
    with pytest.raises(StructureError, match="NOT_ALLOWED"), Registry(server.url) as registry:
        push(registry, mine, form, "OFFICE", fusion=fusion)
    assert server.taken == []
    monkeypatch.setenv(TOKEN, SECRET)
    with Registry(server.url) as registry:
        assert push(registry, mine, form, "OFFICE", fusion=fusion).status == 201
        server.status = 422
        with pytest.raises(StructureError, match=r"NOT_TAKEN.*422") as error:
            push(registry, mine, form, "OFFICE", fusion=fusion)
    assert "secret" not in str(error.value)
    (said, place, _, content), *_ = server.taken
    assert (said, place) == (method, path)
    assert read_structures(content).data_structures == artefacts_of(mine).data_structures


def test_by_command_a_push_is_a_dry_run_first(serve, citizenstats, monkeypatch):
    mappings = ROOT / "sdmx_mappings"
    flow = "CITIZENSTATS:DISABILITY_BAROMETER"
    server = serve(Modern, NONE)
    said = citizenstats("--mappings", mappings, "structures", "push", server.url, flow)
    assert said.code == 0, said.err
    assert "new      DataStructure CITIZENSTATS:DISABILITY_BAROMETER(1.0.0)" in said.out
    assert server.taken == []
    monkeypatch.setenv(TOKEN, "a-token")
    said = citizenstats("--mappings", mappings, "structures", "push", server.url, flow, "--submit")
    assert said.code == 0, said.err
    assert "submitted (status 201)" in said.out
    assert len(server.taken) == 1
    said = citizenstats("--mappings", mappings, "structures", "diff", server.url, flow)
    assert said.code == 1
