"""Where everything lies, and the one door through which everything is written.

Only this module knows paths. The store is folders of files on a local POSIX file system; what is committed
is never changed. `Store.commit_folder` and `Store.commit_file` write to a temporary name beside the target,
flush to disk, and rename: a crash anywhere leaves the former state. "Current" is derived, or is one small
pointer file replaced in one step.

    <home>/inbox/<partner>/<dataset>/      partners write here: 2770, for the group of the partner
    <home>/outbox/<partner>/<dataset>/     receipts: 2750, its files 0640, for the group of the partner
    <home>/restricted/                     everything that is not public: 0700, its files 0600
    <home>/published/                      everything that is public: 0755, its files 0644

The modes are those, whatever the umask. A folder of a partner keeps the group that it is given.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citizenstats.errors import CitizenstatsError

_WORK = ".work-"
_DAY = 24 * 60 * 60
_OURS = (0o700, 0o600)
_PARTNERS = (0o2750, 0o640)
_EVERYBODYS = (0o755, 0o644)
_INBOX = 0o2770


@dataclass(frozen=True)
class Store:
    """The data root of one office."""

    home: Path

    # --- places -------------------------------------------------------------------------------------------

    @property
    def restricted(self) -> Path:
        """Everything that is not public; mode 0700."""
        return self.home / "restricted"

    @property
    def published(self) -> Path:
        """Everything that is public."""
        return self.home / "published"

    @property
    def catalog(self) -> Path:
        """Views over the published Parquet, for analysts' tools."""
        return self.published / "catalog.duckdb"

    @property
    def scratch(self) -> Path:
        """Where the engine may spill; inside the restricted part."""
        return self.restricted / "scratch"

    @property
    def dagster(self) -> Path:
        """Dagster's own files; they are restricted too."""
        return self.restricted / "dagster"

    def inbox(self, dataset: str) -> Path:
        """The folder that the partner of ``partner/dataset`` writes to."""
        return self.home / "inbox" / dataset

    def outbox(self, dataset: str) -> Path:
        """The folder where the partner finds receipts."""
        return self.home / "outbox" / dataset

    def deliveries(self, dataset: str) -> Path:
        """The deliveries of a dataset, one folder each."""
        return self.restricted / "deliveries" / dataset

    def observed(self, dataset: str) -> Path:
        """The coded observations of a dataset: a folder per state, `current.json` names the one that counts."""
        return self.restricted / "observed" / dataset

    def assembled(self, flow: str) -> Path:
        """The assembled states of the dataflow ``AGENCY:ID``."""
        return self.restricted / "assembled" / flow.replace(":", "/")

    def protected(self, family: str) -> Path:
        """The protected states of a family."""
        return self.restricted / "protected" / family

    def candidates(self, flow: str) -> Path:
        """The candidates of the dataflow ``AGENCY:ID``."""
        return self.restricted / "candidates" / flow.replace(":", "/")

    def made(self) -> tuple[list[str], list[str], list[str]]:
        """Return datasets, dataflows and families of which there are states, those that the mappings dropped too."""
        datasets = {f"{p.parent.name}/{p.name}" for p in (self.restricted / "observed").glob("*/*")}
        flows = {
            f"{p.parent.name}:{p.name}"
            for kind in ("assembled", "candidates")
            for p in (self.restricted / kind).glob("*/*")
        }
        families = {p.name for p in (self.restricted / "protected").glob("*")}
        return sorted(datasets), sorted(flows), sorted(families)

    def withdrawals(self, dataset: str) -> Path:
        """The ledger of what was taken back from a dataset, a folder each."""
        return self.restricted / "withdrawals" / dataset

    def erasures(self, dataset: str) -> Path:
        """The ledger of what was destroyed of a dataset, named by the hash of its bytes."""
        return self.restricted / "erasures" / dataset

    def extracts(self, dataset: str) -> Path:
        """The log of what researchers took of a dataset, a folder each."""
        return self.restricted / "extracts" / dataset

    @property
    def secret(self) -> Path:
        """The office's own secret, from which noise comes; made once, and never told."""
        return self.restricted / "secret"

    @property
    def retractions(self) -> Path:
        """The ledger of releases that were taken back: who, when and why."""
        return self.restricted / "retractions"

    def releases(self, flow: str) -> Path:
        """The public folder of the dataflow ``AGENCY:ID``; releases lie under ``<version>/<release>``."""
        return self.published / flow.replace(":", "/")

    def prepare(self) -> None:
        """Make the folders that must be there, with their modes, and remove what a crash left half written."""
        self.home.mkdir(parents=True, exist_ok=True)
        # Who may go through to a folder of one's own learns no other partner's name.
        for folder, mode in (
            (self.home / "inbox", 0o711),
            (self.home / "outbox", 0o711),
            (self.published, 0o755),
        ):
            if not folder.exists():
                folder.mkdir()
                folder.chmod(mode)
        self.restricted.mkdir(mode=0o700, exist_ok=True)
        self.restricted.chmod(0o700)
        self._make(self.scratch)
        for top in (self.restricted, self.published, self.home / "outbox"):
            _sweep(top, never=self.dagster)

    def make_inbox(self, dataset: str) -> Path:
        """Return the folder that the partner of ``partner/dataset`` writes to; one that is made is closed to others."""
        inbox = self.inbox(dataset)
        for folder in (inbox.parent, inbox):
            if not folder.exists():
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(_INBOX)
        return inbox

    # --- the door -----------------------------------------------------------------------------------------

    @contextmanager
    def commit_folder(self, target: Path) -> Iterator[Path]:
        """Give an empty folder to fill; when the block ends without error it becomes `target` in one step.

        Raises:
            CitizenstatsError: ``ALREADY_THERE`` when `target` exists: committed folders never change, and whoever
                comes second must look at what the first one made.
        """
        self._make(target.parent)
        work = target.parent / _work_name()
        work.mkdir(mode=0o700)
        try:
            yield work
            for path in sorted(work.rglob("*")):
                self._close(path)
                _flush(path)
            self._close(work)
            _flush(work)
            try:
                work.rename(target)
            except OSError:
                if target.exists():
                    raise CitizenstatsError(
                        "ALREADY_THERE", f"{target.name} was committed by another run"
                    ) from None
                raise
            _flush(target.parent)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def commit_file(self, target: Path, content: bytes) -> None:
        """Write a file in one step, replacing what was there."""
        self._make(target.parent)
        work = target.parent / _work_name()
        try:
            self._write(work, content)
            work.replace(target)
            _flush(target.parent)
        finally:
            work.unlink(missing_ok=True)

    def commit_once(self, target: Path, content: bytes) -> bool:
        """Write a file whole if there is none yet; return whether it was us."""
        self._make(target.parent)
        work = target.parent / _work_name()
        try:
            self._write(work, content)
            os.link(work, target)
            _flush(target.parent)
        except FileExistsError:
            return False
        finally:
            work.unlink(missing_ok=True)
        return True

    def commit_moved(self, source: Path, target: Path) -> None:
        """Put a whole file of our own where none is yet; one that is there stays.

        It is for bytes that were not kept when their folder was committed; `source` is on the same file system.
        """
        self._close(source)
        _flush(source)
        with suppress(FileExistsError):
            os.link(source, target)
            self._close(target)
        _flush(target.parent)

    def discard(self, *files: Path) -> None:
        """Remove files for good, those that are gone already too; who takes them back has said so before."""
        for file in files:
            file.unlink(missing_ok=True)
        for folder in sorted({file.parent for file in files}):
            _flush(folder)

    def discard_tree(self, folder: Path) -> None:
        """Remove a folder with all that is in it for good; one that is gone already too."""
        if folder.exists():
            shutil.rmtree(folder)
            _flush(folder.parent)

    def claim(self, target: Path) -> bool:
        """Create an empty file if nobody has yet; return whether it was us."""
        self._make(target.parent)
        try:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return False
        return True

    def commit_state(self, place: Path, digest: str, content: Mapping[str, Any]) -> None:
        """Point `place` at its state `digest` with facts about it, in one step."""
        self.commit_file(place / "current.json", as_json({"state": digest, **content}))

    def state(self, place: Path) -> dict[str, Any] | None:
        """Return what `commit_state` wrote last for `place`, with ``state`` and ``folder``; None when nothing."""
        found = read_json(place / "current.json")
        return None if found is None else {**found, "folder": place / found["state"]}

    # --- who may read -------------------------------------------------------------------------------------

    def _write(self, work: Path, content: bytes) -> None:
        work.touch(mode=0o600)
        work.write_bytes(content)
        self._close(work)
        _flush(work)

    def _modes(self, path: Path) -> tuple[int, int] | None:
        """Return the modes of folders and files at a place of the store; None outside of it."""
        if path.is_relative_to(self.restricted):
            return _OURS
        if path.is_relative_to(self.home / "outbox"):
            return _PARTNERS
        return _EVERYBODYS if path.is_relative_to(self.published) else None

    def _close(self, path: Path) -> None:
        """Give a file or folder its mode; what it is given does not depend on the umask."""
        modes = self._modes(path)
        if modes is not None and not path.is_symlink():
            path.chmod(modes[0] if path.is_dir() else modes[1])

    def _make(self, folder: Path) -> None:
        """Make a folder and those above it; those that are there keep what somebody gave them."""
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for one in reversed(missing):
            one.mkdir(mode=0o700, exist_ok=True)
            self._close(one)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return a JSON object; None when there is no such file."""
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    loaded: dict[str, Any] = json.loads(content)
    return loaded


def as_json(content: Any) -> bytes:
    """Return `content` as JSON with sorted keys: the same content gives the same bytes."""
    return (json.dumps(content, ensure_ascii=False, sort_keys=True, indent=2, default=str) + "\n").encode()


def digest(*parts: Any) -> str:
    """Return 16 hex digits that identify JSON-able parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex, reading 1 MiB at a time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _work_name() -> str:
    """Return a temporary name that says which process of which machine is writing there."""
    return f"{_WORK}{_machine()}-{os.getpid()}-{uuid.uuid4().hex}"


def _machine() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _sweep(top: Path, never: Path) -> None:
    """Remove what crashed writers left under a folder."""
    for folder, names, files in os.walk(top):
        names[:] = [name for name in names if Path(folder, name) != never]
        for name in [n for n in names if _is_left_over(Path(folder, n))]:
            shutil.rmtree(Path(folder, name), ignore_errors=True)
            names.remove(name)
        for name in files:
            if _is_left_over(Path(folder, name)):
                Path(folder, name).unlink(missing_ok=True)


def _is_left_over(path: Path) -> bool:
    """Return whether nobody writes there any more: the writer's process is gone, or it is older than a day.

    Only the machine that wrote it can tell whether the process is gone; a container counts as a machine.
    """
    if not path.name.startswith(_WORK):
        return False
    machine, _, rest = path.name.removeprefix(_WORK).partition("-")
    process = rest.partition("-")[0]
    if machine == _machine() and process.isdigit() and not _is_running(int(process)):
        return True
    try:
        return time.time() - path.lstat().st_mtime > _DAY
    except FileNotFoundError:
        return False


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
