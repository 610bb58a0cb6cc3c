-- What hangs on no relation, but for roles and the database; with its number where it has a name
-- that others are described by.
-- section
SELECT 'schema' AS kind, s.name, NULL::text AS parent_kind, NULL::text AS parent_name,
       NULL::text AS own, NULL::text AS stem, NULL::text AS middle, NULL::text AS label,
       ARRAY['owner', pg_get_userbyid(n.nspowner)::text,
             'grants', $acl(n.nspacl; 'n'; n.nspowner),
             'comment', $comment(n.oid; pg_namespace)] AS facts,
       NULL::text[] AS notes, n.oid, 0::int2
FROM space s JOIN pg_catalog.pg_namespace n ON n.oid = s.oid
WHERE $own(n.oid; pg_namespace)
-- section
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
       s.name || '.' || quote_ident(p.proname) || '('
         || pg_get_function_identity_arguments(p.oid) || ')',
       NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['definition', pg_get_functiondef(p.oid),
             'owner', pg_get_userbyid(p.proowner)::text,
             'grants', $acl(p.proacl; 'f'; p.proowner),
             'comment', $comment(p.oid; pg_proc)],
       NULL, p.oid, 0::int2
FROM func p JOIN space s ON s.oid = p.pronamespace
WHERE p.prokind <> 'a'
-- section
SELECT 'aggregate', s.name || '.' || quote_ident(p.proname) || '('
         || pg_get_function_identity_arguments(p.oid) || ')',
       NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['result', pg_get_function_result(p.oid),
             'definition', (SELECT string_agg(e.key || ' ' || e.value, ', ' ORDER BY e.key)
                            FROM jsonb_each_text(to_jsonb(g) - 'aggfnoid') e
                            WHERE e.value NOT IN ('-', '0')),
             'parallel', p.proparallel::text,
             'owner', pg_get_userbyid(p.proowner)::text,
             'grants', $acl(p.proacl; 'f'; p.proowner),
             'comment', $comment(p.oid; pg_proc)],
       NULL, p.oid, 0::int2
FROM func p JOIN space s ON s.oid = p.pronamespace
JOIN pg_catalog.pg_aggregate g ON g.aggfnoid = p.oid
-- section
SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END,
       s.name || '.' || quote_ident(t.typname), NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['variant', CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'c' THEN 'composite'
               WHEN 'r' THEN 'range' WHEN 'b' THEN 'base' WHEN 'p' THEN 'shell' END,
             'labels', CASE WHEN t.typtype = 'e' THEN
               (SELECT coalesce(string_agg(quote_literal(e.enumlabel), ', '
                                           ORDER BY e.enumsortorder), '')
                FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid) END,
             'type', CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
             'not null', CASE WHEN t.typnotnull THEN 'yes' END,
             'default', coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault),
             'collation', CASE WHEN t.typtype = 'd' AND t.typcollation <>
                 (SELECT u.typcollation FROM pg_catalog.pg_type u WHERE u.oid = t.typbasetype)
               THEN t.typcollation::regcollation::text END,
             'range', CASE WHEN t.typtype = 'r' THEN
               (SELECT concat_ws(', ', format_type(g.rngsubtype, NULL),
                         'collation ' || nullif(g.rngcollation, 0)::regcollation::text,
                         'operator class ' || (SELECT c.opcname FROM pg_catalog.pg_opclass c
                                               WHERE c.oid = g.rngsubopc),
                         'canonical ' || nullif(g.rngcanonical::oid, 0)::regprocedure::text,
                         'difference ' || nullif(g.rngsubdiff::oid, 0)::regprocedure::text
                         , 'multirange ' || g.rngmultitypid::regtype::text -- since 14
                         )
                FROM pg_catalog.pg_range g WHERE g.rngtypid = t.oid) END,
             'representation', CASE WHEN t.typtype = 'b' THEN
               concat_ws(', ', t.typlen, t.typbyval, t.typcategory, t.typispreferred, t.typdelim,
                         t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin,
                         t.typmodout, t.typanalyze, t.typalign, t.typstorage,
                         nullif(t.typelem, 0)::regtype) END,
             'owner', pg_get_userbyid(t.typowner)::text,
             'grants', $acl(t.typacl; 'T'; t.typowner),
             'comment', $comment(t.oid; pg_type)],
       NULL, t.oid, 0::int2
FROM pg_catalog.pg_type t JOIN space s ON s.oid = t.typnamespace
WHERE $own(t.oid; pg_type)
  AND t.typtype <> 'm'
  AND (t.typtype <> 'c' OR EXISTS (SELECT FROM rel r WHERE r.oid = t.typrelid AND r.relkind = 'c'))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)
-- section
SELECT 'constraint', s.name || '.' || quote_ident(t.typname) || '.' || quote_ident(k.conname),
       'domain', s.name || '.' || quote_ident(t.typname), k.conname::text, t.typname::text, NULL,
       CASE k.contype WHEN 'n' THEN 'not_null' ELSE 'check' END,
       ARRAY['definition', pg_get_constraintdef(k.oid),
             'comment', $comment(k.oid; pg_constraint)],
       NULL, NULL, NULL
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_type t ON t.oid = k.contypid
JOIN space s ON s.oid = t.typnamespace
WHERE k.contypid <> 0 AND $own(t.oid; pg_type)
-- section
SELECT 'extension', quote_ident(e.extname), NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['version', e.extversion, 'schema', n.nspname::text,
             'comment', $comment(e.oid; pg_extension)],
       NULL, NULL, NULL
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
-- section
SELECT 'statistics', s.name || '.' || quote_ident(x.stxname), r.kind, r.name, x.stxname::text,
       r.relname::text,
       (SELECT string_agg(a.attname, '_' ORDER BY u.n)
        FROM unnest(x.stxkeys::int2[]) WITH ORDINALITY u(attnum, n)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = x.stxrelid AND a.attnum = u.attnum),
       'stat',
       ARRAY['definition', substr(pg_get_statisticsobjdef(x.oid),
               length('CREATE STATISTICS ' || s.name || '.' || quote_ident(x.stxname)) + 2),
             'target', nullif(x.stxstattarget, -1)::text,
             'owner', pg_get_userbyid(x.stxowner)::text,
             'comment', $comment(x.oid; pg_statistic_ext)],
       NULL, NULL, NULL
FROM pg_catalog.pg_statistic_ext x JOIN space s ON s.oid = x.stxnamespace
JOIN rel r ON r.oid = x.stxrelid
-- section
SELECT 'event trigger', quote_ident(t.evtname), NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['event', t.evtevent::text, 'function', t.evtfoid::regprocedure::text,
             'enabled', CASE t.evtenabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'on replicas'
                        WHEN 'A' THEN 'always' END,
             'tags', array_to_string(t.evttags, ', '),
             'owner', pg_get_userbyid(t.evtowner)::text,
             'comment', $comment(t.oid; pg_event_trigger)],
       NULL, NULL, NULL
FROM pg_catalog.pg_event_trigger t WHERE $own(t.oid; pg_event_trigger)
-- section
SELECT 'default privileges', concat('of ', quote_ident(pg_get_userbyid(d.defaclrole)),
         ' in schema ' || quote_ident(n.nspname), ' on ',
         CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
           WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas'
           ELSE d.defaclobjtype::text END),
       NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['grants', (SELECT string_agg(i::text, ', ' ORDER BY i::text COLLATE "C")
                        FROM unnest(d.defaclacl) i)],
       NULL, NULL, NULL
FROM pg_catalog.pg_default_acl d
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
