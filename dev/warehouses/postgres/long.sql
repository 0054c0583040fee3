CREATE TABLE stage_long (
  recordId text PRIMARY KEY,
  handshakeId text NOT NULL,
  resultId text NOT NULL,
  stageId text NOT NULL,
  stageType text,
  status text NOT NULL,
  valid boolean,
  pan text,
  credentialId text NOT NULL,
  originOffset bigint NOT NULL,
  eventTime timestamp(3),
  fetchedAt timestamp(3) NOT NULL
);

CREATE TABLE leaf_long (
  recordId text,
  path text,
  text text,
  PRIMARY KEY (recordId, path)
);
