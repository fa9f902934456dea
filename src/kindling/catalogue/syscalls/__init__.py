"""The system calls, one module per area, each with its definitions as `SYSCALLS`."""
