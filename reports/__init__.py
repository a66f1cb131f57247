"""What a run found: collected from pytest, stored as evidence, shown as pages and text."""
