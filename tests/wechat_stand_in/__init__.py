"""A stand-in for WeChat that speaks the real protocol: signs, encrypts, notifies with retries, checks on us.

It uses `cryptography` directly and none of the client libraries, so that an error of theirs cannot cancel
itself out.  `FIDELITY.md` lists each rule with its source.  Production code cannot import it.
"""
