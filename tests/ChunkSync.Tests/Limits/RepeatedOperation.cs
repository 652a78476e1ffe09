using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Limits;

/// <summary>One operation of <c>native/operations.sql</c>, which leaves the database as large as it was.</summary>
/// <param name="Kind"><c>fast</c>, <c>slow</c>, <c>fails</c> or <c>slowly-fails</c>; <c>setup</c> and <c>source</c> are none.</param>
/// <param name="Name">Its name.</param>
/// <param name="Sql">Its statements.</param>
internal sealed record RepeatedOperation(string Kind, string Name, string Sql)
{
    /// <summary>All sections of the file.</summary>
    public static List<RepeatedOperation> All { get; } = Read();

    /// <summary>Whether every run of it must fail.</summary>
    public bool Fails => Kind.EndsWith("fails", StringComparison.Ordinal);

    /// <summary>A database on which all of them can run.</summary>
    public static Database Prepare(string path)
    {
        Database database = Database.Open(path);
        database.Exec("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA cache_size = -100;" + Find("setup").Sql + "CREATE TEMP TABLE part(n, data)");
        using Database sender = Database.Open();
        sender.Exec(Find("source").Sql);
        foreach (ChunkRow chunk in ChunkRow.Read(sender, [("since_db_version", 0), ("max_chunk_size", 262_144)]))
        {
            database.Run("INSERT INTO temp.part SELECT count(*), ? FROM temp.part", chunk.Payload);
        }

        return database;
    }

    /// <summary>Runs it so many times, a tenth of that if it is slow, with nothing of the test's in between.</summary>
    public void Repeat(Database database, long times)
    {
        long left = Kind.StartsWith("slow", StringComparison.Ordinal) ? (times / 10) + 1 : times;
        for (; left > 0; left--)
        {
            Assert.Equal(0, NativeSqlite.Exec(database.Handle, "UPDATE temp.tick SET n = n + 1", 0, 0, 0));
            int code = NativeSqlite.Exec(database.Handle, Sql, 0, 0, 0);
            Assert.True(code != 0 == Fails, $"{Name}: {database.Failure(code).Message}");
            Assert.False(database.InTransaction, Name);
        }
    }

    private static RepeatedOperation Find(string kind) => All.Single(section => section.Kind == kind);

    private static List<RepeatedOperation> Read()
    {
        List<RepeatedOperation> sections = [];
        foreach (string section in ("\n" + File.ReadAllText(Checkout.Find("native/operations.sql"))).Split("\n## ").Skip(1))
        {
            string[] parts = section.Split('\n', 2);
            string[] head = parts[0].Split(' ');
            sections.Add(new RepeatedOperation(head[0], head[^1], parts[1]));
        }

        return sections;
    }
}
