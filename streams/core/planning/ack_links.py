"""Acknowledge links: the addresses by which readers take alerts in hand, signed for each alone."""

from dataclasses import dataclass, field

from schemas import links
from schemas.links import Acknowledge
from schemas.records import Intent

FINGERPRINT = "fingerprint"  # of an alert's data: under it the alert is found, and told what to do


@dataclass(frozen=True, slots=True)
class AckLinks:
    """Hold where people see this house and what signs its links; where either lacks, none is."""

    public_url: str = ""
    secret: str = field(default="", repr=False)

    def url(self, intent: Intent) -> str:
        """Give the address for the intent's reader; empty where there is nothing to take in hand.

        The same intent always has the same address: said again after a crash, it says the same.
        """
        if not (self.public_url and self.secret and intent.alert_id) or intent.ends:
            return ""
        fingerprint = intent.data.get(FINGERPRINT)
        if not isinstance(fingerprint, str) or not fingerprint:
            return ""
        link = Acknowledge(intent.tenant, fingerprint, intent.alert_id, intent.recipient)
        return links.url(self.public_url, link, secret=self.secret)


NO_ACK_LINKS = AckLinks()
