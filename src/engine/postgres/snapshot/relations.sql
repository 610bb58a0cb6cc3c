-- The relations that are asked for, each row with the number of the relation that it is of and,
-- where it has a name that others are described by, its own number there. With them the roles, which
-- have -1 for that, and the database, of which not everybody may look up when they were written last.
-- section
SELECT r.kind, r.name, CASE WHEN p.oid IS NOT NULL THEN p.kind END,
       CASE WHEN p.oid IS NOT NULL THEN p.name END, NULL::text, NULL::text, NULL::text,
       NULL::text,
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
       NULL::text[], r.oid, 0::int2
FROM wanted r JOIN pg_catalog.pg_class c ON c.oid = r.oid
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
       NULL, r.oid, 0::int2
FROM wanted r JOIN pg_catalog.pg_class c ON c.oid = r.oid
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
       ARRAY['position', rank() OVER (PARTITION BY a.attrelid ORDER BY a.attnum)::text], r.oid, a.attnum
FROM wanted r JOIN pg_catalog.pg_class c ON c.oid = r.oid
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
       NULL, r.oid, NULL
FROM pg_catalog.pg_constraint k JOIN wanted r ON r.oid = k.conrelid
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
       NULL, r.oid, NULL
FROM pg_catalog.pg_index i JOIN wanted r ON r.oid = i.indrelid
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
       NULL, r.oid, NULL
FROM pg_catalog.pg_trigger t JOIN wanted r ON r.oid = t.tgrelid
WHERE NOT t.tgisinternal
-- section
SELECT 'rule', r.name || '.' || quote_ident(w.rulename), r.kind, r.name, NULL, NULL, NULL, NULL,
       ARRAY['definition', pg_get_ruledef(w.oid),
             'enabled', CASE w.ev_enabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'on replicas'
                        WHEN 'A' THEN 'always' END,
             'comment', $comment(w.oid; pg_rewrite)],
       NULL, r.oid, NULL
FROM pg_catalog.pg_rewrite w JOIN wanted r ON r.oid = w.ev_class
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
       NULL, r.oid, NULL
FROM pg_catalog.pg_policy p JOIN wanted r ON r.oid = p.polrelid
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
       NULL, r.oid, -1::int2
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
       NULL, NULL, NULL
FROM pg_catalog.pg_database d WHERE d.datname = current_database()
