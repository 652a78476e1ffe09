using ChunkSync.Bench.Worker;

namespace ChunkSync.Bench.Shapes;

/// <summary>A history to measure on.</summary>
/// <param name="Key">Its name on the command line and in the report.</param>
/// <param name="Title">What it is, in a few words.</param>
/// <param name="Tables">Its tables.</param>
/// <param name="Steps">The writes, in order.</param>
/// <param name="ChunkSizes">The chunk sizes to read it with, in bytes.</param>
internal sealed record Shape(string Key, string Title, TableShape[] Tables, FillStep[] Steps, long[] ChunkSizes)
{
    /// <summary>Rows that the steps write.</summary>
    public long Rows => Steps.Sum(step => (long)step.Count);
}

/// <summary>A table: its name and the names of its value columns, behind a TEXT key <c>id</c>.</summary>
internal sealed record TableShape(string Name, string[] Columns)
{
    public string CreateSql => $"CREATE TABLE {Name}(id TEXT PRIMARY KEY NOT NULL, {string.Join(", ", Columns)})";

    public string InsertSql => $"INSERT INTO {Name} VALUES (?{string.Concat(Enumerable.Repeat(", ?", Columns.Length))})";
}

/// <summary>One statement that is run for each number of a range.</summary>
/// <param name="Sql">The statement.</param>
/// <param name="First">The first number.</param>
/// <param name="Numbers">Tells how many numbers.</param>
/// <param name="PerTransaction">Runs per transaction.</param>
/// <param name="Bind">Binds the statement's parameters for a number.</param>
internal sealed record FillStep(string Sql, int First, Func<int> Numbers, int PerTransaction, Action<BenchStatement, int> Bind)
{
    private int? count;

    public FillStep(string sql, int first, int count, int perTransaction, Action<BenchStatement, int> bind)
        : this(sql, first, () => count, perTransaction, bind)
    {
    }

    /// <summary>How many numbers.</summary>
    public int Count => count ??= Numbers();
}
