"""The file formats of `main`: parsed strictly, edited in place."""
