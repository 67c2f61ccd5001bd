"""Reads a whole repository: is it intact, and which secrets does it hold in the clear?"""
