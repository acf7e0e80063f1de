-- Everything lives in the schema `codemem`. Its owner makes teams; members reach what the policies
-- below let them reach, by the login they connect with (`session_user`, which no client can change).

CREATE SCHEMA codemem;

CREATE TABLE codemem.schema_version (
    version integer PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE codemem.team (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    sealed boolean NOT NULL DEFAULT false,
    trusting boolean NOT NULL DEFAULT false,   -- members' memories are injected without confirmation
    claim_key bytea NOT NULL,                  -- hashes of forgotten statements are keyed with it
    recovery_key bytea,                        -- X25519, where the team is sealed
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE codemem.member (
    team uuid NOT NULL REFERENCES codemem.team (id),
    login name NOT NULL,
    role text NOT NULL CHECK (role IN ('member', 'maintainer')),
    joined_at timestamptz NOT NULL DEFAULT now(),
    left_at timestamptz,
    PRIMARY KEY (team, login)
);

CREATE TABLE codemem.device (
    team uuid NOT NULL REFERENCES codemem.team (id),
    device uuid NOT NULL,
    login name NOT NULL,
    label text NOT NULL,
    public_key bytea,                          -- X25519, where the team is sealed
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (team, device)
);

-- Keys of sealed teams, each wrapped for one device; the device 0 is the recovery phrase.
CREATE TABLE codemem.team_key (
    team uuid NOT NULL REFERENCES codemem.team (id),
    key_id integer NOT NULL CHECK (key_id > 0),
    device uuid NOT NULL,
    wrapped bytea NOT NULL,
    PRIMARY KEY (team, key_id, device)
);

-- The log: each device numbers its records 1, 2, 3 … without gaps. Rows are only added.
CREATE TABLE codemem.record (
    team uuid NOT NULL,
    device uuid NOT NULL,
    idx bigint NOT NULL CHECK (idx > 0),
    author name NOT NULL,
    role text NOT NULL,                        -- the author's, when it was written
    kind text NOT NULL CHECK (kind IN ('memory', 'edit', 'confirm', 'forget')),
    subject uuid NOT NULL,                     -- the memory it is about
    hlc bigint NOT NULL CHECK (hlc > 0),       -- hybrid logical clock of the author's machine
    key_id integer,                            -- which team key seals the body; NULL: it is JSON
    body bytea NOT NULL CHECK (octet_length(body) <= 262144),
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (team, device, idx)
) PARTITION BY HASH (team);

DO $$
BEGIN
    FOR n IN 0..7 LOOP
        EXECUTE format(
            'CREATE TABLE codemem.record_%s PARTITION OF codemem.record'
            ' FOR VALUES WITH (MODULUS 8, REMAINDER %s)', n, n);
    END LOOP;
END $$;

-- Who may do what. Functions of the owner, because a policy of `member` cannot read `member`.

CREATE FUNCTION codemem.my_teams() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER ROWS 5 SET search_path = pg_catalog AS $$
    SELECT team FROM codemem.member WHERE login = session_user AND left_at IS NULL
$$;

CREATE FUNCTION codemem.my_devices(OUT team uuid, OUT device uuid, OUT role text) RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog AS $$
    SELECT d.team, d.device, m.role
      FROM codemem.device d JOIN codemem.member m ON m.team = d.team AND m.login = d.login
     WHERE d.login = session_user AND m.left_at IS NULL
$$;

CREATE FUNCTION codemem.require_maintainer(wanted uuid) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM codemem.member
         WHERE team = wanted AND login = session_user AND role = 'maintainer' AND left_at IS NULL)
    THEN
        RAISE EXCEPTION 'only a maintainer of the team may do this'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

-- Rights are given to logins, not to a role of ours: making roles takes rights that an owner of one
-- database, on a managed server, does not have.
CREATE FUNCTION codemem.grant_rights(to_login name) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA codemem TO %I', to_login);
    EXECUTE format(
        'GRANT SELECT ON codemem.schema_version, codemem.team, codemem.member, codemem.device,'
        ' codemem.team_key, codemem.record TO %I', to_login);
    EXECUTE format(
        'GRANT INSERT (team, device, idx, author, role, kind, subject, hlc, key_id, body)'
        ' ON codemem.record TO %I', to_login);
    EXECUTE format(
        'GRANT EXECUTE ON FUNCTION codemem.my_teams(), codemem.my_devices(),'
        ' codemem.add_member(uuid, name, text), codemem.remove_member(uuid, name),'
        ' codemem.add_device(uuid, uuid, text, bytea),'
        ' codemem.give_key(uuid, integer, uuid, bytea) TO %I', to_login);
END $$;

CREATE FUNCTION codemem.add_member(to_team uuid, new_login name, new_role text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM codemem.require_maintainer(to_team);
    INSERT INTO codemem.member (team, login, role) VALUES (to_team, new_login, new_role)
    ON CONFLICT (team, login) DO UPDATE SET role = excluded.role, left_at = NULL;
    PERFORM codemem.grant_rights(new_login);
END $$;

CREATE FUNCTION codemem.remove_member(from_team uuid, old_login name) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF old_login <> session_user THEN
        PERFORM codemem.require_maintainer(from_team);
    END IF;
    UPDATE codemem.member SET left_at = now()
     WHERE team = from_team AND login = old_login AND left_at IS NULL;
END $$;

CREATE FUNCTION codemem.add_device(to_team uuid, new_device uuid, new_label text, new_key bytea)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF to_team NOT IN (SELECT codemem.my_teams()) THEN
        RAISE EXCEPTION 'you are not a member of the team'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO codemem.device (team, device, login, label, public_key)
    VALUES (to_team, new_device, session_user, left(new_label, 100), new_key);
END $$;

-- A maintainer gives keys to any device, a member the keys that are there to devices of their own.
CREATE FUNCTION codemem.give_key(to_team uuid, of_key integer, to_device uuid, box bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM codemem.my_devices() d WHERE d.team = to_team AND d.device = to_device)
       OR NOT EXISTS (SELECT FROM codemem.team_key k WHERE k.team = to_team AND k.key_id = of_key)
    THEN
        PERFORM codemem.require_maintainer(to_team);
    END IF;
    INSERT INTO codemem.team_key (team, key_id, device, wrapped)
    VALUES (to_team, of_key, to_device, box)
    ON CONFLICT DO NOTHING;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA codemem FROM PUBLIC;

ALTER TABLE codemem.team ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON codemem.team FOR SELECT USING (id IN (SELECT codemem.my_teams()));
ALTER TABLE codemem.member ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON codemem.member FOR SELECT USING (team IN (SELECT codemem.my_teams()));
ALTER TABLE codemem.device ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON codemem.device FOR SELECT USING (team IN (SELECT codemem.my_teams()));

ALTER TABLE codemem.team_key ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON codemem.team_key FOR SELECT USING (team IN (SELECT codemem.my_teams()));

-- On each partition too: nobody has rights on one, and if somebody gave them, rows stay apart.
DO $$
DECLARE
    each regclass;
BEGIN
    FOR each IN SELECT relid FROM pg_partition_tree('codemem.record') LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', each);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', each);
        EXECUTE format(
            'CREATE POLICY readable ON %s FOR SELECT'
            ' USING (team IN (SELECT codemem.my_teams()))', each);
        EXECUTE format(
            'CREATE POLICY own ON %s FOR INSERT WITH CHECK (author = session_user'
            ' AND (team, device, role) IN (SELECT d.team, d.device, d.role'
            ' FROM codemem.my_devices() d)'
            ' AND hlc < (extract(epoch FROM now()) * 1000 + 172800000)::bigint * 65536)', each);
    END LOOP;
END $$;
