using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Consistency;

/// <summary>Compares clocks with rows, through plain SQL alone: a living row has a clock for every column and an odd sentinel or none; where no
/// row is, there is an even sentinel and nothing else, or nothing; versions are integers in bounds; sites are known; triggers fit the
/// table.</summary>
internal sealed class ConsistencyChecker(Database database) : IDisposable
{
    private const int MaxProblems = 12;

    /// <summary>With these, nothing can be said about which rows have clocks.</summary>
    private const Deviation NoRelation = Deviation.Disabled | Deviation.Altering | Deviation.Rebuilt | Deviation.UserTrigger;

    private readonly EncodedKeys keys = new();
    private readonly ClockGroup group = new();
    private readonly HashSet<long> sites = [];

    /// <summary>The most rows of each table that were there without all of their columns right after something was received.</summary>
    private readonly Dictionary<string, int> onTheirWay = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The rows of the table in progress that have some of their columns' clocks.</summary>
    private readonly List<string> incomplete = [];

    /// <summary>The rows of the table in progress that have no clocks, where some may have none.</summary>
    private readonly List<string> pending = [];

    /// <summary>Tables that have or had a filter.</summary>
    private readonly HashSet<string> filtered = new(StringComparer.OrdinalIgnoreCase);
    private BoundStatement? schemaVersion;
    private BoundStatement? settings;
    private BoundStatement? siteIds;
    private CheckedSchema? schema;
    private BoundStatement? dataVersion;
    private BoundStatement? begin;
    private BoundStatement? commit;
    private long seenSchemaVersion = -1;
    private long seenDataVersion = -1;
    private string seenSettings = "";

    /// <summary>How many rows and clock rows the last check read: what it cost.</summary>
    public long RowsRead { get; private set; }

    /// <summary>Checks every tracked table.</summary>
    /// <param name="allowed">What may deviate.</param>
    /// <param name="received">Whether changes of others were taken since the last check: rows without all columns are remembered as
    /// such.</param>
    /// <param name="anew">Whether the schema may have changed without a change of its number, as by ROLLBACK.</param>
    /// <param name="altering">Whether the open transaction began an alteration: a table that has no triggers is in it.</param>
    /// <returns>What is wrong, one line each; empty for nothing.</returns>
    /// <exception cref="SqlException">The database could not be read.</exception>
    public List<string> Check(Deviation allowed, bool received, bool anew, bool altering)
    {
        RowsRead = 0;
        bool isComplete = false;
        bool owns = !database.InTransaction;
        if (owns)
        {
            // Another connection may commit between two statements of ours.
            (begin ??= new BoundStatement(database, "BEGIN")).Run();
        }

        try
        {
            List<string> problems = Prepare(anew) ? CheckTables(allowed, received | HasOthersWritten(), altering) : [];
            isComplete = true;
            return problems;
        }
        finally
        {
            if (!isComplete)
            {
                Forget();
            }

            if (owns && database.InTransaction)
            {
                (commit ??= new BoundStatement(database, "COMMIT")).Run();
            }
        }
    }

    /// <summary>Finalizes the statements; nothing is checked behind it.</summary>
    public void Dispose()
    {
        Forget();
        foreach (BoundStatement? statement in (BoundStatement?[])[schemaVersion, dataVersion, begin, commit])
        {
            statement?.Dispose();
        }
    }

    private void Forget()
    {
        schema?.Dispose();
        settings?.Dispose();
        siteIds?.Dispose();
        schema = null;
        settings = null;
        siteIds = null;
        seenSchemaVersion = -1;
    }

    /// <summary>Reads schema, settings and sites where they changed; false when the database is not synchronised.</summary>
    private bool Prepare(bool anew)
    {
        schemaVersion ??= new BoundStatement(database, "PRAGMA main.schema_version");
        long version = schemaVersion.Step() ? schemaVersion.Int64(0) : 0;
        schemaVersion.Reset();
        if (anew || version != seenSchemaVersion)
        {
            Forget();
            using BoundStatement initialized = new(
                database, "SELECT count(*) FROM main.sqlite_master WHERE name IN ('cloudsync_site_id', 'cloudsync_table_settings')");
            seenSchemaVersion = version;
            if (!initialized.Step() || initialized.Int64(0) < 2)
            {
                return false;
            }

            settings = new BoundStatement(
                database, "SELECT group_concat(tbl_name || char(10) || col_name || char(10) || key || char(10) || value, char(10)) FROM main.cloudsync_table_settings");
            siteIds = new BoundStatement(database, "SELECT rowid FROM main.cloudsync_site_id");
        }

        if (settings == null)
        {
            return false;
        }

        string now = settings.Step() && settings.Type(0) == 3 ? System.Text.Encoding.UTF8.GetString(settings.Text(0)) : "";
        settings.Reset();
        if (schema == null || now != seenSettings)
        {
            schema?.Dispose();
            schema = CheckedSchema.Read(database);
            seenSettings = now;
            filtered.UnionWith(schema.Tables.Where(table => table.Filter != null).Select(table => table.Name));
        }

        sites.Clear();
        while (siteIds!.Step())
        {
            sites.Add(siteIds.Int64(0));
        }

        siteIds.Reset();
        return true;
    }

    /// <summary>Whether another connection committed since the last check, or this is the first one: then what it received is not known,
    /// if others have been heard of at all.</summary>
    private bool HasOthersWritten()
    {
        dataVersion ??= new BoundStatement(database, "PRAGMA main.data_version");
        long version = dataVersion.Step() ? dataVersion.Int64(0) : 0;
        dataVersion.Reset();
        bool moved = version != seenDataVersion;
        seenDataVersion = version;
        return moved && sites.Count > 1;
    }

    private List<string> CheckTables(Deviation allowed, bool received, bool altering)
    {
        List<string> problems = [];
        foreach (CheckedTable table in schema!.Tables)
        {
            Deviation here = allowed
                | (table.IsFilling ? Deviation.Pending : Deviation.None)
                | (filtered.Contains(table.Name) ? Deviation.Filter : Deviation.None)
                | (altering && !schema.HasTriggers(table) ? Deviation.Altering : Deviation.None);
            if (table.Keys.Count == 0)
            {
                if ((here & Deviation.Rebuilt) == 0)
                {
                    problems.Add($"table {table.Name}: it has clocks, and is gone or has no key");
                }

                continue;
            }

            if ((here & (Deviation.Altering | Deviation.PlainAlter | Deviation.Rebuilt | Deviation.SettingsByHand)) == 0)
            {
                problems.AddRange(TriggerCheck.Find(table, schema.Triggers).Select(text => $"table {table.Name}: {text}"));
            }

            CheckRows(table, here, received, problems);
            if (problems.Count >= MaxProblems)
            {
                break;
            }
        }

        return problems;
    }

    private void CheckRows(CheckedTable table, Deviation allowed, bool received, List<string> problems)
    {
        ReadKeys(table);
        BoundStatement clocks = table.Clocks!;
        int next = 0;
        bool more = clocks.Step();
        while ((more || next < keys.Count) && problems.Count < MaxProblems)
        {
            ReadOnlySpan<byte> pk = more ? clocks.Blob(0) : default;
            bool isRow = next < keys.Count && (!more || keys[next].SequenceCompareTo(pk) <= 0);
            group.Begin(isRow ? keys[next] : pk, table);
            while (more && clocks.Blob(0).SequenceEqual(group.Key))
            {
                group.Add(table, sites);
                RowsRead++;
                more = clocks.Step();
            }

            Judge(table, isRow, isRow && keys.IsOutside(next), allowed, problems);
            next += isRow ? 1 : 0;
        }

        clocks.Reset();
        JudgeIncomplete(table, allowed, received, problems);
        JudgePending(table, problems);
    }

    /// <summary>Rows that are written are captured, and rows that are gone are none any more: those without clocks cannot be more than the table
    /// had when its fill began.</summary>
    private void JudgePending(CheckedTable table, List<string> problems)
    {
        if (pending.Count > 0)
        {
            using BoundStatement state = new(database,
                $"SELECT rows_total FROM main.cloudsync_backfill_state WHERE tbl = {CheckedTable.Literal(table.Name)}");
            long left = state.Step() ? state.Int64(0) : 0;
            if (pending.Count > left)
            {
                problems.Add($"table {table.Name}: {pending.Count} rows without any clock, of {left} that were there when its fill began");
                problems.AddRange(pending.Take(MaxProblems));
            }
        }

        pending.Clear();
    }

    private void ReadKeys(CheckedTable table)
    {
        BoundStatement rows = table.Rows!;
        keys.Clear();
        while (rows.Step())
        {
            keys.Begin(table.Keys.Count);
            for (int i = 0; i < table.Keys.Count; i++)
            {
                switch (rows.Type(i))
                {
                    case 1:
                        keys.AddInteger(rows.Int64(i));
                        break;
                    case 2:
                        keys.AddReal(rows.Double(i));
                        break;
                    case 3:
                        keys.AddText(rows.Text(i));
                        break;
                    case 4:
                        keys.AddBlob(rows.Blob(i));
                        break;
                    default:
                        keys.AddNull();
                        break;
                }
            }

            keys.End(isOutside: rows.Int64(table.Keys.Count) == 0);
            RowsRead++;
        }

        rows.Reset();
        keys.Sort();
    }

    private void Judge(CheckedTable table, bool isRow, bool isOutside, Deviation allowed, List<string> problems)
    {
        foreach (string problem in group.Problems)
        {
            bool columnsMove = group.HasUnknownColumn && (allowed & (Deviation.Altering | Deviation.PlainAlter | Deviation.Rebuilt)) != 0;
            if (!columnsMove)
            {
                Report(problem);
            }
        }

        if (group.IsHidden && ((allowed & Deviation.Filter) == 0 || (isRow && !isOutside && (allowed & NoRelation) == 0)))
        {
            Report("a row that is not outside a filter, with clocks whose db_version is 0");
        }

        if ((allowed & NoRelation) != 0)
        {
            return;
        }

        if (!isRow)
        {
            bool isTombstone = group.Count == 1 && group.Sentinel is long dead && (dead & 1) == 0;
            if (!isTombstone && (allowed & Deviation.Filter) == 0)
            {
                Report(group.Sentinel is long version && (version & 1) == 0
                    ? $"no row, an even sentinel ({version}), and {group.Count - 1} more clocks"
                    : $"no row, and {group.Count} clocks that say that it is alive");
            }

            return;
        }

        bool withFilter = (allowed & Deviation.Filter) != 0;
        if (isOutside)
        {
            return;
        }

        if (group.Count == 0)
        {
            (((allowed & Deviation.Pending) != 0) ? pending : problems).Add(Describe("a row without any clock"));
        }
        else if (group.Sentinel is long sentinel && (sentinel & 1) == 0 && !(withFilter && group.Columns > 0))
        {
            Report($"a row whose sentinel is even ({sentinel}: deleted)");
        }
        else if (table.Values.Count == 0 && group.Sentinel == null)
        {
            Report("a row of a table of keys alone has no sentinel");
        }
        else if (group.Columns < table.Needed && !withFilter)
        {
            incomplete.Add(Describe($"a row without clocks for {group.Missing(table)}"));
        }

        void Report(string problem) => problems.Add(Describe(problem));

        string Describe(string problem) => $"table {table.Name}, key {KeyDescription.Of(group.Key)}: {problem}";
    }

    /// <summary>Rows without all columns: right after they were received, and as many of them later on, because their keys can
    /// change.</summary>
    private void JudgeIncomplete(CheckedTable table, Deviation allowed, bool received, List<string> problems)
    {
        int known = onTheirWay.GetValueOrDefault(table.Name);
        if (received || (allowed & Deviation.ColumnsOnTheirWay) != 0)
        {
            onTheirWay[table.Name] = Math.Max(known, incomplete.Count);
        }
        else if (incomplete.Count > known && (allowed & (NoRelation | Deviation.PlainAlter)) == 0)
        {
            problems.AddRange(incomplete);
        }

        incomplete.Clear();
    }
}
