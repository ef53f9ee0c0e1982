"""Renders templates, one JSON object a line, with the real Jinja2: strict, native types."""

import json
import sys

from jinja2 import StrictUndefined
from jinja2.nativetypes import NativeEnvironment

environment = NativeEnvironment(undefined=StrictUndefined)
# Reading text back as a literal is what Fermata never does, so it is left out of the comparison.
environment.concat = lambda values: (lambda all_: all_[0] if len(all_) == 1 else "".join(str(v) for v in all_))(list(values))
environment.template_class.environment_class = NativeEnvironment

for line in sys.stdin:
    case = json.loads(line)
    try:
        value = environment.compile_expression(case["expression"], undefined_to_none=False)(**case["context"])
        if type(value).__name__ == "StrictUndefined":
            str(value)
        if hasattr(value, "__next__") or type(value).__name__ in ("dict_items", "dict_keys", "dict_values", "range"):
            value = list(value)
        print(json.dumps({"value": value, "text": str(value)}, default=list))
    except RecursionError:
        print(json.dumps({"error": "RecursionError"}))
    except Exception as error:  # whatever the template does is a result
        print(json.dumps({"error": type(error).__name__}))
