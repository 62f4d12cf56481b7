"""Tables of the member room."""
