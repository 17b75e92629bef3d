"""What an enhanced status code says of a bounced mail (RFC 3463). Pure."""

# The mailbox, or the whole domain, is not there, was switched off or takes no mail. Not 5.1.7 and
# 5.1.8, which speak of the sender, nor 5.2.2, a full mailbox, nor 5.7.x: who may send.
_OF_ADDRESS = frozenset({"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1"})


def speaks_of_address(status: str) -> bool:
    """Say whether mail to this address will never arrive, whoever sends it."""
    return status in _OF_ADDRESS
