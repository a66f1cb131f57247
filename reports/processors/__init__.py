"""The same verification under every choice of kernels that this machine has."""
