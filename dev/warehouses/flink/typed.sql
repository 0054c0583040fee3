-- Typed records of PAN stages. The columns are a choice: what a table does not name is skipped.
CREATE TABLE pan (
  recordId STRING,
  handshakeId STRING,
  resultId STRING,
  stageId STRING,
  status STRING,
  valid BOOLEAN,
  output_name STRING,
  output_panStatus STRING,
  output_birthOrIncorporatedDate STRING,
  output_birthOrIncorporatedDate_date DATE,
  extra STRING,
  verification_credentialId STRING,
  origin_offset BIGINT,
  fetchedAt TIMESTAMP(3)
) WITH (
  'connector' = 'kafka',
  'topic' = '${verifiedTopic}.pan',
  'properties.bootstrap.servers' = '${brokers}',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = 'latest-offset',
  'format' = 'avro-confluent',
  'avro-confluent.url' = '${registryUrl}'
);

-- PostgreSQL folds names to lower case. The primary key makes the sink write upserts.
CREATE TABLE pan_sink (
  recordId STRING,
  handshakeId STRING,
  resultId STRING,
  stageId STRING,
  status STRING,
  valid BOOLEAN,
  output_name STRING,
  output_panStatus STRING,
  output_birthOrIncorporatedDate STRING,
  output_birthOrIncorporatedDate_date DATE,
  extra STRING,
  verification_credentialId STRING,
  fetchedAt TIMESTAMP(3),
  PRIMARY KEY (recordId) NOT ENFORCED
) WITH (
  'connector' = 'jdbc',
  'url' = '${jdbcUrl}',
  'username' = 'warehouse',
  'password' = 'any',
  'table-name' = 'pan_typed'
);

INSERT INTO pan_sink
SELECT recordId, handshakeId, resultId, stageId, status, valid, output_name, output_panStatus,
       output_birthOrIncorporatedDate, output_birthOrIncorporatedDate_date, extra,
       verification_credentialId, fetchedAt
FROM pan;
