"""Evidence as it is read back: records, where they lie, and the verdict of all."""
