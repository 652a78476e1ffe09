## setup
CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a CHECK (a IS NOT 'refused'), b);
CREATE TABLE u(x TEXT, y INT, v, PRIMARY KEY(x, y)) WITHOUT ROWID;
CREATE TABLE w(id TEXT PRIMARY KEY NOT NULL, a);
CREATE TABLE parent(id TEXT PRIMARY KEY NOT NULL, name);
CREATE TABLE child(id TEXT PRIMARY KEY NOT NULL, p REFERENCES parent(id) ON DELETE CASCADE);
CREATE TABLE plain(x);
SELECT cloudsync_init('t'); SELECT cloudsync_init('u'); SELECT cloudsync_init('w');
SELECT cloudsync_init('parent'); SELECT cloudsync_init('child');
SELECT cloudsync_set('skip_schema_hash_check', 1);
PRAGMA foreign_keys = ON;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
INSERT INTO t SELECT 'row' || i, i, 'text ' || i FROM n;
CREATE TEMP TABLE tick(n);
INSERT INTO temp.tick VALUES (0);
## source
CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b);
SELECT cloudsync_init('t');
INSERT INTO t VALUES ('long', (WITH RECURSIVE c(i, x) AS (SELECT 1, 12345 UNION ALL SELECT i + 1, (x * 1103515245 + 12345) % 2147483648 FROM c WHERE i < 36000) SELECT group_concat(printf('%08x', x), '') FROM c), 1);
## fast insert_and_delete
INSERT INTO t SELECT 'k' || (n % 20), n, 'text' FROM temp.tick;
DELETE FROM t WHERE id = (SELECT 'k' || (n % 20) FROM temp.tick);
## fast insert_of_a_long_key
INSERT INTO w SELECT printf('%0' || (20 + (n % 7) * 300) || 'd', 1), n FROM temp.tick;
DELETE FROM w;
## fast update
UPDATE t SET a = (SELECT n FROM temp.tick) WHERE id = 'row1';
## fast update_that_changes_nothing
UPDATE t SET a = a WHERE id = 'row1';
## fast update_of_many_rows
UPDATE t SET b = (SELECT n FROM temp.tick) WHERE id GLOB 'row2*';
## fast replace_and_upsert
INSERT OR REPLACE INTO t SELECT 'row3', n, n FROM temp.tick;
INSERT INTO u SELECT 'x', n % 5, n FROM temp.tick WHERE true ON CONFLICT(x, y) DO UPDATE SET v = excluded.v;
## fast key_change
UPDATE t SET id = 'moved' WHERE id = 'row4';
UPDATE t SET id = 'row4' WHERE id = 'moved';
## fast transaction_with_savepoints
BEGIN; SAVEPOINT s; UPDATE t SET a = (SELECT n FROM temp.tick) WHERE id = 'row5'; ROLLBACK TO s; UPDATE t SET b = (SELECT n FROM temp.tick) WHERE id = 'row5'; RELEASE s; COMMIT;
## slow rollback
BEGIN; UPDATE t SET a = (SELECT n FROM temp.tick); ROLLBACK;
## fast cascade
INSERT INTO parent VALUES ('p', 1); INSERT INTO child VALUES ('c', 'p'); DELETE FROM parent;
## fast apply_of_a_newer_value
SELECT cloudsync_payload_apply((SELECT cloudsync_payload_encode('t', cloudsync_pk_encode('row6'), 'a', n, n + 10, n, x'00112233445566778899aabbccddee01', 1, 0) FROM temp.tick));
## fast apply_of_an_older_value
SELECT cloudsync_payload_apply((SELECT cloudsync_payload_encode('t', cloudsync_pk_encode('row7'), 'a', n, 0, n, x'00112233445566778899aabbccddee01', 1, 0) FROM temp.tick));
## fast apply_of_a_delete_and_a_new_life
SELECT cloudsync_payload_apply((SELECT cloudsync_payload_encode('t', cloudsync_pk_encode('lives'), '__[RIP]__', NULL, 2 * n + 2, n, x'00112233445566778899aabbccddee01', 2 * n + 2, 0) FROM temp.tick));
SELECT cloudsync_payload_apply((SELECT cloudsync_payload_encode('t', cloudsync_pk_encode('lives'), 'a', n, 1, n, x'00112233445566778899aabbccddee01', 2 * n + 3, 0) FROM temp.tick));
## fast apply_of_many_rows
SELECT cloudsync_payload_apply((SELECT cloudsync_payload_encode('t', cloudsync_pk_encode('many' || i), 'b', n, n + 10, n, x'00112233445566778899aabbccddee01', 1, i) FROM temp.tick, (WITH RECURSIVE m(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM m WHERE i < 20) SELECT i FROM m)));
## fast apply_with_a_cascade
INSERT INTO parent VALUES ('q', 1); INSERT INTO child VALUES ('d', 'q');
SELECT cloudsync_payload_apply((SELECT cloudsync_payload_encode('parent', cloudsync_pk_encode('q'), '__[RIP]__', NULL, cl, n, x'00112233445566778899aabbccddee01', cl, 0) FROM temp.tick, (SELECT coalesce(max(col_version), 1) + 1 AS cl FROM parent_cloudsync WHERE pk = cloudsync_pk_encode('q') AND col_name = '__[RIP]__')));
## fast insert_into_changes
INSERT INTO cloudsync_changes(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq) SELECT 'u', cloudsync_pk_encode('z', 1), 'v', n, n + 10, n, x'00112233445566778899aabbccddee02', 1, 0 FROM temp.tick;
## fast receive
SELECT cloudsync_payload_receive((SELECT cloudsync_payload_encode('t', cloudsync_pk_encode('row8'), 'a', n, n + 10, n, x'00112233445566778899aabbccddee03', 1, 0)), x'00112233445566778899aabbccddee03', n, 0, 0, n, 0, 0, 1) FROM temp.tick;
## fast receive_with_gaps
SELECT cloudsync_payload_receive(NULL, x'00112233445566778899aabbccddee04', 10 + 2 * (n % 30), 0, 0, 10 + 2 * (n % 30), 0, 0, 1) FROM temp.tick;
SELECT count(*) FROM cloudsync_receive_gaps(x'00112233445566778899aabbccddee04');
## fast receive_forget
SELECT cloudsync_payload_receive(NULL, x'00112233445566778899aabbccddee05', 5, 0, 0, 5, 0, 0, 1);
SELECT cloudsync_receive_forget(x'00112233445566778899aabbccddee05');
## slow apply_of_parts
SELECT cloudsync_payload_apply(data) FROM temp.part ORDER BY n;
DELETE FROM t WHERE id = 'long';
DELETE FROM t_cloudsync WHERE pk = cloudsync_pk_encode('long');
## slow apply_of_one_part
SELECT cloudsync_payload_apply(data) FROM temp.part WHERE n = 1;
DELETE FROM cloudsync_payload_fragments;
## fast page
SELECT payload, next_db_version FROM cloudsync_payload_chunks WHERE since_db_version = 0 LIMIT 1;
## fast page_of_others
SELECT sum(length(payload)) FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND site_id = x'00112233445566778899aabbccddee09' AND exclude_filter_site_id = 1 AND max_chunk_size = 262144;
## fast page_that_is_left
SELECT rows FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_window_bytes = 100 LIMIT 1;
## fast page_from_a_cursor
SELECT length(payload) FROM cloudsync_payload_chunks WHERE resume_db_version = 1 AND resume_seq = 3 AND resume_frag_offset = 0;
## fast changes
SELECT count(*), sum(length(col_value)) FROM cloudsync_changes;
## fast changes_of_one_version
SELECT count(*), sum(length(col_value)) FROM cloudsync_changes WHERE db_version = 1 AND site_id = cloudsync_siteid();
## fast payload_in_one
SELECT length(cloudsync_payload_blob_checked(0, 0, NULL, 0, 100000000));
## fast rows_of_a_payload
SELECT count(*) FROM cloudsync_payload_chunks AS c, cloudsync_payload_rows(c.payload) AS r WHERE c.since_db_version = 0;
## fast filter_of_a_payload
SELECT length(cloudsync_payload_filter(payload, (SELECT cloudsync_probe_set('table', 'u')))), length(cloudsync_payload_index(payload)) FROM cloudsync_payload_chunks WHERE since_db_version = 0;
## fast repeated_init
SELECT cloudsync_init('t');
## slow init_and_cleanup
CREATE TABLE later(id TEXT PRIMARY KEY NOT NULL, a); INSERT INTO later VALUES ('x', 1), ('y', 2);
SELECT cloudsync_init('later'); UPDATE later SET a = 3; SELECT count(*) FROM cloudsync_changes WHERE tbl = 'later';
SELECT cloudsync_cleanup('later'); DROP TABLE later;
## slow alteration
SELECT cloudsync_begin_alter('w'); ALTER TABLE w ADD COLUMN extra DEFAULT 7; SELECT cloudsync_commit_alter('w');
INSERT INTO w VALUES ('x', 1, 2); DELETE FROM w;
SELECT cloudsync_begin_alter('w'); ALTER TABLE w DROP COLUMN extra; SELECT cloudsync_commit_alter('w');
## slow empty_alteration
SELECT cloudsync_begin_alter('w'); SELECT cloudsync_commit_alter('w');
## slow filter
SELECT cloudsync_set_filter('w', 'a < 5'); INSERT INTO w VALUES ('in', 1), ('out', 9); DELETE FROM w; SELECT cloudsync_clear_filter('w');
## slow recapture
SELECT cloudsync_recapture('w');
## slow settings
SELECT cloudsync_set('payload_max_chunk_size', 300000); SELECT cloudsync_set_table('w', 'owner', 'me'); SELECT cloudsync_set_column('w', 'a', 'note', 'x');
SELECT cloudsync_set('payload_max_chunk_size', NULL); SELECT cloudsync_set_table('w', 'owner', NULL); SELECT cloudsync_set_column('w', 'a', 'note', NULL);
## fast disable_and_enable
SELECT cloudsync_disable('w'), cloudsync_enable('w'), cloudsync_is_enabled('w');
## fast pure_functions
SELECT cloudsync_uuid(), cloudsync_siteid(), cloudsync_db_version(), cloudsync_pk_decode(cloudsync_pk_encode('x', 1.5, x'00'), 2), cloudsync_version(), chunksync_version(), cloudsync_uuid_text(cloudsync_siteid()), cloudsync_col_value('t', 'b', cloudsync_pk_encode('row9'));
## fast help
SELECT count(*) FROM cloudsync_help;
## slow new_connection_to_the_tables
DROP TABLE IF EXISTS temp.other; CREATE TABLE temp.other(x); SELECT count(*) FROM cloudsync_changes;
## fails apply_of_nothing
SELECT cloudsync_payload_apply(x'00');
## fails apply_of_text
SELECT cloudsync_payload_apply('text');
## fails apply_with_a_wrong_checksum
SELECT cloudsync_payload_apply(substr(payload, 1, length(payload) - 1) || x'00') FROM cloudsync_payload_chunks WHERE since_db_version = 0;
## fails apply_that_a_constraint_refuses
SELECT cloudsync_payload_apply((SELECT cloudsync_payload_encode('t', cloudsync_pk_encode('never'), 'a', 'refused', 1, n, x'00112233445566778899aabbccddee01', 1, 0) FROM temp.tick));
## fails apply_of_an_unknown_table
SELECT cloudsync_payload_apply((SELECT cloudsync_payload_encode('nobody', cloudsync_pk_encode('never'), 'a', 1, 1, n, x'00112233445566778899aabbccddee01', 1, 0) FROM temp.tick));
## fails apply_of_an_unknown_column
SELECT cloudsync_payload_apply((SELECT cloudsync_payload_encode('t', cloudsync_pk_encode('never'), 'nothing', 1, 1, n, x'00112233445566778899aabbccddee01', 1, 0) FROM temp.tick));
## fails apply_of_a_forged_version
SELECT cloudsync_payload_apply((SELECT cloudsync_payload_encode('t', cloudsync_pk_encode('row9'), 'a', 1, 9223372036854775807, n, x'00112233445566778899aabbccddee01', 1, 0) FROM temp.tick));
## fails insert_of_a_refused_change
INSERT INTO cloudsync_changes(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq) SELECT 't', cloudsync_pk_encode('never'), 'a', 'refused', 1, n, x'00112233445566778899aabbccddee02', 1, 0 FROM temp.tick;
## fails receive_with_a_wrong_cursor
SELECT cloudsync_payload_receive(NULL, x'00112233445566778899aabbccddee03', -1, 0, 0, 1, 0, 0, 1);
## fails page_from_a_wrong_cursor
SELECT rows FROM cloudsync_payload_chunks WHERE resume_db_version = -1 AND resume_seq = 3 AND resume_frag_offset = 7;
## fails page_with_a_wrong_limit
SELECT rows FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = 'abc';
## fails init_of_an_unknown_table
SELECT cloudsync_init('nobody');
## fails init_of_a_table_without_a_key
SELECT cloudsync_init('plain');
## slowly-fails commit_without_begin
SELECT cloudsync_commit_alter('w');
## fails filter_that_is_no_sql
SELECT cloudsync_set_filter('w', 'this is (');
## fails setting_that_is_unknown
SELECT cloudsync_set('payload_max_chunk_size', 'abc');
## fails write_that_a_constraint_refuses
INSERT INTO t VALUES ('fine', 1, 1), ('row1', 2, 2);
## fails file_that_is_not_there
SELECT cloudsync_payload_load('/nobody/has/such/a/file');
