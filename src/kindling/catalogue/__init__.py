"""The single source of truth: every event's definition, and what can be asked about the definitions."""
