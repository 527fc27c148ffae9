"""What the settings model says about itself: documentation, what a key expects, environment variables, schema."""

from __future__ import annotations

import ast
import inspect
import json
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from pydantic import BaseModel, SecretStr
from pydantic_core import to_jsonable_python

from quarterdeck.config import projects, settings, user_agents
from quarterdeck.config.fields import AT_NEXT_START, SECRET_NAME, SPLIT_COMMAND
from quarterdeck.config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Schema = dict[str, Any]
MASK = "********"


def env_variables() -> Mapping[str, tuple[tuple[str, ...], str]]:
    """Environment variables that set something: name → (path of the key, JSON kind of its value)."""
    return {
        "_".join(("QUARTERDECK", *path)).upper(): (path, str(schema.get("type", "string")))
        for path, schema in _fixed_keys(_plain_schema(), ())
    }


@cache
def _plain_schema() -> Schema:
    return Settings.model_json_schema()


def _fixed_keys(schema: Schema, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Schema]]:
    """Keys that always exist, unlike those below a name the operator chose."""
    for name, below in schema.get("properties", {}).items():
        inner = _resolved(below)
        if "properties" in inner:
            yield from _fixed_keys(inner, (*path, name))
        elif "additionalProperties" not in inner:
            yield (*path, name), inner


def _resolved(schema: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference:
        return cast("Schema", _plain_schema()["$defs"][reference.rsplit("/", 1)[1]])
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    return {**_resolved(options[0]), **{k: v for k, v in schema.items() if k != "anyOf"}} if options else schema


def schema_at(path: tuple[str, ...]) -> Schema | None:
    """The JSON schema of the key at `path`; None where no key can be."""
    schema = _plain_schema()
    for part in path:
        schema = _resolved(schema)
        below = schema.get("properties", {}).get(part) or schema.get("additionalProperties") or schema.get("items")
        if not isinstance(below, dict):
            return None
        schema = below
    return _resolved(schema)


def _marks(path: tuple[str, ...]) -> Sequence[object]:
    """What the model notes of its own field at `path`; nothing where the operator chose a name in it."""
    model: object = Settings
    marks: Sequence[object] = ()
    for part in path:
        field = model.model_fields.get(part) if _is_section(model) else None
        if field is None:
            return ()
        model, marks = field.annotation, field.metadata
    return marks


def _is_section(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def is_command(path: tuple[str, ...]) -> bool:
    """Whether the list at `path` is a program and its arguments."""
    return SPLIT_COMMAND in _marks(path)


def waits_for_next_start(path: tuple[str, ...]) -> bool:
    """Whether a console that is open does not take up the setting, or section, at `path`."""
    return AT_NEXT_START in _marks(path)


def known_keys(path: tuple[str, ...]) -> tuple[str, ...]:
    """Keys that may stand in the table at `path`."""
    return tuple((schema_at(path) or {}).get("properties", ()))


def expectation(path: tuple[str, ...]) -> str:
    """What the value at `path` must be, in words."""
    return _in_words(schema_at(path) or {})


def _in_words(schema: Schema) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(json.dumps(choice) for choice in schema["enum"])
    kind = schema.get("type")
    if kind in {"number", "integer"}:
        noun = "a number" if kind == "number" else "a whole number"
        least, most = schema.get("minimum"), schema.get("maximum")
        if least is None:
            return noun
        return f"{noun} of at least {least:g}" if most is None else f"{noun} from {least:g} to {most:g}"
    if kind == "string":
        longest = schema.get("maxLength")
        words = "some text" if schema.get("minLength") else "text"
        return f"{words} of at most {longest} characters" if longest else words
    if kind == "array":
        return f"a list of {_in_words(_resolved(schema.get('items', {})))}"
    return {"boolean": "true or false", "object": "a table"}.get(str(kind), "another value")


def is_secret(path: tuple[str, ...]) -> bool:
    """Whether the value at `path` must not be shown."""
    schema = schema_at(path) or {}
    if schema.get("format") == "password" or schema.get("writeOnly"):
        return True
    return "env" in path[:-1] and bool(SECRET_NAME.search(path[-1]))


def shown_value(path: tuple[str, ...], value: object) -> object:
    """The value as JSON has it, or a mask when it is a secret that is set."""
    if is_secret(path):
        is_set = bool(value.get_secret_value()) if isinstance(value, SecretStr) else bool(value)
        return MASK if is_set else ""
    return to_jsonable_python(value)


def documented_schema() -> Schema:
    """The JSON schema of the settings file, with every field's documentation in it."""
    schema = json.loads(json.dumps(_plain_schema()))
    documents = _documentation()
    for name, definition in {"Settings": schema, **schema.get("$defs", {})}.items():
        for key, below in definition.get("properties", {}).items():
            if (name, key) in documents:
                below["description"] = documents[name, key]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def help_texts() -> Mapping[str, str]:
    """The documentation of every setting, and of every table whose names the operator chooses, by its dotted key."""
    return {".".join(path): text for path, text in _help_below(Settings, ())}


def _help_below(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, field in model.model_fields.items():
        if _is_section(field.annotation):
            yield from _help_below(field.annotation, (*path, name))
        else:
            yield (*path, name), _documentation().get((model.__name__, name), "")


@cache
def _documentation() -> Mapping[tuple[str, str], str]:
    """The text under each field, by model and field name; to read it from the source costs more than all loading."""
    found: dict[tuple[str, str], str] = {}
    for module in (settings, projects, user_agents):
        for node in ast.parse(inspect.getsource(module)).body:
            if isinstance(node, ast.ClassDef):
                for pair in pairwise(node.body):
                    match pair:
                        case ast.AnnAssign(target=ast.Name(id=key)), ast.Expr(value=ast.Constant(value=str(text))):
                            found[node.name, key] = text
    return found
