"""How it is measured: turns, ratios, clips, the page."""
