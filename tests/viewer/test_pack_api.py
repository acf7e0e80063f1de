"""Packs over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from codemem_core.records.memory import NewMemory
from codemem_core.store import memories, sessions
from codemem_core.store.store import Store
