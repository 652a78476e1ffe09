namespace ChunkSync.Samples.MainJob;

/// <summary>How late the operations came that a replica received, and what folding them in took.</summary>
internal sealed class Lateness(Replica replica, Outline outline)
{
    private List<(long Lamport, string Site)> known = [];

    /// <summary>For every received operation, how many that were here already come behind it.</summary>
    public List<int> Late { get; } = [];

    /// <summary>Log rows that the folds read.</summary>
    public long Scanned { get; private set; }

    /// <summary>Rows that the folds wrote: of the log, of nodes, of the table.</summary>
    public long Written { get; private set; }

    /// <summary>Folds that had something to do.</summary>
    public long Folds { get; private set; }

    /// <summary>Takes what is here as known.</summary>
    public void Begin() => known = Read();

    /// <summary>Looks at what the last call brought.</summary>
    public void Arrived()
    {
        if (Sql.Number(replica.Connection, $"SELECT count(*) FROM {Sql.Quote(outline.Table + "_treeops")} WHERE lamport > 0") == known.Count)
        {
            return;
        }

        List<(long Lamport, string Site)> now = Read();
        HashSet<(long, string)> before = [.. known];
        foreach ((long Lamport, string Site) operation in now)
        {
            if (!before.Contains(operation))
            {
                int place = known.BinarySearch(operation);
                Late.Add(known.Count - (place < 0 ? ~place : place));
            }
        }

        known = now;
        object?[] fold = Sql.Rows(replica.Connection, "SELECT scanned, written FROM cloudsync_tree_status WHERE tbl = $t", ("$t", outline.Table))[0];
        Scanned += (long)fold[0]!;
        Written += (long)fold[1]!;
        Folds++;
    }

    /// <summary>The operations that people made, in their order: texts of hexadecimal digits have that of the bytes.</summary>
    private List<(long Lamport, string Site)> Read() =>
        [.. Sql.Rows(replica.Connection, $"SELECT lamport, hex(site) FROM {Sql.Quote(outline.Table + "_treeops")} WHERE lamport > 0 ORDER BY 1, 2")
            .Select(row => ((long)row[0]!, (string)row[1]!))];
}
