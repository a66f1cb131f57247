"""How often the suite raises an alarm, and whether its exact p-values are uniform."""
