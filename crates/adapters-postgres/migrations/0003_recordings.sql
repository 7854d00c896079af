-- What was kept of streams.

CREATE TABLE recordings (
    id uuid PRIMARY KEY,
    version bigint NOT NULL CHECK (version > 0),
    channel uuid NOT NULL,
    stream uuid NOT NULL,
    -- Something is still to come of it.
    is_open boolean NOT NULL,
    state jsonb NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX recordings_open ON recordings (id) WHERE is_open;
CREATE INDEX recordings_by_stream ON recordings (stream, created_at, id);

-- A recording holds its stream, so that no other is made of it meanwhile.
ALTER TABLE claims DROP CONSTRAINT claims_holder_kind_check;
ALTER TABLE claims ADD CONSTRAINT claims_holder_kind_check
    CHECK (holder_kind IN ('user', 'channel', 'stream_key', 'stream', 'recording'));
