"""Tests of the whole way, from what a source reports to the provider's call."""
