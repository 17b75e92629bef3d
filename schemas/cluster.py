"""How every process reaches Kafka: one set of settings, as each client names them."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.errors import ConfigurationError
from schemas.limits import BROKER_BYTES


@dataclass(frozen=True, slots=True)
class Cluster:
    """Hold where Kafka is and how to be let in."""

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    sasl_mechanism: str = ""
    sasl_username: str = ""
    sasl_password: str = field(default="", repr=False)

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> "Cluster":
        """Read `KAFKA_*`; ConfigurationError where `KAFKA_BOOTSTRAP_SERVERS` is missing."""
        servers = env.get("KAFKA_BOOTSTRAP_SERVERS", "")
        if not servers:
            raise ConfigurationError(
                "KAFKA_BOOTSTRAP_SERVERS is not set; `make up` writes it to .local/env"
            )
        return cls(
            bootstrap_servers=servers,
            security_protocol=env.get("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT").upper(),
            ca_file=env.get("KAFKA_SSL_CA_FILE", ""),
            certificate_file=env.get("KAFKA_SSL_CERTIFICATE_FILE", ""),
            key_file=env.get("KAFKA_SSL_KEY_FILE", ""),
            sasl_mechanism=env.get("KAFKA_SASL_MECHANISM", ""),
            sasl_username=env.get("KAFKA_SASL_USERNAME", ""),
            sasl_password=env.get("KAFKA_SASL_PASSWORD", ""),
        )

    def librdkafka(self) -> dict[str, str | int | float | bool]:
        """Give the settings under confluent-kafka's names."""
        config: dict[str, str | int | float | bool] = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": self.security_protocol,
        }
        optional = {
            "ssl.ca.location": self.ca_file,
            "ssl.certificate.location": self.certificate_file,
            "ssl.key.location": self.key_file,
            "sasl.mechanism": self.sasl_mechanism,
            "sasl.username": self.sasl_username,
            "sasl.password": self.sasl_password,
        }
        return config | {name: value for name, value in optional.items() if value}

    def producer(self) -> dict[str, str | int | float | bool]:
        """Give the settings of every producer: idempotent, acks=all, murmur2 as Java and Faust."""
        return self.librdkafka() | {
            "enable.idempotence": True,
            "acks": "all",
            "compression.type": "lz4",
            "partitioner": "murmur2_random",
            "message.max.bytes": BROKER_BYTES,
        }

    def ssl_context(self) -> ssl.SSLContext | None:
        """Make the TLS context for clients that take one; None where TLS is off."""
        if "SSL" not in self.security_protocol:
            return None
        context = ssl.create_default_context(cafile=self.ca_file or None)
        if self.certificate_file:
            context.load_cert_chain(self.certificate_file, self.key_file or None)
        return context
