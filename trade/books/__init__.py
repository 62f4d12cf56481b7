"""Do the books agree?  The registry of proofs, and the desk of what they found."""
