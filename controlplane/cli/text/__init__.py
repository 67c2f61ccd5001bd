"""Answers as text for people: lines, columns, pages."""
