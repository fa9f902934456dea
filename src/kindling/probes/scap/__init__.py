"""Captures of sysdig and Falco (.scap), read into the events, threads and descriptors that a live probe gives."""
