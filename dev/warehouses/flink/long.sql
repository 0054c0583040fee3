-- The long form, with its maps. The columns are a choice: what a table does not name is skipped.
CREATE TABLE verified (
  recordId STRING,
  handshakeId STRING,
  resultId STRING,
  tag STRING,
  stageId STRING,
  stageIndex INT,
  stageType STRING,
  stageTypeSource STRING,
  status STRING,
  valid BOOLEAN,
  `input` MAP<STRING, STRING>,
  `output` MAP<STRING, STRING>,
  redactions MAP<STRING, STRING>,
  verification ROW<credentialId STRING, `method` STRING, signedBytes INT, verifiedAt TIMESTAMP(3)>,
  origin ROW<topic STRING, `partition` INT, `offset` BIGINT>,
  eventTime TIMESTAMP(3),
  fetchedAt TIMESTAMP(3)
) WITH (
  'connector' = 'kafka',
  'topic' = '${verifiedTopic}',
  'properties.bootstrap.servers' = '${brokers}',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = 'latest-offset',
  'format' = 'avro-confluent',
  'avro-confluent.url' = '${registryUrl}'
);

-- One row a stage. The primary key makes the sink write upserts: a repeat replaces its first copy.
CREATE TABLE stage_sink (
  recordId STRING,
  handshakeId STRING,
  resultId STRING,
  stageId STRING,
  stageType STRING,
  status STRING,
  valid BOOLEAN,
  pan STRING,
  credentialId STRING,
  originOffset BIGINT,
  eventTime TIMESTAMP(3),
  fetchedAt TIMESTAMP(3),
  PRIMARY KEY (recordId) NOT ENFORCED
) WITH (
  'connector' = 'jdbc',
  'url' = '${jdbcUrl}',
  'username' = 'warehouse',
  'password' = 'any',
  'table-name' = 'stage_long'
);

-- One row a leaf of the output.
CREATE TABLE leaf_sink (
  recordId STRING,
  path STRING,
  text STRING,
  PRIMARY KEY (recordId, path) NOT ENFORCED
) WITH (
  'connector' = 'jdbc',
  'url' = '${jdbcUrl}',
  'username' = 'warehouse',
  'password' = 'any',
  'table-name' = 'leaf_long'
);

INSERT INTO stage_sink
SELECT recordId, handshakeId, resultId, stageId, stageType, status, valid,
       `input`['pan'], verification.credentialId, origin.`offset`, eventTime, fetchedAt
FROM verified;

INSERT INTO leaf_sink
SELECT recordId, path, text
FROM verified CROSS JOIN UNNEST(`output`) AS leaf (path, text);

SELECT COUNT(*), COUNT(DISTINCT recordId) FROM verified;
