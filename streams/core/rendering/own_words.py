"""Own words: the templates that every tenant has until it writes its own under their names.

An alert must not go untold because nobody has written its words yet.
"""

from schemas.notification import Template

_OPEN = """{{ title }}
{% if body is defined and body %}

{{ body }}
{% endif %}

Priority: {{ priority | default(1) | priority }}
{% if source is defined and source %}
Source: {{ source }}
{% endif %}
{% if started_at is defined and started_at %}
Since: {{ started_at | datetime }}
{% endif %}
{% if ack_url %}

Acknowledge: {{ ack_url }}
{% endif %}
"""

ALERT = Template(
    id="alert",
    version="built-in-2",
    parts={
        "*.subject": "{{ '[resolved] ' if ends else '' }}{{ title }}",
        "*.text": _OPEN,
        "sms.text": "{{ 'Resolved: ' if ends else '' }}{{ title }}",
        "push.text": "{{ body | default('') | line(200) or title }}",
    },
)

DIGEST = Template(
    id="digest",
    version="built-in-1",
    parts={
        "*.subject": "{{ count }} notifications",
        "*.text": """{{ count }} notifications came while you had reached your limit:
{% for item in items %}
- {{ item }}
{% endfor %}
{% if more %}
and {{ more }} more
{% endif %}
""",
        "sms.text": "{{ count }} notifications{% if items %}, the first: {{ items[0] }}{% endif %}",
    },
)

BUILT_IN = {each.id: each for each in (ALERT, DIGEST)}
