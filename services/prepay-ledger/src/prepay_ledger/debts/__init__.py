"""What is owed apart from the balance, paid off by instalments, and never a reason for a cut."""
