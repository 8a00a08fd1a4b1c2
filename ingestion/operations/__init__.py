"""What operators do beside runs: look at sources and at the log, compare, compact, rebuild."""
