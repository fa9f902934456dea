"""Filters in the syntax of sysdig and Falco: parsed, checked, split between kernel and here, asked of batches."""

from kindling.stream.filter.compiled import Filter, compile
from kindling.stream.filter.pushdown import Part, Place, Pushed, explain, push_down

__all__ = ["Filter", "Part", "Place", "Pushed", "compile", "explain", "push_down"]
