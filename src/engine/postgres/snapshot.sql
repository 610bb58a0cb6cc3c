-- The catalog as rows of one shape, read by snapshot.rs:
--   kind, name, parent's kind, parent's name,
--   own name, and the stem, middle and label that PostgreSQL would make a name of,
--   facts (name, value, name, value, …; a NULL value is left out), notes likewise.
-- A line that ends in "since N" or "before N" is for servers of those versions only.
-- $acl(entries; kind; owner), $comment(oid; class) and $own(oid; class) are written out by
-- snapshot.rs: sorted grants where they differ from the default, the comment, and whether no
-- extension owns the object. $1 holds the roles that stood before the sandbox.
WITH ext AS MATERIALIZED (
  SELECT classid, objid FROM pg_catalog.pg_depend WHERE deptype = 'e'
), space AS MATERIALIZED (
  SELECT oid, quote_ident(nspname) AS name FROM pg_catalog.pg_namespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), rel AS MATERIALIZED (
  SELECT c.oid, c.relname, c.relkind,
         CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
           WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type'
           ELSE 'table' END AS kind,
         s.name || '.' || quote_ident(c.relname) AS name
  FROM pg_catalog.pg_class c JOIN space s ON s.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c', 'S') AND $own(c.oid; pg_class)
), func AS MATERIALIZED (
  SELECT * FROM (
    SELECT p.* FROM pg_catalog.pg_proc p
    WHERE p.pronamespace IN (SELECT oid FROM space) OFFSET 0
  ) p WHERE $own(p.oid; pg_proc)
)
-- section
SELECT 'schema' AS kind, s.name, NULL::text AS parent_kind, NULL::text AS parent_name,
       NULL::text AS own, NULL::text AS stem, NULL::text AS middle, NULL::text AS label,
       ARRAY['owner', pg_get_userbyid(n.nspowner)::text,
             'grants', $acl(n.nspacl; 'n'; n.nspowner),
             'comment', $comment(n.oid; pg_namespace)] AS facts,
       NULL::text[] AS notes
FROM space s JOIN pg_catalog.pg_namespace n ON n.oid = s.oid
WHERE $own(n.oid; pg_namespace)
-- section
SELECT r.kind, r.name, CASE WHEN p.oid IS NOT NULL THEN p.kind END,
       CASE WHEN p.oid IS NOT NULL THEN p.name END, NULL, NULL, NULL, NULL,
       ARRAY['owner', pg_get_userbyid(c.relowner)::text,
             'grants', $acl(c.relacl; 'r'; c.relowner),
             'comment', $comment(c.oid; pg_class),
             'persistence', CASE WHEN c.relpersistence = 'u' THEN 'unlogged' END,
             'partition key', CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
             'partition of', CASE WHEN c.relispartition THEN
               (SELECT i.inhparent::regclass::text FROM pg_catalog.pg_inherits i
                WHERE i.inhrelid = c.oid) || ' ' || pg_get_expr(c.relpartbound, c.oid) END,
             'inherits', CASE WHEN NOT c.relispartition THEN
               (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno)
                FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) END,
             'options', CASE WHEN c.reloptions IS NOT NULL THEN
               (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C")
                FROM unnest(c.reloptions) o) END,
             'toast options', CASE WHEN c.reltoastrelid <> 0 THEN
               (SELECT array_to_string(t.reloptions, ', ') FROM pg_catalog.pg_class t
                WHERE t.oid = c.reltoastrelid AND t.reloptions IS NOT NULL) END,
             'access method', CASE WHEN c.relam NOT IN (0, 2) THEN
               (SELECT amname::text FROM pg_catalog.pg_am WHERE oid = c.relam) END,
             'replica identity', CASE WHEN c.relkind IN ('r', 'p') THEN
               CASE c.relreplident WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full'
                 WHEN 'i' THEN 'index' END END,
             'row security', CASE WHEN c.relrowsecurity OR c.relforcerowsecurity THEN
               CASE WHEN c.relrowsecurity THEN 'enabled' ELSE 'disabled' END
               || CASE WHEN c.relforcerowsecurity THEN ', forced' ELSE '' END END,
             'tablespace', CASE WHEN c.reltablespace <> 0 THEN
               (SELECT spcname::text FROM pg_catalog.pg_tablespace
                WHERE oid = c.reltablespace) END,
             'of type', CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END,
             'server', (SELECT format('%I (%s)', v.srvname,
                          array_to_string(ARRAY(SELECT unnest(f.ftoptions) ORDER BY 1), ', '))
                        FROM pg_catalog.pg_foreign_table f
                        JOIN pg_catalog.pg_foreign_server v ON v.oid = f.ftserver
                        WHERE f.ftrelid = c.oid),
             'definition', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
             'populated', CASE WHEN c.relkind = 'm' THEN c.relispopulated::text END],
       NULL
FROM rel r JOIN pg_catalog.pg_class c ON c.oid = r.oid
LEFT JOIN pg_catalog.pg_inherits h ON h.inhrelid = c.oid AND c.relispartition
LEFT JOIN rel p ON p.oid = h.inhparent
WHERE r.relkind NOT IN ('c', 'S')
-- section
SELECT 'sequence', r.name, CASE WHEN o.oid IS NOT NULL THEN 'column' END,
       o.name || '.' || quote_ident(a.attname), r.relname::text, o.relname::text,
       a.attname::text, CASE WHEN o.oid IS NOT NULL THEN 'seq' END,
       ARRAY['owner', pg_get_userbyid(c.relowner)::text,
             'grants', $acl(c.relacl; 's'; c.relowner),
             'comment', $comment(c.oid; pg_class),
             'persistence', CASE WHEN c.relpersistence = 'u' THEN 'unlogged' END,
             'type', format_type(q.seqtypid, NULL),
             'start', q.seqstart::text, 'increment', q.seqincrement::text,
             'minimum', q.seqmin::text, 'maximum', q.seqmax::text,
             'cache', q.seqcache::text, 'cycle', CASE WHEN q.seqcycle THEN 'yes' END,
             'belongs to', CASE d.deptype WHEN 'a' THEN 'its column'
                                          WHEN 'i' THEN 'its identity column' END],
       NULL
FROM rel r JOIN pg_catalog.pg_class c ON c.oid = r.oid
JOIN pg_catalog.pg_sequence q ON q.seqrelid = c.oid
LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass
  AND d.objid = c.oid AND d.objsubid = 0 AND d.refclassid = 'pg_catalog.pg_class'::regclass
  AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
LEFT JOIN rel o ON o.oid = d.refobjid
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE r.relkind = 'S'
-- section
SELECT 'column', r.name || '.' || quote_ident(a.attname), r.kind, r.name, NULL, NULL, NULL, NULL,
       ARRAY['type', format_type(a.atttypid, a.atttypmod),
             'collation', CASE WHEN a.attcollation <> t.typcollation
                               THEN a.attcollation::regcollation::text END,
             'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
             'generated', CASE a.attgenerated WHEN 's' THEN 'stored: ' WHEN 'v' THEN 'virtual: '
                          END || pg_get_expr(d.adbin, d.adrelid),
             'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
             'not null', CASE WHEN a.attnotnull THEN 'yes' END,
             'storage', CASE WHEN a.attstorage <> t.typstorage AND r.relkind <> 'v' THEN
               CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external'
                 WHEN 'm' THEN 'main' ELSE 'extended' END END,
             'compression', nullif(a.attcompression::text, ''), -- since 14
             'statistics', nullif(a.attstattarget, -1)::text,
-- The server's own mark since the releases of November 2026; pg_dump leaves it out, too. Most
-- columns have it and nothing else, which must not cost a subquery.
             'options', CASE WHEN a.attfdwoptions IS NOT NULL OR cardinality(a.attoptions) > 1
                               OR NOT starts_with(a.attoptions[1], 'pg_attver=') THEN
               (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C")
                FROM unnest(a.attoptions || a.attfdwoptions) o
                WHERE NOT starts_with(o, 'pg_attver=')) END,
             'inherited', CASE WHEN a.attinhcount > 0 THEN
               CASE WHEN a.attislocal THEN 'and its own' ELSE 'only' END END,
             'grants', $acl(a.attacl; 'c'; c.relowner),
             'comment', (SELECT e.description FROM pg_catalog.pg_description e
                         WHERE e.objoid = a.attrelid AND e.objsubid = a.attnum
                           AND e.classoid = 'pg_catalog.pg_class'::regclass)],
       ARRAY['position', rank() OVER (PARTITION BY a.attrelid ORDER BY a.attnum)::text]
FROM rel r JOIN pg_catalog.pg_class c ON c.oid = r.oid
JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE r.relkind <> 'S'
-- section
SELECT 'constraint', r.name || '.' || quote_ident(k.conname), r.kind, r.name,
       k.conname::text, r.relname::text,
       CASE WHEN k.contype IN ('u', 'x') THEN
              (SELECT string_agg(a.attname, '_' ORDER BY a.attnum)
               FROM pg_catalog.pg_attribute a WHERE a.attrelid = k.conindid)
            WHEN k.contype = 'f' OR k.contype = 'n'
              OR (k.contype = 'c' AND array_length(k.conkey, 1) = 1) THEN
              (SELECT string_agg(a.attname, '_' ORDER BY u.n)
               FROM unnest(k.conkey) WITH ORDINALITY u(attnum, n)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum)
       END,
       CASE k.contype WHEN 'p' THEN 'pkey' WHEN 'u' THEN 'key' WHEN 'x' THEN 'excl'
         WHEN 'f' THEN 'fkey' WHEN 'n' THEN 'not_null' ELSE 'check' END,
       ARRAY['definition', pg_get_constraintdef(k.oid),
             'inherited', CASE WHEN k.coninhcount > 0 THEN
               CASE WHEN k.conislocal THEN 'and its own' ELSE 'only' END END,
             'index', CASE WHEN i.indexrelid IS NOT NULL THEN nullif(concat_ws(', ',
               array_to_string(x.reloptions, ', '),
               (SELECT 'tablespace ' || spcname FROM pg_catalog.pg_tablespace
                WHERE oid = x.reltablespace),
               CASE WHEN i.indisclustered THEN 'clustered' END,
               CASE WHEN i.indisreplident THEN 'replica identity' END,
               CASE WHEN NOT i.indisvalid THEN 'invalid' END,
               'comment: ' || $comment(i.indexrelid; pg_class)), '') END,
             'triggers', CASE WHEN k.contype = 'f' AND EXISTS
               (SELECT FROM pg_catalog.pg_trigger t
                WHERE t.tgconstraint = k.oid AND t.tgenabled <> 'O') THEN 'switched off' END,
             'comment', $comment(k.oid; pg_constraint)],
       NULL
FROM pg_catalog.pg_constraint k JOIN rel r ON r.oid = k.conrelid
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
WHERE k.contype <> 't'
  AND (k.contype <> 'n' OR k.connoinherit OR NOT k.convalidated
       OR k.conname !~ '_not_null[0-9]*$' OR $comment(k.oid; pg_constraint) IS NOT NULL)
-- section
SELECT 'index', s.name || '.' || quote_ident(x.relname), r.kind, r.name, x.relname::text,
       r.relname::text,
       (SELECT string_agg(a.attname, '_' ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = x.oid), 'idx',
       ARRAY['definition', b.start || substr(pg_get_indexdef(x.oid),
               length(b.start) + length(quote_ident(x.relname)) + 2),
             'valid', CASE WHEN NOT (i.indisvalid AND i.indisready AND i.indislive) THEN 'no' END,
             'clustered', CASE WHEN i.indisclustered THEN 'yes' END,
             'replica identity', CASE WHEN i.indisreplident THEN 'yes' END,
             'part of an index', CASE WHEN x.relispartition THEN 'yes' END,
             'tablespace', CASE WHEN x.reltablespace <> 0 THEN
               (SELECT spcname::text FROM pg_catalog.pg_tablespace
                WHERE oid = x.reltablespace) END,
             'statistics', (SELECT string_agg(a.attnum || ': ' || a.attstattarget, ', '
                                              ORDER BY a.attnum)
                            FROM pg_catalog.pg_attribute a
                            WHERE a.attrelid = x.oid AND a.attstattarget >= 0),
             'comment', $comment(x.oid; pg_class)],
       NULL
FROM pg_catalog.pg_index i JOIN rel r ON r.oid = i.indrelid
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN space s ON s.oid = x.relnamespace
CROSS JOIN LATERAL (SELECT CASE WHEN i.indisunique THEN 'CREATE UNIQUE INDEX '
                                ELSE 'CREATE INDEX ' END AS start) b
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                  WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
-- section
SELECT 'trigger', r.name || '.' || quote_ident(t.tgname), r.kind, r.name, NULL, NULL, NULL, NULL,
       ARRAY['definition', pg_get_triggerdef(t.oid),
             'enabled', CASE t.tgenabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'on replicas'
                        WHEN 'A' THEN 'always' END,
             'inherited', CASE WHEN t.tgparentid <> 0 THEN 'yes' END,
             'comment', $comment(t.oid; pg_trigger)],
       NULL
FROM pg_catalog.pg_trigger t JOIN rel r ON r.oid = t.tgrelid
WHERE NOT t.tgisinternal
-- section
SELECT 'rule', r.name || '.' || quote_ident(w.rulename), r.kind, r.name, NULL, NULL, NULL, NULL,
       ARRAY['definition', pg_get_ruledef(w.oid),
             'enabled', CASE w.ev_enabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'on replicas'
                        WHEN 'A' THEN 'always' END,
             'comment', $comment(w.oid; pg_rewrite)],
       NULL
FROM pg_catalog.pg_rewrite w JOIN rel r ON r.oid = w.ev_class
WHERE w.rulename <> '_RETURN'
-- section
SELECT 'policy', r.name || '.' || quote_ident(p.polname), r.kind, r.name, NULL, NULL, NULL, NULL,
       ARRAY['command', CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert'
                        WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END,
             'permissive', p.polpermissive::text,
             'roles', (SELECT string_agg(CASE o WHEN 0 THEN 'public'
                                          ELSE pg_get_userbyid(o)::text END, ', '
                         ORDER BY pg_get_userbyid(o)::text COLLATE "C") FROM unnest(p.polroles) o),
             'using', pg_get_expr(p.polqual, p.polrelid),
             'check', pg_get_expr(p.polwithcheck, p.polrelid),
             'comment', $comment(p.oid; pg_policy)],
       NULL
FROM pg_catalog.pg_policy p JOIN rel r ON r.oid = p.polrelid
-- section
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
       s.name || '.' || quote_ident(p.proname) || '('
         || pg_get_function_identity_arguments(p.oid) || ')',
       NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['definition', pg_get_functiondef(p.oid),
             'owner', pg_get_userbyid(p.proowner)::text,
             'grants', $acl(p.proacl; 'f'; p.proowner),
             'comment', $comment(p.oid; pg_proc)],
       NULL
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
       NULL
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
       NULL
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
       NULL
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_type t ON t.oid = k.contypid
JOIN space s ON s.oid = t.typnamespace
WHERE k.contypid <> 0 AND $own(t.oid; pg_type)
-- section
SELECT 'extension', quote_ident(e.extname), NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['version', e.extversion, 'schema', n.nspname::text,
             'comment', $comment(e.oid; pg_extension)],
       NULL
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
       NULL
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
       NULL
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
       NULL
FROM pg_catalog.pg_default_acl d
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
-- section
SELECT 'role', quote_ident(r.rolname), NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['attributes', (to_jsonb(r) - '{oid,rolname,rolpassword,rolconfig}'::text[])::text,
             'settings', (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C")
                          FROM unnest(r.rolconfig) o),
             'members', (SELECT string_agg(pg_get_userbyid(m.member)
                             || CASE WHEN m.admin_option THEN ' (admin)' ELSE '' END, ', '
                             ORDER BY pg_get_userbyid(m.member)::text COLLATE "C")
                         FROM pg_catalog.pg_auth_members m WHERE m.roleid = r.oid),
             'member of', (SELECT string_agg(pg_get_userbyid(m.roleid)
                             || CASE WHEN m.admin_option THEN ' (admin)' ELSE '' END, ', '
                             ORDER BY pg_get_userbyid(m.roleid)::text COLLATE "C")
                           FROM pg_catalog.pg_auth_members m WHERE m.member = r.oid),
             'comment', shobj_description(r.oid, 'pg_authid')],
       NULL
FROM pg_catalog.pg_roles r WHERE r.rolname::text <> ALL ($1)
-- section
SELECT 'database', 'current', NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['grants', $acl(d.datacl; 'd'; d.datdba),
             'settings', (SELECT string_agg(coalesce(quote_ident(u.rolname) || ': ', '')
                              || array_to_string(ARRAY(SELECT unnest(g.setconfig) ORDER BY 1), ', '),
                              '; ' ORDER BY u.rolname::text COLLATE "C")
                          FROM pg_catalog.pg_db_role_setting g
                          LEFT JOIN pg_catalog.pg_roles u ON u.oid = g.setrole
                          WHERE g.setdatabase = d.oid),
             'comment', shobj_description(d.oid, 'pg_database')],
       NULL
FROM pg_catalog.pg_database d WHERE d.datname = current_database()
