"""Mail: the channel `email`, by whichever provider the settings lead to."""

from collections.abc import Mapping

from connectors.sinks.provider_settings import Mailing
from connectors.sinks.sendgrid import SendGrid
from connectors.sinks.settings import Sinking
from connectors.sinks.sink import Sink
from connectors.sinks.smtp import Mailer

HOUSE_S = 1.0  # our own deadline comes before the runner's, which knows less


def made(env: Mapping[str, str]) -> Sink | None:
    """Make the sink of SendGrid where there is a key, else that of a mail server, else none."""
    mailing = Mailing.from_env(env)
    if mailing is None:
        return None
    within_s = max(0.5, Sinking.from_env(env).call_s - HOUSE_S)
    if mailing.sendgrid_key:
        return SendGrid(mailing, within_s=within_s)
    return Mailer(mailing, mailing.smtp, within_s=within_s) if mailing.smtp else None
