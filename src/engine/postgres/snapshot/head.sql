-- The catalog as rows of one shape, read by snapshot.rs:
--   kind, name, parent's kind, parent's name,
--   own name, and the stem, middle and label that PostgreSQL would make a name of,
--   facts (name, value, name, value, …; a NULL value is left out), notes likewise,
--   the number of the object that it is or is part of, and its own number there.
-- A line that ends in "since N" or "before N" is for servers of those versions only.
-- $acl(entries; kind; owner), $comment(oid; class) and $own(oid; class) are written out by
-- snapshot.rs: sorted grants where they differ from the default, the comment, and whether no
-- extension owns the object. $1 holds the roles that stood before the sandbox, $2 the relations that
-- are asked for.
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
), wanted AS MATERIALIZED (
  SELECT * FROM rel WHERE oid = ANY ($2)
), func AS MATERIALIZED (
  SELECT * FROM (
    SELECT p.* FROM pg_catalog.pg_proc p
    WHERE p.pronamespace IN (SELECT oid FROM space) OFFSET 0
  ) p WHERE $own(p.oid; pg_proc)
)
