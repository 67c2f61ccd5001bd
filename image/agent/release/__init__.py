"""A release as it comes from the state repository, with its placeholders replaced."""
