"""libswscale: conversions that are right in colour and stay within the caller's bytes."""
