"""The child processes that read: one for each delivery, forked from a parent that is warm.

A reader needs most of a second to import what it needs. So one process imports it, once, and then only forks: a child for
each job, which has the imports but has never seen another's bytes, since its parent sees none. What a child may do is
`reader`; what becomes of its outcome is `read`.
"""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import threading

HANDED = b"j"
"""The byte that carries a job's socket to the warm process."""


class Readers:
    """The warm process of this process: begun with the first job, begun again when it is gone, ended with this one."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def do(self, job: str) -> int | None:
        """Have a child do a job.

        Args:
            job: a `reader.Job` as JSON.

        Returns:
            The exit code; negative for the signal that ended it, as of `subprocess`; None when nobody can say.
        """
        ours, theirs = socket.socketpair()
        with ours:
            with theirs, self._lock:
                socket.send_fds(self._warm(), [HANDED], [theirs.fileno()])
            try:
                ours.sendall(job.encode())
                ours.shutdown(socket.SHUT_WR)
                said = ours.recv(16)
            except OSError:
                return None
        return int(said) if said else None

    def end(self) -> None:
        """End the warm process and wait for it; the next job begins another."""
        with self._lock:
            if self._owner == os.getpid() and self._control and self._process:
                self._control.close()
                self._process.wait()
            self._control = self._process = self._owner = None

    def _warm(self) -> socket.socket:
        """Return the socket to a warm process of our own."""
        is_ours = self._owner == os.getpid()
        if is_ours and self._control and self._process and self._process.poll() is None:
            return self._control
        if self._control:
            self._control.close()
        else:
            # Who reaps orphans may not be there in a container.
            atexit.register(self.end)
        self._control, theirs = socket.socketpair()
        self._owner = os.getpid()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "citizenstats.receive.reader", str(theirs.fileno())],
                # Their output is dropped: a library's last words may quote a cell.
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={
                    "PATH": os.environ.get("PATH", ""),
                    "PYTHONPATH": os.pathsep.join(sys.path),
                    "LANG": "C.UTF-8",
                    # Who forks should have one thread: BLAS and Arrow's allocator would begin others.
                    "JE_ARROW_MALLOC_CONF": "background_thread:false",
                    "OPENBLAS_NUM_THREADS": "1",
                    "OMP_NUM_THREADS": "1",
                },
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # who interrupts us has not judged the file
            )
        return self._control
