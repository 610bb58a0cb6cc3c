-- Makes of a database what initdb makes of one, so that a copy can be read into it.
--
-- Roles, tablespaces, subscriptions and the settings of the database itself are no part of a
-- copy and stay. What initdb makes has a number below 16384.
\set ON_ERROR_STOP 1
-- A runner that is killed leaves this at work, and the next one waits for its end.
SELECT pg_catalog.pg_advisory_xact_lock(1835491700, 2);
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL search_path = '';
SET LOCAL client_min_messages = error;

-- The first to go, so that they do not hear of the rest.
SELECT pg_catalog.format('DROP EVENT TRIGGER IF EXISTS %I', e.evtname)
FROM pg_catalog.pg_event_trigger e
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.deptype = 'e'
    AND d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass AND d.objid = e.oid)
\gexec
SELECT pg_catalog.format('DROP EXTENSION IF EXISTS %I CASCADE', extname)
FROM pg_catalog.pg_extension WHERE oid >= 16384
\gexec
SELECT pg_catalog.format('DROP PUBLICATION IF EXISTS %I', pubname) FROM pg_catalog.pg_publication
\gexec
SELECT pg_catalog.format('DROP SCHEMA IF EXISTS %I CASCADE', nspname)
FROM pg_catalog.pg_namespace
WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
\gexec
SELECT DISTINCT pg_catalog.format('DROP %s IF EXISTS %s CASCADE',
    CASE o.type WHEN 'statistics object' THEN 'STATISTICS' WHEN 'composite type' THEN 'TYPE'
        WHEN 'function' THEN 'ROUTINE' WHEN 'procedure' THEN 'ROUTINE'
        WHEN 'aggregate' THEN 'ROUTINE' ELSE o.type END, o.identity)
FROM pg_catalog.pg_depend d,
    pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) o
WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
    AND d.refobjid = pg_catalog.to_regnamespace('public')
    AND d.classid <> 'pg_catalog.pg_default_acl'::pg_catalog.regclass
    -- What is a part of something goes with that.
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend part WHERE part.deptype = 'i'
        AND part.classid = d.classid AND part.objid = d.objid)
\gexec
SELECT pg_catalog.format('DROP FOREIGN DATA WRAPPER IF EXISTS %I CASCADE', fdwname)
FROM pg_catalog.pg_foreign_data_wrapper WHERE oid >= 16384
\gexec
SELECT pg_catalog.format('DROP TRANSFORM IF EXISTS FOR %s LANGUAGE %I',
    pg_catalog.format_type(t.trftype, NULL), l.lanname)
FROM pg_catalog.pg_transform t JOIN pg_catalog.pg_language l ON l.oid = t.trflang
\gexec
SELECT pg_catalog.format('DROP CAST IF EXISTS (%s AS %s)',
    pg_catalog.format_type(castsource, NULL), pg_catalog.format_type(casttarget, NULL))
FROM pg_catalog.pg_cast WHERE oid >= 16384
\gexec
SELECT pg_catalog.format('DROP LANGUAGE IF EXISTS %I CASCADE', lanname)
FROM pg_catalog.pg_language WHERE oid >= 16384
\gexec
SELECT pg_catalog.format('DROP ACCESS METHOD IF EXISTS %I CASCADE', amname)
FROM pg_catalog.pg_am WHERE oid >= 16384
\gexec
SELECT pg_catalog.count(pg_catalog.lo_unlink(oid)) FROM pg_catalog.pg_largeobject_metadata;

-- Default privileges: everything is taken away, then what stands there without any is given back.
SELECT DISTINCT pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I %s REVOKE ALL ON %s FROM %s',
    pg_catalog.pg_get_userbyid(a.defaclrole),
    CASE WHEN n.oid IS NOT NULL THEN pg_catalog.format('IN SCHEMA %I', n.nspname) END,
    CASE a.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES'
        WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' WHEN 'L' THEN 'LARGE OBJECTS' END,
    CASE g.grantee WHEN 0 THEN 'PUBLIC'
        ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END)
FROM pg_catalog.pg_default_acl a
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = a.defaclnamespace,
    pg_catalog.aclexplode(a.defaclacl) g
\gexec
SELECT pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I GRANT %s ON %s TO %s',
    pg_catalog.pg_get_userbyid(a.defaclrole), g.privilege_type,
    CASE a.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES'
        WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' WHEN 'L' THEN 'LARGE OBJECTS' END,
    CASE g.grantee WHEN 0 THEN 'PUBLIC'
        ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END)
FROM pg_catalog.pg_default_acl a,
    pg_catalog.aclexplode(pg_catalog.acldefault(
        CASE a.defaclobjtype WHEN 'S' THEN 's' ELSE a.defaclobjtype END, a.defaclrole)) g
WHERE a.defaclnamespace = 0
\gexec

-- The schema that pg_dump takes for granted: its owner, its privileges, its comment.
SELECT pg_catalog.to_regnamespace('public') IS NULL AS public_is_missing,
    pg_catalog.current_setting('server_version_num')::int >= 150000 AS public_is_closed,
    (SELECT pg_catalog.quote_ident(rolname) FROM pg_catalog.pg_roles WHERE oid =
        CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 150000
            THEN 6171 ELSE 10 END) AS public_owner
\gset
\if :public_is_missing
CREATE SCHEMA public;
\endif
SELECT pg_catalog.format('ALTER SCHEMA public OWNER TO %s', :'public_owner')
FROM pg_catalog.pg_namespace
WHERE nspname = 'public' AND pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(nspowner)) <> :'public_owner'
\gexec
SELECT DISTINCT pg_catalog.format('REVOKE ALL ON SCHEMA public FROM %s CASCADE',
    CASE g.grantee WHEN 0 THEN 'PUBLIC'
        ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END)
FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) g WHERE n.nspname = 'public'
\gexec
-- pg_dump writes how the privileges differ from those that initdb noted down; where the schema
-- was made anew by somebody there is no such note, and they differ from those of the owner alone.
SELECT pg_catalog.format('GRANT ALL ON SCHEMA public TO %s', :'public_owner')
UNION ALL
SELECT pg_catalog.format('GRANT %s ON SCHEMA public TO PUBLIC',
    CASE WHEN :'public_is_closed' THEN 'USAGE' ELSE 'ALL' END)
WHERE :'public_is_missing' OR EXISTS (SELECT FROM pg_catalog.pg_init_privs
    WHERE classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
    AND objoid = pg_catalog.to_regnamespace('public'))
\gexec
COMMENT ON SCHEMA public IS 'standard public schema';
