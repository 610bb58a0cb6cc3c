-- When each relation was last written, as the catalog has it, under the number 0 everything else that
-- is described, under 1 the comments of constraints and the like, and under 2 what is not described
-- but has names that others are described by: what initdb made, and how much extensions did. A row that is written carries
-- the number of its transaction, which is greater than all before, and one that is gone is missing
-- from the count: where both stayed nothing changed. `fresh` marks what may read otherwise although
-- nothing of its own changed: queries, which hang on the columns of all they read, and what few
-- schemas have (rare.sql), which is only counted: initdb numbers below 16384. Before 14 an index
-- becomes valid without a new row.
WITH rel AS MATERIALIZED (
  SELECT oid, relkind, relhasrules, reltype, reltoastrelid, xmin FROM pg_catalog.pg_class
  WHERE oid >= 16384
), unit (part, oid) AS (
  SELECT oid, oid FROM rel WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c', 'S')
  UNION ALL SELECT indexrelid, indrelid FROM pg_catalog.pg_index WHERE indexrelid >= 16384
  UNION ALL SELECT reltoastrelid, oid FROM rel WHERE reltoastrelid <> 0
), line (part, age, fresh) AS (
  SELECT oid, age(xmin), relkind IN ('v', 'm') OR relhasrules
    OR true -- before 14
  FROM rel
  UNION ALL SELECT attrelid, age(xmin), false FROM pg_catalog.pg_attribute
    WHERE attrelid >= 16384 AND attnum > 0
  UNION ALL SELECT adrelid, age(xmin), false FROM pg_catalog.pg_attrdef
  UNION ALL SELECT indexrelid, age(xmin), false FROM pg_catalog.pg_index WHERE indexrelid >= 16384
  UNION ALL SELECT conrelid, age(xmin), false FROM pg_catalog.pg_constraint WHERE oid >= 16384
  UNION ALL SELECT tgrelid, age(xmin), false FROM pg_catalog.pg_trigger WHERE oid >= 16384
  UNION ALL SELECT tgconstrrelid, age(xmin), false FROM pg_catalog.pg_trigger WHERE oid >= 16384
  UNION ALL SELECT seqrelid, age(xmin), false FROM pg_catalog.pg_sequence
  UNION ALL SELECT inhrelid, age(xmin), false FROM pg_catalog.pg_inherits
  UNION ALL SELECT ftrelid, age(xmin), false FROM pg_catalog.pg_foreign_table
  UNION ALL SELECT polrelid, age(xmin), true FROM pg_catalog.pg_policy
  UNION ALL SELECT objid, age(xmin), false FROM pg_catalog.pg_depend
    WHERE classid = 'pg_catalog.pg_class'::regclass AND objid >= 16384 AND deptype IN ('a', 'i', 'e')
  UNION ALL SELECT objoid, age(xmin), false FROM pg_catalog.pg_description
    WHERE objoid >= 16384 AND classoid = 'pg_catalog.pg_class'::regclass
), part (class) AS (
  VALUES ('pg_catalog.pg_class'::regclass), ('pg_catalog.pg_constraint'::regclass),
    ('pg_catalog.pg_trigger'::regclass), ('pg_catalog.pg_rewrite'::regclass),
    ('pg_catalog.pg_policy'::regclass)
), other (age, rare) AS (
  SELECT age(xmin), 0 FROM pg_catalog.pg_namespace
  UNION ALL SELECT age(xmin), 0
    + (prosqlbody IS NOT NULL)::int -- since 14
    FROM pg_catalog.pg_proc WHERE oid >= 16384
  UNION ALL SELECT age(xmin), 0 FROM pg_catalog.pg_type WHERE oid >= 16384
    AND typrelid NOT IN (SELECT oid FROM rel WHERE relkind <> 'c')
    AND typelem NOT IN (SELECT reltype FROM rel WHERE relkind <> 'c' AND reltype <> 0)
  UNION ALL SELECT age(xmin), 0 FROM pg_catalog.pg_enum
  UNION ALL SELECT age(xmin), 0 FROM pg_catalog.pg_range
  UNION ALL SELECT age(xmin), 0 FROM pg_catalog.pg_aggregate WHERE aggfnoid >= 16384
  UNION ALL SELECT age(xmin), 0 FROM pg_catalog.pg_constraint WHERE contypid <> 0
  UNION ALL SELECT age(xmin), 0 FROM pg_catalog.pg_extension
  UNION ALL SELECT age(xmin), 0 FROM pg_catalog.pg_statistic_ext
  UNION ALL SELECT age(xmin), 0 FROM pg_catalog.pg_event_trigger
  UNION ALL SELECT age(xmin), 0 FROM pg_catalog.pg_default_acl
  UNION ALL SELECT age(xmin), 0 FROM pg_catalog.pg_tablespace
  UNION ALL SELECT age(xmin), 0 FROM pg_catalog.pg_description
    WHERE (objoid >= 16384 AND classoid NOT IN (SELECT class FROM part))
      OR classoid IN ('pg_catalog.pg_namespace'::regclass, 'pg_catalog.pg_extension'::regclass)
  UNION ALL SELECT age(xmin), 1 FROM pg_catalog.pg_publication
  UNION ALL SELECT age(xmin), 1 FROM pg_catalog.pg_transform
  UNION ALL SELECT age(xmin), 1 FROM pg_catalog.pg_foreign_data_wrapper
  UNION ALL SELECT 0, 1 WHERE EXISTS (SELECT oid FROM pg_catalog.pg_subscription)
  UNION ALL SELECT age(xmin), 1 FROM pg_catalog.pg_cast WHERE oid >= 16384
  UNION ALL SELECT age(xmin), 1 FROM pg_catalog.pg_operator WHERE oid >= 16384
  UNION ALL SELECT age(xmin), 1 FROM pg_catalog.pg_opfamily WHERE oid >= 16384
  UNION ALL SELECT age(xmin), 1 FROM pg_catalog.pg_opclass WHERE oid >= 16384
  UNION ALL SELECT age(xmin), 1 FROM pg_catalog.pg_am WHERE oid >= 16384
  UNION ALL SELECT age(xmin), 1 FROM pg_catalog.pg_ts_config WHERE oid >= 16384
  UNION ALL SELECT age(xmin), 1 FROM pg_catalog.pg_ts_dict WHERE oid >= 16384
  UNION ALL SELECT age(xmin), 1 FROM pg_catalog.pg_ts_parser WHERE oid >= 16384
  UNION ALL SELECT age(xmin), 1 FROM pg_catalog.pg_ts_template WHERE oid >= 16384
  UNION ALL SELECT age(xmin), 1 FROM pg_catalog.pg_collation WHERE oid >= 16384
  UNION ALL SELECT age(xmin), 1 FROM pg_catalog.pg_conversion WHERE oid >= 16384
  UNION ALL SELECT age(xmin), 1 FROM pg_catalog.pg_language WHERE oid >= 16384
  -- What belongs to an extension is told with it.
  UNION ALL SELECT age(xmin), CASE WHEN classid IN ('pg_catalog.pg_proc'::regclass,
      'pg_catalog.pg_type'::regclass, 'pg_catalog.pg_namespace'::regclass,
      'pg_catalog.pg_event_trigger'::regclass) THEN 0 ELSE -1 END
    FROM pg_catalog.pg_depend WHERE deptype = 'e' AND objid >= 16384 AND classid IN (
      'pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_type'::regclass,
      'pg_catalog.pg_namespace'::regclass, 'pg_catalog.pg_event_trigger'::regclass,
      'pg_catalog.pg_cast'::regclass,
      'pg_catalog.pg_operator'::regclass,
      'pg_catalog.pg_opfamily'::regclass,
      'pg_catalog.pg_opclass'::regclass,
      'pg_catalog.pg_am'::regclass,
      'pg_catalog.pg_ts_config'::regclass,
      'pg_catalog.pg_ts_dict'::regclass,
      'pg_catalog.pg_ts_parser'::regclass,
      'pg_catalog.pg_ts_template'::regclass,
      'pg_catalog.pg_collation'::regclass,
      'pg_catalog.pg_conversion'::regclass,
      'pg_catalog.pg_language'::regclass)
)
-- section
SELECT unit.oid, age('3'::xid) - min(age) AS last, count(*) AS lines, bool_or(fresh) AS fresh
FROM unit JOIN line USING (part) GROUP BY unit.oid
-- section
SELECT 0, age('3'::xid) - min(age), count(*), sum(rare) > 0
  OR true -- before 14
FROM other
-- section
SELECT 1, coalesce(age('3'::xid) - min(age(xmin)), 0), count(*), false
FROM pg_catalog.pg_description
WHERE objoid >= 16384 AND classoid IN (SELECT class FROM part OFFSET 1)
-- section
SELECT 2, (SELECT age('3'::xid) - min(age) FROM (
    SELECT age(xmin) FROM pg_catalog.pg_proc WHERE oid < 16384
    UNION ALL SELECT age(xmin) FROM pg_catalog.pg_type WHERE oid < 16384
    UNION ALL SELECT age(xmin) FROM pg_catalog.pg_operator WHERE oid < 16384
    UNION ALL SELECT age(xmin) FROM pg_catalog.pg_opclass WHERE oid < 16384
    UNION ALL SELECT age(xmin) FROM pg_catalog.pg_collation WHERE oid < 16384
  ) made (age)), count(*), false
FROM pg_catalog.pg_depend WHERE deptype = 'e' AND objid >= 16384 AND classid IN (
  'pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_type'::regclass, 'pg_catalog.pg_class'::regclass,
  'pg_catalog.pg_operator'::regclass, 'pg_catalog.pg_opclass'::regclass,
  'pg_catalog.pg_collation'::regclass, 'pg_catalog.pg_ts_config'::regclass)
