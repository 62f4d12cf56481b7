"""Payment codes at the till (付款码): one attempt from its intent to its end."""
