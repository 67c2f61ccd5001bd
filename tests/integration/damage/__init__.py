"""What happens to the parts of the state volume, and whether the server survives it.

`cases.py` names the parts and the kinds of damage, `volume.py` inflicts them, `page.py` writes the report.
"""
