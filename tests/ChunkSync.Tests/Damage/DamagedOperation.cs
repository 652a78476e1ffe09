using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Damage;

/// <summary>One call on a database whose metadata may be damaged.</summary>
/// <param name="Sql">Its statement, or several without parameters.</param>
/// <param name="Parameters">What is bound.</param>
internal sealed record DamagedOperation(string Sql, params object?[] Parameters)
{
    public override string ToString() => Sql;

    /// <summary>Whether it is several statements: each of them is whole or not there.</summary>
    public bool IsScript => Parameters.Length == 0 && Sql.Contains(';', StringComparison.Ordinal);

    /// <summary>Whether changes before the one that fails stay: a payload is not all or nothing.</summary>
    public bool KeepsRowsBefore => Sql.Contains("cloudsync_payload_apply", StringComparison.Ordinal) || Sql.Contains("cloudsync_payload_load", StringComparison.Ordinal);

    /// <summary>Runs it; returns its rows.</summary>
    public string Run(Database database)
    {
        if (IsScript)
        {
            database.Exec(Sql);
            return "";
        }

        return string.Join(" ", database.Query(Sql, Parameters).Select(row => string.Join("|", row.Select(DamagedOutcome.Show))));
    }

    /// <summary>Every function, every table, and writes of tracked tables.</summary>
    public static List<DamagedOperation> All(DamagedBase source, string scratchPath) =>
    [
        new("SELECT cloudsync_siteid()"),
        new("SELECT cloudsync_db_version()"),
        new("SELECT cloudsync_db_version_next()"),
        new("SELECT cloudsync_db_version_next(1000)"),
        new("SELECT cloudsync_seq()"),
        new("SELECT cloudsync_version(), chunksync_version(), cloudsync_uuid() IS NOT NULL, cloudsync_table_schema('t')"),
        new("SELECT cloudsync_set('payload_max_chunk_size', 300000)"),
        new("SELECT cloudsync_set('payload_max_chunk_size', NULL)"),
        new("SELECT cloudsync_set_schema('public')"),
        new("SELECT cloudsync_schema()"),
        new("SELECT cloudsync_set_table('t', 'owner', 'me')"),
        new("SELECT cloudsync_set_table('t', 'owner', NULL)"),
        new("SELECT cloudsync_set_table('t', NULL, NULL)"),
        new("SELECT cloudsync_set_column('t', 'b', 'note', 'x')"),
        new("SELECT cloudsync_init('t')"),
        new("SELECT cloudsync_init('n')"),
        new("SELECT cloudsync_init('g', 'gos')"),
        new("SELECT cloudsync_init('plain')"),
        new("SELECT cloudsync_recapture('n')"),
        new("SELECT cloudsync_recapture('t', 'values')"),
        new("SELECT cloudsync_disable('n'), cloudsync_is_enabled('n'), cloudsync_enable('n')"),
        new("SELECT cloudsync_disable('n'); INSERT INTO n VALUES (5, 'dis', 'abled'); SELECT cloudsync_enable('n')"),
        new("SELECT cloudsync_is_enabled('t')"),
        new("SELECT cloudsync_is_sync('t')"),
        new("SELECT length(cloudsync_new_site())"),
        new("SELECT length(cloudsync_new_site(1))"),
        new("SELECT cloudsync_cleanup('t')"),
        new("SELECT cloudsync_cleanup('g')"),
        new("SELECT cloudsync_cleanup('t'), cloudsync_cleanup('g'), cloudsync_cleanup('n')"),
        new("SELECT cloudsync_terminate()"),
        new("SELECT cloudsync_set_filter('n', 'v > 1')"),
        new("SELECT cloudsync_clear_filter('n')"),
        new("SELECT cloudsync_begin_alter('n'); ALTER TABLE n ADD COLUMN w DEFAULT 1; INSERT INTO n VALUES (9, 'p', 'q', 2); SELECT cloudsync_commit_alter('n')"),
        new("SELECT cloudsync_col_value('t', 'b', cloudsync_pk_encode('mine'))"),
        new("SELECT cloudsync_text_materialize('t', 'a', 'mine')"),
        new("SELECT cloudsync_payload_encode(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq) IS NULL FROM cloudsync_changes"),
        new("SELECT length(cloudsync_payload_blob_checked(0, 0, NULL, 0, 10000000))"),
        new("SELECT length(cloudsync_payload_blob_checked(0, 0, cloudsync_siteid(), 1, 10000000))"),
        new("SELECT cloudsync_payload_save(?)", scratchPath),
        new("SELECT cloudsync_payload_load(?)", source.PayloadPath),
        new("SELECT cloudsync_payload_apply(?)", source.Payload),
        new("SELECT cloudsync_payload_apply(?, 0)", source.Payload),
        new("SELECT cloudsync_payload_decode(?)", source.Parts[1].Payload),
        new("SELECT cloudsync_payload_apply(?), cloudsync_payload_apply(?)", source.Parts[1].Payload, source.Parts[^1].Payload),
        new("SELECT cloudsync_payload_receive(?, ?, ?, ?, ?, ?, ?, ?, ?)", source.Arguments(source.LastChunk, source.BeforeLast)),
        new("SELECT cloudsync_payload_receive(?, ?, ?, ?, ?, ?, ?, ?, ?)", source.Arguments(source.Parts[1], source.Parts[0])),
        new("SELECT cloudsync_payload_receive(NULL, ?, 1, 0, 0, 9000, 0, 0, 1)", source.Site),
        new("SELECT cloudsync_receive_forget(?)", source.Site),
        new("SELECT cloudsync_receive_forget(?, 7, 0)", source.Site),
        new("INSERT INTO cloudsync_changes VALUES ('n', cloudsync_pk_encode('r', 's'), 'v', 5, 1, 100, x'0102', 1, 0)"),
        new("INSERT INTO cloudsync_changes VALUES ('n', cloudsync_pk_encode('a', 'b'), '__[RIP]__', NULL, 2, 100, x'0102', 2, 0)"),
        new("SELECT count(*), max(length(col_value)) FROM cloudsync_changes"),
        new("SELECT count(*) FROM cloudsync_changes WHERE tbl = 'n' AND db_version > 1 AND site_id = cloudsync_siteid()"),
        new("SELECT sum(length(payload)) FROM cloudsync_payload_chunks WHERE since_db_version = 0"),
        new("SELECT sum(length(payload)) FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND site_id = ? AND exclude_filter_site_id = 1", source.Site),
        new("SELECT rows FROM cloudsync_payload_chunks WHERE resume_db_version = 3 AND resume_seq = 1"),
        new("SELECT * FROM cloudsync_receive_gaps"),
        new("SELECT tables, sites, waiting, fragments, senders, gaps, check_dbversion, send_dbversion FROM cloudsync_status"),
        new("SELECT * FROM cloudsync_applied"),
        new("SELECT id, tbl FROM cloudsync_check"),
        new("SELECT id, tbl FROM cloudsync_check(NULL, 1)"),
        new("SELECT id, tbl FROM cloudsync_check('n', 1)"),
        new("SELECT * FROM cloudsync_conflicts"),
        new("SELECT cloudsync_set('conflict_log', 5), cloudsync_payload_apply(?)", source.Payload),
        new("SELECT * FROM cloudsync_waiting"),
        new("SELECT cloudsync_waiting_retry()"),
        new("SELECT cloudsync_waiting_ignore('elsewhere'), cloudsync_waiting_ignore('n', 'gone')"),
        new("SELECT cloudsync_waiting_drop('n', NULL, 'overrule')"),
        new("SELECT count(*) > 1 FROM cloudsync_help"),
        new("SELECT group_concat(cloudsync_pk_decode(pk, 1)), sum(cloudsync_entity_hash(tbl, pk)) FROM cloudsync_changes"),
        new("SELECT length(cloudsync_uuid_text(cloudsync_uuid_blob(cloudsync_uuid()))), chunksync_codec() IS NOT NULL"),
        new("SELECT sum(rows) FROM cloudsync_backfill_plan('n', 1)"),
        new("SELECT sum(rows) FROM cloudsync_backfill_plan('t', 2)"),
        new("SELECT cloudsync_backfill_begin('n')"),
        new("SELECT cloudsync_backfill_begin('plain'); SELECT cloudsync_backfill_run('plain', 1)"),
        new("SELECT cloudsync_backfill_begin('f')"),
        new("SELECT cloudsync_backfill_step('f', 1)"),
        new("SELECT cloudsync_backfill_run('f')"),
        new("SELECT tbl, state, rows_done, position FROM cloudsync_backfill_progress"),
        new("INSERT INTO cloudsync_changes VALUES ('f', cloudsync_pk_encode('d'), 'v', 9, 2, 100, x'0102', 1, 0)"),
        new("UPDATE f SET v = v + 1"),
        new("INSERT OR REPLACE INTO f VALUES ('d', 7), ('z', 8)"),
        new("SELECT count(r.tbl) FROM cloudsync_payload_rows(?) AS r", source.Payload),
        new("SELECT length(cloudsync_payload_index(?, 2)), length(cloudsync_payload_filter(?, (SELECT cloudsync_probe_set('table', 'n'))))",
            source.Payload, source.Payload),
        new("SELECT sum(rows) FROM cloudsync_payload_probe('staged', (SELECT cloudsync_probe_set('all')))"),
        new("SELECT count(reason) FROM cloudsync_payload_probe_plan('staged', (SELECT cloudsync_probe_set('table', 'n')))"),
        new("SELECT sum(length(payload)) FROM cloudsync_payload_run('staged')"),
        new("SELECT cloudsync_probe_keys('staged', 'staged_keys')"),
        new("SELECT chunksync_backfill_tick() IS NULL, (SELECT count(*) FROM chunksync_connection), (SELECT count(*) FROM chunksync_transaction)"),
        new("UPDATE o SET up = 'o1' WHERE id = 'o3'"),
        new("INSERT INTO o VALUES ('o4', 'o3', 'n1'); DELETE FROM o WHERE id = 'o1'"),
        new("SELECT cloudsync_tree_init('o', 'up', 'pos')"),
        new("SELECT cloudsync_tree_init('n', 'v', NULL)"),
        new("SELECT cloudsync_tree_ensure()"),
        new("SELECT cloudsync_tree_ensure('o', 'rebuild')"),
        new("SELECT cloudsync_tree_compact('o', 1)"),
        new("SELECT cloudsync_tree_verify('o')"),
        new("SELECT cloudsync_tree_cleanup('o')"),
        new("SELECT cloudsync_tree_pos('o', NULL), cloudsync_tree_pos('o', 'o1', 'o2'), cloudsync_tree_between('n0', 'n1')"),
        new("SELECT tbl, pending, held, void, next_lamport FROM cloudsync_tree_status"),
        new("SELECT key, depth FROM cloudsync_tree_descendants('o', NULL)"),
        new("SELECT key, present FROM cloudsync_tree_path('o', 'o3')"),
        new("SELECT count(*) FROM cloudsync_tree_lost('o')"),
        new("SELECT lamport, node, effective, state FROM cloudsync_tree_log('o')"),
        new("INSERT INTO t(id, b) VALUES ('new', 1)"),
        new("UPDATE t SET b = b || 'x'"),
        new("DELETE FROM t"),
        new("INSERT INTO n VALUES (3, 'new', 'row'), (4, 'newer', 'row')"),
        new("UPDATE n SET v = 77"),
        new("UPDATE n SET x = 'moved' || x"),
        new("DELETE FROM n"),
        new("INSERT OR REPLACE INTO n VALUES (8, 'a', 'b')"),
        new("INSERT INTO g VALUES ('g9', 1)"),
        new("UPDATE g SET a = 5"),
        new("SELECT cloudsync_insert('n', 'a', 'b')"),
        new("SELECT cloudsync_delete('n', 'never', 'there')"),
        new("SELECT cloudsync_update('n', value, value) FROM json_each('[\"a\", \"b\", 1]')"),
        new("SELECT chunksync_writing('n', 0, 'a', 'b'), chunksync_written('n', 0, 'a', 'b', 'a', 'b')"),
        new("SELECT chunksync_filtered('n', 0, 1, 0, 1, 'a')"),
    ];
}
