using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;
using ChunkSync.Tests.Merge;
using ChunkSync.Tests.Receive;

namespace ChunkSync.Tests.Histories;

/// <summary>A replica that is written by a program and migrated by a tool. What users do is written down in the ledger; what it says to the other one
/// is kept.</summary>
internal sealed class OrmReplica : IDisposable
{
    private readonly int number;
    private readonly OrmSchema schema;
    private readonly OrmLedger ledger;
    private readonly List<string> script;
    private readonly Random random;
    private readonly Queue<(List<SentChunk> Chunks, int Writes, int Migrations)> onTheWay = [];
    private readonly HashSet<(string, string, string, long, long, string, long, long)> told = [];
    private readonly byte[] site;
    private readonly bool foreignKeys;
    private Dictionary<string, OrmRows> seen;
    private long watermark;

    public OrmReplica(int number, OrmSchema schema, OrmLedger ledger, List<string> script, Random random)
    {
        this.number = number;
        this.schema = schema;
        this.ledger = ledger;
        this.script = script;
        this.random = random;
        foreignKeys = random.Next(2) == 0;
        Database = Database.Open();
        foreach (string table in OrmSchema.Tables)
        {
            OrmColumn[] columns = schema.First[table];
            Run(new OrmChange(table, columns, columns, null, null).Create(table));
            Run($"SELECT cloudsync_init('{table}')");
        }

        Run("PRAGMA foreign_keys = " + (foreignKeys ? "ON" : "OFF"));
        if (random.Next(2) == 0)
        {
            Run("SELECT cloudsync_set('apply_refused', 'wait')");
        }

        site = (byte[])Database.Scalar("SELECT cloudsync_siteid()")!;
        seen = Read();
    }

    public Database Database { get; }

    /// <summary>How many migrations it has run.</summary>
    public int Migrations { get; private set; }

    /// <summary>How many migrations began and were undone.</summary>
    public int Undone { get; private set; }

    /// <summary>The rows of every table.</summary>
    public Dictionary<string, OrmRows> Read() => OrmSchema.Tables.ToDictionary(table => table, table => OrmRows.Read(Database, table));

    /// <summary>Writes one row somewhere, as a program does.</summary>
    /// <param name="migrating">The migration in which it happens: then its table, and no column that is not there before it; null for none.</param>
    public void Write(OrmChange? migrating = null)
    {
        string table = migrating?.Table ?? OrmSchema.Tables[random.Next(2)];
        string key = (table == OrmSchema.Parent ? "a" : "b") + random.Next(table == OrmSchema.Parent ? 2 : 6);
        string[] columns = [.. Database.Query($"SELECT name FROM pragma_table_info('{table}') WHERE pk = 0").Select(row => (string)row[0]!)];
        bool isThere = Database.Scalar($"SELECT 1 FROM {table} WHERE id = ?", key) != null;
        string[] updated = [.. columns.Where(name => migrating == null || migrating.Before.Any(old => old.Name == name))];
        if (updated.Length == 0)
        {
            return;
        }

        string column = updated[random.Next(updated.Length)];
        Run(!isThere ? $"INSERT INTO {table}(id, {string.Join(", ", columns)}) VALUES ('{key}', {string.Join(", ", columns.Select(Literal))})"
            : table == OrmSchema.Child && random.Next(4) == 0 ? $"DELETE FROM {table} WHERE id = '{key}'"
            : $"UPDATE {table} SET {column} = {Literal(column)} WHERE id = '{key}'");
    }

    /// <summary>Writes down what users did since the last look.</summary>
    public void Note()
    {
        Dictionary<string, OrmRows> now = Read();
        foreach (string table in OrmSchema.Tables)
        {
            ledger.AddDifference(number, table, seen[table], now[table]);
        }

        seen = now;
    }

    /// <summary>Puts what is new on its way.</summary>
    /// <returns>Whether anything is.</returns>
    public bool Send()
    {
        List<NaiveChange> own = NaiveChange.Read(Database, "site_id = cloudsync_siteid()");
        foreach (NaiveChange change in own)
        {
            Assert.True(change.DbVersion > watermark || told.Contains(change.Clock), $"r{number} gives db_version {change.DbVersion} out again, up to {watermark} was sent: {change}");
        }

        List<SentChunk> chunks = SentChunk.Window(Database, [], watermark);
        if (chunks.Count == 0)
        {
            return false;
        }

        script.Add($"-- r{number} sends what is behind {watermark}");
        told.UnionWith(own.Select(change => change.Clock));
        watermark = chunks[^1].Next.V;
        onTheWay.Enqueue((chunks, ledger.Count(number), Migrations));
        return true;
    }

    /// <summary>Everything that it has arrives at the other one, also what that one wrote itself.</summary>
    public void SendAll(OrmReplica other)
    {
        foreach (SentChunk chunk in SentChunk.Window(Database, [("site_id", new byte[16]), ("exclude_filter_site_id", 1L)], 0))
        {
            script.Add($"-- r{other.number} applies everything: {chunk}");
            other.Database.Scalar("SELECT cloudsync_payload_apply(?)", chunk.Payload);
        }
    }

    /// <summary>What is on its way arrives, in order.</summary>
    /// <param name="other">Where.</param>
    /// <param name="receives">With <c>cloudsync_payload_receive</c>, which takes columns by name, and not with <c>cloudsync_payload_apply</c>.</param>
    /// <returns>Whether something did: a window of another schema may be refused, and waits.</returns>
    public bool Deliver(OrmReplica other, bool receives)
    {
        if (onTheWay.Count == 0)
        {
            return false;
        }

        (List<SentChunk> chunks, int writes, int migrations) = onTheWay.Peek();
        int times = 1 + random.Next(4) / 3;
        for (int i = 0; i < times * chunks.Count; i++)
        {
            SentChunk chunk = chunks[i % chunks.Count];
            other.script.Add($"-- r{other.number} {(receives ? "receives" : "applies")} {chunk}");
            if (receives)
            {
                chunk.Receive(other.Database, site);
                continue;
            }

            try
            {
                other.Database.Scalar("SELECT cloudsync_payload_apply(?)", chunk.Payload);
            }
            catch (SqlException failure) when (failure.Text.Contains("schema hash is unknown", StringComparison.Ordinal) && other.Migrations != migrations)
            {
                other.seen = other.Read();
                return false;
            }
            catch (SqlException failure) when (failure.Text.Contains("has no column", StringComparison.Ordinal) && other.Migrations != migrations)
            {
                // A column that was dropped here, or is not here yet: what receives it sets it aside.
                chunk.Receive(other.Database, site);
            }
        }

        onTheWay.Dequeue();
        ledger.Heard(other.number, writes);
        other.seen = other.Read();
        return true;
    }

    /// <summary>Runs the next migration, if there is one.</summary>
    public void Migrate()
    {
        if (Migrations == schema.Changes.Count)
        {
            return;
        }

        OrmChange change = schema.Changes[Migrations];
        OrmRecipe recipe = change.IsPlain && random.Next(3) == 0 ? OrmRecipe.Alter : (OrmRecipe)(1 + random.Next(5));
        bool isLegacy = random.Next(4) == 0;
        if (recipe == OrmRecipe.RenameFirst && change.Table == OrmSchema.Parent && (foreignKeys || !isLegacy))
        {
            // It would leave the children with a reference to the table that goes.
            recipe = OrmRecipe.Alembic;
        }

        // A tool's transaction, or the caller's.
        List<string> statements = OrmScript.Make(change, recipe, random.Next(2) == 0, foreignKeys);
        // SQLite does not drop a column that a trigger names; and without the pair nobody can tell a renamed column from a new one.
        bool isPaired = random.Next(4) > 0 || change.Renamed != null || (recipe == OrmRecipe.Alter && change.Dropped != null);
        script.Add($"-- r{number} migrates: {recipe}{(isPaired ? "" : " without a pair")}");
        Run("PRAGMA legacy_alter_table = " + (isLegacy ? "ON" : "OFF"));
        Database.Deviates(Deviation.PlainAlter | Deviation.Rebuilt, "a table is gone, or is not captured, until the migration is through");

        int undoneAt = random.Next(5) == 0 && isPaired ? random.Next(statements.Count) : -1;
        if (undoneAt < 0 || !Undo(change, statements, undoneAt))
        {
            Run(change, recipe, statements, isPaired);
        }

        Database.Conforms();
        Run("PRAGMA legacy_alter_table = OFF");
        Note();
        foreach ((string key, Dictionary<string, object?> values) in seen[change.Table])
        {
            if (change.Renamed is (_, string name) && values.TryGetValue(name, out object? value))
            {
                ledger.Add(number, change.Table, key, name, value, isCopy: true);
            }
        }
    }

    public void Dispose() => Database.Dispose();

    private void Run(OrmChange change, OrmRecipe recipe, List<string> statements, bool isPaired)
    {
        foreach (string statement in statements)
        {
            Statement(change, statement, isPaired);
        }

        if (!isPaired)
        {
            bool isRebuilt = recipe != OrmRecipe.Alter;

            // What a copy wrote into old columns only 'values' tells.
            bool withValues = isRebuilt && (change is { Renamed: null, Added: null, Dropped: null } || random.Next(2) == 0);
            Run(isRebuilt ? $"SELECT cloudsync_recapture('{change.Table}'{(withValues ? ", 'values'" : "")})" : $"SELECT cloudsync_init('{change.Table}')");
            if (withValues)
            {
                Note();
                foreach ((string key, Dictionary<string, object?> values) in seen[change.Table])
                {
                    foreach ((string column, object? value) in values.Where(cell => change.Before.Any(column => column.Name == cell.Key)))
                    {
                        ledger.Add(number, change.Table, key, column, value);
                    }
                }
            }

        }

        Migrations++;
    }

    /// <summary>Runs a migration up to some statement, and undoes it.</summary>
    /// <returns>Whether it could be undone; otherwise it has to go on.</returns>
    private bool Undo(OrmChange change, List<string> statements, int count)
    {
        // Where nothing opens a transaction, what a tool has done stays.
        int begin = statements.FindIndex(statement => statement is "BEGIN" or OrmScript.Begin);
        if (count <= begin)
        {
            return false;
        }

        foreach (string statement in statements.Take(count + 1))
        {
            Statement(change, statement, isPaired: true);
        }

        if (!Database.InTransaction && count + 1 == statements.Count)
        {
            Migrations++;
            return true;
        }

        if (Database.InTransaction)
        {
            Run("ROLLBACK");
        }

        foreach (string prefix in (string[])["ef_temp_", "new__", "_alembic_tmp_"])
        {
            if (!statements.Contains("PRAGMA foreign_keys = OFF") || Database.Scalar($"SELECT 1 FROM sqlite_master WHERE name = '{change.Table}'") != null)
            {
                Run($"DROP TABLE IF EXISTS \"{prefix}{change.Table}\"");
            }
        }

        Run("PRAGMA foreign_keys = " + (foreignKeys ? "ON" : "OFF"));
        bool isDone = statements.Take(count + 1).Count(statement => statement == "COMMIT") == statements.Count(statement => statement == "COMMIT")
            && statements.Contains("COMMIT");
        Migrations += isDone ? 1 : 0;
        Undone += isDone ? 0 : 1;
        return true;
    }

    private void Statement(OrmChange change, string statement, bool isPaired)
    {
        switch (statement)
        {
            case OrmScript.Begin or OrmScript.Commit:
                if (isPaired)
                {
                    Run($"SELECT cloudsync_{(statement == OrmScript.Begin ? "begin" : "commit")}_alter('{change.Table}')");
                }

                break;
            case OrmScript.Write:
                if (isPaired && random.Next(3) == 0)
                {
                    Write(change);
                }

                break;
            default:
                Run(statement);
                break;
        }
    }

    private string Literal(string column) => column == "author" ? $"'a{random.Next(2)}'" : $"'v{ledger.NextValue()}'";

    private void Run(string sql)
    {
        script.Add($"/* r{number} */ {sql};");
        Database.Exec(sql);
    }
}
