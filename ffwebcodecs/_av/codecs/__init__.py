"""libavcodec: packets, decoders, encoders."""
