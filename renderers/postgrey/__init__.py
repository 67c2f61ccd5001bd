"""Postgrey: asks unknown senders to come back later."""
