"""What a template must not write."""

from __future__ import annotations

import re
from pathlib import Path

# Jinja looks for an attribute first: of a dict `values.copy` is the method, whatever stands under the key "copy".
METHODS = "clear|copy|fromkeys|get|items|keys|pop|popitem|setdefault|update|values"
_BARE = re.compile(rf"""(?<!['"\w.])\w+(?:\.\w+)*\.(?:{METHODS})\b(?!\s*\()""")
# A class of ours has a field of that name.
_OURS = {"system/status.html: finding.values"}
TEMPLATES = Path(__file__).parents[2] / "app" / "templates"


def test_no_template_takes_a_method_of_a_dict_for_a_value() -> None:
    assert _BARE.search("{{ values.copy }}")
    found = {
        f"{path.relative_to(TEMPLATES)}: {hit[0]}"
        for path in sorted(TEMPLATES.rglob("*.html"))
        for hit in _BARE.finditer(path.read_text())
    }
    assert found == _OURS
