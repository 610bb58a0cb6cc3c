-- What few schemas have; read only where the catalog holds such a thing that initdb did not make.
-- section
SELECT 'publication', quote_ident(p.pubname), NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['definition', (to_jsonb(p) - '{oid,pubname,pubowner}'::text[])::text,
             'owner', pg_get_userbyid(p.pubowner)::text,
             'comment', $comment(p.oid; pg_publication)],
       NULL::text[], NULL::oid, NULL::int2
FROM pg_catalog.pg_publication p
-- section
SELECT 'publication table', quote_ident(p.pubname) || ' ' || r.name, 'publication',
       quote_ident(p.pubname), NULL, NULL, NULL, NULL,
       ARRAY['member', 'yes'
             , 'rows', pg_get_expr(m.prqual, m.prrelid) -- since 15
             , 'columns', (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) -- since 15
                         FROM pg_catalog.pg_attribute a -- since 15
                         WHERE a.attrelid = m.prrelid AND a.attnum = ANY (m.prattrs::int2[])) -- since 15
       ], NULL, NULL, NULL
FROM pg_catalog.pg_publication_rel m JOIN pg_catalog.pg_publication p ON p.oid = m.prpubid
JOIN rel r ON r.oid = m.prrelid
-- section since 15
SELECT 'publication schema', quote_ident(p.pubname) || ' ' || s.name, 'publication',
       quote_ident(p.pubname), NULL, NULL, NULL, NULL, ARRAY['member', 'yes'], NULL, NULL, NULL
FROM pg_catalog.pg_publication_namespace m JOIN pg_catalog.pg_publication p ON p.oid = m.pnpubid
JOIN space s ON s.oid = m.pnnspid
-- section
SELECT 'cast', format('(%s AS %s)', format_type(c.castsource, NULL),
                      format_type(c.casttarget, NULL)), NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['function', nullif(c.castfunc, 0)::regprocedure::text, 'context', c.castcontext::text,
             'method', c.castmethod::text, 'comment', $comment(c.oid; pg_cast)],
       NULL, NULL, NULL
FROM pg_catalog.pg_cast c WHERE c.oid >= 16384 AND $own(c.oid; pg_cast)
-- section
SELECT 'operator', format('%s.%s(%s, %s)', s.name, o.oprname,
         coalesce(nullif(o.oprleft, 0)::regtype::text, 'none'),
         coalesce(nullif(o.oprright, 0)::regtype::text, 'none')),
       NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['function', o.oprcode::text, 'result', nullif(o.oprresult, 0)::regtype::text,
             'commutator', nullif(o.oprcom, 0)::regoperator::text,
             'negator', nullif(o.oprnegate, 0)::regoperator::text,
             'estimators', nullif(concat_ws(', ', nullif(o.oprrest::oid, 0)::regproc,
                                            nullif(o.oprjoin::oid, 0)::regproc), ''),
             'properties', nullif(concat_ws(', ', CASE WHEN o.oprcanhash THEN 'hashes' END,
                                            CASE WHEN o.oprcanmerge THEN 'merges' END), ''),
             'owner', pg_get_userbyid(o.oprowner)::text,
             'comment', $comment(o.oid; pg_operator)],
       NULL, NULL, NULL
FROM pg_catalog.pg_operator o JOIN space s ON s.oid = o.oprnamespace
WHERE $own(o.oid; pg_operator)
-- section
SELECT 'operator family', format('%s.%I using %I', s.name, f.opfname, m.amname),
       NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['operators', (SELECT string_agg(format('%s %s%s', o.amopstrategy,
                 o.amopopr::regoperator, ' for ' || nullif(o.amoppurpose, 's')::text), ', '
                 ORDER BY o.amopstrategy, o.amopopr::regoperator::text COLLATE "C")
               FROM pg_catalog.pg_amop o WHERE o.amopfamily = f.oid),
             'functions', (SELECT string_agg(format('%s(%s, %s) %s', p.amprocnum,
                 p.amproclefttype::regtype, p.amprocrighttype::regtype,
                 p.amproc::oid::regprocedure), ', '
                 ORDER BY p.amprocnum, p.amproc::oid::regprocedure::text COLLATE "C")
               FROM pg_catalog.pg_amproc p WHERE p.amprocfamily = f.oid),
             'owner', pg_get_userbyid(f.opfowner)::text,
             'comment', $comment(f.oid; pg_opfamily)],
       NULL, NULL, NULL
FROM pg_catalog.pg_opfamily f JOIN space s ON s.oid = f.opfnamespace
JOIN pg_catalog.pg_am m ON m.oid = f.opfmethod WHERE $own(f.oid; pg_opfamily)
-- section
SELECT 'operator class', format('%s.%I using %I', s.name, c.opcname, m.amname),
       NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['family', (SELECT f.opfname::text FROM pg_catalog.pg_opfamily f
                        WHERE f.oid = c.opcfamily),
             'type', c.opcintype::regtype::text, 'default', c.opcdefault::text,
             'storage', nullif(c.opckeytype, 0)::regtype::text,
             'owner', pg_get_userbyid(c.opcowner)::text,
             'comment', $comment(c.oid; pg_opclass)],
       NULL, NULL, NULL
FROM pg_catalog.pg_opclass c JOIN space s ON s.oid = c.opcnamespace
JOIN pg_catalog.pg_am m ON m.oid = c.opcmethod WHERE $own(c.oid; pg_opclass)
-- section
SELECT 'access method', quote_ident(m.amname), NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['handler', m.amhandler::text, 'type', m.amtype::text,
             'comment', $comment(m.oid; pg_am)],
       NULL, NULL, NULL
FROM pg_catalog.pg_am m WHERE m.oid >= 16384 AND $own(m.oid; pg_am)
-- section
SELECT 'text search configuration', s.name || '.' || quote_ident(c.cfgname),
       NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['parser', (SELECT p.prsname::text FROM pg_catalog.pg_ts_parser p
                        WHERE p.oid = c.cfgparser),
             'mappings', (SELECT string_agg(format('%s: %s', m.maptokentype,
                            m.mapdict::regdictionary), ', ' ORDER BY m.maptokentype, m.mapseqno)
                          FROM pg_catalog.pg_ts_config_map m WHERE m.mapcfg = c.oid),
             'owner', pg_get_userbyid(c.cfgowner)::text,
             'comment', $comment(c.oid; pg_ts_config)],
       NULL, NULL, NULL
FROM pg_catalog.pg_ts_config c JOIN space s ON s.oid = c.cfgnamespace
WHERE $own(c.oid; pg_ts_config)
-- section
SELECT 'text search dictionary', s.name || '.' || quote_ident(d.dictname),
       NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['template', (SELECT t.tmplname::text FROM pg_catalog.pg_ts_template t
                          WHERE t.oid = d.dicttemplate),
             'options', d.dictinitoption,
             'owner', pg_get_userbyid(d.dictowner)::text,
             'comment', $comment(d.oid; pg_ts_dict)],
       NULL, NULL, NULL
FROM pg_catalog.pg_ts_dict d JOIN space s ON s.oid = d.dictnamespace
WHERE $own(d.oid; pg_ts_dict)
-- section
SELECT 'text search parser', s.name || '.' || quote_ident(p.prsname),
       NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['functions', concat_ws(', ', p.prsstart, p.prstoken, p.prsend, p.prsheadline,
                                    p.prslextype),
             'comment', $comment(p.oid; pg_ts_parser)],
       NULL, NULL, NULL
FROM pg_catalog.pg_ts_parser p JOIN space s ON s.oid = p.prsnamespace
WHERE $own(p.oid; pg_ts_parser)
-- section
SELECT 'text search template', s.name || '.' || quote_ident(t.tmplname),
       NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['functions', concat_ws(', ', t.tmplinit, t.tmpllexize),
             'comment', $comment(t.oid; pg_ts_template)],
       NULL, NULL, NULL
FROM pg_catalog.pg_ts_template t JOIN space s ON s.oid = t.tmplnamespace
WHERE $own(t.oid; pg_ts_template)
-- section
SELECT 'foreign data wrapper', quote_ident(f.fdwname), NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['handler', nullif(f.fdwhandler, 0)::regproc::text,
             'validator', nullif(f.fdwvalidator, 0)::regproc::text,
             'options', (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C")
                         FROM unnest(f.fdwoptions) o),
             'owner', pg_get_userbyid(f.fdwowner)::text,
             'grants', $acl(f.fdwacl; 'F'; f.fdwowner),
             'comment', $comment(f.oid; pg_foreign_data_wrapper)],
       NULL, NULL, NULL
FROM pg_catalog.pg_foreign_data_wrapper f WHERE $own(f.oid; pg_foreign_data_wrapper)
-- section
SELECT 'server', quote_ident(v.srvname), NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['wrapper', (SELECT f.fdwname::text FROM pg_catalog.pg_foreign_data_wrapper f
                         WHERE f.oid = v.srvfdw),
             'type', v.srvtype, 'version', v.srvversion,
             'options', (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C")
                         FROM unnest(v.srvoptions) o),
             'owner', pg_get_userbyid(v.srvowner)::text,
             'grants', $acl(v.srvacl; 'S'; v.srvowner),
             'comment', $comment(v.oid; pg_foreign_server)],
       NULL, NULL, NULL
FROM pg_catalog.pg_foreign_server v WHERE $own(v.oid; pg_foreign_server)
-- section
-- The options hold passwords: only whether they changed may show.
SELECT 'user mapping', format('for %I server %I', u.usename, u.srvname), 'server',
       quote_ident(u.srvname), NULL, NULL, NULL, NULL,
       ARRAY['options', (SELECT 'md5 ' || md5(string_agg(o, ', ' ORDER BY o COLLATE "C"))
                         FROM unnest(u.umoptions) o)],
       NULL, NULL, NULL
FROM pg_catalog.pg_user_mappings u
-- section
SELECT 'collation', s.name || '.' || quote_ident(c.collname), NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['definition', (jsonb_strip_nulls(to_jsonb(c)) - '{oid,collname,collnamespace,collowner,collversion}'::text[])::text,
             'owner', pg_get_userbyid(c.collowner)::text,
             'comment', $comment(c.oid; pg_collation)],
       NULL, NULL, NULL
FROM pg_catalog.pg_collation c JOIN space s ON s.oid = c.collnamespace
WHERE $own(c.oid; pg_collation)
-- section
SELECT 'conversion', s.name || '.' || quote_ident(c.conname), NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['from', pg_encoding_to_char(c.conforencoding)::text,
             'to', pg_encoding_to_char(c.contoencoding)::text, 'function', c.conproc::text,
             'default', c.condefault::text, 'owner', pg_get_userbyid(c.conowner)::text,
             'comment', $comment(c.oid; pg_conversion)],
       NULL, NULL, NULL
FROM pg_catalog.pg_conversion c JOIN space s ON s.oid = c.connamespace
WHERE $own(c.oid; pg_conversion)
-- section
SELECT 'language', quote_ident(l.lanname), NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['trusted', l.lanpltrusted::text,
             'functions', concat_ws(', ', nullif(l.lanplcallfoid, 0)::regproc,
                                    nullif(l.laninline, 0)::regproc,
                                    nullif(l.lanvalidator, 0)::regproc),
             'owner', pg_get_userbyid(l.lanowner)::text,
             'grants', $acl(l.lanacl; 'l'; l.lanowner),
             'comment', $comment(l.oid; pg_language)],
       NULL, NULL, NULL
FROM pg_catalog.pg_language l WHERE l.lanispl AND $own(l.oid; pg_language)
-- section
SELECT 'transform', format('for %s language %I', t.trftype::regtype, l.lanname),
       NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['from', nullif(t.trffromsql::oid, 0)::regprocedure::text,
             'to', nullif(t.trftosql::oid, 0)::regprocedure::text,
             'comment', $comment(t.oid; pg_transform)],
       NULL, NULL, NULL
FROM pg_catalog.pg_transform t JOIN pg_catalog.pg_language l ON l.oid = t.trflang
WHERE $own(t.oid; pg_transform)
-- section
SELECT 'subscription', quote_ident(s.subname), NULL, NULL, NULL, NULL, NULL, NULL,
       ARRAY['enabled', s.subenabled::text, 'slot', s.subslotname::text,
             'publications', array_to_string(s.subpublications, ', '),
             'owner', pg_get_userbyid(s.subowner)::text],
       NULL, NULL, NULL
FROM pg_catalog.pg_subscription s
WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
