-- Typed records of PAN stages. The columns are a choice: what a table does not name is skipped.
CREATE TABLE pan (
  recordId STRING,
  handshakeId STRING,
  resultId STRING,
  stageId STRING,
  status STRING,
  valid BOOLEAN,
${panColumns}
  extra STRING,
  origin_topic STRING,
  origin_partition INT,
  origin_offset BIGINT,
  fetchedAt TIMESTAMP(3)
) WITH (
  'connector' = 'kafka',
  'topic' = 'attestr.verified.pan',
  'properties.bootstrap.servers' = '${brokers}',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = 'latest-offset',
  'format' = 'avro-confluent',
  'avro-confluent.url' = '${registryUrl}'
);
