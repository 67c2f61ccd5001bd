"""From a release that failed back to the lines of `main` and the change sets behind it."""
