"""libavutil: frames, their memory, the devices they may lie on."""
