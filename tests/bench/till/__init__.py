"""How fast the till is on its screen: real Chromium, the built till, a catalogue of 50,000 and of 200,000 skus."""
