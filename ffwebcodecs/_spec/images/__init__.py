"""What image files say of themselves: tracks, pictures, delays, orientation, without decoding."""
