"""What a file needs to be told: times."""
