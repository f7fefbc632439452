"""What cashiers took in cash: counted, closed and handed over, day by day."""
