"""Reads framed records with fastavro and writes them again.

Usage: rewrite_rows.py REGISTRY_URL FILE
In:  a line of base64 a record
Out: a line of JSON a record: what fastavro wrote, framed, as base64, and the record
"""

import base64
import datetime
import io
import json
import sys
import urllib.request

import fastavro

registry_url, file = sys.argv[1:]
schemas = {}


def schema_of(schema_id):
    if schema_id not in schemas:
        with urllib.request.urlopen(f"{registry_url}/schemas/ids/{schema_id}") as answer:
            schemas[schema_id] = fastavro.parse_schema(json.loads(json.load(answer)["schema"]))
    return schemas[schema_id]


def plain(value):
    """JSON of what fastavro returns: times as epoch ms, dates as days, bytes as base64."""
    if isinstance(value, datetime.datetime):
        return round(value.timestamp() * 1000)
    if isinstance(value, datetime.date):
        return (value - datetime.date(1970, 1, 1)).days
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    raise TypeError(type(value).__name__)


for line in open(file, encoding="ascii"):
    framed = base64.b64decode(line)
    if framed[0] != 0:
        raise ValueError("no Confluent framing")
    schema = schema_of(int.from_bytes(framed[1:5], "big"))
    stream = io.BytesIO(framed[5:])
    row = fastavro.schemaless_reader(stream, schema)
    if stream.read():
        raise ValueError("bytes behind the record")
    again = io.BytesIO()
    fastavro.schemaless_writer(again, schema, row)
    written = base64.b64encode(framed[:5] + again.getvalue()).decode()
    print(json.dumps({"bytes": written, "row": row}, default=plain))
