"""What the settings of several providers are read by."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from connectors.settings import Settings
from schemas.errors import ConfigurationError


def url_of(env: Mapping[str, str], name: str, default: str) -> str:
    """Read where a provider's API is; without a slash at the end."""
    url = env.get(name) or default
    try:
        parts = urlsplit(url)
        _ = parts.port
        fine = parts.scheme in {"http", "https"} and parts.hostname and url.isprintable()
        fine = fine and " " not in url
    except ValueError:
        fine = False
    if not fine:
        raise ConfigurationError(f"{name} is no http or https address")
    return url.rstrip("/")


def listed(env: Mapping[str, str], name: str) -> list[str]:
    """Read a variable that holds several values with commas between them."""
    return [part.strip() for part in env.get(name, "").split(",") if part.strip()]


def own_places(settings: Settings) -> list[tuple[str, int]]:
    """List the services that we live on, which no webhook may reach."""
    places = []
    for url, port in (
        *((f"//{place}", 9092) for place in settings.cluster.bootstrap_servers.split(",")),
        (settings.stores.database_url, 5432),
        (settings.stores.redis_url, 6379),
    ):
        try:
            parts = urlsplit(url.strip())
            if parts.hostname:
                places.append((parts.hostname, parts.port or port))
        except ValueError:
            continue  # several hosts in one address: those who write it so know their network
    return places
