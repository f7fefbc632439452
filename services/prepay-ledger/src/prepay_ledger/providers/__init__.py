"""Payment providers: whose signature holds, and what their events tell. Pure."""
