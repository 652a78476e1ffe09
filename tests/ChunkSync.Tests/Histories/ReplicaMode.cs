using ChunkSync.Tests.Consistency;

namespace ChunkSync.Tests.Histories;

/// <summary>What a replica is in the middle of; all but <see cref="Disabled"/> and <see cref="Connection"/> is undone with a
/// transaction.</summary>
internal sealed class ReplicaMode
{
    /// <summary>The connection that is used.</summary>
    public int Connection { get; set; }

    /// <summary>The table between begin and commit_alter; null for none.</summary>
    public HistoryTable? Altering { get; set; }

    /// <summary>Tables whose triggers do not know all of their columns, because of a plain ADD COLUMN.</summary>
    public HashSet<string> Plain { get; private init; } = [];

    /// <summary>Tables whose changes cannot be read, because of a plain RENAME COLUMN.</summary>
    public HashSet<string> Broken { get; private init; } = [];

    /// <summary>Whether a table was rebuilt, or lost a trigger, and is not captured yet.</summary>
    public bool Rebuilt { get; set; }

    /// <summary>The filters that are set, by table.</summary>
    public Dictionary<string, string> Filters { get; private init; } = [];

    /// <summary>The columns that filters read, by table.</summary>
    public Dictionary<string, string> FilterColumns { get; private init; } = [];

    /// <summary>By connection: tables that are not captured on it.</summary>
    public HashSet<string>[] Disabled { get; private init; } = [[], []];

    /// <summary>Whether writes may not be captured.</summary>
    public bool IsSilent => Disabled[Connection].Count > 0 || Plain.Count > 0;

    /// <summary>What may deviate because of what the replica is in the middle of.</summary>
    public Deviation Deviation => (Plain.Count + Broken.Count > 0 ? Deviation.PlainAlter : Deviation.None)
        | (Rebuilt ? Deviation.Rebuilt : Deviation.None);

    /// <summary>A table's triggers and clocks fit it again.</summary>
    public void Mend(HistoryTable table)
    {
        Plain.Remove(table.Name);
        Broken.Remove(table.Name);
        Rebuilt = false;
    }

    /// <summary>A copy.</summary>
    /// <param name="disabled">What is switched off now; null for what was when this was made.</param>
    public ReplicaMode Copy(HashSet<string>[]? disabled = null) => new()
    {
        Connection = Connection,
        Altering = Altering,
        Plain = [.. Plain],
        Broken = [.. Broken],
        Rebuilt = Rebuilt,
        Filters = new(Filters),
        FilterColumns = new(FilterColumns),
        Disabled = disabled ?? [[.. Disabled[0]], [.. Disabled[1]]],
    };
}
