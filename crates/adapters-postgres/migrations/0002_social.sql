-- Who follows whom and who has blocked whom, what an owner has made of whom, what a room keeps
-- in view, who did what, and what requests have made.

-- Oldest first.
ALTER TABLE rooms ADD COLUMN pins jsonb NOT NULL DEFAULT '[]';

CREATE TABLE appointments (
    channel uuid NOT NULL,
    user_id uuid NOT NULL,
    role text COLLATE "C" NOT NULL CHECK (role IN ('moderator', 'vip')),
    name text COLLATE "C" NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (channel, user_id)
);

CREATE TABLE follows (
    follower uuid NOT NULL,
    channel uuid NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    notify text COLLATE "C" NOT NULL CHECK (notify IN ('live', 'nothing')),
    at bigint NOT NULL,
    PRIMARY KEY (follower, channel)
);
-- The newest first, and of one moment by id: `~at` counts backwards, and unlike `-at` every
-- moment has one.
CREATE INDEX follows_by_follower ON follows (follower, (~at), channel);
CREATE INDEX follows_by_channel ON follows (channel, (~at), follower);

CREATE TABLE follower_counts (
    channel uuid PRIMARY KEY,
    followers bigint NOT NULL CHECK (followers >= 0)
) WITH (fillfactor = 50);

CREATE TABLE blocks (
    blocker uuid NOT NULL,
    blocked uuid NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (blocker, blocked)
);

-- The events that a channel's audit log shows.
CREATE TABLE audited (
    channel uuid NOT NULL,
    at bigint NOT NULL,
    id uuid NOT NULL,
    event jsonb NOT NULL,
    PRIMARY KEY (channel, at, id)
);

-- Those who asked are told apart as in `restrictions`.
CREATE TABLE replies (
    asker_kind smallint NOT NULL CHECK (asker_kind IN (0, 1)),
    asker uuid NOT NULL,
    key text COLLATE "C" NOT NULL,
    request bytea NOT NULL CHECK (octet_length(request) = 32),
    made uuid NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (asker_kind, asker, key)
);
CREATE INDEX replies_by_age ON replies (at);
