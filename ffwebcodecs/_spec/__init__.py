"""Pure computation: what the WebCodecs specification says, without FFmpeg and without threads."""
