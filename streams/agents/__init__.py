"""The shell around the stages: each agent gathers what a stage asks for, lets it decide, applies.

Here live the jobs that Faust's agents run, one a process, and no rules: what to decide is in
`streams.core`, how to make it durable in `streams.kafka`.
You are in the wrong room if an `if` speaks of priorities, windows or silences.
"""
