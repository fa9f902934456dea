"""JSON Schema (draft 2020-12) of the event as `-o json` writes it: one for all events, and the arguments of each."""

from __future__ import annotations

from collections.abc import Iterable

from kindling.catalogue.model import Category, Definition, Source

JsonSchema = dict[str, object]

_REQUIRED = "timestamp name source category cpu latency thread fd args ret error quality".split()

_TEXT: JsonSchema = {"type": "string"}
_TEXT_OR_NULL: JsonSchema = {"type": ["string", "null"]}
_INTEGER_OR_NULL: JsonSchema = {"type": ["integer", "null"]}
_PORT: JsonSchema = {"type": ["integer", "null"], "minimum": 0, "maximum": 65535}


def arguments_schema(definition: Definition) -> JsonSchema:
    """The schema of `args` of one event."""
    return {
        "type": "object",
        "description": definition.description,
        "properties": {
            argument.name: {**argument.type.schema(), "description": argument.description}
            for argument in definition.arguments
        },
        "additionalProperties": False,
    }


def event_schema(definitions: Iterable[Definition]) -> JsonSchema:
    """The schema of one line of JSON, for all of `definitions`."""
    events = sorted(definitions, key=lambda definition: definition.name)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:kindling:event",
        "title": "Kindling event",
        "description": "One event: one line of `kindling trace -o json`. Bytes that are not UTF-8 are written as "
        "\\xHH, a backslash as two.",
        "type": "object",
        "required": _REQUIRED,
        "properties": {
            "timestamp": _described({"type": "integer"}, "nanoseconds since the epoch at which it completed"),
            "name": _described({"type": "string"}, "the event's name in the catalogue"),
            "source": _described({"enum": [str(source) for source in Source]}, "what made it"),
            "category": _described(
                {"enum": [str(category) for category in Category]},
                "what it is about; for input and output the descriptor decides",
            ),
            "cpu": _described({"type": "integer", "minimum": 0}, "the CPU on which it completed"),
            "latency": _described(
                {"type": ["integer", "null"], "minimum": 0}, "nanoseconds in the call; null without one"
            ),
            "thread": {"$ref": "#/$defs/thread"},
            "fd": {"anyOf": [{"$ref": "#/$defs/fd"}, {"type": "null"}]},
            "args": _described({"type": "object"}, "the arguments by name; see the event's own schema"),
            "ret": _described(_INTEGER_OR_NULL, "the raw result; null for an event that has none"),
            "error": _described(_TEXT_OR_NULL, "the errno's name if the call failed"),
            "quality": _described(
                {"type": "array", "items": _TEXT}, "what could not be had or is not exact; empty when all is well"
            ),
        },
        "allOf": [
            {
                "if": {"properties": {"name": {"const": definition.name}}},
                "then": {"properties": {"args": {"$ref": f"#/$defs/args/{definition.name}"}}},
            }
            for definition in events
        ],
        "$defs": {
            "thread": _THREAD,
            "fd": _FD,
            "args": {definition.name: arguments_schema(definition) for definition in events},
        },
    }


def _described(schema: JsonSchema, description: str) -> JsonSchema:
    return {**schema, "description": description}


_THREAD: JsonSchema = {
    "type": "object",
    "description": "the thread that did it, as it was at that moment",
    "required": ["pid", "tid"],
    "properties": {
        "pid": _described({"type": "integer"}, "process id, as the host counts"),
        "tid": _described({"type": "integer"}, "thread id, as the host counts"),
        "ppid": _described(_INTEGER_OR_NULL, "the parent's process id"),
        "uid": _described(_INTEGER_OR_NULL, "real user id"),
        "gid": _described(_INTEGER_OR_NULL, "real group id"),
        "comm": _described(_TEXT_OR_NULL, "the thread's name, at most 15 bytes"),
        "exe": _described(_TEXT_OR_NULL, "path of the program"),
        "container_id": _described(_TEXT_OR_NULL, "id of its container; null outside of one"),
    },
}

_FD: JsonSchema = {
    "type": "object",
    "description": "the event's descriptor and what it stood for",
    "required": ["num", "type"],
    "properties": {
        "num": _described({"type": "integer"}, "the descriptor's number"),
        "type": _described(_TEXT_OR_NULL, "file, directory, pipe, ipv4, ipv6, unix, eventpoll, eventfd ..."),
        "path": _described(_TEXT_OR_NULL, "files: the path; unix sockets: the address"),
        "inode": _described(_INTEGER_OR_NULL, "inode number"),
        "dev": _described(_TEXT_OR_NULL, "the file system's device, major:minor"),
        "deleted": _described({"const": True}, "files: there is no name left, or the path is another file's by now"),
        "peer_inode": _described({"type": "integer"}, "unix sockets: inode number of the other end"),
        "protocol": _described(_TEXT_OR_NULL, "sockets: tcp, udp, icmp ..."),
        "role": _described({"enum": ["client", "server", None]}, "sockets: which side this process is on"),
        "sip": _described(_TEXT_OR_NULL, "sockets: the client side's address"),
        "sport": _described(_PORT, "sockets: the client side's port"),
        "dip": _described(_TEXT_OR_NULL, "sockets: the server side's address"),
        "dport": _described(_PORT, "sockets: the server side's port"),
    },
}
