"""The read model: the log in SQLite, for questions. Derived from the log, never the truth.

The daemon writes it (`model.py`), whoever asks reads it (`reader.py`).
"""
