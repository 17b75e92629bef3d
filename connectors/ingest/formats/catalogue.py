"""Every format by the name in its address."""

from collections.abc import Mapping

from connectors.ingest.formats import alertmanager, mail, slack, sms, webhook
from connectors.ingest.formats.answers import Translate

FORMATS: Mapping[str, Translate] = {
    "alertmanager": alertmanager.translate,
    "email": mail.translate,
    "slack": slack.translate,
    "sms": sms.translate,
    "webhook": webhook.translate,
}
