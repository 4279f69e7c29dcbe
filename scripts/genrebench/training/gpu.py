"""One GPU for each process that trains, on a machine with several.

The scheduler of a cluster does this itself. Elsewhere `--resources gpu=4` runs four trainings at a time, and libraries
take the first GPU that they see, or all of them. So each process is shown one only.
"""

import contextlib
import fcntl
import os
import tempfile
from pathlib import Path
from typing import IO

VISIBLE = "CUDA_VISIBLE_DEVICES"  # the environment variable that CUDA reads: numbers or identifiers, with commas

_locked_files: list[IO[str]] = []  # kept open: a lock ends when its file is closed, at the end of the process


def claim(folder: Path | None = None) -> None:
    """Show this process one GPU only, one that no other process of this user has claimed.

    Call it before a library looks for GPUs. A claim is a lock on a file and ends with the process. Where all GPUs are
    claimed, or the folder cannot have locks, GPUs are shared: libraries are told to take memory as they need it.

    Parameters
    ----------
    folder
        Where the locks are; by default a folder of the user's among the machine's temporary files.
    """
    devices = visible()
    if len(devices) < 2:
        return
    folder = folder or Path(tempfile.gettempdir(), f"genrebench-gpus-{os.getuid()}")
    for device in devices:
        with contextlib.suppress(OSError):  # claimed, or the folder is somebody else's
            folder.mkdir(exist_ok=True)
            file = (folder / device.replace("/", "_")).open("a")
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _locked_files.append(file)
            os.environ[VISIBLE] = device
            return
    os.environ[VISIBLE] = devices[os.getpid() % len(devices)]


def visible(machine: Path = Path("/dev")) -> list[str]:
    """List the GPUs that CUDA shows this process, as CUDA_VISIBLE_DEVICES names them; `machine` has the devices."""
    if VISIBLE in os.environ:
        return [device.strip() for device in os.environ[VISIBLE].split(",") if device.strip() not in ("", "-1")]
    return [str(number) for number, _ in enumerate(machine.glob("nvidia[0-9]*"))]
