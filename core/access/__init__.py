"""Who may do what: tokens, their scopes, and the repositories they reach."""
