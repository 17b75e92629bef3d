"""A stranger's bytes are shown without harm."""

from connectors.admin.dead_letters import text


def test_text_is_shown_as_text() -> None:
    """What can be read is shown as it is."""
    assert "grün\n" == text("grün\n".encode())


def test_a_terminal_is_not_commanded() -> None:
    """Control characters are spelled out."""
    assert "\\x1b[2Jgone" == text(b"\x1b[2Jgone")


def test_other_bytes_are_hex() -> None:
    """What is no text is shown byte by byte."""
    assert "ff 00" == text(b"\xff\x00")
