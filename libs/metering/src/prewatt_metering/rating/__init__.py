"""What a period's use costs: a pure rule a component, lines that a statement prints as they are."""
