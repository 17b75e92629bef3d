"""Settings of webhooks, read once at the start; without them the sandbox stands in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from connectors.linking import secret_of
from connectors.settings import Settings
from connectors.sinks.addresses import PORTS, Rules, networks
from connectors.sinks.provider_settings import listed, own_places
from connectors.stores.endpoints import Secret, secret
from schemas.errors import ConfigurationError, Invalid


@dataclass(frozen=True, slots=True)
class Calling:
    """Say how webhooks are signed, and what they may reach."""

    secret: Secret | None = field(default=None, repr=False)
    """Signs for endpoints that have no secret of their own. `TOCSIN_WEBHOOK_SECRET` (`_FILE`)."""

    unsigned: bool = False
    """Post without a signature where there is no secret at all (no: such a delivery fails).
    `TOCSIN_WEBHOOK=unsigned`."""

    rules: Rules = field(default_factory=Rules)
    """What may be called: `TOCSIN_WEBHOOK_HTTP` (no), `TOCSIN_WEBHOOK_PORTS`,
    `TOCSIN_WEBHOOK_ALLOW`: networks of our own that may be called as well."""

    ca_file: str = ""
    """Authorities trusted beside the usual. `TOCSIN_WEBHOOK_CA_FILE`."""

    @classmethod
    def from_env(cls, env: Mapping[str, str], settings: Settings) -> Self | None:
        """Read the environment; None where webhooks are not switched on."""
        mode, text = env.get("TOCSIN_WEBHOOK", ""), secret_of(env, "TOCSIN_WEBHOOK_SECRET")
        if mode not in {"", "signed", "unsigned"}:
            raise ConfigurationError(f"TOCSIN_WEBHOOK is neither signed nor unsigned: {mode!r}")
        if not mode and not text:
            return None
        try:
            default = secret(text) if text else None
            allow = networks(listed(env, "TOCSIN_WEBHOOK_ALLOW"))
            ports = frozenset(int(port) for port in listed(env, "TOCSIN_WEBHOOK_PORTS"))
        except Invalid as wrong:
            raise ConfigurationError(f"TOCSIN_WEBHOOK_SECRET: {wrong}") from wrong
        except ValueError as wrong:
            raise ConfigurationError(
                f"TOCSIN_WEBHOOK_ALLOW takes networks, TOCSIN_WEBHOOK_PORTS numbers: {wrong}"
            ) from wrong
        return cls(
            secret=default,
            unsigned=mode == "unsigned",
            rules=Rules(
                http=env.get("TOCSIN_WEBHOOK_HTTP", "").lower() in {"1", "yes", "true"},
                ports=ports or PORTS,
                allow=allow,
                own=frozenset(own_places(settings)),
            ),
            ca_file=env.get("TOCSIN_WEBHOOK_CA_FILE", ""),
        )
