"""What a cashier adds to a ticket: notes and sellers; and tickets that were voided."""
