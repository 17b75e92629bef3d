"""The house's own rules, held by reading its files."""
