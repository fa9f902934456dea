"""Where events come from: one small protocol (`base`), and the probes that speak it."""
