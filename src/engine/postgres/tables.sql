-- The tables that can be filled with rows, a line for each column, key, condition and reference:
-- kind, schema, table, name, detail, list, one, other, flag, partitioned, generated, columns
WITH tab AS (
    SELECT c.oid AS tab_oid, n.nspname::text AS space, c.relname::text AS tab, c.relkind = 'p' AS parts
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     -- The server numbers what initdb makes below 16384.
     WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
       AND n.nspname NOT IN ('pg_catalog', 'information_schema')
       AND n.nspname NOT LIKE 'pg\_t%'
       -- The schemas and the names of those that nobody asks for.
       AND NOT EXISTS (SELECT FROM unnest((SELECT $1), (SELECT $2)) AS other (space, tab)
                        WHERE other.space = n.nspname AND other.tab = c.relname)
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_class'::regclass
                          AND d.objid = c.oid AND d.deptype = 'e')
), col AS (
    SELECT tab.*, a.attnum, a.attname::text AS name, a.attnotnull, a.attgenerated, a.atttypid,
           pg_catalog.format_type(a.atttypid, a.atttypmod) AS declared,
           CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END AS base,
           CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier,
           t.typtype = 'd' AND t.typnotnull AS domain_not_null
      FROM tab
      JOIN pg_catalog.pg_attribute a ON a.attrelid = tab_oid AND a.attrelid >= 16384
                                     AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
), line (kind, space, tab, name, detail, list, one, other, flag, parts, generated, columns, rank, place) AS (
    SELECT 'column', space, tab, name, pg_catalog.format_type(base, modifier),
           (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e
             WHERE e.enumtypid = base
                OR e.enumtypid = (SELECT b.typelem FROM pg_catalog.pg_type b WHERE b.oid = base)),
           (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef d
             WHERE d.adrelid = tab_oid AND d.adnum = attnum),
           declared, attnotnull OR domain_not_null, parts,
           CASE WHEN attgenerated <> '' THEN 'yes' END, NULL::text[], 1, attnum::int
      FROM col
    UNION ALL
    SELECT 'key', space, tab, i.relname::text, NULL,
           (SELECT array_agg(pg_catalog.pg_get_indexdef(x.indexrelid, k, true) ORDER BY k)
              FROM generate_series(1, x.indnkeyatts) k),
           pg_catalog.pg_get_expr(x.indpred, x.indrelid), NULL, x.indisprimary, parts, NULL,
           (SELECT array_agg(a.attname::text ORDER BY k) FROM generate_series(1, x.indnkeyatts) k
              JOIN pg_catalog.pg_attribute a
                ON a.attrelid = x.indrelid AND a.attnum = x.indkey[k - 1]),
           CASE WHEN x.indisprimary THEN 2 ELSE 3 END, 0
      FROM tab
      JOIN pg_catalog.pg_index x ON x.indrelid = tab_oid AND x.indisunique
      JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
    UNION ALL
    SELECT 'check', space, tab, c.conname::text, pg_catalog.pg_get_expr(c.conbin, c.conrelid),
           NULL, NULL, NULL, false, parts, NULL, NULL, 4, 0
      FROM tab
      JOIN pg_catalog.pg_constraint c ON c.conrelid = tab_oid AND c.contype = 'c'
    UNION ALL
    -- What a domain says of VALUE holds for the column.
    SELECT 'check', space, tab, c.conname::text,
           regexp_replace(regexp_replace(pg_catalog.pg_get_constraintdef(c.oid),
                                         '^CHECK \((.*)\)( NOT VALID)?$', '\1'),
                          '\mVALUE\M', quote_ident(col.name), 'g'),
           NULL, NULL, NULL, false, parts, NULL, NULL, 4, col.attnum::int
      FROM col
      JOIN pg_catalog.pg_constraint c ON c.contypid = col.atttypid AND c.contype = 'c'
    UNION ALL
    SELECT 'reference', space, tab, c.conname::text, NULL,
           (SELECT array_agg(a.attname::text ORDER BY k)
              FROM unnest(c.conkey) WITH ORDINALITY AS o (num, k)
              JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = num),
           n.nspname::text, p.relname::text, false, parts, NULL,
           (SELECT array_agg(a.attname::text ORDER BY k)
              FROM unnest(c.confkey) WITH ORDINALITY AS o (num, k)
              JOIN pg_catalog.pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = num),
           5, 0
      FROM tab
      JOIN pg_catalog.pg_constraint c
        ON c.conrelid = tab_oid AND c.contype = 'f' AND c.conparentid = 0
      JOIN pg_catalog.pg_class p ON p.oid = c.confrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace
)
SELECT kind, space, tab, name, detail, list, one, other, flag, parts, generated, columns
  FROM line
 ORDER BY space COLLATE "C", tab COLLATE "C", rank, place, name COLLATE "C"
