"""The read model: the log in SQLite, for questions. Derived from the log, never the truth."""

from controlplane.readmodel.model import ReadModel
from controlplane.readmodel.query import Entry, Filters, Outcome

__all__ = ["Entry", "Filters", "Outcome", "ReadModel"]
