"""What a codec is: strings, configurations, states, and what headers of coded data say."""
