"""Tables and rules about FFmpeg's encoders: which, with which options, within which limits."""
