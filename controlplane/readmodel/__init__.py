"""The read model: the log in SQLite, for questions. Derived from the log, never the truth."""

from controlplane.readmodel.model import ReadModel
from controlplane.readmodel.query import Entry, Filters, Outcome
from controlplane.readmodel.schema import OUTCOMES

__all__ = ["OUTCOMES", "Entry", "Filters", "Outcome", "ReadModel"]
