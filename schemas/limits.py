"""Sizes that more than one process must respect (DESIGN: section 5 for Kafka, 9 for ingest)."""

KIB = 1024
MIB = 1024 * KIB

REQUEST_BYTES = 1 * MIB  # a request body, counted after decompression
FIELD_BYTES = 64 * KIB  # a longer field is cut, marked and still taken
RECORD_BYTES = 256 * KIB  # a record that enters by ingest or a topic
OUTPUT_BYTES = 900 * KIB  # a record that a stage may put out
DEAD_LETTER_VALUE_BYTES = 512 * KIB  # what a dead letter keeps of the original
BROKER_BYTES = 2 * MIB  # what broker and producers let pass
CUT_LABEL = "tocsin_cut"  # names the fields that were cut; no part of any identity
JSON_DEPTH = 64
LABELS = 64
ESCALATION_STEPS = 10  # of one route
ESCALATION_S = 7 * 86_400  # the latest step, counted from when the route told of the alert
