"""Renders templates, one JSON object a line, with the real Jinja2, strict: gives what each puts out, or the name of its error."""

import json
import sys

from jinja2 import Environment, StrictUndefined, pass_eval_context
from jinja2.filters import do_tojson, do_xmlattr
from markupsafe import escape

from own_filters import OWN_FILTERS

environment = Environment(undefined=StrictUndefined, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])


def plain(filter_):
    """Fermata has no marked-up text: what is escaped is text as any other."""
    return pass_eval_context(lambda context, *args, **named: str(filter_(context, *args, **named)))


environment.filters["tojson"] = plain(do_tojson)
environment.filters["xmlattr"] = plain(do_xmlattr)
environment.filters["escape"] = environment.filters["e"] = lambda value: str(escape(value))
environment.filters["safe"] = lambda value: value
environment.filters.update(OWN_FILTERS)

for line in sys.stdin:
    case = json.loads(line)
    try:
        print(json.dumps({"text": environment.from_string(case["template"]).render(**case["context"])}))
    except RecursionError:
        print(json.dumps({"error": "RecursionError"}))
    except Exception as error:  # whatever the template does is a result
        print(json.dumps({"error": type(error).__name__}))
