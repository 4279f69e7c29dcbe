"""One GPU for each process that trains, on a machine that has several.

A cluster's scheduler does this itself. Elsewhere `--resources gpu=4` has four trainings run at a time, and libraries
take the first GPU that they see, or all of them: so each process is left with one to see.
"""

import contextlib
import fcntl
import os
import tempfile
from pathlib import Path

VISIBLE = "CUDA_VISIBLE_DEVICES"  # the environment variable that CUDA reads: numbers or identifiers, with commas

_locked_files = []  # open: closed, and their locks released, when the process ends


def claim(folder: Path | None = None) -> None:
    """Leave this process one of the GPUs that it sees, which no other process of this user has claimed.

    To be called before a library looks for GPUs. Claims are locks on files in `folder` (by default one of the user's
    among the machine's temporary files) and end with the process. Where all are claimed, because there are more jobs
    than GPUs, or where there can be no locks, they are shared: libraries are told to take memory only as they need it.
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
    """The GPUs that CUDA shows this process, as CUDA_VISIBLE_DEVICES would name them; `machine` has their devices."""
    if VISIBLE in os.environ:
        return [device.strip() for device in os.environ[VISIBLE].split(",") if device.strip() not in ("", "-1")]
    return [str(number) for number, _ in enumerate(machine.glob("nvidia[0-9]*"))]
