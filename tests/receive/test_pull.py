"""Sources that are fetched: one GET by real HTTP, with a token, limits and patience."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from citizenstats.errors import DeliveryError
from citizenstats.receive.receive import receive
from tests.receive.office import DATASET, Office, file, row

OFFICE = Callable[..., Office]
BODY = file(*(row(f"p{n}") for n in range(5))).encode()
TOKEN = "a-secret-token"


class Source(BaseHTTPRequestHandler):
    """A partner's API, as strict as the test wants it."""

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Api)
        server.asked.append(self.headers.get("Authorization"))
        status = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/moved")
            server.answers[:] = [200]
        body = server.body if status == 200 else b"secret trouble"
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Api(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Source)
        self.answers, self.asked, self.body = [200], list[str | None](), BODY

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/export.csv"


@pytest.fixture
def api() -> Iterator[Api]:
    server = Api()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def office(office_of: OFFICE, api: Api, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("WATCH_TOKEN", TOKEN)
    pull = {"url": api.url, "token_env": "WATCH_TOKEN", "file_name": "export.csv"}
    return office_of(lambda c: c["delivery"].update({"pull": pull, "max_megabytes": 1}))


def fetch(office: Office) -> tuple[str, ...]:
    return tuple(o.status for o in receive(office.house, DATASET, settle=0.0, fetch=True).outcomes)


def test_a_source_is_fetched_with_its_token_and_becomes_a_delivery(office: Office, api: Api) -> None:
    assert fetch(office) == ("accepted",)
    assert api.asked == [f"Bearer {TOKEN}"]
    assert len(office.records()) == 5


def test_the_same_answer_again_is_no_delivery(office: Office, api: Api) -> None:
    fetch(office)
    assert fetch(office) == ()
    api.body = BODY.replace(b"12,5", b"13,5")
    assert fetch(office) == ("accepted",)


def test_trouble_that_passes_is_waited_for(office: Office, api: Api) -> None:
    api.answers = [503, 429, 200]
    assert fetch(office) == ("accepted",)
    assert len(api.asked) == 3


def test_a_redirect_is_followed(office: Office, api: Api) -> None:
    api.answers = [302, 200]
    assert fetch(office) == ("accepted",)


@pytest.mark.parametrize("status", [401, 404])
def test_what_does_not_pass_is_an_error_that_shows_neither_token_nor_answer(
    office: Office, api: Api, status: int
) -> None:
    api.answers = [status]
    with pytest.raises(DeliveryError, match=f"PULL_FAILED: the source answered {status}") as raised:
        fetch(office)
    assert len(api.asked) == 1
    assert TOKEN not in str(raised.value)
    assert "secret trouble" not in str(raised.value)


def test_a_source_that_sends_too_much_is_cut_off(office: Office, api: Api) -> None:
    api.body = b"x" * (2 << 20)
    with pytest.raises(DeliveryError, match="TOO_LARGE"):
        fetch(office)
    assert not list((office.home / "restricted" / "scratch").iterdir())


def test_without_its_token_nothing_is_asked(
    office: Office, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WATCH_TOKEN")
    with pytest.raises(DeliveryError, match="WATCH_TOKEN is not set"):
        fetch(office)
    assert api.asked == []
