-- For loads that append every record into a staging table first: the merge, as often as it is run. It takes every column of the
-- later copy: a privacy rule or a version of the connector may have come in between.
MERGE INTO pan_merged AS t
USING (
  SELECT DISTINCT ON (recordId) *
  FROM pan_staged
  ORDER BY recordId, fetchedAt DESC
) AS s
ON t.recordId = s.recordId
WHEN MATCHED AND s.fetchedAt > t.fetchedAt THEN
  UPDATE SET
    status = s.status, valid = s.valid, output_name = s.output_name, output_panStatus = s.output_panStatus,
    output_birthOrIncorporatedDate = s.output_birthOrIncorporatedDate,
    output_birthOrIncorporatedDate_date = s.output_birthOrIncorporatedDate_date, extra = s.extra,
    verification_credentialId = s.verification_credentialId, fetchedAt = s.fetchedAt
WHEN NOT MATCHED THEN
  INSERT VALUES (
    s.recordId, s.handshakeId, s.resultId, s.stageId, s.status, s.valid, s.output_name, s.output_panStatus,
    s.output_birthOrIncorporatedDate, s.output_birthOrIncorporatedDate_date, s.extra,
    s.verification_credentialId, s.fetchedAt
  );
