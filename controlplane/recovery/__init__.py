"""Restores what was lost or damaged on the state volume (docs/damage.md).

Absent is never taken for new: each part is put back from what the others know. A module a part; they are
called in order by `controlplane.daemon.start`, and cost a few reads where nothing is the matter.
"""
