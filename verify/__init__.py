"""What must hold: laws, subjects, checks, and the tests that bind them."""
