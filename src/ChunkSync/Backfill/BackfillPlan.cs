using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>One plan while it is read: the chunk under way, and what later chunks and pages need. Everything comes out of one read
/// transaction and nothing is written.</summary>
internal sealed class BackfillPlan : IDisposable
{
    private readonly PlanStatements statements;
    private readonly NativeBuffer buffer = new();
    private readonly Statement snapshot;
    private readonly ulong asked;
    private readonly Dictionary<string, bool> searched = [];
    private Walk? walk;
    private ChunkStrategy? strategy;
    private BackfillChunk chunk;
    private long rowsSoFar;
    private long bytesSoFar;
    private bool isStarted;

    private BackfillPlan(Connection connection, PlanInputs inputs)
    {
        statements = new PlanStatements(connection);
        snapshot = connection.Prepare($"SELECT 1 FROM {Connection.Quote(inputs.Schema)}.sqlite_master");
        try
        {
            Hold(snapshot);
            Key = PlanKey.Read(connection, inputs.Schema, inputs.Table, inputs.OrderBy, statements);
        }
        catch
        {
            snapshot.Dispose();
            statements.Dispose();
            throw;
        }

        Search = new KeySearch(connection, Key, statements);
        Writer = new PredicateWriter(Key, Search);
        asked = inputs.Hash(Key);
        Fnv1a64 id = new(asked);
        TableFacts.AddText(ref id, Key.Sql);
        PlanId = id.Value;
        Digest = PlanId;
    }

    /// <summary>The order.</summary>
    public PlanKey Key { get; }

    /// <summary>Seeks along it.</summary>
    public KeySearch Search { get; }

    /// <summary>Writes WHERE clauses.</summary>
    public PredicateWriter Writer { get; }

    /// <summary>Where the chunk begins; null for the first.</summary>
    public Cut? Lower { get; private set; }

    /// <summary>Where it ends; null for the last.</summary>
    public Cut? Upper => chunk.Upper;

    public long Index { get; private set; } = -1;

    public long Rows => chunk.Rows;

    public long? Bytes => chunk.Bytes;

    public string Strategy => chunk.Strategy;

    public bool IsExact => strategy!.IsExact;

    /// <summary>Its index ranges.</summary>
    public List<RangeTerm[]> Ranges { get; private set; } = [];

    /// <summary>What was asked.</summary>
    public ulong PlanId { get; }

    /// <summary>The chain of all cuts and row counts so far.</summary>
    public ulong Digest { get; private set; }

    /// <summary>Names the chunk, whichever plan it belongs to.</summary>
    public ulong ChunkId
    {
        get
        {
            buffer.Clear();
            CutFormat.Append(buffer, Lower);
            CutFormat.Append(buffer, Upper);
            Fnv1a64 hash = new(Fnv1a64.OffsetBasis);
            TableFacts.AddText(ref hash, Key.Table);
            TableFacts.AddText(ref hash, Key.Index ?? "");
            hash.Add(buffer.Bytes);
            return hash.Value;
        }
    }

    /// <summary>The value of <c>next</c>; null on the last chunk. Valid until the next call of anything here.</summary>
    public NativeBuffer? Next()
    {
        if (Upper == null)
        {
            return null;
        }

        new ResumeToken(asked, Key.SchemaHash, Index, rowsSoFar, bytesSoFar, strategy!.Schedule, strategy.State, Digest).Append(buffer, Upper);
        return buffer;
    }

    /// <summary>Begins a plan, or goes on with one.</summary>
    /// <exception cref="EngineException">The table cannot be planned, or <paramref name="resume"/> does not fit.</exception>
    public static BackfillPlan Open(Connection connection, TickPlace place, PlanInputs inputs, ReadOnlySpan<byte> resume, bool isResumed)
    {
        BackfillPlan plan = new(connection, inputs);
        try
        {
            ResumeToken? token = isResumed ? plan.Resume(connection, resume) : null;
            RowWeight weight = new(plan.Key, Version);
            plan.walk = new Walk(plan.Key, plan.statements, plan.Search, weight, place);
            StrategyChoice choice = new(connection, plan.Key, plan.Search, plan.walk, new ProbeWalk(plan.Key, plan.statements, weight, place), inputs);
            plan.strategy = choice.Open(token);
            return plan;
        }
        catch
        {
            plan.Dispose();
            throw;
        }
    }

    /// <summary>Finds the next chunk; false behind the last.</summary>
    public bool MoveNext()
    {
        if (isStarted && Upper == null)
        {
            return false;
        }

        if (isStarted)
        {
            Lower?.Dispose();
            Lower = chunk.Upper;
        }

        chunk = default;
        chunk = strategy!.Next(Lower);
        isStarted = true;
        Index++;
        rowsSoFar += chunk.Rows;
        bytesSoFar += chunk.Bytes ?? 0;
        Ranges = Search.Ranges(Lower, Upper);
        CheckSearches();
        buffer.Clear();
        CutFormat.Append(buffer, Upper);
        Fnv1a64 digest = new(Digest);
        digest.Add(buffer.Bytes);
        digest.Add(chunk.Rows);
        Digest = digest.Value;
        return true;
    }

    /// <summary>The number of leading values that all rows of the chunk share; 0 when it has less than two rows.</summary>
    /// <param name="values">These values and perhaps more; null when there are none.</param>
    public int Hot(out KeyTuple? values)
    {
        values = null;
        if (Rows < 2)
        {
            return 0;
        }

        values = Search.First(Lower);
        using KeyTuple? last = Search.Last(Upper, out _);
        if (values == null || last == null)
        {
            return 0;
        }

        int shared = Search.Shared(values, last);
        while (shared > 0 && Key.Columns[shared - 1].IsTieBreak)
        {
            shared--;
        }

        return shared == Key.Columns.Count ? 0 : shared;
    }

    public void Dispose()
    {
        strategy?.Dispose();
        walk?.Dispose();
        chunk.Upper?.Dispose();
        chunk = default;
        Lower?.Dispose();
        Lower = null;
        snapshot.Dispose();
        statements.Dispose();
        buffer.Dispose();
    }

    private static unsafe int Version => Sqlite3.Api->libversion_number();

    /// <summary>Begins the read transaction; an unknown database is named by who looks for the table.</summary>
    private static void Hold(Statement snapshot)
    {
        try
        {
            snapshot.Step();
        }
        catch (EngineException failure) when (ResultCode.Primary(failure.Code) == ResultCode.Error)
        {
            snapshot.Reset();
        }
    }

    private ResumeToken Resume(Connection connection, ReadOnlySpan<byte> resume)
    {
        ResumeToken token = ResumeToken.TryRead(resume, out ReadOnlySpan<byte> cut) ?? throw PlanFailure.Of("resume is not a value of column next");
        if (token.Asked != asked)
        {
            throw PlanFailure.Of("resume belongs to another plan: table, order or inputs differ");
        }

        if (token.Schema != Key.SchemaHash)
        {
            throw PlanFailure.Of($"the schema of {Key.Table} has changed since resume was made");
        }

        Lower = CutFormat.TryRead(cut, Key, connection) ?? throw PlanFailure.Of("resume is not a value of column next");
        Index = token.ChunkIndex;
        rowsSoFar = token.Rows;
        bytesSoFar = token.Bytes;
        Digest = token.Digest;
        return token;
    }

    /// <summary>Every range of the WHERE must be a search of the order. Not checked where SQLite's estimates may decide otherwise: expressions,
    /// where several ranges in an OR can be a scan, and after ANALYZE, when a table with a handful of rows is scanned.</summary>
    private void CheckSearches()
    {
        if (Key.HasStatistics || Key.HasExpressions || (Lower == null && Upper == null))
        {
            return;
        }

        string where = Writer.Bound(Ranges, []);
        if (!searched.TryGetValue(where, out bool isSearch))
        {
            const int Kept = 1000;
            if (searched.Count >= Kept)
            {
                searched.Clear();
            }

            string sql = $"SELECT 1 FROM {Key.Source} WHERE {where}";
            isSearch = where.Contains(" IS NOT NULL", StringComparison.Ordinal)
                || !statements.Explain(sql).Exists(step => step.StartsWith("SCAN", StringComparison.Ordinal));
            searched.Add(where, isSearch);
        }

        if (!isSearch)
        {
            throw PlanFailure.Of($"SQLite would scan {Key.Index ?? Key.Table} for WHERE {where}");
        }
    }
}
