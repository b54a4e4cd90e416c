"""``make ui``: the Dagster UI and the daemon that watches the inbox, on this machine only.

One code server for both, so that reloading in the UI is also what the daemon sees. Set ``CITIZENSTATS_PORT`` for
another port than 3000 and ``CITIZENSTATS_HOST`` to listen elsewhere than on the loopback address: behind a proxy that
asks who comes, because Dagster does not.
"""

from __future__ import annotations

import os
import sys

from resources.house import HOME, MAPPINGS, ROOT, HouseResource
from resources.instance import prepare

HOST, PORT = "CITIZENSTATS_HOST", "CITIZENSTATS_PORT"


def command() -> list[str]:
    """Return the command that starts webserver, daemon and code server."""
    host, port = os.environ.get(HOST) or "127.0.0.1", os.environ.get(PORT) or "3000"
    # Dagster's own advice at start is to use another command, which knows no workspace.yaml.
    quiet = "ignore:Function `dev_command` is superseded"
    return [
        sys.executable, "-W", quiet, "-m", "dagster", "dev",
        "--workspace", str(ROOT / "workspace.yaml"), "--host", host, "--port", port,
    ]  # fmt: skip


def environment() -> dict[str, str]:
    """Return the environment of those processes; Dagster's folder is made when it is missing."""
    house = HouseResource.at()
    return {
        **os.environ,
        HOME: house.home,
        MAPPINGS: house.mappings,
        "DAGSTER_HOME": str(prepare(house.open().store.home)),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        # A look at the inbox hashes what came; the daemon's patience of 60 s is short for large files on slow disks.
        "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS": "300",
    }


def main() -> None:
    """Become `dagster dev`; Ctrl-C stops all of it."""
    os.execve(sys.executable, command(), environment())  # noqa: S606 a shell would be one process too many


if __name__ == "__main__":
    main()
