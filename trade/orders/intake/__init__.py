"""Orders that other channels took: received once each, kept as they came, and made orders of ours."""
