"""The kernel's symbolic names and structures, one module per area; `common` holds what several areas use."""
