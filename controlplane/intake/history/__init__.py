"""What people call a moment of the past, and what was wanted and what served then."""
