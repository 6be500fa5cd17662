"""The description of the API as a page of plain HTML: no script, nothing from elsewhere, readable offline."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
"""The Content-Security-Policy of the page."""

_METHODS: Final = ("get", "post", "put", "delete")
_STYLE: Final = """
:root{color-scheme:light dark;--edge:#8884;--soft:#8882} body{font:16px/1.5
system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem} code,pre{font:14px/1.45
ui-monospace,monospace}pre{background:var(--soft);padding:.75rem;overflow:auto} nav
ul{columns:2;list-style:none;padding:0}nav code{font-weight:600} section{border-top:1px solid
var(--edge);padding:.5rem 0}h3{margin:.75rem 0 .25rem}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid var(--edge);padding:.25rem
.5rem;text-align:left;vertical-align:top}
.method{display:inline-block;min-width:4.5em;text-transform:uppercase}
"""


def rendered(document: Mapping[str, Any]) -> str:
    """Return the page of an OpenAPI document."""
    operations = list(_operations(document))
    info = document["info"]
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>",
        *(f"<p>{_text(paragraph)}</p>" for paragraph in info["description"].split("\n\n")),
        '<p>The same for programs: <a href="/openapi.json">/openapi.json</a>.</p>',
    ]
    by_tag: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, method, operation in operations:
        by_tag.setdefault((operation.get("tags") or ["other"])[0], []).append((path, method, operation))
    parts.append("<nav>")
    for tag, found in by_tag.items():
        parts.append(f"<h2>{escape(tag)}</h2><ul>")
        parts += [
            f'<li><a href="#{_anchor(path, method)}">{_title(path, method)}</a>' for path, method, _ in found
        ]
        parts.append("</ul>")
    parts.append("</nav>")
    for tag, found in by_tag.items():
        parts.append(f"<h2>{escape(tag)}</h2>")
        for path, method, operation in found:
            parts += _operation(document, path, method, operation)
    parts.append("</body></html>")
    return "\n".join(parts)


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def _operation(
    document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]
) -> Iterator[str]:
    yield f'<section id="{_anchor(path, method)}"><h3>{_title(path, method)}</h3>'
    yield f"<p><strong>{escape(operation.get('summary', ''))}.</strong></p>"
    for paragraph in operation.get("description", "").split("\n\n"):
        yield f"<p>{_text(paragraph)}</p>"
    parameters = operation.get("parameters", ())
    if parameters:
        yield "<table><tr><th>Parameter<th>In<th>Type<th>Meaning</tr>"
        for one in parameters:
            name = escape(one["name"]) + ("" if one.get("required") else " <small>(optional)</small>")
            yield (
                f"<tr><td><code>{name}</code><td>{escape(one['in'])}<td>{escape(_type(one['schema']))}"
                f"<td>{_text(one.get('description', ''))}</tr>"
            )
        yield "</table>"
    for content in operation.get("requestBody", {}).get("content", {}).values():
        yield f"<p>Body: <code>{escape(_type(content['schema']))}</code></p>{_json(content.get('example'))}"
        yield from _fields(document, content["schema"])
    yield "<table><tr><th>Status<th>Meaning</tr>"
    for status, response in sorted(operation["responses"].items()):
        told = response
        if "$ref" in response:
            told = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
        yield f"<tr><td>{escape(status)}<td>{_text(told.get('description', ''))}</tr>"
    yield "</table>"
    for status, response in sorted(operation["responses"].items()):
        for content in response.get("content", {}).values():
            if "example" in content:
                yield f"<p>Answer {escape(status)}:</p>{_json(content['example'])}"
    yield "</section>"


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    if "$ref" not in schema:
        return
    whole = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    required = set(whole.get("required", ()))
    yield "<table><tr><th>Field<th>Type<th>Meaning</tr>"
    for name, inner in whole.get("properties", {}).items():
        shown = escape(name) + ("" if name in required else " <small>(optional)</small>")
        meaning = _text(inner.get("description", ""))
        yield f"<tr><td><code>{shown}</code><td>{escape(_type(inner))}<td>{meaning}</tr>"
    yield "</table>"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "oneOf" in schema:
        return " or ".join(_type(one) for one in schema["oneOf"])
    if "enum" in schema:
        return " | ".join(json.dumps(one) for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    kind = schema.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _text(text: str) -> str:
    """Return text as HTML, with `code` between backquotes."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if n % 2 else piece for n, piece in enumerate(pieces))


def _json(value: object) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"


def _title(path: str, method: str) -> str:
    return f'<code><span class="method">{method}</span> {escape(path)}</code>'


def _anchor(path: str, method: str) -> str:
    return method + "".join(one if one.isalnum() else "-" for one in path)
