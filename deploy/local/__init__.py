"""Run the whole product on one machine: its services, its processes and the samples.

Never imported by the applications; they learn of their surroundings by environment alone.
"""
