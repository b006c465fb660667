"""Draws pages without a browser, and reads what is on them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from dashboard.language import Language

# For every page that is drawn it would read what each installed package says about itself.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


def _page(name: str) -> None:
    from dashboard.board import run

    run(only=name)


def draw(name: str, language: Language, **address: str) -> AppTest:
    """A page in a language; `address` are further parameters of its address."""
    page = AppTest.from_function(_page, kwargs={"name": name}, default_timeout=60)
    for key, value in {"lang": language, **address}.items():
        page.query_params[key] = value
    return page.run()


def charts(page: AppTest) -> dict[str, dict[str, Any]]:
    """The figures of a page by the key of their chart, as Plotly reads them."""
    return {
        _key(element.proto.id, "chart"): json.loads(element.proto.spec)
        for element in page.get("plotly_chart")
    }


def _key(identity: str, kind: str) -> str:
    return identity.rpartition(f"{kind} ")[2]


def numbers(value: Any) -> list[Any]:
    """A list of a figure; Plotly packs numbers as base64."""
    if isinstance(value, dict):
        import base64

        import numpy as np

        read = np.frombuffer(base64.b64decode(value["bdata"]), dtype=np.dtype(value["dtype"]))
        shape = [int(size) for size in str(value.get("shape", len(read))).split(",")]
        return list(read.reshape(shape).tolist())
    return list(value)


def texts(page: AppTest) -> Iterator[str]:
    """Everything that is said on a page in words."""
    for kind in ("title", "subheader", "caption", "markdown", "info", "success", "warning"):
        for element in page.get(kind):
            yield str(getattr(element, "value", ""))
    for element in page.get("metric"):
        yield str(getattr(element, "label", ""))
    for element in page.get("plotly_chart"):
        yield element.proto.spec
