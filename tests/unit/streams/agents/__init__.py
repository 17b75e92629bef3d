"""The shell around the stages."""
