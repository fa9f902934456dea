"""The category of one event: its definition's, or for I/O on any descriptor that of what the descriptor stands for."""

from __future__ import annotations

from kindling.catalogue.model import Category, Definition
from kindling.enrich.kinds import FdType

SOCKETS = frozenset({FdType.IPV4, FdType.IPV6, FdType.UNIX, FdType.NETLINK, FdType.PACKET, FdType.SOCKET})
_BY_TYPE = {kind.text: Category.NET for kind in SOCKETS} | {FdType.PIPE.text: Category.IPC}


def follows_descriptor(definition: Definition) -> bool:
    """Whether the definition is I/O on a descriptor of any kind: read, write, close, fcntl ..."""
    return definition.category is Category.FILE and definition.descriptor not in (None, "ret")


def category_of(definition: Definition, fd_type: str | None) -> Category:
    """The category of an event with a descriptor of this type: net for sockets, ipc for pipes, or its definition's."""
    if fd_type is not None and follows_descriptor(definition):
        return _BY_TYPE.get(fd_type, definition.category)
    return definition.category
