"""How two samples of builds are compared."""
