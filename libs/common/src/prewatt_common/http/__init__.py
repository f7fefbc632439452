"""The HTTP shell: app factory, problems, bearer-token auth."""
