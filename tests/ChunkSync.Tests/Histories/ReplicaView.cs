using ChunkSync.Tests.Host;
using ChunkSync.Tests.Merge;

namespace ChunkSync.Tests.Histories;

/// <summary>What a replica shows at one moment: its tables with plain SQL, and its stream of changes.</summary>
internal sealed record ReplicaView(Dictionary<string, TableState> Tables, List<NaiveChange> Changes)
{
    /// <summary>What is new about a change when anything was written (<see cref="NaiveChange.Clock"/>), for all changes.</summary>
    public HashSet<(string, string, string, long, long, string, long, long)> Clocks { get; } = [.. Changes.Select(change => change.Clock)];

    /// <summary>Reads a replica.</summary>
    /// <param name="database">The database.</param>
    /// <param name="filters">The filters that are set, by table.</param>
    public static ReplicaView Read(Database database, IReadOnlyDictionary<string, string> filters)
    {
        Dictionary<string, TableState> tables = [];
        foreach (HistoryTable table in HistoryTable.All)
        {
            tables[table.Name] = TableState.Read(database, table, filters.GetValueOrDefault(table.Name));
        }

        return new ReplicaView(tables, NaiveChange.Read(database));
    }
}
