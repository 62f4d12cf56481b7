"""What went wrong and waits for somebody: one desk of typed cases, whoever found them."""
