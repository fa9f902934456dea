"""The container a process runs in, from the path of its cgroup.

Docker, containerd, CRI-O and Podman all name the cgroup after the container's 64 hexadecimal digits; what stands around
them differs with the runtime, the cgroup driver and Kubernetes.
"""

from __future__ import annotations

import re
from functools import lru_cache

_ID = re.compile(
    rb"""(?:^|/)                                # one component of the path, the innermost that matches:
    (?:(?:docker|cri-containerd|crio|libpod|containerd|nerdctl)[-:])?   # systemd's prefix, or "ns:containerd:"
    (?:[^/]*:)?
    ([0-9a-f]{64})
    (?:\.scope)?
    (?=/|$)""",
    re.VERBOSE,
)


@lru_cache(maxsize=4096)
def container_id(cgroup: bytes) -> str | None:
    """The full id (64 hexadecimal digits) of the innermost container in a cgroup path, None outside of containers."""
    found = _ID.findall(cgroup)
    return found[-1].decode() if found else None
