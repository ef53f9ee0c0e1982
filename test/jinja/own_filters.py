"""The filters that Jinja2 lacks, in Python: what docs/expressions.md says of them."""

import base64
import hashlib
import json
import re
from datetime import datetime, timedelta, timezone
from urllib.parse import unquote_plus

from jinja2.runtime import Undefined


def known(value):
    if isinstance(value, Undefined):
        str(value)
    return value


def pattern_of(pattern, ignorecase=False, multiline=False, dotall=False):
    flags = 0 if ignorecase else re.ASCII
    flags |= (re.IGNORECASE if ignorecase else 0) | (re.MULTILINE if multiline else 0) | (re.DOTALL if dotall else 0)
    for letter, meant in (("s", r"[\t\n\f\r ]"), ("d", "[0-9]"), ("w", "[A-Za-z0-9_]")):
        pattern = pattern.replace("\\" + letter, meant)
    return re.compile(pattern if multiline else pattern.replace("$", r"\Z"), flags)


def regex_match(value, pattern, **flags):
    return pattern_of(pattern, **flags).match(str(value)) is not None


def regex_search(value, pattern, **flags):
    return pattern_of(pattern, **flags).search(str(value)) is not None


def regex_findall(value, pattern, **flags):
    found = pattern_of(pattern, **flags).findall(str(value))
    return [list(groups) if isinstance(groups, tuple) else groups for groups in found]


def regex_replace(value, pattern, replacement, **flags):
    return pattern_of(pattern, **flags).sub(replacement, str(value))


def regex_substring(value, pattern, result_index=0, **flags):
    return [match.group() for match in pattern_of(pattern, **flags).finditer(str(value))][result_index]


def whole(text):
    number = float(text)
    return int(number) if number.is_integer() else number


def from_json(value):
    return json.loads(value, parse_float=whole)


def to_json(value, indent=None):
    return json.dumps(known(value), indent=indent)


def dictionary(value):
    if not isinstance(value, dict):
        raise TypeError(value)
    return dict(value)


def merge(value, *others):
    result = dictionary(value)
    for other in others:
        result.update(dictionary(other))
    return result


LIST_MERGES = {
    "replace": lambda before, after: after,
    "keep": lambda before, after: before,
    "append": lambda before, after: before + after,
    "prepend": lambda before, after: after + before,
}


def combine(value, *others, recursive=False, list_merge="replace"):
    result = dictionary(value)
    for other in others:
        for key, entry in dictionary(other).items():
            own = result.get(key)
            if recursive and isinstance(own, dict) and isinstance(entry, dict):
                result[key] = combine(own, entry, recursive=True, list_merge=list_merge)
            elif isinstance(own, list) and isinstance(entry, list):
                result[key] = LIST_MERGES[list_merge](own, entry)
            else:
                result[key] = entry
    return result


def flatten(value, levels=None):
    result = []
    for entry in value:
        if isinstance(entry, (list, tuple, range)) and levels != 0:
            result.extend(flatten(entry, None if levels is None else levels - 1))
        else:
            result.append(entry)
    return result


def dig(value, *path, default=None):
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return default
    return value


def to_bool(value):
    if not isinstance(value, str):
        return bool(value)
    word = value.strip().lower()
    if word in ("true", "yes", "on", "1", "y", "t"):
        return True
    if word in ("false", "no", "off", "0", "n", "f", ""):
        return False
    raise ValueError(word)


def time_of(value):
    if isinstance(value, (int, float)):
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=value)
    time = datetime.fromisoformat(value)
    return (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)


def strftime(value, format="%Y-%m-%d"):
    if "%Q" in format:
        raise ValueError(format)
    return time_of(value).strftime(format)


def to_timestamp(value):
    seconds = time_of(value).replace(microsecond=time_of(value).microsecond // 1000 * 1000).timestamp()
    return int(seconds) if seconds.is_integer() else seconds


def human_duration(value):
    if value < 0:
        raise ValueError(value)
    whole_seconds = int(value)
    units = [whole_seconds // 86400, whole_seconds // 3600 % 24, whole_seconds // 60 % 60, whole_seconds % 60]
    return " ".join(f"{count}{unit}" for count, unit in zip(units, ["d", "h", "m", "s"]) if count > 0) or "0s"


def precedence(version):
    core, _, before = version.split("+")[0].partition("-")
    parts = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in before.split(".")] if before else []
    return [int(part) for part in core.split(".")], not before, parts


def version_compare(value, other):
    left, right = precedence(value), precedence(other)
    return (left > right) - (left < right)


def text_hash(value, algorithm="sha256"):
    return hashlib.new(algorithm, str(value).encode()).hexdigest()


def b64decode(value):
    digits = "".join(str(value).split()).replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True).decode()


OWN_FILTERS = {
    # Of what does not exist they are empty, as Jinja2 has it of items.
    "keys": lambda value: [] if isinstance(value, Undefined) else list(value.keys()),
    "values": lambda value: [] if isinstance(value, Undefined) else list(value.values()),
    "merge": merge,
    "combine": combine,
    "flatten": flatten,
    "zip": lambda *lists: list(zip(*lists)),
    "dig": dig,
    "bool": to_bool,
    "to_json": to_json,
    "json_dump": to_json,
    "from_json": from_json,
    "json_parse": from_json,
    "split": lambda value, sep=None, maxsplit=-1: value.split(sep, maxsplit),
    "regex_match": regex_match,
    "regex_search": regex_search,
    "regex_findall": regex_findall,
    "regex_replace": regex_replace,
    "regex_substring": regex_substring,
    "b64encode": lambda value: base64.b64encode(str(value).encode()).decode(),
    "b64decode": b64decode,
    "urldecode": lambda value: unquote_plus(str(value), errors="strict"),
    "hash": text_hash,
    "strftime": strftime,
    "date": strftime,
    "to_timestamp": to_timestamp,
    "human_duration": human_duration,
    "version_compare": version_compare,
}
