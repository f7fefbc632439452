"""Points of sale: who sells for the utility, what they sold, and what they owe for it."""
