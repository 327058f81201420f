"""What is measured: each function does one thing and returns how often, and the seconds it took."""
