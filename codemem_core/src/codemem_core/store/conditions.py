"""Conditions on memories that several queries share.

On the hook path: no imports.
"""

from __future__ import annotations

CURRENT = "NOT EXISTS (SELECT 1 FROM memories n WHERE n.id = m.outdated_by AND n.active = 1)"
"""Of memories `m`: no newer one that is still there says otherwise."""
HELD = "coalesce(m.held, m.origin IN ('external', 'import', 'teammate'))"
"""Of memories `m`: not to be injected until a person confirms it."""
WANTED = f"""
    m.active = 1 AND (:kind IS NULL OR m.kind = :kind)
    AND (:project IS NULL OR m.project = :project OR m.scope = 'user')
    AND (NOT :trusted OR m.confirmed OR NOT {HELD})
"""
"""Filters of memories `m`: `kind`, `project`, `trusted`."""
