"""Boots kernels of Debian in QEMU, to run Kindling on kernels that this machine does not have.

`python -m tools.vm 6.1 -- uname -r` on the command line; `Machine.run` in tests.
"""

from tools.vm.kernels import KERNELS, Kernel, VmError
from tools.vm.machine import Machine, Outcome, obstacle

__all__ = ["KERNELS", "Kernel", "Machine", "Outcome", "VmError", "obstacle"]
