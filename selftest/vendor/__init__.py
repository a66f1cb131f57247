"""A device out of tree, simulated: what a vendor brings, as docs/bringing-up-a-backend.md says."""
