CREATE SCHEMA admission;

CREATE SCHEMA campaigns;

CREATE SCHEMA commands;

CREATE SCHEMA identity;

CREATE SCHEMA insight;

CREATE SCHEMA invitations;

CREATE SCHEMA journal;

CREATE SCHEMA ledger;

CREATE SCHEMA notifications;

CREATE SCHEMA payments;

CREATE SCHEMA presale;

CREATE SCHEMA risk;

CREATE SCHEMA tipping;

CREATE SCHEMA wallets;

CREATE FUNCTION journal.add_partition(parent regclass, number bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    span   constant bigint := 16777216;
    schema constant text := (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = parent);
    name   constant text := (SELECT c.relname FROM pg_class c WHERE c.oid = parent) || '_' || number;
BEGIN
    IF parent NOT IN ('journal.fact'::regclass, 'ledger.entry'::regclass) THEN
        RAISE EXCEPTION '% is not an append-only table', parent;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('plaudit.partition'));
    IF to_regclass(format('%I.%I', schema, name)) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I.%I (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', schema, name, parent);
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %I.%I FOR VALUES FROM (%s) TO (%s)',
                   parent, schema, name, number * span, (number + 1) * span);
    EXECUTE format('CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE ON %I.%I FOR EACH ROW EXECUTE FUNCTION journal.refuse_change()',
                   schema, name);
    EXECUTE format('CREATE TRIGGER keep_all BEFORE TRUNCATE ON %I.%I FOR EACH STATEMENT EXECUTE FUNCTION journal.refuse_change()',
                   schema, name);
END
$$;

CREATE FUNCTION journal.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: history is only ever added to', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE FUNCTION ledger.check_sum_zero() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    wrong record;
BEGIN
    SELECT position, asset, sum(amount) AS total INTO wrong
      FROM added GROUP BY tenant_id, position, asset HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entries of fact % do not sum to zero in %: %', wrong.position, wrong.asset, wrong.total
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE TABLE admission.place (
    tenant_id integer NOT NULL,
    viewer text NOT NULL,
    show text NOT NULL,
    slot smallint NOT NULL,
    number bigint NOT NULL,
    server bigint NOT NULL,
    client text NOT NULL,
    protocol text NOT NULL,
    stream text NOT NULL,
    device text NOT NULL,
    serial bigint NOT NULL,
    since timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone
);

ALTER TABLE admission.place ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME admission.place_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE admission.server (
    tenant_id integer NOT NULL,
    number bigint NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    enabled boolean NOT NULL,
    priority integer NOT NULL,
    stream_name text NOT NULL,
    token_ttl integer NOT NULL,
    at_limit text NOT NULL,
    in_doubt text NOT NULL,
    settings jsonb NOT NULL,
    secrets bytea NOT NULL,
    secret_names text[] NOT NULL,
    secrets_at timestamp with time zone NOT NULL,
    keys integer NOT NULL,
    revision integer NOT NULL,
    saved_by text NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    CONSTRAINT server_at_limit_check CHECK ((at_limit = ANY (ARRAY['refuse'::text, 'replace_oldest'::text]))),
    CONSTRAINT server_in_doubt_check CHECK ((in_doubt = ANY (ARRAY['refuse'::text, 'admit'::text]))),
    CONSTRAINT server_kind_check CHECK ((kind = ANY (ARRAY['srs'::text, 'mediamtx'::text, 'livekit'::text, 'agora'::text, 'cdn'::text])))
);

ALTER TABLE admission.server ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME admission.server_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE admission.show (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    state text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    devices_max integer NOT NULL,
    streams jsonb NOT NULL
);

CREATE TABLE campaigns.attributes (
    tenant_id integer NOT NULL,
    viewer text NOT NULL,
    revision integer NOT NULL,
    level integer,
    tags text[] NOT NULL
);

CREATE TABLE campaigns.calendar (
    tenant_id integer NOT NULL,
    calendar text NOT NULL,
    revision integer NOT NULL,
    days date[] NOT NULL
);

CREATE TABLE campaigns.campaign (
    tenant_id integer NOT NULL,
    campaign text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    newest integer NOT NULL,
    approved integer,
    starts_at timestamp with time zone,
    ends_at timestamp with time zone,
    paused boolean DEFAULT false NOT NULL,
    dry bigint,
    ended_at timestamp with time zone,
    seed bytea,
    CONSTRAINT campaign_check CHECK ((((approved IS NULL) = (ends_at IS NULL)) AND ((approved IS NULL) = (starts_at IS NULL))))
)
WITH (fillfactor='90');

CREATE TABLE campaigns.course (
    tenant_id integer NOT NULL,
    campaign text NOT NULL,
    approved bigint,
    ended bigint,
    budget bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE campaigns.described (
    tenant_id integer NOT NULL,
    viewer text NOT NULL,
    at timestamp with time zone NOT NULL,
    "position" bigint NOT NULL,
    level integer,
    tags text[] NOT NULL
);

CREATE TABLE campaigns.figure (
    tenant_id integer NOT NULL,
    campaign text NOT NULL,
    bucket timestamp with time zone NOT NULL,
    reached bigint NOT NULL,
    participants bigint NOT NULL,
    grants bigint NOT NULL,
    granted bigint NOT NULL,
    taken_back bigint NOT NULL,
    withheld bigint NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE campaigns.first (
    tenant_id integer NOT NULL,
    trigger text NOT NULL,
    viewer text NOT NULL,
    at timestamp with time zone NOT NULL,
    rank bytea NOT NULL,
    "position" bigint NOT NULL
);

CREATE TABLE campaigns.lot (
    tenant_id integer NOT NULL,
    campaign text NOT NULL,
    viewer text NOT NULL,
    span text NOT NULL,
    fact bigint NOT NULL,
    cause bigint NOT NULL,
    "position" bigint NOT NULL,
    asset text NOT NULL,
    remaining bigint NOT NULL,
    matures_at timestamp with time zone,
    CONSTRAINT lot_remaining_check CHECK ((remaining >= 0))
)
WITH (fillfactor='80');

CREATE TABLE campaigns.origin (
    tenant_id integer NOT NULL,
    reference text NOT NULL,
    "position" bigint NOT NULL
);

CREATE TABLE campaigns.paid (
    tenant_id integer NOT NULL,
    bucket timestamp with time zone NOT NULL,
    asset text NOT NULL,
    count bigint NOT NULL,
    amount bigint NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE campaigns.part (
    tenant_id integer NOT NULL,
    fact bigint NOT NULL,
    campaign text NOT NULL,
    entitled bigint NOT NULL,
    granted bigint NOT NULL
);

CREATE TABLE campaigns.reached (
    tenant_id integer NOT NULL,
    campaign text NOT NULL,
    viewer text NOT NULL,
    granted boolean NOT NULL
)
WITH (fillfactor='90');

CREATE TABLE campaigns.revision (
    tenant_id integer NOT NULL,
    campaign text NOT NULL,
    revision integer NOT NULL,
    state text NOT NULL,
    author text NOT NULL,
    maker text,
    checker text,
    sent text NOT NULL,
    terms text NOT NULL,
    terms_hash text NOT NULL,
    wanted_from timestamp with time zone,
    effective_from timestamp with time zone,
    reason text,
    saved_at timestamp with time zone NOT NULL,
    submitted_at timestamp with time zone,
    checked_at timestamp with time zone,
    CONSTRAINT revision_check CHECK (((state = 'approved'::text) = (effective_from IS NOT NULL))),
    CONSTRAINT revision_check1 CHECK (((checker <> maker) AND (checker <> author))),
    CONSTRAINT revision_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'submitted'::text, 'approved'::text, 'rejected'::text, 'discarded'::text])))
);

CREATE TABLE campaigns.standing (
    tenant_id integer NOT NULL,
    campaign text NOT NULL,
    viewer text NOT NULL,
    span text NOT NULL,
    entitled bigint NOT NULL,
    granted bigint NOT NULL,
    tally bytea NOT NULL
)
WITH (fillfactor='80');

CREATE TABLE campaigns.step (
    tenant_id integer NOT NULL,
    campaign text NOT NULL,
    "position" bigint NOT NULL
);

CREATE TABLE campaigns.told (
    tenant_id integer NOT NULL,
    "position" bigint NOT NULL,
    campaign text NOT NULL,
    viewer text NOT NULL,
    fact bigint NOT NULL,
    kind text NOT NULL,
    matured bigint
)
WITH (fillfactor='90');

CREATE TABLE campaigns.transfer (
    tenant_id integer NOT NULL,
    number bigint NOT NULL,
    campaign text NOT NULL,
    asset text NOT NULL,
    amount bigint NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    maker text NOT NULL,
    checker text,
    reason text,
    requested_at timestamp with time zone NOT NULL,
    checked_at timestamp with time zone,
    CONSTRAINT transfer_amount_check CHECK ((amount <> 0)),
    CONSTRAINT transfer_check CHECK ((((state = 'pending'::text) = (checker IS NULL)) AND ((state = 'pending'::text) = (checked_at IS NULL)))),
    CONSTRAINT transfer_check1 CHECK ((checker <> maker)),
    CONSTRAINT transfer_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text])))
);

ALTER TABLE campaigns.transfer ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME campaigns.transfer_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE campaigns.undone (
    tenant_id integer NOT NULL,
    "position" bigint NOT NULL,
    reversed bigint NOT NULL,
    paid bigint
)
WITH (fillfactor='90');

CREATE TABLE campaigns.watch (
    tenant_id integer NOT NULL,
    version bigint NOT NULL,
    awake integer NOT NULL,
    since bigint NOT NULL,
    ended bigint NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE commands.change (
    tenant_id integer NOT NULL,
    revision bigint NOT NULL,
    topic text NOT NULL,
    key text NOT NULL
);

CREATE TABLE commands.tenant (
    tenant_id integer NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revision bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE commands.tenant ALTER COLUMN tenant_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME commands.tenant_tenant_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE identity.api_key (
    tenant_id integer NOT NULL,
    number bigint NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    rate_per_second integer,
    secret_hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT api_key_rate_per_second_check CHECK ((rate_per_second > 0))
);

CREATE UNLOGGED TABLE identity.lease (
    tenant_id integer NOT NULL,
    name text NOT NULL,
    second bigint NOT NULL,
    allowed bigint NOT NULL,
    used bigint NOT NULL,
    granted bigint NOT NULL
)
WITH (fillfactor='50');

CREATE SEQUENCE identity.number
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    MAXVALUE 4294967295
    CACHE 1;

CREATE TABLE identity.staff (
    tenant_id integer NOT NULL,
    number bigint NOT NULL,
    name text,
    scopes text[] NOT NULL,
    secret_hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone
);

CREATE TABLE identity.token_key (
    tenant_id integer NOT NULL,
    number bigint NOT NULL,
    algorithm text NOT NULL,
    material bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT token_key_algorithm_check CHECK ((algorithm = ANY (ARRAY['HS256'::text, 'RS256'::text, 'ES256'::text, 'EdDSA'::text])))
);

CREATE TABLE insight.channel (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    campaign text NOT NULL,
    invitation text NOT NULL
);

CREATE TABLE insight.due (
    tenant_id integer NOT NULL,
    due bigint NOT NULL,
    show text NOT NULL
);

CREATE TABLE insight.event (
    tenant_id integer NOT NULL,
    event uuid NOT NULL,
    kind text NOT NULL,
    show text NOT NULL,
    page text,
    element text,
    visitor uuid,
    is_new boolean NOT NULL,
    campaign text NOT NULL,
    invitation text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT event_kind_check CHECK ((kind = ANY (ARRAY['view'::text, 'click'::text])))
);

CREATE TABLE insight.funnel (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    grain text NOT NULL,
    hour timestamp with time zone NOT NULL,
    campaign text NOT NULL,
    invitation text NOT NULL,
    asset text NOT NULL,
    orders bigint NOT NULL,
    paid_orders bigint NOT NULL,
    seats bigint NOT NULL,
    money bigint NOT NULL,
    CONSTRAINT funnel_grain_check CHECK ((grain = ANY (ARRAY['both'::text, 'hour'::text, 'channel'::text])))
)
WITH (fillfactor='70');

CREATE TABLE insight.method (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    channel text NOT NULL,
    method text NOT NULL,
    asset text NOT NULL,
    outcome text NOT NULL,
    code text NOT NULL,
    count bigint NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT method_outcome_check CHECK ((outcome = ANY (ARRAY['attempted'::text, 'succeeded'::text, 'failed'::text])))
)
WITH (fillfactor='70');

CREATE TABLE insight.offer (
    tenant_id integer NOT NULL,
    offer text NOT NULL,
    show text NOT NULL,
    zone text,
    asset text,
    prices jsonb NOT NULL,
    on_sale boolean NOT NULL,
    seats bigint NOT NULL
);

CREATE TABLE insight.offered (
    tenant_id integer NOT NULL,
    "position" bigint NOT NULL,
    offer text NOT NULL,
    quantity integer NOT NULL,
    open boolean NOT NULL
);

CREATE TABLE insight.pace (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    hour timestamp with time zone NOT NULL,
    offer text NOT NULL,
    asset text NOT NULL,
    orders bigint NOT NULL,
    paid_orders bigint NOT NULL,
    seats bigint NOT NULL,
    money bigint NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE insight.party (
    tenant_id integer NOT NULL,
    party text NOT NULL,
    show text NOT NULL,
    size integer NOT NULL,
    paid integer NOT NULL,
    state text NOT NULL,
    CONSTRAINT party_state_check CHECK ((state = ANY (ARRAY['open'::text, 'filled'::text, 'failed'::text])))
);

CREATE TABLE insight.past (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    hour timestamp with time zone NOT NULL,
    campaign text NOT NULL,
    invitation text NOT NULL,
    views bigint NOT NULL,
    visitors bigint NOT NULL,
    clicks bigint NOT NULL
);

CREATE TABLE insight.refund (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    asset text NOT NULL,
    stage text NOT NULL,
    reason text NOT NULL,
    count bigint NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT refund_stage_check CHECK ((stage = ANY (ARRAY['asked'::text, 'revoked'::text, 'rejected'::text, 'kept'::text, 'declined'::text, 'refunded'::text, 'failed'::text])))
)
WITH (fillfactor='70');

CREATE TABLE insight.sale (
    tenant_id integer NOT NULL,
    "position" bigint NOT NULL,
    show text NOT NULL,
    offer text NOT NULL,
    asset text NOT NULL,
    quantity integer NOT NULL,
    total bigint NOT NULL,
    lines jsonb NOT NULL,
    campaign text NOT NULL,
    invitation text NOT NULL,
    ordered_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    first_at timestamp with time zone,
    first_paid bigint DEFAULT 0 NOT NULL,
    issued_at timestamp with time zone,
    paid bigint DEFAULT 0 NOT NULL,
    balance bigint DEFAULT 0 NOT NULL,
    forfeited bigint DEFAULT 0 NOT NULL,
    returned bigint DEFAULT 0 NOT NULL,
    seats_back bigint DEFAULT 0 NOT NULL,
    refunded bigint DEFAULT 0 NOT NULL,
    lost bigint DEFAULT 0 NOT NULL,
    CONSTRAINT sale_state_check CHECK ((state = ANY (ARRAY['held'::text, 'ended'::text, 'deposited'::text, 'pledged'::text, 'issued'::text, 'forfeited'::text])))
)
WITH (fillfactor='80');

CREATE TABLE insight.show (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    revision integer NOT NULL
);

CREATE TABLE insight.site_key (
    tenant_id integer NOT NULL,
    number bigint NOT NULL,
    name text NOT NULL,
    enabled boolean NOT NULL,
    rate_per_second integer NOT NULL,
    revision integer NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    CONSTRAINT site_key_rate_per_second_check CHECK ((rate_per_second > 0))
);

ALTER TABLE insight.site_key ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME insight.site_key_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE insight.step (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    offer text NOT NULL,
    step integer NOT NULL,
    asset text NOT NULL,
    ordered bigint NOT NULL,
    held bigint NOT NULL,
    pledged bigint NOT NULL,
    sold bigint NOT NULL,
    back bigint NOT NULL,
    deposits bigint NOT NULL,
    paid bigint NOT NULL,
    forfeited bigint NOT NULL,
    refunded bigint NOT NULL,
    takings bigint NOT NULL,
    balance bigint NOT NULL,
    balances bigint NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE insight.traffic (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    grain text NOT NULL,
    hour timestamp with time zone NOT NULL,
    campaign text NOT NULL,
    invitation text NOT NULL,
    views bigint NOT NULL,
    visitors bigint NOT NULL,
    clicks bigint NOT NULL,
    CONSTRAINT traffic_grain_check CHECK ((grain = ANY (ARRAY['both'::text, 'hour'::text, 'channel'::text])))
)
WITH (fillfactor='70');

CREATE TABLE insight.visitor (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    visitor uuid NOT NULL,
    seen_at timestamp with time zone NOT NULL
);

CREATE TABLE invitations.buyer (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    viewer text NOT NULL,
    issued bigint NOT NULL,
    ordered bigint NOT NULL,
    seats integer NOT NULL,
    inviter text,
    rewarded bigint,
    reversed bigint
)
WITH (fillfactor='90');

CREATE TABLE invitations.friend (
    tenant_id integer NOT NULL,
    ordered bigint NOT NULL,
    invitation text NOT NULL,
    show text NOT NULL,
    friend text NOT NULL,
    state text NOT NULL,
    code text,
    at timestamp with time zone NOT NULL,
    CONSTRAINT friend_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'ended'::text, 'rewarded'::text, 'refused'::text, 'reversed'::text])))
)
WITH (fillfactor='90');

CREATE TABLE invitations.instrument (
    tenant_id integer NOT NULL,
    viewer text NOT NULL,
    mark text NOT NULL
);

CREATE TABLE invitations.invitation (
    tenant_id integer NOT NULL,
    invitation text NOT NULL,
    viewer text NOT NULL,
    show text NOT NULL,
    name text,
    opened_at timestamp with time zone NOT NULL
);

CREATE TABLE invitations.picture (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    revision integer NOT NULL,
    picture bytea,
    digest text
);

CREATE TABLE invitations.returned (
    tenant_id integer NOT NULL,
    ordered bigint NOT NULL,
    refund text NOT NULL,
    seats integer NOT NULL
);

CREATE TABLE invitations.rule (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    revision integer NOT NULL,
    enabled boolean NOT NULL,
    inviter jsonb NOT NULL,
    friend jsonb NOT NULL,
    per_day_max integer NOT NULL,
    per_show_max integer NOT NULL,
    landing_url text NOT NULL,
    shortfall text NOT NULL,
    debt_limit bigint NOT NULL,
    valid_from timestamp with time zone,
    valid_until timestamp with time zone,
    CONSTRAINT rule_shortfall_check CHECK ((shortfall = ANY (ARRAY['debt'::text, 'available'::text])))
);

CREATE TABLE invitations.show (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    title_en text NOT NULL,
    title_zh text NOT NULL,
    starts_at timestamp with time zone NOT NULL
);

CREATE TABLE invitations.tally (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    inviter text NOT NULL,
    rewarded bigint NOT NULL,
    reversed bigint NOT NULL,
    refused bigint NOT NULL,
    coin bigint NOT NULL,
    points bigint NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE journal.dead_letter (
    tenant_id integer NOT NULL,
    subscription text NOT NULL,
    "position" bigint NOT NULL,
    problem text NOT NULL,
    recorded_at timestamp with time zone NOT NULL
);

CREATE TABLE journal.fact (
    tenant_id integer NOT NULL,
    "position" bigint NOT NULL,
    kind text NOT NULL,
    version smallint NOT NULL,
    subject text NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    data jsonb NOT NULL,
    moves jsonb NOT NULL,
    hash bytea NOT NULL
)
PARTITION BY RANGE ("position");

CREATE TABLE journal.fact_0 (
    tenant_id integer NOT NULL,
    "position" bigint NOT NULL,
    kind text NOT NULL,
    version smallint NOT NULL,
    subject text NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    data jsonb NOT NULL,
    moves jsonb NOT NULL,
    hash bytea NOT NULL
);

CREATE TABLE journal.head (
    tenant_id integer NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL,
    recorded_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
)
WITH (fillfactor='10');

CREATE TABLE journal.key (
    tenant_id integer NOT NULL,
    digest uuid NOT NULL,
    content uuid NOT NULL,
    "position" bigint NOT NULL
);

CREATE TABLE journal.private (
    tenant_id integer NOT NULL,
    "position" bigint NOT NULL,
    name text NOT NULL,
    owner text NOT NULL,
    salt bytea NOT NULL,
    body text NOT NULL
);

CREATE TABLE journal.subscription (
    tenant_id integer NOT NULL,
    name text NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL,
    state text DEFAULT 'running'::text NOT NULL,
    problem text,
    CONSTRAINT subscription_state_check CHECK ((state = ANY (ARRAY['running'::text, 'stopped'::text])))
)
WITH (fillfactor='50');

CREATE TABLE ledger.account (
    tenant_id integer NOT NULL,
    id bigint NOT NULL,
    address text NOT NULL,
    asset text NOT NULL,
    floor bigint,
    frozen smallint DEFAULT 0 NOT NULL,
    balance bigint DEFAULT 0 NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    CONSTRAINT account_frozen_check CHECK ((frozen = ANY (ARRAY[0, 1, 2])))
)
WITH (fillfactor='60');

CREATE SEQUENCE ledger.account_number
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE ledger.counter (
    tenant_id integer NOT NULL,
    name text NOT NULL,
    starts timestamp with time zone NOT NULL,
    ends timestamp with time zone NOT NULL,
    used bigint DEFAULT 0 NOT NULL,
    opened_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
)
WITH (fillfactor='60');

CREATE TABLE ledger.entry (
    tenant_id integer NOT NULL,
    account_id bigint NOT NULL,
    "position" bigint NOT NULL,
    amount bigint NOT NULL,
    balance bigint NOT NULL,
    asset text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT entry_amount_check CHECK ((amount <> 0))
)
PARTITION BY RANGE ("position");

CREATE TABLE ledger.entry_0 (
    tenant_id integer NOT NULL,
    account_id bigint NOT NULL,
    "position" bigint NOT NULL,
    amount bigint NOT NULL,
    balance bigint NOT NULL,
    asset text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT entry_amount_check CHECK ((amount <> 0))
);

CREATE TABLE ledger.hold (
    tenant_id integer NOT NULL,
    id bigint NOT NULL,
    address text NOT NULL,
    asset text NOT NULL,
    amount bigint NOT NULL,
    remaining bigint NOT NULL,
    deadline timestamp with time zone NOT NULL,
    CONSTRAINT hold_amount_check CHECK ((amount > 0)),
    CONSTRAINT hold_check CHECK (((remaining >= 0) AND (remaining <= amount)))
)
WITH (fillfactor='70');

CREATE TABLE notifications.contact (
    tenant_id integer NOT NULL,
    viewer text NOT NULL,
    revision integer NOT NULL,
    language text NOT NULL,
    time_zone text,
    email text,
    phone text,
    push_token text,
    muted jsonb NOT NULL,
    quiet_from smallint,
    quiet_until smallint,
    saved_at timestamp with time zone NOT NULL,
    CONSTRAINT contact_check CHECK (((quiet_from IS NULL) = (quiet_until IS NULL))),
    CONSTRAINT contact_language_check CHECK ((language = ANY (ARRAY['en'::text, 'zh'::text]))),
    CONSTRAINT contact_quiet_from_check CHECK (((quiet_from >= 0) AND (quiet_from <= 1439))),
    CONSTRAINT contact_quiet_until_check CHECK (((quiet_until >= 0) AND (quiet_until <= 1439)))
);

CREATE TABLE notifications.delivery (
    tenant_id integer NOT NULL,
    number bigint NOT NULL,
    channel text NOT NULL,
    endpoint bigint NOT NULL,
    message bigint,
    fact bigint,
    kind text NOT NULL,
    viewer text,
    state text NOT NULL,
    attempts smallint NOT NULL,
    next_at timestamp with time zone,
    problem text,
    receipt text,
    created_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT delivery_channel_check CHECK ((channel = ANY (ARRAY['in_app'::text, 'email'::text, 'webhook'::text, 'sms'::text, 'push'::text]))),
    CONSTRAINT delivery_check CHECK (((message IS NULL) <> (fact IS NULL))),
    CONSTRAINT delivery_check1 CHECK (((next_at IS NULL) = (state = ANY (ARRAY['sent'::text, 'dead'::text, 'dropped'::text])))),
    CONSTRAINT delivery_check2 CHECK (((channel = 'webhook'::text) = (endpoint > 0))),
    CONSTRAINT delivery_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'waiting'::text, 'failed'::text, 'sent'::text, 'dead'::text, 'dropped'::text])))
);

ALTER TABLE notifications.delivery ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME notifications.delivery_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE notifications.deposit (
    tenant_id integer NOT NULL,
    order_number bigint NOT NULL,
    show text NOT NULL,
    viewer text NOT NULL,
    asset text NOT NULL,
    amount bigint NOT NULL,
    balance_until timestamp with time zone NOT NULL,
    open boolean NOT NULL
);

CREATE TABLE notifications.holding (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    viewer text NOT NULL,
    order_number bigint NOT NULL,
    tickets integer NOT NULL,
    since timestamp with time zone NOT NULL,
    CONSTRAINT holding_tickets_check CHECK ((tickets >= 0))
);

CREATE TABLE notifications.mail_server (
    tenant_id integer NOT NULL,
    revision integer NOT NULL,
    enabled boolean NOT NULL,
    host text NOT NULL,
    port integer NOT NULL,
    security text NOT NULL,
    username text,
    password bytea,
    from_address text NOT NULL,
    from_name text NOT NULL,
    ca_pem text,
    saved_by text NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    CONSTRAINT mail_server_check CHECK (((username IS NULL) = (password IS NULL))),
    CONSTRAINT mail_server_port_check CHECK (((port >= 1) AND (port <= 65535))),
    CONSTRAINT mail_server_security_check CHECK ((security = ANY (ARRAY['tls'::text, 'starttls'::text, 'none'::text])))
);

CREATE TABLE notifications.message (
    tenant_id integer NOT NULL,
    number bigint NOT NULL,
    changed bigint NOT NULL,
    viewer text NOT NULL,
    kind text NOT NULL,
    thing text NOT NULL,
    occasion text NOT NULL,
    show text,
    language text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    link text NOT NULL,
    shown boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    read_at timestamp with time zone
);

CREATE TABLE notifications.reminder (
    tenant_id integer NOT NULL,
    kind text NOT NULL,
    thing text NOT NULL,
    show text NOT NULL,
    occasion text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    moved_from timestamp with time zone,
    reached text DEFAULT ''::text NOT NULL
);

CREATE TABLE notifications.show (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    title_en text NOT NULL,
    title_zh text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    timed_at timestamp with time zone NOT NULL,
    watch_url text,
    state text NOT NULL
);

CREATE TABLE notifications.tally (
    tenant_id integer NOT NULL,
    last bigint NOT NULL
);

CREATE TABLE notifications.template (
    tenant_id integer NOT NULL,
    kind text NOT NULL,
    language text NOT NULL,
    revision integer NOT NULL,
    title text,
    body text,
    saved_by text NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    CONSTRAINT template_check CHECK (((title IS NULL) = (body IS NULL))),
    CONSTRAINT template_language_check CHECK ((language = ANY (ARRAY['en'::text, 'zh'::text])))
);

CREATE TABLE notifications.webhook (
    tenant_id integer NOT NULL,
    number bigint NOT NULL,
    url text NOT NULL,
    kinds text[] NOT NULL,
    enabled boolean NOT NULL,
    disabled_cause text,
    secret bytea NOT NULL,
    former bytea,
    former_until timestamp with time zone,
    failing_since timestamp with time zone,
    revision integer NOT NULL,
    made_at timestamp with time zone NOT NULL,
    saved_by text NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    CONSTRAINT webhook_check CHECK (((former IS NULL) = (former_until IS NULL))),
    CONSTRAINT webhook_disabled_cause_check CHECK ((disabled_cause = ANY (ARRAY['gone'::text, 'failing'::text])))
);

ALTER TABLE notifications.webhook ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME notifications.webhook_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE payments.account (
    tenant_id integer NOT NULL,
    number bigint NOT NULL,
    channel text NOT NULL,
    name text NOT NULL,
    settings jsonb NOT NULL,
    secrets bytea NOT NULL,
    enabled boolean NOT NULL,
    priority integer NOT NULL,
    assets text[] NOT NULL,
    methods text[] NOT NULL,
    devices text[] NOT NULL,
    minimum bigint NOT NULL,
    maximum bigint NOT NULL,
    revision integer NOT NULL,
    saved_by text NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    secret_names text[] DEFAULT '{}'::text[] NOT NULL,
    secrets_at timestamp with time zone DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone NOT NULL
);

ALTER TABLE payments.account ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME payments.account_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE payments.attempt (
    tenant_id integer NOT NULL,
    intent bigint NOT NULL,
    attempt smallint NOT NULL,
    account bigint NOT NULL,
    channel text NOT NULL,
    method text NOT NULL,
    number text NOT NULL,
    asset text NOT NULL,
    amount bigint NOT NULL,
    state text NOT NULL,
    presentation jsonb,
    transaction text,
    code text,
    opened_at timestamp with time zone NOT NULL,
    asked integer DEFAULT 0 NOT NULL,
    ask_at timestamp with time zone,
    settled_at timestamp with time zone,
    follows smallint,
    CONSTRAINT attempt_amount_check CHECK ((amount > 0)),
    CONSTRAINT attempt_state_check CHECK ((state = ANY (ARRAY['opening'::text, 'open'::text, 'unknown'::text, 'paid'::text, 'surplus'::text, 'failed'::text, 'closed'::text])))
);

CREATE TABLE payments.bill (
    tenant_id integer NOT NULL,
    account bigint NOT NULL,
    day date NOT NULL,
    kind text NOT NULL,
    revision integer NOT NULL,
    hash text NOT NULL,
    lines bigint NOT NULL,
    sums jsonb NOT NULL,
    imported_at timestamp with time zone NOT NULL,
    CONSTRAINT bill_kind_check CHECK ((kind = ANY (ARRAY['trade'::text, 'funds'::text])))
);

CREATE TABLE payments.bill_exception (
    tenant_id integer NOT NULL,
    number bigint NOT NULL,
    account bigint NOT NULL,
    channel text NOT NULL,
    day date NOT NULL,
    subject text NOT NULL,
    class text NOT NULL,
    state text NOT NULL,
    asset text NOT NULL,
    ours bigint,
    theirs bigint,
    fee bigint NOT NULL,
    fee_due bigint,
    ours_state text NOT NULL,
    theirs_state text NOT NULL,
    order_number text NOT NULL,
    transaction text NOT NULL,
    refund_number text NOT NULL,
    channel_refund text NOT NULL,
    intent bigint,
    attempt smallint,
    refund bigint,
    line integer,
    happened_at timestamp with time zone,
    seen_by bigint NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    reopened integer DEFAULT 0 NOT NULL,
    assignee text,
    note text,
    note_hash text,
    owner text,
    resolution text,
    resolved_by text,
    resolved_at timestamp with time zone,
    matched_day date,
    CONSTRAINT bill_exception_check CHECK (((state = 'resolved'::text) = (resolution IS NOT NULL))),
    CONSTRAINT bill_exception_class_check CHECK ((class = ANY (ARRAY['timing'::text, 'missing_here'::text, 'missing_there'::text, 'amount_differs'::text, 'fee_differs'::text, 'refund_state_differs'::text]))),
    CONSTRAINT bill_exception_resolution_check CHECK ((resolution = ANY (ARRAY['written_off'::text, 'corrected'::text, 'waiting'::text, 'recorded'::text, 'duplicate'::text, 'settled'::text]))),
    CONSTRAINT bill_exception_state_check CHECK ((state = ANY (ARRAY['expected'::text, 'open'::text, 'resolved'::text])))
);

ALTER TABLE payments.bill_exception ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME payments.bill_exception_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE UNLOGGED TABLE payments.bill_line (
    tenant_id integer NOT NULL,
    line integer NOT NULL,
    kind smallint NOT NULL,
    amount bigint NOT NULL,
    fee bigint NOT NULL,
    state smallint NOT NULL,
    refund bigint NOT NULL,
    again boolean NOT NULL,
    happened_at timestamp with time zone,
    asset text NOT NULL,
    number text NOT NULL,
    transaction text NOT NULL,
    refund_number text NOT NULL,
    channel_refund text NOT NULL,
    told text NOT NULL
);

CREATE TABLE payments.intent (
    tenant_id integer NOT NULL,
    number bigint NOT NULL,
    due bigint NOT NULL,
    due_kind text NOT NULL,
    payer text NOT NULL,
    asset text NOT NULL,
    amount bigint NOT NULL,
    title_en text NOT NULL,
    title_zh text NOT NULL,
    return_url text,
    state text NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    paid_attempt smallint,
    refunding bigint DEFAULT 0 NOT NULL,
    refunded bigint DEFAULT 0 NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT intent_amount_check CHECK ((amount > 0)),
    CONSTRAINT intent_check CHECK (((refunding + refunded) <= amount)),
    CONSTRAINT intent_check1 CHECK (((paid_attempt IS NOT NULL) = (state = ANY (ARRAY['succeeded'::text, 'partly_refunded'::text, 'refunded'::text])))),
    CONSTRAINT intent_refunded_check CHECK ((refunded >= 0)),
    CONSTRAINT intent_refunding_check CHECK ((refunding >= 0)),
    CONSTRAINT intent_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'processing'::text, 'succeeded'::text, 'failed'::text, 'closed'::text, 'partly_refunded'::text, 'refunded'::text])))
);

ALTER TABLE payments.intent ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME payments.intent_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE payments.outcome (
    tenant_id integer NOT NULL,
    bucket timestamp with time zone NOT NULL,
    channel text NOT NULL,
    account text NOT NULL,
    method text NOT NULL,
    asset text NOT NULL,
    outcome text NOT NULL,
    code text NOT NULL,
    count bigint NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT outcome_outcome_check CHECK ((outcome = ANY (ARRAY['attempted'::text, 'succeeded'::text, 'failed'::text])))
);

CREATE TABLE payments.policy (
    tenant_id integer NOT NULL,
    asset text NOT NULL,
    review_above bigint,
    revision integer NOT NULL
);

CREATE TABLE payments.reconciliation (
    tenant_id integer NOT NULL,
    number bigint NOT NULL,
    account bigint NOT NULL,
    channel text NOT NULL,
    day date NOT NULL,
    state text NOT NULL,
    bill_hash text NOT NULL,
    problem text,
    problem_line integer,
    lines bigint NOT NULL,
    classes jsonb NOT NULL,
    sums jsonb NOT NULL,
    opened integer NOT NULL,
    settled integer NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    CONSTRAINT reconciliation_state_check CHECK ((state = ANY (ARRAY['done'::text, 'refused'::text])))
);

ALTER TABLE payments.reconciliation ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME payments.reconciliation_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE payments.refund (
    tenant_id integer NOT NULL,
    number bigint NOT NULL,
    intent bigint NOT NULL,
    attempt smallint NOT NULL,
    account bigint NOT NULL,
    channel text NOT NULL,
    order_number text NOT NULL,
    asset text NOT NULL,
    amount bigint NOT NULL,
    cause text NOT NULL,
    state text NOT NULL,
    maker text NOT NULL,
    checker text,
    reason text,
    reason_hash text,
    owner text NOT NULL,
    channel_refund text,
    code text,
    requested_at timestamp with time zone NOT NULL,
    asked integer DEFAULT 0 NOT NULL,
    ask_at timestamp with time zone,
    settled_at timestamp with time zone,
    transaction text,
    retries smallint DEFAULT 0 NOT NULL,
    CONSTRAINT refund_amount_check CHECK ((amount > 0)),
    CONSTRAINT refund_cause_check CHECK ((cause = ANY (ARRAY['asked'::text, 'rejected'::text, 'revoked'::text, 'late'::text, 'double'::text, 'amount'::text]))),
    CONSTRAINT refund_check CHECK ((checker <> maker)),
    CONSTRAINT refund_state_check CHECK ((state = ANY (ARRAY['review'::text, 'approved'::text, 'sending'::text, 'succeeded'::text, 'failed'::text, 'rejected'::text])))
);

ALTER TABLE payments.refund ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME payments.refund_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE payments.sandbox_payment (
    tenant_id integer NOT NULL,
    account bigint NOT NULL,
    number text NOT NULL,
    payment smallint NOT NULL,
    transaction text NOT NULL,
    amount bigint NOT NULL,
    fee bigint NOT NULL,
    paid_at timestamp with time zone NOT NULL,
    CONSTRAINT sandbox_payment_amount_check CHECK ((amount > 0)),
    CONSTRAINT sandbox_payment_fee_check CHECK ((fee >= 0))
);

CREATE TABLE payments.sandbox_refund (
    tenant_id integer NOT NULL,
    account bigint NOT NULL,
    refund_number text NOT NULL,
    number text NOT NULL,
    transaction text NOT NULL,
    amount bigint NOT NULL,
    notify_url text NOT NULL,
    refunded_at timestamp with time zone NOT NULL,
    CONSTRAINT sandbox_refund_amount_check CHECK ((amount > 0))
);

CREATE TABLE payments.sandbox_trade (
    tenant_id integer NOT NULL,
    account bigint NOT NULL,
    number text NOT NULL,
    asset text NOT NULL,
    amount bigint NOT NULL,
    title text NOT NULL,
    notify_url text NOT NULL,
    state text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT sandbox_trade_amount_check CHECK ((amount > 0)),
    CONSTRAINT sandbox_trade_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'paid'::text, 'failed'::text, 'closed'::text])))
);

CREATE TABLE presale.booking (
    tenant_id integer NOT NULL,
    "order" bigint NOT NULL,
    viewer text NOT NULL,
    show text NOT NULL,
    offer text NOT NULL,
    mode text NOT NULL,
    quantity integer NOT NULL,
    lines jsonb NOT NULL,
    asset text NOT NULL,
    total bigint NOT NULL,
    state text NOT NULL,
    payments jsonb NOT NULL,
    refunded bigint NOT NULL,
    deposits bigint NOT NULL,
    seats integer NOT NULL,
    rights text[] NOT NULL,
    bundle jsonb NOT NULL,
    "group" text,
    balance_due timestamp with time zone,
    forfeited text NOT NULL,
    returned_if_cancelled boolean NOT NULL,
    revoked boolean DEFAULT false NOT NULL,
    instrument_hash text,
    attribution jsonb,
    balance bigint,
    CONSTRAINT booking_check CHECK (((seats >= 0) AND (seats <= quantity))),
    CONSTRAINT booking_deposits_check CHECK ((deposits >= 0)),
    CONSTRAINT booking_mode_check CHECK ((mode = ANY (ARRAY['full'::text, 'deposit'::text, 'group'::text]))),
    CONSTRAINT booking_refunded_check CHECK ((refunded >= 0)),
    CONSTRAINT booking_state_check CHECK ((state = ANY (ARRAY['pledged'::text, 'issued'::text, 'ended'::text, 'forfeited'::text, 'returned'::text])))
)
WITH (fillfactor='80');

CREATE TABLE presale.buyer_group (
    tenant_id integer NOT NULL,
    "group" text NOT NULL,
    show text NOT NULL,
    offer text NOT NULL,
    viewer text NOT NULL,
    size integer NOT NULL,
    price bigint NOT NULL,
    until timestamp with time zone NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    filled boolean
);

CREATE TABLE presale.code (
    tenant_id integer NOT NULL,
    offer text NOT NULL,
    code text NOT NULL,
    revision integer NOT NULL,
    enabled boolean NOT NULL,
    reserved integer NOT NULL,
    uses_max integer,
    CONSTRAINT code_reserved_check CHECK ((reserved >= 0)),
    CONSTRAINT code_uses_max_check CHECK ((uses_max > 0))
);

CREATE TABLE presale.offer (
    tenant_id integer NOT NULL,
    offer text NOT NULL,
    revision integer NOT NULL,
    show text NOT NULL,
    zone text NOT NULL,
    asset text NOT NULL,
    stock integer NOT NULL,
    steps jsonb NOT NULL,
    rights text[] NOT NULL,
    on_sale boolean NOT NULL,
    hidden boolean NOT NULL,
    transferable boolean NOT NULL,
    hold_s integer NOT NULL,
    per_order integer NOT NULL,
    per_person integer NOT NULL,
    deposit jsonb,
    group_terms jsonb,
    bundle jsonb NOT NULL,
    waiting text NOT NULL,
    waiting_s integer NOT NULL,
    CONSTRAINT offer_hold_s_check CHECK ((hold_s > 0)),
    CONSTRAINT offer_per_order_check CHECK ((per_order > 0)),
    CONSTRAINT offer_per_person_check CHECK ((per_person > 0)),
    CONSTRAINT offer_stock_check CHECK ((stock >= 0)),
    CONSTRAINT offer_waiting_check CHECK ((waiting = ANY (ARRAY['first_come'::text, 'lottery'::text]))),
    CONSTRAINT offer_waiting_s_check CHECK ((waiting_s > 0))
);

CREATE TABLE presale.purchase (
    tenant_id integer NOT NULL,
    "order" bigint NOT NULL,
    viewer text NOT NULL,
    show text NOT NULL,
    offer text NOT NULL,
    mode text NOT NULL,
    quantity integer NOT NULL,
    asset text NOT NULL,
    total bigint NOT NULL,
    state text NOT NULL,
    refunded bigint DEFAULT 0 NOT NULL,
    returned integer DEFAULT 0 NOT NULL,
    held_until timestamp with time zone NOT NULL,
    at timestamp with time zone NOT NULL
)
WITH (fillfactor='80');

CREATE TABLE presale.show (
    tenant_id integer NOT NULL,
    show text NOT NULL,
    revision integer NOT NULL,
    state text NOT NULL,
    organiser text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    texts jsonb NOT NULL,
    streams jsonb NOT NULL,
    commission text NOT NULL,
    sale_at timestamp with time zone,
    poster_url text,
    watch_url text,
    devices_max integer NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT show_check CHECK ((ends_at > starts_at)),
    CONSTRAINT show_check1 CHECK (((state = 'ended'::text) = (ended_at IS NOT NULL))),
    CONSTRAINT show_devices_max_check CHECK ((devices_max > 0)),
    CONSTRAINT show_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'presale'::text, 'on_sale'::text, 'live'::text, 'ended'::text, 'cancelled'::text])))
);

CREATE TABLE presale.ticket (
    tenant_id integer NOT NULL,
    "order" bigint NOT NULL,
    seat smallint NOT NULL,
    show text NOT NULL,
    holder text NOT NULL,
    state text NOT NULL,
    transferred boolean DEFAULT false NOT NULL,
    CONSTRAINT ticket_state_check CHECK ((state = ANY (ARRAY['valid'::text, 'returned'::text])))
)
WITH (fillfactor='80');

CREATE TABLE presale.waiting (
    tenant_id integer NOT NULL,
    place bigint NOT NULL,
    viewer text NOT NULL,
    show text NOT NULL,
    offer text NOT NULL,
    quantity integer NOT NULL,
    state text NOT NULL,
    offered bigint,
    deadline timestamp with time zone,
    CONSTRAINT waiting_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'offered'::text, 'taken'::text, 'passed'::text, 'left'::text])))
)
WITH (fillfactor='80');

CREATE TABLE risk."freeze" (
    tenant_id integer NOT NULL,
    address text NOT NULL,
    state text NOT NULL,
    frozen_by text NOT NULL,
    frozen_at timestamp with time zone NOT NULL,
    CONSTRAINT freeze_state_check CHECK ((state = ANY (ARRAY['none'::text, 'debits'::text, 'all'::text])))
);

CREATE TABLE risk.switch (
    tenant_id integer NOT NULL,
    target text NOT NULL,
    off boolean NOT NULL,
    revision integer NOT NULL,
    flipped_by text NOT NULL,
    flipped_at timestamp with time zone NOT NULL
);

CREATE TABLE tipping.creator (
    tenant_id integer NOT NULL,
    creator text NOT NULL,
    revision integer NOT NULL,
    guild text,
    terms text
);

CREATE TABLE tipping.gift (
    tenant_id integer NOT NULL,
    gift text NOT NULL,
    revision integer NOT NULL,
    name_en text NOT NULL,
    name_zh text NOT NULL,
    price bigint NOT NULL,
    asset text NOT NULL,
    effect text,
    valid_from timestamp with time zone,
    valid_until timestamp with time zone,
    shows text[] NOT NULL,
    rooms text[] NOT NULL,
    on_sale boolean NOT NULL,
    CONSTRAINT gift_price_check CHECK ((price > 0))
);

CREATE TABLE tipping.paid (
    tenant_id integer NOT NULL,
    due bigint NOT NULL,
    tip bigint NOT NULL
);

CREATE TABLE tipping.policy (
    tenant_id integer NOT NULL,
    asset text NOT NULL,
    revision integer NOT NULL,
    "least" bigint NOT NULL,
    most bigint NOT NULL,
    presets bigint[] NOT NULL,
    day_limit bigint,
    creator_keeps bigint DEFAULT 0 NOT NULL,
    CONSTRAINT policy_creator_keeps_check CHECK ((creator_keeps >= 0))
);

CREATE TABLE tipping.terms (
    tenant_id integer NOT NULL,
    terms text NOT NULL,
    revision integer NOT NULL,
    basis text NOT NULL,
    tiers jsonb NOT NULL,
    CONSTRAINT terms_basis_check CHECK ((basis = ANY (ARRAY['fixed'::text, 'monthly'::text])))
);

CREATE TABLE tipping.tip (
    tenant_id integer NOT NULL,
    "position" bigint NOT NULL,
    viewer text NOT NULL,
    creator text NOT NULL,
    show text,
    room text,
    asset text NOT NULL,
    gift text,
    count integer NOT NULL,
    amount bigint NOT NULL,
    reversed bigint NOT NULL,
    anonymous boolean NOT NULL,
    at timestamp with time zone NOT NULL
)
WITH (fillfactor='90');

CREATE TABLE tipping.total (
    tenant_id integer NOT NULL,
    side text NOT NULL,
    asset text NOT NULL,
    show text NOT NULL,
    id text NOT NULL,
    amount bigint NOT NULL,
    tips bigint NOT NULL,
    CONSTRAINT total_side_check CHECK ((side = ANY (ARRAY['viewer'::text, 'creator'::text])))
)
WITH (fillfactor='70');

CREATE TABLE tipping.words (
    tenant_id integer NOT NULL,
    revision integer NOT NULL,
    words text[] NOT NULL
);

CREATE TABLE wallets.adjustment (
    tenant_id integer NOT NULL,
    number bigint NOT NULL,
    address text NOT NULL,
    amount bigint NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    maker text NOT NULL,
    checker text,
    reason text,
    reason_hash text NOT NULL,
    owner text NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    checked_at timestamp with time zone,
    CONSTRAINT adjustment_amount_check CHECK ((amount <> 0)),
    CONSTRAINT adjustment_check CHECK ((((state = 'pending'::text) = (checker IS NULL)) AND ((state = 'pending'::text) = (checked_at IS NULL)))),
    CONSTRAINT adjustment_check1 CHECK ((checker <> maker)),
    CONSTRAINT adjustment_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text])))
);

ALTER TABLE wallets.adjustment ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME wallets.adjustment_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE wallets.pack (
    tenant_id integer NOT NULL,
    pack text NOT NULL,
    revision integer NOT NULL,
    price_asset text NOT NULL,
    price bigint NOT NULL,
    asset text NOT NULL,
    amount bigint NOT NULL,
    bonus bigint NOT NULL,
    valid_from timestamp with time zone,
    valid_until timestamp with time zone,
    on_sale boolean NOT NULL,
    pay_within_s integer,
    CONSTRAINT pack_amount_check CHECK ((amount > 0)),
    CONSTRAINT pack_bonus_check CHECK ((bonus >= 0)),
    CONSTRAINT pack_pay_within_s_check CHECK ((pay_within_s > 0)),
    CONSTRAINT pack_price_check CHECK ((price > 0))
);

CREATE TABLE wallets.topup_policy (
    tenant_id integer NOT NULL,
    asset text NOT NULL,
    revision integer NOT NULL,
    clawback text NOT NULL,
    debt_limit bigint NOT NULL,
    debts boolean NOT NULL,
    CONSTRAINT topup_policy_check CHECK ((debts OR (clawback <> 'debt'::text))),
    CONSTRAINT topup_policy_clawback_check CHECK ((clawback = ANY (ARRAY['refuse'::text, 'debt'::text, 'available'::text]))),
    CONSTRAINT topup_policy_debt_limit_check CHECK ((debt_limit >= 0))
);

ALTER TABLE ONLY journal.fact ATTACH PARTITION journal.fact_0 FOR VALUES FROM ('0') TO ('16777216');

ALTER TABLE ONLY ledger.entry ATTACH PARTITION ledger.entry_0 FOR VALUES FROM ('0') TO ('16777216');

ALTER TABLE ONLY admission.place
    ADD CONSTRAINT place_pkey PRIMARY KEY (tenant_id, viewer, show, slot);

ALTER TABLE ONLY admission.place
    ADD CONSTRAINT place_tenant_id_server_client_key UNIQUE (tenant_id, server, client);

ALTER TABLE ONLY admission.server
    ADD CONSTRAINT server_pkey PRIMARY KEY (tenant_id, number);

ALTER TABLE ONLY admission.show
    ADD CONSTRAINT show_pkey PRIMARY KEY (tenant_id, show);

ALTER TABLE ONLY campaigns.attributes
    ADD CONSTRAINT attributes_pkey PRIMARY KEY (tenant_id, viewer);

ALTER TABLE ONLY campaigns.calendar
    ADD CONSTRAINT calendar_pkey PRIMARY KEY (tenant_id, calendar);

ALTER TABLE ONLY campaigns.campaign
    ADD CONSTRAINT campaign_pkey PRIMARY KEY (tenant_id, campaign);

ALTER TABLE ONLY campaigns.course
    ADD CONSTRAINT course_pkey PRIMARY KEY (tenant_id, campaign);

ALTER TABLE ONLY campaigns.described
    ADD CONSTRAINT described_pkey PRIMARY KEY (tenant_id, viewer, at, "position");

ALTER TABLE ONLY campaigns.figure
    ADD CONSTRAINT figure_pkey PRIMARY KEY (tenant_id, campaign, bucket);

ALTER TABLE ONLY campaigns.first
    ADD CONSTRAINT first_pkey PRIMARY KEY (tenant_id, trigger, viewer);

ALTER TABLE ONLY campaigns.lot
    ADD CONSTRAINT lot_pkey PRIMARY KEY (tenant_id, campaign, viewer, span, fact, cause);

ALTER TABLE ONLY campaigns.origin
    ADD CONSTRAINT origin_pkey PRIMARY KEY (tenant_id, reference, "position");

ALTER TABLE ONLY campaigns.paid
    ADD CONSTRAINT paid_pkey PRIMARY KEY (tenant_id, bucket, asset);

ALTER TABLE ONLY campaigns.part
    ADD CONSTRAINT part_pkey PRIMARY KEY (tenant_id, fact, campaign);

ALTER TABLE ONLY campaigns.reached
    ADD CONSTRAINT reached_pkey PRIMARY KEY (tenant_id, campaign, viewer);

ALTER TABLE ONLY campaigns.revision
    ADD CONSTRAINT revision_pkey PRIMARY KEY (tenant_id, campaign, revision);

ALTER TABLE ONLY campaigns.standing
    ADD CONSTRAINT standing_pkey PRIMARY KEY (tenant_id, campaign, viewer, span);

ALTER TABLE ONLY campaigns.step
    ADD CONSTRAINT step_pkey PRIMARY KEY (tenant_id, campaign, "position");

ALTER TABLE ONLY campaigns.told
    ADD CONSTRAINT told_pkey PRIMARY KEY (tenant_id, "position");

ALTER TABLE ONLY campaigns.transfer
    ADD CONSTRAINT transfer_pkey PRIMARY KEY (tenant_id, number);

ALTER TABLE ONLY campaigns.undone
    ADD CONSTRAINT undone_pkey PRIMARY KEY (tenant_id, "position");

ALTER TABLE ONLY campaigns.watch
    ADD CONSTRAINT watch_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY commands.change
    ADD CONSTRAINT change_pkey PRIMARY KEY (tenant_id, revision, topic, key);

ALTER TABLE ONLY commands.tenant
    ADD CONSTRAINT tenant_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY commands.tenant
    ADD CONSTRAINT tenant_slug_key UNIQUE (slug);

ALTER TABLE ONLY identity.api_key
    ADD CONSTRAINT api_key_pkey PRIMARY KEY (tenant_id, number);

ALTER TABLE ONLY identity.lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (tenant_id, name);

ALTER TABLE ONLY identity.staff
    ADD CONSTRAINT staff_pkey PRIMARY KEY (tenant_id, number);

ALTER TABLE ONLY identity.token_key
    ADD CONSTRAINT token_key_pkey PRIMARY KEY (tenant_id, number);

ALTER TABLE ONLY insight.channel
    ADD CONSTRAINT channel_pkey PRIMARY KEY (tenant_id, show, campaign, invitation);

ALTER TABLE ONLY insight.due
    ADD CONSTRAINT due_pkey PRIMARY KEY (tenant_id, due);

ALTER TABLE ONLY insight.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (tenant_id, event);

ALTER TABLE ONLY insight.funnel
    ADD CONSTRAINT funnel_pkey PRIMARY KEY (tenant_id, show, grain, hour, campaign, invitation, asset);

ALTER TABLE ONLY insight.method
    ADD CONSTRAINT method_pkey PRIMARY KEY (tenant_id, show, channel, method, asset, outcome, code);

ALTER TABLE ONLY insight.offer
    ADD CONSTRAINT offer_pkey PRIMARY KEY (tenant_id, offer);

ALTER TABLE ONLY insight.offered
    ADD CONSTRAINT offered_pkey PRIMARY KEY (tenant_id, "position");

ALTER TABLE ONLY insight.pace
    ADD CONSTRAINT pace_pkey PRIMARY KEY (tenant_id, show, hour, offer, asset);

ALTER TABLE ONLY insight.party
    ADD CONSTRAINT party_pkey PRIMARY KEY (tenant_id, party);

ALTER TABLE ONLY insight.past
    ADD CONSTRAINT past_pkey PRIMARY KEY (tenant_id, show, hour, campaign, invitation);

ALTER TABLE ONLY insight.refund
    ADD CONSTRAINT refund_pkey PRIMARY KEY (tenant_id, show, asset, stage, reason);

ALTER TABLE ONLY insight.sale
    ADD CONSTRAINT sale_pkey PRIMARY KEY (tenant_id, "position");

ALTER TABLE ONLY insight.show
    ADD CONSTRAINT show_pkey PRIMARY KEY (tenant_id, show);

ALTER TABLE ONLY insight.site_key
    ADD CONSTRAINT site_key_pkey PRIMARY KEY (tenant_id, number);

ALTER TABLE ONLY insight.step
    ADD CONSTRAINT step_pkey PRIMARY KEY (tenant_id, show, offer, step, asset);

ALTER TABLE ONLY insight.traffic
    ADD CONSTRAINT traffic_pkey PRIMARY KEY (tenant_id, show, grain, hour, campaign, invitation);

ALTER TABLE ONLY insight.visitor
    ADD CONSTRAINT visitor_pkey PRIMARY KEY (tenant_id, show, visitor);

ALTER TABLE ONLY invitations.buyer
    ADD CONSTRAINT buyer_pkey PRIMARY KEY (tenant_id, show, viewer);

ALTER TABLE ONLY invitations.friend
    ADD CONSTRAINT friend_pkey PRIMARY KEY (tenant_id, ordered);

ALTER TABLE ONLY invitations.instrument
    ADD CONSTRAINT instrument_pkey PRIMARY KEY (tenant_id, viewer, mark);

ALTER TABLE ONLY invitations.invitation
    ADD CONSTRAINT invitation_pkey PRIMARY KEY (tenant_id, invitation);

ALTER TABLE ONLY invitations.picture
    ADD CONSTRAINT picture_pkey PRIMARY KEY (tenant_id, show);

ALTER TABLE ONLY invitations.returned
    ADD CONSTRAINT returned_pkey PRIMARY KEY (tenant_id, ordered, refund);

ALTER TABLE ONLY invitations.rule
    ADD CONSTRAINT rule_pkey PRIMARY KEY (tenant_id, show);

ALTER TABLE ONLY invitations.show
    ADD CONSTRAINT show_pkey PRIMARY KEY (tenant_id, show);

ALTER TABLE ONLY invitations.tally
    ADD CONSTRAINT tally_pkey PRIMARY KEY (tenant_id, show, inviter);

ALTER TABLE ONLY journal.dead_letter
    ADD CONSTRAINT dead_letter_pkey PRIMARY KEY (tenant_id, subscription, "position");

ALTER TABLE ONLY journal.fact
    ADD CONSTRAINT fact_pkey PRIMARY KEY (tenant_id, "position");

ALTER TABLE ONLY journal.fact_0
    ADD CONSTRAINT fact_0_pkey PRIMARY KEY (tenant_id, "position");

ALTER TABLE ONLY journal.head
    ADD CONSTRAINT head_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY journal.key
    ADD CONSTRAINT key_pkey PRIMARY KEY (tenant_id, digest);

ALTER TABLE ONLY journal.private
    ADD CONSTRAINT private_pkey PRIMARY KEY (tenant_id, "position", name);

ALTER TABLE ONLY journal.subscription
    ADD CONSTRAINT subscription_pkey PRIMARY KEY (tenant_id, name);

ALTER TABLE ONLY ledger.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY ledger.account
    ADD CONSTRAINT account_tenant_id_address_key UNIQUE (tenant_id, address);

ALTER TABLE ONLY ledger.counter
    ADD CONSTRAINT counter_pkey PRIMARY KEY (tenant_id, name, starts);

ALTER TABLE ONLY ledger.entry
    ADD CONSTRAINT entry_pkey PRIMARY KEY (tenant_id, account_id, "position");

ALTER TABLE ONLY ledger.entry_0
    ADD CONSTRAINT entry_0_pkey PRIMARY KEY (tenant_id, account_id, "position");

ALTER TABLE ONLY ledger.hold
    ADD CONSTRAINT hold_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY notifications.contact
    ADD CONSTRAINT contact_pkey PRIMARY KEY (tenant_id, viewer);

ALTER TABLE ONLY notifications.delivery
    ADD CONSTRAINT delivery_pkey PRIMARY KEY (tenant_id, number);

ALTER TABLE ONLY notifications.delivery
    ADD CONSTRAINT delivery_tenant_id_fact_endpoint_key UNIQUE (tenant_id, fact, endpoint);

ALTER TABLE ONLY notifications.delivery
    ADD CONSTRAINT delivery_tenant_id_message_channel_endpoint_key UNIQUE (tenant_id, message, channel, endpoint);

ALTER TABLE ONLY notifications.deposit
    ADD CONSTRAINT deposit_pkey PRIMARY KEY (tenant_id, order_number);

ALTER TABLE ONLY notifications.holding
    ADD CONSTRAINT holding_pkey PRIMARY KEY (tenant_id, show, viewer, order_number);

ALTER TABLE ONLY notifications.mail_server
    ADD CONSTRAINT mail_server_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY notifications.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (tenant_id, number);

ALTER TABLE ONLY notifications.message
    ADD CONSTRAINT message_tenant_id_viewer_kind_thing_occasion_key UNIQUE (tenant_id, viewer, kind, thing, occasion);

ALTER TABLE ONLY notifications.reminder
    ADD CONSTRAINT reminder_pkey PRIMARY KEY (tenant_id, kind, thing);

ALTER TABLE ONLY notifications.show
    ADD CONSTRAINT show_pkey PRIMARY KEY (tenant_id, show);

ALTER TABLE ONLY notifications.tally
    ADD CONSTRAINT tally_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY notifications.template
    ADD CONSTRAINT template_pkey PRIMARY KEY (tenant_id, kind, language);

ALTER TABLE ONLY notifications.webhook
    ADD CONSTRAINT webhook_pkey PRIMARY KEY (tenant_id, number);

ALTER TABLE ONLY payments.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (tenant_id, number);

ALTER TABLE ONLY payments.attempt
    ADD CONSTRAINT attempt_pkey PRIMARY KEY (tenant_id, intent, attempt);

ALTER TABLE ONLY payments.attempt
    ADD CONSTRAINT attempt_tenant_id_account_number_key UNIQUE (tenant_id, account, number);

ALTER TABLE ONLY payments.bill_exception
    ADD CONSTRAINT bill_exception_pkey PRIMARY KEY (tenant_id, number);

ALTER TABLE ONLY payments.bill_exception
    ADD CONSTRAINT bill_exception_tenant_id_account_subject_key UNIQUE (tenant_id, account, subject);

ALTER TABLE ONLY payments.bill
    ADD CONSTRAINT bill_pkey PRIMARY KEY (tenant_id, account, day, kind, revision);

ALTER TABLE ONLY payments.intent
    ADD CONSTRAINT intent_pkey PRIMARY KEY (tenant_id, number);

ALTER TABLE ONLY payments.intent
    ADD CONSTRAINT intent_tenant_id_due_key UNIQUE (tenant_id, due);

ALTER TABLE ONLY payments.outcome
    ADD CONSTRAINT outcome_pkey PRIMARY KEY (tenant_id, bucket, channel, account, method, asset, outcome, code);

ALTER TABLE ONLY payments.policy
    ADD CONSTRAINT policy_pkey PRIMARY KEY (tenant_id, asset);

ALTER TABLE ONLY payments.reconciliation
    ADD CONSTRAINT reconciliation_pkey PRIMARY KEY (tenant_id, number);

ALTER TABLE ONLY payments.refund
    ADD CONSTRAINT refund_pkey PRIMARY KEY (tenant_id, number);

ALTER TABLE ONLY payments.sandbox_payment
    ADD CONSTRAINT sandbox_payment_pkey PRIMARY KEY (tenant_id, account, number, payment);

ALTER TABLE ONLY payments.sandbox_refund
    ADD CONSTRAINT sandbox_refund_pkey PRIMARY KEY (tenant_id, account, refund_number);

ALTER TABLE ONLY payments.sandbox_trade
    ADD CONSTRAINT sandbox_trade_pkey PRIMARY KEY (tenant_id, account, number);

ALTER TABLE ONLY presale.booking
    ADD CONSTRAINT booking_pkey PRIMARY KEY (tenant_id, "order");

ALTER TABLE ONLY presale.buyer_group
    ADD CONSTRAINT buyer_group_pkey PRIMARY KEY (tenant_id, "group");

ALTER TABLE ONLY presale.code
    ADD CONSTRAINT code_pkey PRIMARY KEY (tenant_id, offer, code);

ALTER TABLE ONLY presale.offer
    ADD CONSTRAINT offer_pkey PRIMARY KEY (tenant_id, offer);

ALTER TABLE ONLY presale.purchase
    ADD CONSTRAINT purchase_pkey PRIMARY KEY (tenant_id, "order");

ALTER TABLE ONLY presale.show
    ADD CONSTRAINT show_pkey PRIMARY KEY (tenant_id, show);

ALTER TABLE ONLY presale.ticket
    ADD CONSTRAINT ticket_pkey PRIMARY KEY (tenant_id, "order", seat);

ALTER TABLE ONLY presale.waiting
    ADD CONSTRAINT waiting_pkey PRIMARY KEY (tenant_id, place);

ALTER TABLE ONLY risk."freeze"
    ADD CONSTRAINT freeze_pkey PRIMARY KEY (tenant_id, address);

ALTER TABLE ONLY risk.switch
    ADD CONSTRAINT switch_pkey PRIMARY KEY (tenant_id, target);

ALTER TABLE ONLY tipping.creator
    ADD CONSTRAINT creator_pkey PRIMARY KEY (tenant_id, creator);

ALTER TABLE ONLY tipping.gift
    ADD CONSTRAINT gift_pkey PRIMARY KEY (tenant_id, gift);

ALTER TABLE ONLY tipping.paid
    ADD CONSTRAINT paid_pkey PRIMARY KEY (tenant_id, due);

ALTER TABLE ONLY tipping.policy
    ADD CONSTRAINT policy_pkey PRIMARY KEY (tenant_id, asset);

ALTER TABLE ONLY tipping.terms
    ADD CONSTRAINT terms_pkey PRIMARY KEY (tenant_id, terms);

ALTER TABLE ONLY tipping.tip
    ADD CONSTRAINT tip_pkey PRIMARY KEY (tenant_id, "position");

ALTER TABLE ONLY tipping.total
    ADD CONSTRAINT total_pkey PRIMARY KEY (tenant_id, side, asset, show, id);

ALTER TABLE ONLY tipping.words
    ADD CONSTRAINT words_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY wallets.adjustment
    ADD CONSTRAINT adjustment_pkey PRIMARY KEY (tenant_id, number);

ALTER TABLE ONLY wallets.pack
    ADD CONSTRAINT pack_pkey PRIMARY KEY (tenant_id, pack);

ALTER TABLE ONLY wallets.topup_policy
    ADD CONSTRAINT topup_policy_pkey PRIMARY KEY (tenant_id, asset);

CREATE INDEX campaign_over ON campaigns.campaign USING btree (tenant_id, ends_at) WHERE ((approved IS NOT NULL) AND (ended_at IS NULL));

CREATE INDEX course_ended ON campaigns.course USING btree (tenant_id, ended);

CREATE INDEX lot_maturing ON campaigns.lot USING btree (tenant_id, matures_at, "position") WHERE ((matures_at IS NOT NULL) AND (remaining > 0));

CREATE INDEX told_campaign ON campaigns.told USING btree (tenant_id, campaign, "position");

CREATE INDEX told_fact ON campaigns.told USING btree (tenant_id, fact, "position");

CREATE INDEX told_viewer ON campaigns.told USING btree (tenant_id, viewer, "position");

CREATE INDEX transfer_campaign ON campaigns.transfer USING btree (tenant_id, campaign, number);

CREATE INDEX event_at ON insight.event USING btree (tenant_id, at);

CREATE INDEX offer_show ON insight.offer USING btree (tenant_id, show);

CREATE INDEX offered_open ON insight.offered USING btree (tenant_id, offer) WHERE open;

CREATE INDEX party_show ON insight.party USING btree (tenant_id, show, state);

CREATE INDEX visitor_seen ON insight.visitor USING btree (tenant_id, seen_at);

CREATE UNIQUE INDEX buyer_ordered ON invitations.buyer USING btree (tenant_id, ordered);

CREATE INDEX friend_invitation ON invitations.friend USING btree (tenant_id, invitation, ordered);

CREATE UNIQUE INDEX invitation_viewer ON invitations.invitation USING btree (tenant_id, viewer, show);

CREATE INDEX private_owner ON journal.private USING btree (tenant_id, owner);

CREATE INDEX counter_over ON ledger.counter USING btree (tenant_id, ends) WHERE (ends < 'infinity'::timestamp with time zone);

CREATE INDEX hold_due ON ledger.hold USING btree (tenant_id, deadline, id) WHERE (remaining > 0);

CREATE INDEX delivery_channel ON notifications.delivery USING btree (tenant_id, channel, number);

CREATE INDEX delivery_due ON notifications.delivery USING btree (tenant_id, channel, endpoint, next_at) WHERE (next_at IS NOT NULL);

CREATE INDEX delivery_state ON notifications.delivery USING btree (tenant_id, state, number);

CREATE INDEX delivery_viewer ON notifications.delivery USING btree (tenant_id, viewer, number) WHERE (viewer IS NOT NULL);

CREATE INDEX deposit_show ON notifications.deposit USING btree (tenant_id, show, viewer) WHERE open;

CREATE INDEX holding_order ON notifications.holding USING btree (tenant_id, order_number);

CREATE INDEX message_changed ON notifications.message USING btree (tenant_id, changed);

CREATE INDEX message_inbox ON notifications.message USING btree (tenant_id, viewer, number) WHERE shown;

CREATE INDEX message_show ON notifications.message USING btree (tenant_id, show, viewer) WHERE (show IS NOT NULL);

CREATE INDEX message_unread ON notifications.message USING btree (tenant_id, viewer) WHERE (shown AND (read_at IS NULL));

CREATE INDEX reminder_due ON notifications.reminder USING btree (tenant_id, due_at);

CREATE INDEX reminder_show ON notifications.reminder USING btree (tenant_id, show);

CREATE INDEX attempt_ask ON payments.attempt USING btree (tenant_id, ask_at) WHERE (ask_at IS NOT NULL);

CREATE INDEX attempt_settled ON payments.attempt USING btree (tenant_id, account, settled_at) WHERE (settled_at IS NOT NULL);

CREATE INDEX attempt_transaction ON payments.attempt USING btree (tenant_id, account, transaction) WHERE (transaction IS NOT NULL);

CREATE INDEX attempt_unknown ON payments.attempt USING btree (tenant_id, account, opened_at) WHERE (state = 'unknown'::text);

CREATE INDEX bill_exception_day ON payments.bill_exception USING btree (tenant_id, account, day);

CREATE INDEX bill_exception_state ON payments.bill_exception USING btree (tenant_id, state, number);

CREATE INDEX intent_open ON payments.intent USING btree (tenant_id, expires_at) WHERE (state = ANY (ARRAY['pending'::text, 'processing'::text, 'failed'::text]));

CREATE INDEX intent_payer ON payments.intent USING btree (tenant_id, payer, number);

CREATE INDEX reconciliation_day ON payments.reconciliation USING btree (tenant_id, account, day, number);

CREATE INDEX refund_ask ON payments.refund USING btree (tenant_id, ask_at) WHERE (ask_at IS NOT NULL);

CREATE INDEX refund_channel ON payments.refund USING btree (tenant_id, account, channel_refund) WHERE (channel_refund IS NOT NULL);

CREATE INDEX refund_intent ON payments.refund USING btree (tenant_id, intent);

CREATE INDEX refund_receipt ON payments.refund USING btree (tenant_id, account, transaction) WHERE ((transaction IS NOT NULL) AND (cause = ANY (ARRAY['late'::text, 'double'::text, 'amount'::text])));

CREATE INDEX refund_settled ON payments.refund USING btree (tenant_id, account, settled_at) WHERE (settled_at IS NOT NULL);

CREATE INDEX refund_state ON payments.refund USING btree (tenant_id, state, number);

CREATE UNIQUE INDEX refund_surplus ON payments.refund USING btree (tenant_id, intent, attempt, transaction) WHERE (cause = ANY (ARRAY['late'::text, 'double'::text, 'amount'::text]));

CREATE INDEX sandbox_payment_day ON payments.sandbox_payment USING btree (tenant_id, account, paid_at);

CREATE INDEX sandbox_refund_day ON payments.sandbox_refund USING btree (tenant_id, account, refunded_at);

CREATE INDEX sandbox_refund_trade ON payments.sandbox_refund USING btree (tenant_id, account, number);

CREATE INDEX booking_balance ON presale.booking USING btree (tenant_id, balance_due) WHERE (balance_due IS NOT NULL);

CREATE INDEX booking_group ON presale.booking USING btree (tenant_id, "group", "order") WHERE ("group" IS NOT NULL);

CREATE INDEX booking_show ON presale.booking USING btree (tenant_id, show, "order");

CREATE INDEX booking_unrevoked ON presale.booking USING btree (tenant_id, show, "order") WHERE (NOT revoked);

CREATE INDEX buyer_group_offer ON presale.buyer_group USING btree (tenant_id, offer, until) WHERE (filled IS NULL);

CREATE INDEX buyer_group_open ON presale.buyer_group USING btree (tenant_id, until) WHERE (filled IS NULL);

CREATE INDEX offer_show ON presale.offer USING btree (tenant_id, show, offer);

CREATE INDEX purchase_show ON presale.purchase USING btree (tenant_id, show, "order");

CREATE INDEX purchase_viewer ON presale.purchase USING btree (tenant_id, viewer, "order");

CREATE INDEX show_sale ON presale.show USING btree (tenant_id, sale_at, show) WHERE ((state = 'presale'::text) AND (sale_at IS NOT NULL));

CREATE INDEX show_starts ON presale.show USING btree (tenant_id, starts_at, show);

CREATE INDEX show_state ON presale.show USING btree (tenant_id, state, starts_at, show);

CREATE INDEX ticket_holder ON presale.ticket USING btree (tenant_id, holder, "order", seat);

CREATE INDEX waiting_next ON presale.waiting USING btree (tenant_id, offer, place) WHERE (state = 'waiting'::text);

CREATE INDEX waiting_offered ON presale.waiting USING btree (tenant_id, offered) WHERE (offered IS NOT NULL);

CREATE INDEX waiting_viewer ON presale.waiting USING btree (tenant_id, viewer, place);

CREATE INDEX waiting_wishes ON presale.waiting USING btree (tenant_id, offer, quantity) WHERE (state = 'waiting'::text);

CREATE INDEX tip_creator ON tipping.tip USING btree (tenant_id, creator, "position");

CREATE INDEX tip_show ON tipping.tip USING btree (tenant_id, show, "position") WHERE (show IS NOT NULL);

CREATE INDEX tip_viewer ON tipping.tip USING btree (tenant_id, viewer, "position");

CREATE INDEX adjustment_owner ON wallets.adjustment USING btree (tenant_id, owner) WHERE (reason IS NOT NULL);

CREATE INDEX adjustment_state ON wallets.adjustment USING btree (tenant_id, state, number);

ALTER INDEX journal.fact_pkey ATTACH PARTITION journal.fact_0_pkey;

ALTER INDEX ledger.entry_pkey ATTACH PARTITION ledger.entry_0_pkey;

CREATE TRIGGER keep_all BEFORE TRUNCATE ON journal.fact FOR EACH STATEMENT EXECUTE FUNCTION journal.refuse_change();

CREATE TRIGGER keep_all BEFORE TRUNCATE ON journal.fact_0 FOR EACH STATEMENT EXECUTE FUNCTION journal.refuse_change();

CREATE TRIGGER keep_rows BEFORE DELETE OR UPDATE ON journal.fact_0 FOR EACH ROW EXECUTE FUNCTION journal.refuse_change();

CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger.entry FOR EACH STATEMENT EXECUTE FUNCTION journal.refuse_change();

CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger.entry_0 FOR EACH STATEMENT EXECUTE FUNCTION journal.refuse_change();

CREATE TRIGGER keep_rows BEFORE DELETE OR UPDATE ON ledger.entry_0 FOR EACH ROW EXECUTE FUNCTION journal.refuse_change();

CREATE TRIGGER sum_zero AFTER INSERT ON ledger.entry REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_sum_zero();

ALTER TABLE ONLY payments.sandbox_payment
    ADD CONSTRAINT sandbox_payment_tenant_id_account_number_fkey FOREIGN KEY (tenant_id, account, number) REFERENCES payments.sandbox_trade(tenant_id, account, number);

ALTER TABLE ONLY payments.sandbox_refund
    ADD CONSTRAINT sandbox_refund_tenant_id_account_number_fkey FOREIGN KEY (tenant_id, account, number) REFERENCES payments.sandbox_trade(tenant_id, account, number);

GRANT USAGE ON SCHEMA admission TO plaudit_runtime;

GRANT USAGE ON SCHEMA campaigns TO plaudit_runtime;

GRANT USAGE ON SCHEMA commands TO plaudit_runtime;

GRANT USAGE ON SCHEMA identity TO plaudit_runtime;

GRANT USAGE ON SCHEMA insight TO plaudit_runtime;

GRANT USAGE ON SCHEMA invitations TO plaudit_runtime;

GRANT USAGE ON SCHEMA journal TO plaudit_runtime;

GRANT USAGE ON SCHEMA ledger TO plaudit_runtime;

GRANT USAGE ON SCHEMA notifications TO plaudit_runtime;

GRANT USAGE ON SCHEMA payments TO plaudit_runtime;

GRANT USAGE ON SCHEMA presale TO plaudit_runtime;

GRANT USAGE ON SCHEMA risk TO plaudit_runtime;

GRANT USAGE ON SCHEMA tipping TO plaudit_runtime;

GRANT USAGE ON SCHEMA wallets TO plaudit_runtime;

REVOKE ALL ON FUNCTION journal.add_partition(parent regclass, number bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION journal.add_partition(parent regclass, number bigint) TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE admission.place TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE admission.server TO plaudit_runtime;

GRANT USAGE ON SEQUENCE admission.server_number_seq TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE admission.show TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE campaigns.attributes TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE campaigns.calendar TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE campaigns.campaign TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE campaigns.course TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE campaigns.described TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE campaigns.figure TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE campaigns.first TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE campaigns.lot TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE campaigns.origin TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE campaigns.paid TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE campaigns.part TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE campaigns.reached TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE campaigns.revision TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE campaigns.standing TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE campaigns.step TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE campaigns.told TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE campaigns.transfer TO plaudit_runtime;

GRANT UPDATE(state) ON TABLE campaigns.transfer TO plaudit_runtime;

GRANT UPDATE(checker) ON TABLE campaigns.transfer TO plaudit_runtime;

GRANT UPDATE(reason) ON TABLE campaigns.transfer TO plaudit_runtime;

GRANT UPDATE(checked_at) ON TABLE campaigns.transfer TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE campaigns.undone TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE campaigns.watch TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE commands.change TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE commands.tenant TO plaudit_runtime;

GRANT UPDATE(name) ON TABLE commands.tenant TO plaudit_runtime;

GRANT UPDATE(time_zone) ON TABLE commands.tenant TO plaudit_runtime;

GRANT UPDATE(revision) ON TABLE commands.tenant TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE identity.api_key TO plaudit_runtime;

GRANT UPDATE(revoked_at) ON TABLE identity.api_key TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE identity.lease TO plaudit_runtime;

GRANT USAGE ON SEQUENCE identity.number TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE identity.staff TO plaudit_runtime;

GRANT UPDATE(name) ON TABLE identity.staff TO plaudit_runtime;

GRANT UPDATE(revoked_at) ON TABLE identity.staff TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE identity.token_key TO plaudit_runtime;

GRANT UPDATE(material) ON TABLE identity.token_key TO plaudit_runtime;

GRANT UPDATE(revoked_at) ON TABLE identity.token_key TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE insight.channel TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE insight.due TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE ON TABLE insight.event TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE insight.funnel TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE insight.method TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE insight.offer TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE insight.offered TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE insight.pace TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE insight.party TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE insight.past TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE insight.refund TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE insight.sale TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE insight.show TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE insight.site_key TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE insight.step TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE insight.traffic TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE ON TABLE insight.visitor TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE invitations.buyer TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE invitations.friend TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE invitations.instrument TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE invitations.invitation TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE invitations.picture TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE invitations.returned TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE invitations.rule TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE invitations.show TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE invitations.tally TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE journal.dead_letter TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE journal.fact TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE journal.head TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE journal.key TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE ON TABLE journal.private TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE journal.subscription TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE ledger.account TO plaudit_runtime;

GRANT UPDATE(frozen) ON TABLE ledger.account TO plaudit_runtime;

GRANT UPDATE(balance) ON TABLE ledger.account TO plaudit_runtime;

GRANT USAGE ON SEQUENCE ledger.account_number TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ledger.counter TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE ledger.entry TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE ledger.hold TO plaudit_runtime;

GRANT UPDATE(remaining) ON TABLE ledger.hold TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE notifications.contact TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE notifications.delivery TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE notifications.deposit TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE notifications.holding TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE notifications.mail_server TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE notifications.message TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE notifications.reminder TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE notifications.show TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE notifications.tally TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE notifications.template TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE notifications.webhook TO plaudit_runtime;

GRANT USAGE ON SEQUENCE notifications.webhook_number_seq TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE payments.account TO plaudit_runtime;

GRANT USAGE ON SEQUENCE payments.account_number_seq TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE payments.attempt TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE payments.bill TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE payments.bill_exception TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE payments.bill_line TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE payments.intent TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE payments.outcome TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE payments.policy TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE payments.reconciliation TO plaudit_runtime;

GRANT USAGE ON SEQUENCE payments.reconciliation_number_seq TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE payments.refund TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE payments.sandbox_payment TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE payments.sandbox_refund TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE payments.sandbox_trade TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE presale.booking TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE presale.buyer_group TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE presale.code TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE presale.offer TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE presale.purchase TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE presale.show TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE presale.ticket TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE presale.waiting TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE risk."freeze" TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE risk.switch TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE tipping.creator TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE tipping.gift TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE tipping.paid TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE tipping.policy TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE tipping.terms TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tipping.tip TO plaudit_runtime;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tipping.total TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE tipping.words TO plaudit_runtime;

GRANT SELECT,INSERT ON TABLE wallets.adjustment TO plaudit_runtime;

GRANT UPDATE(state) ON TABLE wallets.adjustment TO plaudit_runtime;

GRANT UPDATE(checker) ON TABLE wallets.adjustment TO plaudit_runtime;

GRANT UPDATE(reason) ON TABLE wallets.adjustment TO plaudit_runtime;

GRANT UPDATE(checked_at) ON TABLE wallets.adjustment TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE wallets.pack TO plaudit_runtime;

GRANT SELECT,INSERT,UPDATE ON TABLE wallets.topup_policy TO plaudit_runtime;
