using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Damage;

/// <summary>A database that has something in every metadata table: block columns, a grow-only table, a composite key, a table that is being filled, a tree, other sites, parts of
/// a long value, ranges of a sender, a conflict log; and what that sender goes on with.</summary>
internal sealed class DamagedBase : IDisposable
{
    public const string Tables = "SELECT 't', id, a, b FROM t UNION ALL SELECT 'g', id, a, NULL FROM g UNION ALL SELECT 'n', x, y, v FROM n"
        + " UNION ALL SELECT 'plain', id, v, NULL FROM plain UNION ALL SELECT 'f', id, v, NULL FROM f UNION ALL SELECT 'o', id, up, pos FROM o ORDER BY 1, 2, 3";

    private static readonly (string Column, object? Value)[] Window = [("max_chunk_size", 262_144)];

    private readonly TempFile folder = new();

    public DamagedBase()
    {
        File = new TempFile(Fixtures.File("block_column.db"));
        using TempFile senderFile = new();
        using (Database database = Database.Open(File.Path))
        {
            database.Exec("""
                CREATE TABLE g(id TEXT PRIMARY KEY NOT NULL, a);
                CREATE TABLE n(v, y TEXT, x TEXT, PRIMARY KEY(x, y));
                CREATE TABLE plain(id TEXT PRIMARY KEY NOT NULL, v);
                CREATE TABLE f(id TEXT PRIMARY KEY NOT NULL, v);
                INSERT INTO f VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4), ('e', 5);
                SELECT cloudsync_backfill_begin('f'), cloudsync_backfill_step('f', 2);
                CREATE TABLE o(id TEXT PRIMARY KEY NOT NULL, up TEXT, pos);
                SELECT cloudsync_init('o'), cloudsync_tree_init('o', 'up', 'pos');
                INSERT INTO o VALUES ('o1', NULL, 'n0'), ('o2', 'o1', 'n0'), ('o3', 'o2', NULL);
                SELECT cloudsync_init('g', 'gos'), cloudsync_init('n'), cloudsync_set('skip_schema_hash_check', 0), cloudsync_set('conflict_log', 9);
                INSERT INTO g VALUES ('g1', 1);
                INSERT INTO n VALUES (1, 'a', 'b'), (2, 'c', 'd');
                INSERT INTO t VALUES ('mine', 'one', 2), ('gone', 'x', 3);
                DELETE FROM t WHERE id = 'gone';
                """);
            database.Exec($"VACUUM INTO '{senderFile.Path}'");
        }

        using Database sender = Database.OpenWithSite(senderFile.Path, "0190a5b0c0de7111a2223333444466ff");
        Site = (byte[])sender.Scalar("SELECT cloudsync_siteid()")!;
        sender.Exec("UPDATE n SET v = 10 WHERE x = 'b'; INSERT INTO t(id, b) VALUES ('theirs', printf('%0600000d', 5))");
        List<ChunkRow> first = ChunkRow.Drain(sender, Window);
        using (Database database = Database.Open(File.Path))
        {
            Receive(database, first, 0);
            Receive(database, first, 2);
        }

        Parts = first;
        sender.Exec("UPDATE o SET up = 'o1' WHERE id = 'o3'; INSERT INTO n VALUES (7, 'e', 'f'); UPDATE t SET b = 8 WHERE id = 'mine'; DELETE FROM n WHERE x = 'd'; INSERT INTO g VALUES ('g2', 2)");
        List<ChunkRow> all = ChunkRow.Drain(sender, Window);
        Payload = all[^1].Payload;
        LastChunk = all[^1];
        BeforeLast = all[^2];
        System.IO.File.WriteAllBytes(PayloadPath, Payload);
        using Database staging = Database.Open(File.Path);
        staging.Exec("CREATE TABLE staged(chunk_index INTEGER PRIMARY KEY, payload)");
        staging.Run("INSERT INTO staged VALUES (0, ?), (1, ?)", Parts[0].Payload, Payload);
    }

    /// <summary>The database.</summary>
    public TempFile File { get; }

    /// <summary>The database's own site id.</summary>
    public byte[] SiteOfBase { get; } = Convert.FromHexString("0190a5b0c0de7111a222333344445555");

    /// <summary>The sender's site id.</summary>
    public byte[] Site { get; }

    /// <summary>The first window's chunks: rows, then parts of a long value, the first of which has arrived.</summary>
    public List<ChunkRow> Parts { get; }

    /// <summary>Rows that have not arrived.</summary>
    public byte[] Payload { get; }

    public ChunkRow LastChunk { get; }

    public ChunkRow BeforeLast { get; }

    /// <summary>A file with <see cref="Payload"/>.</summary>
    public string PayloadPath => folder.Path;

    public void Dispose()
    {
        File.Dispose();
        folder.Dispose();
    }

    /// <summary>The call that receives one chunk.</summary>
    public object?[] Arguments(ChunkRow chunk, ChunkRow? before) =>
    [
        chunk.Payload, Site, before?.NextDbVersion ?? 1, before?.NextSeq ?? 0, before?.NextOffset ?? 0, chunk.NextDbVersion, chunk.NextSeq,
        chunk.NextOffset, chunk.IsFinal,
    ];

    private void Receive(Database database, List<ChunkRow> chunks, int index) => database.Scalar(
        "SELECT cloudsync_payload_receive(?, ?, ?, ?, ?, ?, ?, ?, ?)", Arguments(chunks[index], index == 0 ? null : chunks[index - 1]));
}
