DO $$ BEGIN CREATE ROLE clerk; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE boss; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE critic; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
CREATE EXTENSION pg_trgm;
CREATE SCHEMA app AUTHORIZATION boss;
CREATE SCHEMA tools;
CREATE EXTENSION citext SCHEMA tools VERSION '1.5';
CREATE EXTENSION postgres_fdw SCHEMA tools;
GRANT USAGE ON SCHEMA app TO clerk;
GRANT CREATE ON SCHEMA public TO clerk;
COMMENT ON SCHEMA app IS 'the application''s own';
COMMENT ON SCHEMA public IS 'what everybody sees';

CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE app.pair AS (a int, b text);
CREATE TYPE app.span AS RANGE (subtype = int);
CREATE DOMAIN public.positive AS int CHECK (VALUE > 0);
CREATE SEQUENCE public.numbers START 7 INCREMENT 3 OWNED BY NONE;
SELECT nextval('numbers'), nextval('numbers');
CREATE COLLATION public.plain (locale = 'C');

CREATE FUNCTION public.twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE PROCEDURE app.nothing() LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE AGGREGATE public.total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE OPERATOR public.=+= (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
CREATE OPERATOR FAMILY public.fam USING btree;
CREATE OPERATOR CLASS public.cls FOR TYPE int USING btree FAMILY public.fam AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
CREATE CAST (app.pair AS text) WITH INOUT;
CREATE CAST (bytea AS bit) WITHOUT FUNCTION;
CREATE TEXT SEARCH CONFIGURATION public.words (COPY = simple);

CREATE TABLE public.users (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name tools.citext NOT NULL UNIQUE,
    age public.positive,
    mood app.mood DEFAULT 'ok',
    twice int GENERATED ALWAYS AS (public.twice(age)) STORED,
    raw bytea, doc jsonb, tags text[], pair app.pair, span app.span,
    at timestamptz DEFAULT now()
);
INSERT INTO public.users (name, age, mood, raw, doc, tags, pair, span) VALUES
    ('Ann', 30, 'happy', '\x00ff5c', '{"a": [1, null, "ü"]}', '{"a,b",NULL,"\"q\""}', '(1,x)', '[1,5)'),
    ('böb' || E'\n\t\\.', NULL, 'sad', NULL, 'null', '{}', NULL, 'empty');
CREATE TABLE public.items (
    id bigserial PRIMARY KEY,
    owner int NOT NULL REFERENCES public.users ON DELETE CASCADE DEFERRABLE,
    price numeric(10, 2) CHECK (price >= 0)
);
INSERT INTO public.items (owner, price) VALUES (1, 9.99), (2, 0);
CREATE INDEX items_price ON public.items (price) WHERE price > 1;
CREATE INDEX users_trgm ON public.users USING gin ((name::text) gin_trgm_ops);
CREATE STATISTICS public.stats ON owner, price FROM public.items;
CREATE UNLOGGED TABLE app.cache (k text PRIMARY KEY, v text);
INSERT INTO app.cache VALUES ('k', 'v');
CREATE TABLE app.events (at date NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE app.events_2024 PARTITION OF app.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE app.events_rest PARTITION OF app.events DEFAULT;
INSERT INTO app.events VALUES ('2024-05-01', 'a'), ('2030-01-01', 'b');
CREATE TABLE app.base (a int);
CREATE TABLE app.child (b int) INHERITS (app.base);
INSERT INTO app.child VALUES (1, 2);
ALTER TABLE app.base OWNER TO clerk;
ALTER TABLE public.items ADD gone int, ADD kept int;
ALTER TABLE public.items DROP gone;

CREATE VIEW public.adults AS SELECT id, name FROM public.users WHERE age > 17;
CREATE MATERIALIZED VIEW app.sums AS SELECT owner, sum(price) AS total FROM public.items GROUP BY owner;
CREATE UNIQUE INDEX sums_owner ON app.sums (owner);
CREATE RULE quiet AS ON DELETE TO public.items DO INSTEAD NOTHING;
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at := NEW.at; RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION app.touch();
ALTER TABLE public.users DISABLE TRIGGER touch;
CREATE FUNCTION app.heard() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN IF current_setting('deaf.x', true) = 'no' THEN RAISE 'heard'; END IF; END $$;
CREATE EVENT TRIGGER listener ON sql_drop EXECUTE FUNCTION app.heard();

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.users FOR SELECT TO clerk USING (name::text = current_user);
CREATE POLICY late ON public.users FOR DELETE TO critic USING (true);
GRANT SELECT, INSERT ON public.users TO clerk WITH GRANT OPTION;
GRANT UPDATE (mood) ON public.users TO clerk;
REVOKE EXECUTE ON FUNCTION public.twice(int) FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE boss GRANT SELECT ON TABLES TO clerk;
ALTER DEFAULT PRIVILEGES FOR ROLE boss REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE boss IN SCHEMA app GRANT ALL ON SEQUENCES TO clerk;
COMMENT ON TABLE public.users IS 'who they are';
COMMENT ON COLUMN public.users.age IS 'in years';
COMMENT ON EXTENSION pg_trgm IS 'ours';

CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'nowhere');
CREATE USER MAPPING FOR clerk SERVER far OPTIONS (user 'x');
CREATE FOREIGN TABLE app.remote (a int) SERVER far;
CREATE PUBLICATION news FOR TABLE public.items;
SELECT lo_from_bytea(4711, '\xdeadbeef');
GRANT SELECT ON LARGE OBJECT 4711 TO clerk;
COMMENT ON LARGE OBJECT 4711 IS 'a picture';
