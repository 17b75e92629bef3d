"""Read YAML so that every complaint can name the line it is about."""

from pathlib import Path
from typing import Any

import yaml

from schemas.errors import ConfigurationError


class Mapping(dict[str, Any]):
    """Be a mapping that knows where it and its entries stand; lines count from 1."""

    line: int = 0
    lines: dict[str, int]


class Sequence(list[Any]):
    """Be a list that knows where its entries stand."""

    lines: list[int]


class _Loader(yaml.SafeLoader):
    pass


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Mapping:
    out = Mapping()
    out.line, out.lines = node.start_mark.line + 1, {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if not isinstance(key, str):
            raise yaml.MarkedYAMLError(
                problem=f"{key!r} is no name", problem_mark=key_node.start_mark
            )
        if key in out:
            raise yaml.MarkedYAMLError(
                problem=f"{key!r} stands here twice", problem_mark=key_node.start_mark
            )
        out[key] = loader.construct_object(value_node, deep=True)
        out.lines[key] = line
    return out


def _sequence(loader: _Loader, node: yaml.SequenceNode) -> Sequence:
    out = Sequence(loader.construct_object(child, deep=True) for child in node.value)
    out.lines = [child.start_mark.line + 1 for child in node.value]
    return out


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:seq", _sequence)


def read(path: Path) -> Mapping:
    """Read a file whose top is a mapping; ConfigurationError says what is wrong in which line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigurationError(f"{path} cannot be read: {wrong}") from wrong
    try:
        given = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader that notes lines
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise ConfigurationError(f"{where}: {wrong.problem}") from wrong
    except yaml.YAMLError as wrong:
        raise ConfigurationError(f"{path}: {wrong}") from wrong
    if given is None:
        return Mapping()
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"{path}:1: expected sections, as routes: or templates:")
    return given
