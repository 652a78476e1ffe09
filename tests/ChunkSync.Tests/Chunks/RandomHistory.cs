using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Chunks;

/// <summary>Writes random histories: several tables and key shapes, transactions, long values, deletes and resurrections, and changes of
/// other sites that share positions.</summary>
internal sealed class RandomHistory(Random random, Database database)
{
    public const string Schema = """
        CREATE TABLE plain(id TEXT PRIMARY KEY NOT NULL, a, b TEXT, c BLOB);
        CREATE TABLE "odd name"(v, k1 INT, K2 TEXT, PRIMARY KEY(K2, k1));
        CREATE TABLE norow(id BLOB PRIMARY KEY NOT NULL, x, y) WITHOUT ROWID;
        CREATE TABLE keys(id TEXT PRIMARY KEY NOT NULL);
        SELECT cloudsync_init('plain'); SELECT cloudsync_init('odd name'); SELECT cloudsync_init('norow'); SELECT cloudsync_init('keys');
        """;

    public static readonly string[] OtherSites = ["11111111111111111111111111111111", "22222222222222222222222222222222"];

    private int foreignKey;

    public void Run(int transactions, int longValues)
    {
        for (int i = 0; i < transactions; i++)
        {
            database.Exec("BEGIN");
            int statements = 1 + random.Next(6);
            for (int j = 0; j < statements; j++)
            {
                if (random.Next(8) == 0)
                {
                    Foreign();
                }
                else
                {
                    Local(longValues > 0 && random.Next(transactions * 3) < longValues);
                }
            }

            database.Exec(random.Next(12) == 0 ? "ROLLBACK" : "COMMIT");
        }
    }

    private void Local(bool isLong)
    {
        string id = "k" + random.Next(12);
        switch (random.Next(9))
        {
            case 0 or 1:
                database.Run("INSERT OR REPLACE INTO plain VALUES (?, ?, ?, ?)", id, Small(), isLong ? Long(text: true) : Small(), isLong ? Long(text: false) : Small());
                break;
            case 2:
                database.Run("UPDATE plain SET a = ?, c = ? WHERE id = ?", Small(), isLong ? Long(text: false) : Small(), id);
                break;
            case 3:
                database.Run("DELETE FROM plain WHERE id = ?", id);
                break;
            case 4:
                database.Run("INSERT INTO \"odd name\" VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET v = excluded.v", isLong ? Long(text: true) : Small(), random.Next(4), id);
                break;
            case 5:
                database.Run("UPDATE OR REPLACE \"odd name\" SET k1 = k1 + 1 WHERE K2 = ?", id);
                break;
            case 6:
                database.Run("INSERT OR REPLACE INTO norow VALUES (?, ?, ?)", new byte[] { (byte)random.Next(6) }, Small(), isLong ? Long(text: false) : Small());
                break;
            case 7:
                database.Run("INSERT OR IGNORE INTO keys VALUES (?)", id);
                break;
            default:
                database.Run("DELETE FROM keys WHERE id = ?", id);
                break;
        }
    }

    /// <summary>Changes of another site with the same seq: they share one position with each other.</summary>
    private void Foreign()
    {
        int count = 1 + random.Next(5);
        string site = OtherSites[random.Next(2)];
        for (int i = 0; i < count; i++)
        {
            database.Run(
                "INSERT INTO cloudsync_changes(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq)"
                + " VALUES ('plain', cloudsync_pk_encode(?), ?, ?, 1, 1, ?, 1, ?)",
                "f" + foreignKey++, random.Next(2) == 0 ? "a" : "c", random.Next(6) == 0 ? Long(text: false, 60_000) : Small(), Convert.FromHexString(site), random.Next(3));
        }
    }

    private object? Small() => random.Next(8) switch
    {
        0 => null,
        1 => random.NextInt64(long.MinValue, long.MaxValue),
        2 => (long)random.Next(-300, 300),
        3 => random.NextDouble() - 0.5,
        4 => "text" + random.Next(1000),
        5 => "",
        6 => Bytes(random.Next(40)),
        _ => new string('ä', random.Next(300)),
    };

    private object Long(bool text, int length = 0)
    {
        length = length > 0 ? length : random.Next(3) switch
        {
            0 => random.Next(200_000, 262_144),
            1 => 245_600 + random.Next(300),
            _ => random.Next(262_144, 900_000),
        };
        return text ? new string((char)('a' + random.Next(26)), length) : Bytes(length);
    }

    private byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
