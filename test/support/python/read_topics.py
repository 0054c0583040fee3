"""Reads topics to the ends they have now, read_committed, and prints each row as a line of JSON.

Usage: read_topics.py BROKERS REGISTRY_URL TOPIC...
Schemas come from the registry, by the id in each message; fastavro decodes. Nothing of the connector is used.
"""

import base64
import datetime
import io
import json
import sys
import urllib.request

import fastavro
from confluent_kafka import Consumer, KafkaException, TopicPartition

brokers, registry_url, *topics = sys.argv[1:]
schemas = {}


def schema_of(schema_id):
    if schema_id not in schemas:
        with urllib.request.urlopen(f"{registry_url}/schemas/ids/{schema_id}") as answer:
            schemas[schema_id] = fastavro.parse_schema(json.loads(json.load(answer)["schema"]))
    return schemas[schema_id]


def plain(value):
    """JSON of what fastavro returns: times as epoch ms, bytes as base64."""
    if isinstance(value, datetime.datetime):
        return round(value.timestamp() * 1000)
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    raise TypeError(type(value).__name__)


consumer = Consumer(
    {
        "bootstrap.servers": brokers,
        "group.id": "read-topics",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "enable.partition.eof": False,
    }
)
for topic in topics:
    partitions = consumer.list_topics(topic, timeout=20).topics[topic].partitions
    for partition in partitions:
        # With read_committed the high watermark told here is that of all records; the position passes control records.
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=20)
        if low == high:
            continue
        place = TopicPartition(topic, partition, low)
        consumer.assign([place])
        while True:
            [position] = consumer.position([place])
            if position.offset >= high:
                break
            message = consumer.poll(1.0)
            if message is None:
                continue
            if message.error():
                raise KafkaException(message.error())
            body = message.value()
            if body[0] != 0:
                raise ValueError(f"{topic}/{partition}@{message.offset()} has no Confluent framing")
            stream = io.BytesIO(body[5:])
            row = fastavro.schemaless_reader(stream, schema_of(int.from_bytes(body[1:5], "big")))
            if stream.read():
                raise ValueError(f"{topic}/{partition}@{message.offset()} has bytes behind its record")
            key = message.key()
            line = {
                "topic": topic,
                "partition": partition,
                "offset": message.offset(),
                "key": None if key is None else key.decode(),
                "row": row,
            }
            print(json.dumps(line, default=plain))
consumer.close()
