"""End to end: the product as a newcomer gets it, on ports and in a folder of its own."""
