"""A drawer from the counted float to the numbered Z: who may do what when, and what it should hold."""
