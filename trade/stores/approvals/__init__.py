"""A manager's word for one action (rules 3.7): asked for, given or refused, used once, and written down."""
