"""What is looked at before a change is accepted: what refuses it, and what a person should hear of it."""
