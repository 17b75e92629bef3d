"""Unit tests of one room of the edges."""
