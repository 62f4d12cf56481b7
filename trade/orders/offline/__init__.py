"""What a till sold on its own: documents that are kept whatever they say, and the orders they become."""
