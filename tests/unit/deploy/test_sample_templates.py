"""The sample templates say, in every language and on every channel, what is on record."""

import json
from functools import partial

import pytest
from msgspec.structs import replace

from connectors.admin.control_files import load
from deploy.local.parts import CHECKOUT
from schemas.notification import Recipient, Template
from schemas.reasons import Channel
from schemas.records import Intent
from streams.core.planning.ack_links import AckLinks
from streams.core.rendering.render import Reader, Rendered, render
from streams.core.rendering.template import TemplateFailed
from tests.builders import HOUR, NOON
from tests.unit.schemas.golden import on_record

LOADED = load(sorted((CHECKOUT / "deploy" / "config").glob("*.yaml")), now=NOON).records
TEMPLATES = {record.id: record for record in LOADED if isinstance(record, Template)}
RECIPIENTS = {record.id for record in LOADED if isinstance(record, Recipient)}
READER = Reader(id="ann@example.org", name="Ann Archer", zone="Europe/Vienna")

ALERT = {
    "title": "Checkout <api> answers 5 % with errors & is slow",
    "body": "Since the last deploy.\nSee <b>runbook</b> & *panel*.",
    "severity": "critical",
    "source": "alertmanager",
    "labels": {"service": "checkout", "env": "prod"},
    "links": ["https://grafana.example.org/d/1?a=b&c=d", "javascript:alert(1)"],
    "count": 12,
    "priority": 3,
    "kind": "fired",
    "started_at": NOON - HOUR,
    "first_seen_at": NOON - HOUR,
    "fingerprint": "05bf29747cf07a0c",
}
ACK_LINKS = AckLinks("https://tocsin.example.org", "a secret of some length")
BARE = ALERT | {"body": "", "labels": {}, "links": [], "started_at": 0, "count": 1, "priority": 1}
CASES: dict[str, dict[str, Intent]] = {
    "alert": {
        "fired": Intent(recipient="ann", data=ALERT, priority=3, alert_id="alert-1"),
        "bare": Intent(recipient="ann", data=BARE),
        "escalated": Intent(recipient="ann", data=ALERT | {"kind": "escalated"}, priority=3),
        "unsilenced": Intent(recipient="ann", data=BARE | {"kind": "unsilenced"}),
        "resolved": Intent(
            recipient="ann", data=ALERT | {"kind": "resolved"}, ends=True, alert_id="alert-1"
        ),
    },
    "digest": {
        "few": Intent(recipient="ann", data={"items": ["a <b>", "c & d"], "more": 0, "count": 2}),
        "many": Intent(recipient="ann", data={"items": ["a", "b"], "more": 7, "count": 9}),
    },
    "welcome": {
        "with a link": Intent(recipient="ann", data={"link": "https://example.org/start"}),
        "without": Intent(recipient="ann", type="account"),
    },
    "password_reset": {
        "asked for": Intent(
            recipient="ann",
            type="account",
            data={"link": "https://example.org/reset?token=a&b", "code": "314 159"},
        ),
    },
    "order_shipped": {
        "whole": Intent(
            recipient="ann",
            type="order",
            data={"order": "A-7", "arrives_at": NOON + 48 * HOUR, "link": "https://example.org/a"},
        ),
        "bare": Intent(recipient="ann", type="order", data={"order": "A-7"}),
    },
    "newsletter": {
        "monthly": Intent(recipient="ann", data={"headline": "In May", "summary": "All is well."}),
    },
}


def _told(rendered: Rendered) -> str:
    parts = [f"subject: {rendered.subject}", rendered.text]
    if rendered.html:
        parts += ["-- html", rendered.html.strip()]
    if rendered.payload:
        parts += ["-- payload", json.dumps(rendered.payload, indent=1, ensure_ascii=False)]
    return "\n".join(parts)


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_each_template_reads_as_on_record(name: str, locale: str) -> None:
    """Nobody changes what people are told without seeing how it will read."""
    template, out = TEMPLATES[name], []
    for case, intent in CASES[name].items():
        for channel in Channel:
            for variant in sorted(template.variants) or [""]:
                title = " ".join(filter(None, (case, f"on {channel}", variant)))
                try:
                    rendered = render(
                        template,
                        intent=replace(intent, template=name),
                        channel=channel,
                        locale=f"{locale}-AT",
                        variant=variant,
                        reader=READER,
                        ack_url=partial(ACK_LINKS.url, intent),
                    )
                except TemplateFailed as failed:
                    out.append(f"==== {title}\n!! {failed}\n")
                    continue
                assert locale == rendered.locale
                out.append(f"==== {title}\n{_told(rendered)}\n")
    now = "\n".join(out)
    assert on_record(f"templates/{name}.{locale}.txt", now) == now


def test_whoever_a_route_names_is_known() -> None:
    """A first alert on a new system finds somebody to tell."""
    named = {recipient for record in LOADED for recipient in getattr(record, "recipients", ())}
    assert set() == named - RECIPIENTS
