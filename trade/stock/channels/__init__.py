"""Other shops that sell our stock: what each is told of it, and what it has acknowledged."""
