using System.Text;
using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Receive;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Diagnostics;

/// <summary>What the checks of one run read from and add to.</summary>
internal sealed class CheckContext(
    SyncSession session, TableCatalog catalog, VersionClock clock, CaptureWatch watch, GapTimes gaps, TrackedTable[] tables)
{
    /// <summary>Findings listed of one check; the rest is counted.</summary>
    public const int MaxOfOne = 100;

    private readonly List<Finding> findings = [];
    private List<SchemaObject>? schema;
    private ILookup<string, SchemaObject>? triggers;
    private Dictionary<string, string>? tableTexts;
    private FindingCheck? check;
    private int listed;
    private long left;

    public SyncSession Session => session;

    public Connection Connection => session.Connection;

    public TableCatalog Catalog => catalog;

    public VersionClock Clock => clock;

    public CaptureWatch Watch => watch;

    public GapTimes Gaps => gaps;

    /// <summary>The tracked tables that are asked about, and are there.</summary>
    public TrackedTable[] Tables => tables;

    /// <summary>Everything of the schema of <c>main</c> that has a text.</summary>
    public List<SchemaObject> Schema => schema ??= ReadSchema();

    /// <summary>Whether all rows are read.</summary>
    public bool IsDeep { get; init; }

    /// <summary>Unix seconds.</summary>
    public long Now { get; } = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>Whether changes that a table refuses stop an apply.</summary>
    public bool StopsApply => session.Settings.Text(Settings.ApplyRefused) is not string policy || !policy.Equals("wait", StringComparison.OrdinalIgnoreCase);

    /// <summary>What was found.</summary>
    public IReadOnlyList<Finding> Findings => findings;

    /// <summary>Runs a check. What it cannot read is a finding.</summary>
    public void Run(FindingCheck next)
    {
        check = next;
        listed = 0;
        left = 0;
        try
        {
            next.Run(this);
        }
        catch (EngineException failure) when (ResultCode.Primary(failure.Code) is ResultCode.Error or ResultCode.Corrupt or ResultCode.Constraint
            or ResultCode.Misuse or DamagedMetadata.Mismatch)
        {
            findings.Add(new Finding(DamagedMetadata.CheckId, Severity.Error, null, next.Id, 1, $"{next.Id} cannot be looked for: {failure.Message}", null));
        }

        if (left > 0)
        {
            findings.Add(new Finding(next.Id, next.Severity, null, null, left, $"{left} more of {next.Id}", null));
        }
    }

    /// <summary>Adds a finding of the check under way.</summary>
    /// <param name="table">The table; null for the database.</param>
    /// <param name="key">An example.</param>
    /// <param name="count">How many.</param>
    /// <param name="text">What is wrong.</param>
    /// <param name="cure">SQL that can be pasted.</param>
    /// <param name="severity">How bad it is, where that is not the check's.</param>
    public void Add(string? table, string? key, long count, string text, string? cure = null, Severity? severity = null)
    {
        if (listed == MaxOfOne - 1)
        {
            left++;
            return;
        }

        listed++;
        findings.Add(new Finding(check!.Id, severity ?? check.Severity, table, key, count, text, cure));
    }

    /// <summary>The triggers of a table.</summary>
    public IEnumerable<SchemaObject> TriggersOf(TrackedTable table) => (triggers ??= Schema.Where(entry => entry.Type == "trigger")
        .ToLookup(entry => entry.Table, StringComparer.OrdinalIgnoreCase))[table.Name];

    /// <summary>The CREATE TABLE statement of a tracked table.</summary>
    public string CreateTable(TrackedTable table) => TableTexts.GetValueOrDefault(table.Name, "");

    /// <summary>Whether <c>main</c> has a table of that name.</summary>
    public bool HasTable(string name) => TableTexts.ContainsKey(name);

    /// <summary>All rows of a query: null, long, double, string and byte[].</summary>
    public List<object?[]> Rows(string sql, params ReadOnlySpan<object> parameters)
    {
        using Statement statement = Connection.Prepare(sql);
        for (int i = 0; i < parameters.Length; i++)
        {
            _ = parameters[i] is long number ? statement.Bind(i + 1, number) : statement.Bind(i + 1, (string)parameters[i]);
        }

        List<object?[]> rows = [];
        while (statement.Step())
        {
            object?[] row = new object?[statement.ColumnCount];
            for (int i = 0; i < row.Length; i++)
            {
                row[i] = statement.Type(i) switch
                {
                    StorageClass.Integer => statement.Int64(i),
                    StorageClass.Real => statement.Double(i),
                    StorageClass.Text => Encoding.UTF8.GetString(statement.Text(i)),
                    StorageClass.Blob => statement.Blob(i).ToArray(),
                    _ => null,
                };
            }

            rows.Add(row);
        }

        return rows;
    }

    /// <summary>A function's call with a table's name, as a statement.</summary>
    public static string Call(string function, string table) => $"SELECT {function}({Connection.Literal(table)})";

    private Dictionary<string, string> TableTexts
    {
        get
        {
            if (tableTexts == null)
            {
                tableTexts = new(StringComparer.OrdinalIgnoreCase);
                foreach (SchemaObject entry in Schema.Where(entry => entry.Type == "table"))
                {
                    tableTexts[entry.Name] = entry.Sql;
                }
            }

            return tableTexts;
        }
    }

    private List<SchemaObject> ReadSchema() =>
    [
        .. Rows("SELECT type, name, tbl_name, sql FROM main.sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
            .Select(row => new SchemaObject((string)row[0]!, row[1] as string ?? "", row[2] as string ?? "", row[3] as string ?? "")),
    ];
}
