"""Rules from files are taken whole and right, or refused with file, line and reason."""

from pathlib import Path

import pytest

from connectors.admin.control_files import KINDS, load
from connectors.admin.written import matcher, moment, span_ms
from deploy.local.parts import CHECKOUT
from schemas.control import EscalationStep, Matcher, Route, Silence
from schemas.errors import ConfigurationError
from tests.builders import HOUR, NOON


def _load(tmp_path: Path, text: str) -> list[object]:
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    return list(load([file], now=NOON).records)


def _refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        _load(tmp_path, text)
    return str(refused.value).replace(f"{tmp_path}/", "")


def test_the_samples_are_right() -> None:
    """What `deploy/config` holds can be applied, and speaks of every kind."""
    files = sorted((CHECKOUT / "deploy" / "config").glob("*.yaml"))
    assert set(KINDS.values()) == load(files, now=NOON).kinds


def test_a_silence_is_read(tmp_path: Path) -> None:
    """Times may be relative, matchers are written as in Alertmanager."""
    text = """
silences:
  - id: moving
    matchers: ['service="batch"', env=~"prod|live"]
    starts_at: now
    ends_at: +1h30m
"""
    silence = Silence(
        id="moving",
        matchers=[
            Matcher(name="service", value="batch"),
            Matcher(name="env", op="=~", value="prod|live"),
        ],
        starts_at=NOON,
        ends_at=NOON + 3 * HOUR // 2,
    )
    assert [silence] == _load(tmp_path, text)


def test_a_priority_may_be_a_word(tmp_path: Path) -> None:
    """`min_priority: high` is 2."""
    text = "routes:\n  - {id: a, recipients: [ann], min_priority: high}\n"
    assert [Route(id="a", recipients=["ann"], min_priority=2)] == _load(tmp_path, text)


def test_steps_of_an_escalation_are_read(tmp_path: Path) -> None:
    """Spans are written as everywhere; template and channels may be left out."""
    text = """
routes:
  - id: a
    recipients: [ann]
    escalation:
      - {after_s: 5m, recipients: [bob]}
      - after_s: 900
        recipients: [cy, ann]
        template: wake-up
        channels: [sms]
"""
    steps = [
        EscalationStep(after_s=300, recipients=["bob"]),
        EscalationStep(after_s=900, recipients=["cy", "ann"], template="wake-up", channels=["sms"]),
    ]
    assert [Route(id="a", recipients=["ann"], escalation=steps)] == _load(tmp_path, text)


_STEPS = "routes:\n  - id: a\n    recipients: [x]\n    escalation:\n"


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("      - {after_s: 0, recipients: [y]}", "5: routes[a].escalation[0].after_s: must be mo"),
        ("      - {after_s: 8d, recipients: [y]}", "escalation[0].after_s: at most 7 days"),
        ("      - {after_s: soon, recipients: [y]}", "escalation[0].after_s: 'soon' is no span"),
        ("      - {after_s: true, recipients: [y]}", "escalation[0].after_s: expected `int`"),
        ("      - {after_s: 5m}", "rules.yaml:5: routes[a].escalation[0]: recipients is missing"),
        ("      - {recipients: [y]}", "rules.yaml:5: routes[a].escalation[0]: after_s is missing"),
        ("      - {after_s: 5m, recipients: []}", "escalation[0].recipients: name at least one"),
        ("      - {after_s: 5m, recipients: [' ']}", "escalation[0].recipients: one of them is em"),
        ("      - {after_s: 5m, recipients: [y], channels: [fax]}", "'fax' is none of email"),
        ("      - {after_s: 5m, recipients: [y], channels: []}", "[0].channels: leave it out"),
        ("      - {after: 5m, recipients: [y]}", "'after' is not known; did you mean 'after_s'?"),
        ("      - 5m", "rules.yaml:5: routes[a].escalation[0]: expected names and values"),
        ("        after_s: 5m", "routes[a].escalation: expected a list of steps"),
        (
            "      - {after_s: 5m, recipients: [y]}\n      - {after_s: 300, recipients: [z]}",
            "rules.yaml:6: routes[a].escalation[1].after_s: must be later than the step before it",
        ),
        (
            "\n".join(f"      - {{after_s: {n + 1}, recipients: [y]}}" for n in range(11)),
            "rules.yaml:4: routes[a].escalation: has 11 steps; at most 10",
        ),
    ],
)
def test_a_wrong_step_is_named_with_its_line(tmp_path: Path, steps: str, said: str) -> None:
    """Of ten steps the one that is wrong is found without counting."""
    assert said in _refusal(tmp_path, _STEPS + steps)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rotues: []", "rules.yaml:1: 'rotues' is not known; did you mean 'routes'?"),
        ("- a", "rules.yaml:1: expected sections, as routes: or templates:"),
        ("routes: 7", "rules.yaml:1: routes: expected a list"),
        ("routes:\n  - id: a\n", "rules.yaml:2: routes[a].recipients: name at least one"),
        ("routes:\n  - recipients: [x]\n", "rules.yaml:2: routes[0].id: missing"),
        ("routes:\n  - {id: a, recipients: x}", "routes[a].recipients: expected `array`"),
        ("routes:\n  - {id: a, recipients: [7]}", "routes[a].recipients[0]: expected `str`"),
        ("routes:\n  - id: a\n    id: b\n", "rules.yaml:3: 'id' stands here twice"),
        ("routes:\n  - {id: a, recipients: [x], channels: [fax]}", "'fax' is none of email"),
        ("silences:\n  - id: a\n    title_regex: '(?=x)'\n    ends_at: +1h\n", "rules.yaml:3:"),
        ("silences:\n  - {id: a, title_regex: x}", "every silence ends"),
        ("silences:\n  - {id: a, ends_at: +1h}", "this would silence everything"),
        ("silences:\n  - {id: a, title_regex: x, ends_at: soon}", "'soon' is no time"),
        ("rules:\n  - {id: a, kind: dedupe}", "'dedupe' is none of priority, dedup, fingerprint"),
        ("rules:\n  - {id: a, kind: dedup, window_s: 1x}", "'1x' is no span"),
        ("routes: [", "expected the node content"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """A file that cannot be obeyed is refused with the place and the reason."""
    assert said in _refusal(tmp_path, text)


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    """Nobody has to run the command once for every mistake."""
    text = "routes:\n  - {id: a}\n  - {id: b}\n"
    assert 3 == len(_refusal(tmp_path, text).splitlines())


def test_the_same_id_twice_is_refused(tmp_path: Path) -> None:
    """Of two entries under one id one would be lost."""
    text = "routes:\n  - {id: a, recipients: [x]}\n  - {id: a, recipients: [y]}\n"
    assert "rules.yaml:3: routes[a].id: also at rules.yaml:2" in _refusal(tmp_path, text)


def test_a_quoted_value_keeps_its_blanks() -> None:
    """Quotes stand around the value, not in it."""
    assert " a = b " == matcher('x = " a = b "')["value"]


def test_moments_and_spans() -> None:
    """Times are relative to now or absolute; spans add up."""
    assert NOON - HOUR == moment("starts_at", "-1h", now=NOON)
    assert NOON == moment("starts_at", "2023-11-14T22:13:20Z", now=0)
    assert 90_061_000 == span_ms("window_s", "1d 1h 1m 1s")
