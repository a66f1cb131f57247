"""The statistics: from samples and laws to evidence, from evidence to findings."""
