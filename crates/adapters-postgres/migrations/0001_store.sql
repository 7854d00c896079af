-- Everything that Greenroom keeps.
--
-- Moments are microseconds since 1970 (`bigint`), exactly as the domain counts them:
-- `timestamptz` ends before the domain's first moment does. `to_timestamp(at / 1e6)` shows
-- one. Text that must sort is compared by its bytes. There are no foreign keys and no unique
-- names: names are unique in `claims`, whatever the order in which a commit is written.

CREATE TABLE meta (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    -- Which telling of the rooms' history this is; a restore that lost some begins another.
    epoch integer NOT NULL CHECK (epoch > 0),
    -- The feed has been forgotten up to here.
    feed_base bigint NOT NULL CHECK (feed_base >= 0)
);
INSERT INTO meta (epoch, feed_base) VALUES (1, 0);

CREATE TABLE users (
    id uuid PRIMARY KEY,
    version bigint NOT NULL CHECK (version > 0),
    username text COLLATE "C" NOT NULL,
    display_name text COLLATE "C" NOT NULL,
    avatar uuid,
    role text COLLATE "C" NOT NULL CHECK (role IN ('user', 'admin')),
    creator text COLLATE "C" NOT NULL
        CHECK (creator IN ('none', 'requested', 'approved', 'suspended')),
    -- Either a password of our own…
    password_hash text COLLATE "C",
    -- …or the host platform's issuer and subject: bytes, for `text` takes no NUL.
    issuer bytea,
    subject bytea,
    created_at bigint NOT NULL,
    CHECK (num_nonnulls(password_hash, issuer) = 1 AND (issuer IS NULL) = (subject IS NULL))
);
CREATE INDEX users_by_username ON users (username);
CREATE INDEX users_by_subject ON users (subject, issuer) WHERE issuer IS NOT NULL;
CREATE INDEX users_by_creator ON users (creator, id);
CREATE INDEX users_administrators ON users (id) WHERE role = 'admin';

CREATE TABLE sessions (
    id bytea PRIMARY KEY CHECK (octet_length(id) = 32),
    user_id uuid NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE channels (
    id uuid PRIMARY KEY,
    version bigint NOT NULL CHECK (version > 0),
    owner uuid NOT NULL,
    handle text COLLATE "C" NOT NULL,
    title text COLLATE "C" NOT NULL,
    description text COLLATE "C" NOT NULL,
    category text COLLATE "C",
    language text COLLATE "C",
    tags text[] COLLATE "C" NOT NULL,
    cover uuid,
    gate jsonb NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX channels_by_handle ON channels (handle);
CREATE INDEX channels_by_owner ON channels (owner);

CREATE TABLE stream_keys (
    id uuid PRIMARY KEY,
    version bigint NOT NULL CHECK (version > 0),
    channel uuid NOT NULL,
    label text COLLATE "C" NOT NULL,
    bound_to uuid,
    -- An active key's keyed hash and sealed secret.
    hash bytea CHECK (octet_length(hash) = 32),
    sealed bytea,
    active_since bigint,
    revoked_at bigint,
    created_at bigint NOT NULL,
    CHECK (num_nonnulls(hash, sealed, active_since) IN (0, 3)
        AND num_nonnulls(hash, revoked_at) = 1)
);
CREATE INDEX stream_keys_by_hash ON stream_keys (hash) WHERE hash IS NOT NULL;
CREATE INDEX stream_keys_by_channel ON stream_keys (channel, created_at, id);

CREATE TABLE streams (
    id uuid PRIMARY KEY,
    version bigint NOT NULL CHECK (version > 0),
    channel uuid NOT NULL,
    title text COLLATE "C" NOT NULL,
    category text COLLATE "C",
    generation bigint NOT NULL CHECK (generation >= 0),
    phase text COLLATE "C" NOT NULL CHECK (phase IN ('pending', 'live', 'ended')),
    -- When the sweep ends it, if nothing happens before.
    deadline bigint,
    state jsonb NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX streams_live ON streams (id) WHERE phase = 'live';
CREATE INDEX streams_live_by_channel ON streams (channel, id) WHERE phase = 'live';
CREATE INDEX streams_by_deadline ON streams (deadline, id) WHERE deadline IS NOT NULL;
CREATE INDEX streams_by_channel ON streams (channel, created_at, id);

CREATE TABLE stream_counts (
    stream uuid PRIMARY KEY,
    views bigint NOT NULL CHECK (views >= 0),
    peak bigint NOT NULL CHECK (peak >= 0),
    messages bigint NOT NULL CHECK (messages >= 0)
);

CREATE TABLE rooms (
    channel uuid PRIMARY KEY,
    version bigint NOT NULL CHECK (version > 0),
    settings jsonb NOT NULL
);

-- 0 is a user, 1 a guest: the order of identities.
CREATE TABLE restrictions (
    room uuid NOT NULL,
    subject_kind smallint NOT NULL CHECK (subject_kind IN (0, 1)),
    subject uuid NOT NULL,
    -- When a timeout ends; a ban never does.
    until bigint,
    reason text COLLATE "C",
    name text COLLATE "C",
    at bigint NOT NULL,
    PRIMARY KEY (room, subject_kind, subject)
);

-- Where each log ends. Whoever writes to a room, its rules or its restrictions locks its row
-- first: that is what puts the writes of several nodes in one order.
CREATE TABLE room_heads (
    room uuid PRIMARY KEY,
    seq bigint NOT NULL CHECK (seq >= 0)
) WITH (fillfactor = 50);

CREATE TABLE lines (
    room uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    at bigint NOT NULL,
    -- Of a message that its client named: who said it, and the name.
    author_kind smallint,
    author uuid,
    client_id text COLLATE "C",
    body jsonb NOT NULL,
    PRIMARY KEY (room, seq)
);
CREATE UNIQUE INDEX lines_by_client_id ON lines (room, author, author_kind, client_id)
    WHERE client_id IS NOT NULL;

CREATE TABLE claims (
    kind text COLLATE "C" NOT NULL,
    key bytea NOT NULL,
    holder_kind text COLLATE "C" NOT NULL
        CHECK (holder_kind IN ('user', 'channel', 'stream_key', 'stream')),
    holder uuid NOT NULL,
    PRIMARY KEY (kind, key)
);

-- The place behind the newest record. Moved by the last statement of every transaction that
-- tells of something, so that places are in the order of commits and without a gap.
CREATE TABLE feed_head (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    position bigint NOT NULL CHECK (position >= 0)
) WITH (fillfactor = 10);
INSERT INTO feed_head (position) VALUES (0);

CREATE TABLE feed (
    position bigint PRIMARY KEY,
    -- The newest moment that it speaks of.
    at bigint NOT NULL,
    lines jsonb NOT NULL,
    events jsonb NOT NULL
);

CREATE TABLE cursors (
    consumer text COLLATE "C" PRIMARY KEY,
    position bigint NOT NULL CHECK (position >= 0)
);

-- The last transaction of each store that writes: one whose answer was lost asks here
-- whether it was kept.
CREATE TABLE writers (
    id uuid PRIMARY KEY,
    batch bigint NOT NULL,
    at timestamptz NOT NULL
) WITH (fillfactor = 10);
