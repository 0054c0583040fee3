CREATE TABLE pan_typed (
  recordId text PRIMARY KEY,
  handshakeId text NOT NULL,
  resultId text NOT NULL,
  stageId text NOT NULL,
  status text NOT NULL,
  valid boolean,
  output_name text,
  output_panStatus text,
  output_birthOrIncorporatedDate text,
  output_birthOrIncorporatedDate_date date,
  extra text,
  verification_credentialId text NOT NULL,
  fetchedAt timestamp(3) NOT NULL
);
