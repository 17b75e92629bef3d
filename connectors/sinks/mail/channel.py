"""Mail: the channel `email`, by whichever provider the settings lead to."""

from collections.abc import Mapping

from connectors.sinks.failover import Failover
from connectors.sinks.mail.sendgrid import SendGrid
from connectors.sinks.mail.settings import Mailing
from connectors.sinks.mail.smtp import Mailer
from connectors.sinks.settings import Sinking
from connectors.sinks.sink import Sink

HOUSE_S = 1.0  # our own deadline comes before the runner's, which knows less
EACH_OF_TWO = 0.45  # the rest is for waiting until a connection of the second is free


def made(env: Mapping[str, str]) -> Sink | None:
    """Make the sink of SendGrid where there is a key, of a mail server where there is one, or none.

    Where there are both, the mail server sends what SendGrid does not.
    """
    mailing = Mailing.from_env(env)
    if mailing is None:
        return None
    sinking = Sinking.from_env(env)
    within_s = max(0.5, sinking.call_s - HOUSE_S)
    if mailing.sendgrid_key and mailing.smtp:
        each_s = within_s * EACH_OF_TWO  # one call has to do for both
        return Failover(
            SendGrid(mailing, within_s=each_s),
            Mailer(mailing, mailing.smtp, within_s=each_s),
            wait_s=within_s - 2 * each_s,
            open_s=sinking.breaker_s,
        )
    if mailing.sendgrid_key:
        return SendGrid(mailing, within_s=within_s)
    return Mailer(mailing, mailing.smtp, within_s=within_s) if mailing.smtp else None
