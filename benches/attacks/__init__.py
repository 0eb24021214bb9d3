"""Captures that an attacker would make, by name."""

from . import segments  # isort: skip (plain comes first)
from . import connections, files, network
from .packets import GENERATORS

__all__ = ["GENERATORS", "connections", "files", "network", "segments"]
