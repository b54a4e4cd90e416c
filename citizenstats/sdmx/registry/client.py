"""A registry over HTTP: SDMX-REST 2.x and 1.x, whichever it speaks, and servers that are older than their manners.

What differs between servers is tried in turn, and what they answer is judged by its content, never by its label: an answer
may be called ``text/html``, an empty result may be 200, 204 or 404, and a server may refuse a media type or a parameter that
it does not know. Credentials come from the environment, go to the registry's own host only, and are never shown.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlsplit

import httpx
import tenacity

from citizenstats.errors import StructureError
from citizenstats.sdmx.model import Reference
from citizenstats.sdmx.registry.artefacts import Artefacts
from citizenstats.sdmx.registry.message import MOST_BYTES, read_structures

TOKEN = "CITIZENSTATS_REGISTRY_TOKEN"  # noqa: S105 - the name of a variable
"""Environment variable that holds a bearer token, or ``user:password``."""

TIMEOUT = httpx.Timeout(120, connect=15)
ATTEMPTS = 4
"""How often a request is sent when the registry is busy or out of reach."""

_BUSY = (429, 502, 503, 504)
_REST = Literal["2", "1"]
_PATHS = {
    "Codelist": "codelist",
    "ConceptScheme": "conceptscheme",
    "CategoryScheme": "categoryscheme",
    "AgencyScheme": "agencyscheme",
    "DataProviderScheme": "dataproviderscheme",
    "DataStructure": "datastructure",
    "Dataflow": "dataflow",
    "ProvisionAgreement": "provisionagreement",
    "Categorisation": "categorisation",
    "DataConstraint": "dataconstraint",
    "ContentConstraint": "contentconstraint",
}
"""Class of an artefact → its name in a path."""

_OLD_PATHS = {**_PATHS, "DataConstraint": "contentconstraint"}
_ML_3 = "application/vnd.sdmx.structure+xml;version=3.0.0"
_ML_21 = "application/vnd.sdmx.structure+xml;version=2.1"
_JSON_2 = "application/vnd.sdmx.structure+json;version=2.0.0"
_ACCEPTED: dict[_REST, tuple[str, ...]] = {
    "2": (f"{_ML_3}, {_JSON_2};q=0.8, {_ML_21};q=0.6, application/xml;q=0.4", _ML_21, "*/*"),
    "1": (f"{_ML_21}, application/xml;q=0.5", "application/xml", "*/*"),
}
References = Literal["descendants", "all", "children", "none"]
_WIDER: dict[References, tuple[References, ...]] = {
    "descendants": ("descendants", "all", "children", "none"),
    "all": ("all", "descendants", "children", "none"),
    "children": ("children", "none"),
    "none": ("none",),
}
"""What is asked for instead where a server does not know a value of ``references``."""


@dataclass(frozen=True)
class Pulled:
    """What a registry answered: the bytes as they came, the artefacts in them, and the address that gave them."""

    content: bytes
    artefacts: Artefacts
    url: str

    @property
    def suffix(self) -> str:
        """The ending that a file with this content has."""
        return ".xml" if self.content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else ".json"


@dataclass(frozen=True)
class Submitted:
    """What a registry said to a submission: the status, and how it stands in words."""

    status: int
    url: str


class _BusyError(Exception):
    """The registry asks to come back later."""


class Registry:
    """One registry; use it as a context."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise StructureError(
                "BAD_ADDRESS", "a registry's address begins with https://", mend="give its base URL"
            )
        if parts.username or parts.password:
            raise StructureError(
                "BAD_ADDRESS",
                "credentials do not belong into an address",
                mend=f"set {TOKEN} in the environment",
            )
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")
        # httpx leaves credentials out when it is led to another host.
        self._client = httpx.Client(
            timeout=TIMEOUT,
            follow_redirects=True,
            max_redirects=5,
            headers=_credentials(),
            transport=transport,
        )
        self._speaks: _REST | None = None

    def __enter__(self) -> Registry:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._client.close()

    # --- fetch --------------------------------------------------------------------------------------------

    def pull(self, kind: str, reference: Reference, references: References = "descendants") -> Pulled:
        """Fetch an artefact with what it refers to.

        Args:
            kind: its class, such as ``Dataflow``.
            reference: which; the version may be ``latest``.
            references: what else the answer should hold.

        Raises:
            StructureError: ``NOT_THERE`` when the registry has no such artefact; ``NO_ANSWER`` when it does not answer as
                a registry does; the statuses that it gave are told.
        """
        if kind not in _PATHS:
            known = ", ".join(_PATHS)
            raise StructureError("BAD_REFERENCE", f"a {kind} is not pulled", mend=f"name one of {known}")
        statuses: list[str] = []
        versions: tuple[_REST, ...] = (self._speaks,) if self._speaks else ("2", "1")
        for version in versions:
            pulled = self._pull(version, kind, reference, references, statuses)
            if pulled is not None:
                self._speaks = version
                return pulled
        told = ", ".join(dict.fromkeys(statuses))
        if {"200 without it", "204", "404"} & set(statuses):
            raise StructureError(
                "NOT_THERE",
                f"the registry has no {kind} {reference} (statuses: {told})",
                mend="look at id and version",
            )
        raise StructureError(
            "NO_ANSWER",
            f"the registry gives no structure message (statuses: {told})",
            mend="look at its base URL",
        )

    def _pull(
        self, version: _REST, kind: str, reference: Reference, references: References, statuses: list[str]
    ) -> Pulled | None:
        """Return the answer in a version of REST, asked with ever fewer words; None when there is none."""
        for wanted in _WIDER[references]:
            for accept in _ACCEPTED[version]:
                url = self._address(version, kind, reference, wanted)
                status, content = self._get(url, accept)
                statuses.append(str(status))
                if status in (401, 403):
                    raise StructureError(
                        "NOT_ALLOWED", f"the registry refuses access (status {status})", mend=f"set {TOKEN}"
                    )
                if status in (204, 404, 410):
                    return None  # it understood, or speaks another version
                if status in (400, 422, 501):
                    break  # it does not know what else we ask for
                found = _structures(content) if status == 200 else None
                if found is None:
                    statuses[-1] = f"{status} without structures" if status == 200 else statuses[-1]
                elif _holds(found, kind, reference):
                    return Pulled(content, found, url)
                else:
                    statuses[-1] = "200 without it"
                    return None
        return None

    def _address(self, rest: _REST, kind: str, reference: Reference, references: References) -> str:
        version = reference.version
        if rest == "2":
            version = "~" if version == "latest" else version
        path = f"structure/{_PATHS[kind]}" if rest == "2" else _OLD_PATHS[kind]
        base = self.url
        if rest == "2" and base.endswith("/structure"):
            base = base.removesuffix("/structure")
        parts = "/".join(quote(part, safe="~.+*") for part in (reference.agency, reference.id, version))
        return f"{base}/{path}/{parts}?references={references}&detail=full"

    def _get(self, url: str, accept: str) -> tuple[int, bytes]:
        """Return status and content of one request, sent again while the registry is busy."""

        def once() -> tuple[int, bytes]:
            with self._client.stream("GET", url, headers={"Accept": accept}) as answer:
                if answer.status_code in _BUSY:
                    raise _BusyError(answer.status_code)
                return answer.status_code, _content(answer)

        return self._patiently(once)

    def _patiently(self, once: Callable[[], tuple[int, bytes]]) -> tuple[int, bytes]:
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=tenacity.wait_exponential(multiplier=WAIT, max=30),
            retry=tenacity.retry_if_exception_type((_BusyError, httpx.TransportError)),
            reraise=True,
        )
        try:
            found: tuple[int, bytes] = retrying(once)
        except _BusyError as error:
            raise StructureError(
                "BUSY", f"the registry is busy (status {error.args[0]})", mend="try again later"
            ) from None
        except httpx.TooManyRedirects:
            raise StructureError(
                "NO_ANSWER", "the registry leads in circles", mend="look at its base URL"
            ) from None
        except httpx.HTTPError as error:
            raise StructureError(
                "OUT_OF_REACH",
                f"the registry is out of reach ({type(error).__name__})",
                mend="look at the network",
            ) from None
        return found

    # --- submit -------------------------------------------------------------------------------------------

    def submit(self, content: bytes, form: str, *, fusion: bool) -> Submitted:
        """Submit a structure message, which replaces what the registry has of the same identity.

        Args:
            content: the message.
            form: its format, of `citizenstats.sdmx.structures.FORMATS`.
            fusion: to the maintenance service of the Fusion Metadata Registry, which is older than that of SDMX-REST;
                else as SDMX-REST 2.x has it: ``PUT`` to ``/structure``.

        Raises:
            StructureError: ``NOT_TAKEN`` with the status; ``NOT_ALLOWED``.
        """
        if fusion:
            url = f"{_fusion_root(self.url)}/ws/secure/sdmxapi/rest"
            method, headers = "POST", {"Content-Type": "application/text", "Action": "Replace"}
        else:
            url = f"{self.url.removesuffix('/structure')}/structure"
            method, headers = "PUT", {"Content-Type": _MEDIA_TYPES[form]}

        def once() -> tuple[int, bytes]:
            with self._client.stream(method, url, headers=headers, content=content) as answer:
                if answer.status_code in _BUSY:
                    raise _BusyError(answer.status_code)
                return answer.status_code, _content(answer)

        status, _ = self._patiently(once)
        if status in (401, 403):
            raise StructureError(
                "NOT_ALLOWED",
                f"the registry refuses the submission (status {status})",
                mend=f"set {TOKEN}, or ask its owner",
            )
        if status not in (200, 201, 202, 204):
            raise StructureError(
                "NOT_TAKEN", _refused(status), mend="nothing, or only a part, was taken: compare again"
            )
        return Submitted(status, url)


WAIT = 1.0
"""Seconds before a request is sent again; each time twice as many."""

_MEDIA_TYPES = {
    "ml-2.1": _ML_21,
    "ml-3.0": _ML_3,
    "ml-3.1": "application/vnd.sdmx.structure+xml;version=3.1.0",
    "json-1.0": "application/vnd.sdmx.structure+json;version=1.0.0",
    "json-2.0": _JSON_2,
    "json-2.1": "application/vnd.sdmx.structure+json;version=2.1.0",
}


def _refused(status: int) -> str:
    reasons = {
        207: "the registry took a part only",
        409: "the submission breaks a reference or the rules of versions",
        413: "the submission is too large",
        415: "the registry does not take this format",
        422: "the registry finds the structures wrong",
    }
    return f"{reasons.get(status, 'the registry does not take the submission')} (status {status})"


def _fusion_root(url: str) -> str:
    for part in ("/ws/secure/sdmxapi/rest", "/ws/public/sdmxapi/rest", "/sdmx/v2"):
        url = url.removesuffix(part)
    return url


def _credentials() -> dict[str, str]:
    secret = os.environ.get(TOKEN, "")
    if not secret:
        return {}
    if ":" in secret:
        return {"Authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}
    return {"Authorization": f"Bearer {secret}"}


def _content(answer: httpx.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in answer.iter_bytes():
        size += len(part)
        if size > MOST_BYTES:
            raise StructureError(
                "TOO_LARGE", "the registry's answer is larger than is read", mend="ask for less"
            )
        parts.append(part)
    return b"".join(parts)


def _structures(content: bytes) -> Artefacts | None:
    try:
        return read_structures(content)
    except StructureError:
        return None


def _holds(artefacts: Artefacts, kind: str, reference: Reference) -> bool:
    """Return whether the artefact asked for is there: of the version asked for, or of any when it is the latest."""
    kinds = {"ContentConstraint": "DataConstraint"}
    wanted = kinds.get(kind, kind)
    return any(
        (found.agency, found.id) == (reference.agency, reference.id)
        and wanted in listed
        and (not reference.version[:1].isdigit() or _same(found.version, reference.version))
        for found, listed in artefacts.kinds().items()
    )


def _same(one: str, other: str) -> bool:
    return one == other or one.removesuffix(".0") == other.removesuffix(".0") or "+" in other or "*" in other
