"""Lists of a day's cuts: approved by a second person, begun with a canary, paced by staff."""
