"""A whole repository read through: whether it is intact, and which secrets stand in it in the clear."""
